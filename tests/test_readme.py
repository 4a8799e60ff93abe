"""The README is read by people who type what it says: all of it runs, or at least parses."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    """Return the code blocks in ``language``."""
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def commands() -> list[str]:
    """Return every ``tfluck …`` of the README, from blocks, tables and sentences."""
    lines = [
        part.strip()
        for block in blocks("sh")
        for line in block.splitlines()
        for part in line.split("#")[0].split("&&")
    ]
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", TEXT, flags=re.DOTALL))
    found = [text for text in [*lines, *inline] if text.startswith("tfluck ")]
    return list(dict.fromkeys(found))


def test_there_is_something_to_read() -> None:
    assert len(commands()) > 15 and blocks("python")


@pytest.mark.parametrize("text", commands())
def test_every_command_parses(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the user has the files that it names."""
    import click
    from tfluck.cli.main import cli

    monkeypatch.chdir(tmp_path)
    words = shlex.split(text)[1:]
    for word in words:
        if Path(word).suffix in {".npz", ".keras", ".json", ".gz"}:
            Path(word).touch()
    found: Any = cli
    context = click.Context(cli)
    while isinstance(found, click.Group):
        name = words[0] if words and not words[0].startswith("-") else None
        below = found.get_command(context, name) if name else None
        if below is None:
            # A group may have a default command, whose name is not typed.
            found.make_context("tfluck", list(words)).close()
            return
        found, words = below, words[1:]
    found.make_context("tfluck", words).close()


def test_the_code_runs_as_it_stands(
    tf: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    """In a folder of its own, with the networks it asks for and fewer samples."""
    from tfluck import scales

    monkeypatch.chdir(tmp_path)
    real = scales.make_config

    def quick(**given: Any) -> Any:
        return real(**given | {"samples_per_epoch": 640, "eval_samples": 200})

    monkeypatch.setattr(scales, "make_config", quick)
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), {"__name__": "__main__"})
    printed = capsys.readouterr().out
    for metric in ("initial", "final"):
        assert re.search(rf"'{metric}': \[0\.\d+\]", printed), printed
    assert [path.name for path in (tmp_path / "runs").iterdir()]


def test_files_it_names_are_there() -> None:
    for name in re.findall(r"`((?:docs|tfluck|benchmarks|tests)/[^` ]+)`", TEXT):
        assert (ROOT / name).exists(), name
    for target in re.findall(r"`make ([a-z-]+)`", TEXT):
        assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
