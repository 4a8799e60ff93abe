"""Every command that docs/alignment.md shows is one this version understands."""

import shlex
from pathlib import Path

import pytest

from tfluck.cli.main import cli

PAGE = Path(__file__).parents[2] / "docs" / "alignment.md"
COMMANDS = sorted(
    {
        line.strip()
        for part in PAGE.read_text(encoding="utf-8").split("```sh")[1:]
        for line in part.split("```")[0].splitlines()
        if line.strip()
    }
)


@pytest.mark.parametrize("line", COMMANDS)
def test_command_parses(line: str) -> None:
    program, *words = shlex.split(line)
    assert program == "tfluck"
    command, context = cli, None
    while hasattr(command, "resolve_command"):
        context = command.make_context(command.name, words, parent=context)
        name, command, words = command.resolve_command(
            context, [*context._protected_args, *context.args]
        )
        assert name
    command.make_context(command.name, list(words), parent=context)
