"""Presets are the papers' experiments: what the paper says of one stands in it."""

import dataclasses
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest

from tfluck.data import describe
from tfluck.experiment.execution import execution_names
from tfluck.experiment.experiment import Experiment, homes
from tfluck.experiment.presets import Preset, load_preset, presets
from tfluck.experiment.scales import SCALES, configure
from tfluck.foundations.errors import BadInput

KNOWN = presets()
SETTINGS = {*homes(), *execution_names()}
FILES = [
    entry
    for paper in files("tfluck.experiment.presets").iterdir()
    if paper.is_dir()
    for entry in paper.iterdir()
    if entry.name.endswith(".toml")
]


def config_of(preset: Preset, scale: str) -> Experiment:
    given = preset.at(scale)
    return configure(scale, data=describe(given["dataset"]), **given)[0]


@pytest.mark.parametrize("entry", FILES, ids=lambda entry: entry.name)
def test_a_file_holds_a_title_names_and_settings_that_exist(entry) -> None:  # type: ignore[no-untyped-def]
    values = tomllib.loads(entry.read_text())
    assert set(values) <= {field.name for field in dataclasses.fields(Preset)}
    assert values["title"] and values["names"]
    for settings in (values["settings"], *values.get("scales", {}).values()):
        assert set(settings) <= SETTINGS - {"seed", "data_digest", "sample_shape"}
    assert set(values.get("scales", {})) <= set(SCALES) - {"paper"}


def test_no_name_is_taken_twice() -> None:
    names = [
        name for entry in FILES for name in tomllib.loads(entry.read_text())["names"]
    ]
    assert len(names) == len(set(names)) and set(KNOWN) == {
        f"luck-matters/{name}" for name in names
    }


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_a_name_says_what_the_preset_does(name: str) -> None:
    """``…-fc-…`` is dense, ``…-bn`` has BatchNorm, ``…-cifar10-…`` is CIFAR-10."""
    config, words = config_of(KNOWN[name], "paper"), name.split("/")[1].split("-")
    if "fc" in words or "cnn" in words:
        assert config.network.arch in words
    if words[-1] in ("bn", "none"):
        assert (config.network.batch_norm == "none") == (words[-1] == "none")
    assert (config.data.kind == "cifar10") == (
        "cifar10" in words or name.startswith("luck-matters/figure-8-")
    )
    assert ("finite" in words) <= (config.data.samples is not None)


@pytest.mark.parametrize("name", sorted(n for n, p in KNOWN.items() if p.teacher))
def test_a_teacher_that_is_asked_for_is_a_preset_that_fits(name: str) -> None:
    student, teacher = (
        config_of(preset, "paper")
        for preset in (KNOWN[name], KNOWN[KNOWN[name].teacher])
    )
    assert (teacher.network.arch, teacher.data) == (student.network.arch, student.data)
    assert teacher.input_shape == student.input_shape
    assert not KNOWN[KNOWN[name].teacher].teacher, "teachers learn from labels"


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_a_smaller_scale_is_smaller_and_the_same_experiment(name: str) -> None:
    configs = [config_of(KNOWN[name], scale) for scale in ("smoke", "laptop", "paper")]
    costs = [config.training.steps * config.graph().multiply_adds for config in configs]
    assert costs == sorted(costs)
    same = {
        (c.network.arch, c.data.dataset, c.network.batch_norm, c.training.loss, c.start)
        for c in configs
    }
    assert len(same) == 1


def test_a_schedule_may_be_text() -> None:
    preset = Preset("t", ("n",), {"lr": "0:0.1,5:0.01"}, {"smoke": {"lr": 0.2}})
    assert preset.at("paper")["lr"] == ((0, 0.1), (5, 0.01))
    assert preset.at("smoke")["lr"] == 0.2
    assert preset.settings["lr"] == "0:0.1,5:0.01", "asking changes nothing"


def test_settings_of_another_scale_do_not_leak() -> None:
    preset = Preset("t", ("n",), {"epochs": 40}, {"laptop": {"epochs": 5}})
    assert [preset.at(scale)["epochs"] for scale in SCALES] == [40, 5, 40]


def test_presets_are_read_once_and_by_name() -> None:
    for name in KNOWN:
        assert load_preset(name) is KNOWN[name]


OWN = """
title = "Mine"
[settings]
teacher_widths = [3, 4]
lr = "0:0.1,5:0.01"
keep_epochs = [1]
[scales.smoke]
epochs = 1
"""


def test_a_file_of_ones_own_is_a_preset(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(OWN)
    found = load_preset(str(path))
    assert (found.title, found.names) == ("Mine", ("mine",))
    experiment, execution = configure("smoke", **found.at("smoke"))
    assert experiment.network.teacher_widths == (3, 4)
    assert experiment.training.epochs == 1 and execution.keep_epochs == (1,)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("title", "is no preset"),
        ("title = 3", "has no table settings"),
        ("settings = 3", "has no table settings"),
        ("[settings]\nteacher_width = [3]", "in settings: .*mean teacher_widths"),
        ("[settings]\n[scales.smoke]\nepoch = 3", r"in scales\.smoke: .*mean epochs"),
        ("[settings]\n[scales]\nsmoke = 3", r"no table scales\.smoke"),
        ("colour = 3\n[settings]", "unknown key: 'colour'"),
        ('[settings]\nx = "' + "a" * 70_000 + '"', "is no preset"),
    ],
)
def test_what_is_no_preset_is_told(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(BadInput, match=said):
        load_preset(str(path))
    with pytest.raises(BadInput, match="is no preset"):
        load_preset(str(tmp_path / "missing.toml"))


def test_an_unknown_preset_names_the_nearest_or_some_there_are() -> None:
    with pytest.raises(BadInput, match=r"Did you mean luck-matters/demo"):
        load_preset("luck-matters/dmo")
    some = " or ".join(sorted(presets())[:3])
    with pytest.raises(BadInput, match=rf"Did you mean {some}\?"):
        load_preset("~~~~")
