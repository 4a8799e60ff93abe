"""Every command that docs/luck.md shows is one this version understands."""

import re
import shlex
from pathlib import Path

import pytest

from tfluck.cli.main import cli

PAGE = (Path(__file__).parents[2] / "docs" / "luck.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
LINES = [line.split("  #")[0] for block in BLOCKS for line in block.splitlines()]
INLINE = re.findall(r"`(tfluck [^`…]+)`", PAGE)
COMMANDS = sorted(
    {line.strip() for line in [*LINES, *INLINE] if line.startswith("tfluck")}
)


@pytest.mark.parametrize("line", COMMANDS)
def test_its_commands_parse(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As far as the last command's options; files it names need not be there."""
    monkeypatch.chdir(tmp_path)
    command, words = cli, shlex.split(line)[1:]
    while hasattr(command, "commands") or hasattr(command, "table"):
        context = command.make_context("tfluck", list(words), resilient_parsing=True)
        _, command, words = command.resolve_command(
            context, [*context._protected_args, *context.args]
        )
    resilient = "--keep-epochs" in words
    command.make_context(command.name, list(words), resilient_parsing=resilient).close()


def test_it_shows_some() -> None:
    assert len(COMMANDS) >= 5
