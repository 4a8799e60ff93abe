"""Help is instant, complete, and every example in it is a command that exists."""

import shlex
import subprocess
import sys
from collections.abc import Iterator

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
def test_every_example_parses(path: tuple, found: click.Command) -> None:
    for example in getattr(found, "examples", ()):
        words = shlex.split(
            example.split(">")[0].split("|")[0].replace('eval "$(', "").rstrip(')"')
        )
        assert words[: len(path) + 1] == ["tfluck", *path]
        found.make_context(
            path[-1], words[len(path) + 1 :], resilient_parsing=False
        ).close()


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
