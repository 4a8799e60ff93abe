"""Help is instant, complete, and every example in it is a command that exists."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tfluck.cli.hints import WORDS
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


#: What a command is asked that answers at once, and with which exit code.
CHEAP: list[tuple[list[str], int]] = [
    (["--help"], 0),
    (["train", "-h"], 0),
    *(([*path, "--help"], 0) for path, _ in ALL),
    (["presets", "list"], 0),
    (["runs", "list"], 0),
    (["trian"], 2),
    (["train", "--dataset", "gaus:3"], 2),
    (["train", "--dataset", "nope"], 2),
]


def test_no_numpy_and_no_tensorflow_for_help_or_a_typo(tmp_path: Path) -> None:
    """All in one process, so the first that loads something is the one that is named."""
    script = f"""
import sys
from tfluck.cli.main import main
heavy = {{"numpy", "tensorflow", "keras", "pandas", "matplotlib", "scipy", "sklearn"}}
heavy |= {{"importlib.metadata", "flint", "h5py", "PIL"}}
for arguments, code in {CHEAP!r}:
    try:
        main(arguments)
    except SystemExit as end:
        assert (end.code or 0) == code, (arguments, end.code)
    loaded = heavy & set(sys.modules)
    assert not loaded, (arguments, loaded)
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.count("Usage: tfluck") == len(ALL) + 2


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
    assert set(found["data"]) == {
        "cifar10",
        "cifar100",
        "mnist",
        "fashion_mnist",
        "digits",
    }
    assert found["data"]["digits"] == "yes"
    text = tfluck("doctor").stdout
    assert "devices" in text and "digits yes" in text


def test_first_guesses_are_answered_with_commands_that_exist() -> None:
    """A word that has become a command needs no answer of its own any more."""
    for word, answer in WORDS.items():
        assert word not in cli.table
        commands = re.findall(r"`tfluck ([^`]+)`", answer)
        assert commands
        for line in commands:
            command, words = cli, shlex.split(line)
            while isinstance(command, click.Group) and words:
                context = click.Context(command)
                command = command.get_command(context, words.pop(0))  # type: ignore[assignment]
                assert command is not None, line
            command.make_context(word, words, resilient_parsing=True)


@pytest.mark.parametrize(
    ("typed", "hint"),
    [
        ("compare a b", "tfluck analyze compare"),
        ("audit x", "tfluck theory audit"),
        ("fig 7", "Did you mean figure?"),
        ("verdicts", "Did you mean verdict?"),
        ("claim", "Did you mean verdict?"),
        ("theorem 5", "Did you mean theory?"),
        ("papers", "tfluck presets list"),
        ("preset", "Did you mean presets?"),
        ("teacher", "tfluck pretrain"),
        ("lottery x", "Did you mean ticket?"),
        ("luck x", "tfluck analyze rank"),
        ("pruning x", "Did you mean prune?"),
        ("verify x", "tfluck ad verify"),
        ("ad figure", "Did you mean surface?"),
        ("analyze corr x", "Did you mean correlation?"),
        ("analyze ranks x", "Did you mean rank?"),
        ("theory verdict", "Did you mean check?"),
        ("runs delete x", "Did you mean rm?"),
        ("data download cifar10", "Did you mean prepare?"),
        ("presets shw", "Did you mean show?"),
        ("data lst", "Did you mean"),
        ("train --multi 3", "Did you mean --multiplier?"),
        ("train --bn none", "Did you mean --batch-norm?"),
        ("train --workers 3", "Did you mean --jobs?"),
        ("train --n-seeds 3", "Did you mean --seeds?"),
        ("train --no-bias", "Did you mean --teacher-bias?"),
        ("train --output x", "Did you mean --out?"),
        ("train --std 3", "Did you mean --data-std?"),
        ("train --figure 7", "Did you mean --preset?"),
        ("train --widths 5-5", "Did you mean --teacher-widths?"),
        ("train --epoch 3", "--epochs"),
        ("train --preset figure-7", "luck-matters/figure-7-fc-bn"),
        ("train --dataset gaus:std=10", "--data-std"),
        ("train --teacher 50-75", "--teacher-widths 50-75"),
    ],
)
def test_a_first_guess_ends_in_the_right_words(tfluck, typed: str, hint: str) -> None:  # type: ignore[no-untyped-def]
    result = tfluck(*typed.split())
    assert result.exit_code == 2 and hint in result.stderr


@pytest.mark.parametrize(
    ("words", "begun", "wanted"),
    [
        ("train --preset", "luck-matters/figure-7-fc", "luck-matters/figure-7-fc-bn"),
        ("train --preset", "figure-7", "luck-matters/figure-7-fc-none"),
        ("presets show", "figure-7", "luck-matters/figure-7-fc-none"),
        (
            "pretrain --preset",
            "luck-matters/teacher",
            "luck-matters/teacher-cifar10-fc",
        ),
        ("resume", "first", "first-run"),
        ("runs show", "", "first-run"),
        ("analyze rank", "fi", "first-run"),
        ("analyze rank --out elsewhere", "", "other-run"),
        ("train --teacher", "f", "first-run"),
    ],
)
def test_presets_and_runs_complete(
    words: str, begun: str, wanted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.shell_completion import ShellComplete

    monkeypatch.chdir(tmp_path)
    for path in ("runs/first-run", "elsewhere/other-run", "runs/no-run"):
        Path(path).mkdir(parents=True)
        if "no-run" not in path:
            (Path(path) / "manifest.json").touch()
    completer = ShellComplete(cli, {}, "tfluck", "_TFLUCK_COMPLETE")
    found = [item.value for item in completer.get_completions(words.split(), begun)]
    assert "no-run" not in found
    assert wanted in found
