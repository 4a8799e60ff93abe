"""``tfluck presets``: every experiment by name, and what it sets, as it is run."""

import json
from collections.abc import Callable
from typing import Any

import click
import pytest
from click.testing import Result

from tfluck.cli.hints import complete_preset
from tfluck.cli.main import cli
from tfluck.experiment.presets import load_preset, presets
from tfluck.experiment.scales import SCALES

Call = Callable[..., Result]


def test_the_list_has_every_name_and_says_which_command_takes_it(tfluck: Call) -> None:
    rows = json.loads(tfluck("presets", "list", "--json").stdout)["presets"]
    assert [row["preset"] for row in rows] == sorted(presets())
    recipes = {found.teacher for found in presets().values()} - {""}
    for row in rows:
        wanted = "pretrain" if row["preset"] in recipes else "train"
        assert row["command"] == wanted, row
        assert row["teacher"] == (load_preset(row["preset"]).teacher or None)
    lines = tfluck("presets", "list").stdout.splitlines()
    assert len(lines) == len(rows) + 1


@pytest.mark.parametrize("name", ["figure-7-fc-bn", "figure-8-cnn-bn", "demo"])
@pytest.mark.parametrize("scale", SCALES)
def test_what_is_shown_is_what_is_set(tfluck: Call, name: str, scale: str) -> None:
    name = f"luck-matters/{name}"
    result = tfluck("presets", "show", name, "--scale", scale, "--json")
    found = json.loads(result.stdout)
    known = load_preset(name)
    assert found["settings"] == json.loads(json.dumps(known.at(scale)))
    assert name.partition("/")[2] in found["names"] and found["note"] == known.note


def test_what_is_shown_can_be_typed(tfluck: Call) -> None:
    """The lines of ``show`` are options, and what they say is what the preset is."""
    name = "luck-matters/figure-7-fc-bn"
    shown = tfluck("presets", "show", name, "--scale", "laptop")
    assert f"tfluck train --preset {name} --scale laptop" in shown.stderr
    typed: list[str] = []
    for line in shown.stdout.splitlines():
        if line.startswith("  "):
            option, value = line.split()
            typed += [f"--{option}", value]
    plan = ("--scale", "laptop", "--dry-run", "--json")
    one, two = (
        json.loads(tfluck("train", *words, *plan).stdout)["digest"]
        for words in (typed, ["--preset", name])
    )
    assert one == two


def test_a_preset_with_a_teacher_tells_both_commands(tfluck: Call) -> None:
    said = tfluck("presets", "show", "luck-matters/figure-8-fc-bn").stderr.splitlines()
    assert "tfluck pretrain --preset luck-matters/teacher-cifar10-fc" in said[0]
    assert said[1].endswith("--teacher teacher")
    recipe = tfluck("presets", "show", "luck-matters/teacher-cifar10-fc").stderr
    assert recipe.startswith("tfluck pretrain")


@pytest.mark.parametrize(
    "typed",
    [["show", "figure-7"], ["show", ""], ["show"], ["show", "luck-matters/figure-99"]],
)
def test_no_such_preset(tfluck: Call, typed: list[str]) -> None:
    result = tfluck("presets", *typed)
    assert result.exit_code == 2 and "Traceback" not in result.stderr


@pytest.mark.parametrize("command", ["train", "pretrain"])
def test_an_empty_preset_is_refused(tfluck: Call, command: str) -> None:
    for typed in (["--preset", ""], ["--preset="]):
        result = tfluck(command, *typed)
        assert result.exit_code == 2 and "--preset is empty" in result.stderr


def test_presets_complete_wherever_they_are_taken() -> None:
    def walk(command: click.Command) -> None:
        if isinstance(command, click.Group):
            for name in command.list_commands(click.Context(command)):
                walk(command.get_command(click.Context(command), name))  # type: ignore[arg-type]
        for parameter in command.params:
            if "--preset" in parameter.opts:
                taken.append(parameter)

    taken: list[Any] = []
    walk(cli)
    assert len(taken) >= 2
    for parameter in taken:
        assert parameter._custom_shell_complete is complete_preset
