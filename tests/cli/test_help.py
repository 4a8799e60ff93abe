"""Help is instant, complete, and every example in it is a command that exists."""

import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from tfluck.cli.main import cli
from tfluck.cli.options import FiniteFloat


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple]:
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        assert found is not None
        yield (*path, name), found
        if isinstance(found, click.Group):
            yield from commands(found, (*path, name))


ALL = list(commands(cli))
ids = [" ".join(path) for path, _ in ALL]


@pytest.mark.parametrize(("path", "found"), ALL, ids=ids)
def test_every_command_has_help_with_examples(
    path: tuple, found: click.Command
) -> None:
    text = found.get_help(click.Context(found, info_name=path[-1]))
    assert found.help
    if not isinstance(found, click.Group):
        assert "Examples:" in text
        assert {"--quiet", "--verbose", "--debug"} <= {
            option for parameter in found.params for option in parameter.opts
        }


@pytest.mark.parametrize(("path", "found"), ALL, ids=ids)
def test_every_example_parses(
    path: tuple, found: click.Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the user has the files that it names."""
    monkeypatch.chdir(tmp_path)
    for example in getattr(found, "examples", ()):
        command = (
            example.split(">")[0].split("|")[0].replace('eval "$(', "").rstrip(')"')
        )
        words = shlex.split(command)
        # A group may have a default command, whose name is not typed.
        typed = path if words[1 : len(path) + 1] == list(path) else path[:-1]
        assert words[: len(typed) + 1] == ["tfluck", *typed] and len(typed) > 0
        for word in words[len(typed) + 1 :]:
            if word.endswith("/"):
                Path(word).mkdir(exist_ok=True)
            elif Path(word).suffix in {".npz", ".keras", ".json", ".gz"}:
                Path(word).touch()
        found.make_context(path[-1], words[len(typed) + 1 :]).close()


@pytest.mark.parametrize(
    "arguments", [["--help"], ["-h"], ["train", "-h"], ["runs", "list"]]
)
def test_no_tensorflow_and_no_pandas_for_help(arguments: list[str]) -> None:
    code = (
        "import sys\nfrom tfluck.cli.main import main\n"
        f"try: main({arguments!r})\nexcept SystemExit as end: assert not end.code\n"
        "heavy = {'tensorflow', 'keras', 'pandas', 'matplotlib', 'scipy'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_a_misspelt_command_gets_a_hint(tfluck) -> None:  # type: ignore[no-untyped-def]
    result = tfluck("trian")
    assert result.exit_code == 2 and "train" in result.stderr


def test_version_and_completion(tfluck) -> None:  # type: ignore[no-untyped-def]
    from tfluck import __version__

    assert __version__ in tfluck("--version").stdout
    for shell in ("bash", "zsh", "fish"):
        assert "_TFLUCK_COMPLETE" in tfluck("completion", shell).stdout


@pytest.mark.parametrize("text", ["nan", "inf", "-inf", "NaN", "1e999", "x", "-1"])
def test_numbers_are_finite(text: str) -> None:
    with pytest.raises(click.BadParameter):
        FiniteFloat(0).convert(text, None, None)


def test_doctor_reports(tfluck, tf) -> None:  # type: ignore[no-untyped-def]
    import json

    found = json.loads(tfluck("doctor", "--json").stdout)
    assert found["packages"]["tensorflow"] != "missing" and found["devices"]
    assert "devices" in tfluck("doctor").stdout
