"""The command that a page gives makes the same run: its plan has the same name."""

import json
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from making import make

from tfluck.experiment.presets import load_preset
from tfluck.experiment.scales import SCALES, configure
from tfluck.papers.report.again import command_of, option_text

Call = Callable[..., Result]


def planned(tfluck: Call, command: str) -> dict[str, Any]:
    """Return what the command would do."""
    name, *words = shlex.split(command)
    assert name == "tfluck"
    done = tfluck(*words, "--dry-run", "--json", "-q")
    assert done.exit_code == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


ASKED: list[tuple[str, dict[str, Any]]] = [
    ("smoke", {}),
    ("laptop", {"arch": "cnn"}),
    ("paper", {"arch": "cnn", "batch_norm": "none"}),
    ("smoke", {"optimizer": "adam", "dataset": "student-t:3", "seeds": 4}),
    ("smoke", {"lr": ((0, 0.05), (2, 0.01)), "keep_epochs": (0, -2), "epochs": 4}),
    ("smoke", {"teacher_widths": (3, 4), "samples": 300, "bn_affine": True}),
    ("smoke", {"watch": ("rank", "overlap"), "seed": 7, "jit": False, "threads": 1}),
    ("smoke", {"arch": "resnet", "momentum": 0.5, "normalize": True, "data_std": 0.1}),
    ("smoke", {"student_init": "perturb:0.1", "covariance": "spectrum:1"}),
]


@pytest.mark.parametrize(("scale", "given"), ASKED)
@pytest.mark.parametrize("said", [True, False])
def test_the_same_experiment_is_planned(
    tfluck: Call, tmp_path: Path, scale: str, given: dict[str, Any], said: bool
) -> None:
    """Also of a run from Python, whose scale nobody wrote down."""
    pair = configure(scale, **given)
    run = make(tmp_path, pair, record={"scale": scale} if said else {})
    command = command_of(run)
    found = planned(tfluck, command)
    assert found["digest"] == run.digest
    assert found["execution"] == json.loads(json.dumps(run.execution.to_dict()))
    if not given and said:
        assert command == f"tfluck train --scale {scale}"


@pytest.mark.parametrize("scale", SCALES)
def test_a_preset_is_named_with_what_was_changed_in_it(
    tfluck: Call, tmp_path: Path, scale: str
) -> None:
    name = "luck-matters/figure-7-cnn-none"
    settings = load_preset(name).at(scale)
    run = make(
        tmp_path,
        configure(scale, **settings | {"multiplier": 3}),
        record={"preset": name, "scale": scale},
    )
    command = command_of(run)
    assert command == f"tfluck train --preset {name} --multiplier 3 --scale {scale}"
    assert planned(tfluck, command)["digest"] == run.digest


@pytest.mark.parametrize("preset", ["mine.toml", "luck-matters/gone", 5])
def test_a_preset_that_is_not_ours_is_spelled_out(
    tfluck: Call, tmp_path: Path, preset: Any
) -> None:
    pair = configure("smoke", multiplier=3)
    run = make(tmp_path, pair, record={"preset": preset, "scale": "gone"})
    command = command_of(run)
    assert "--preset" not in command and command.endswith("--scale paper")
    assert planned(tfluck, command)["digest"] == run.digest


def test_of_labelled_data_everything_is_named(tfluck: Call, tmp_path: Path) -> None:
    from tfluck.data import describe
    from tfluck.experiment.scales import configure_pretraining

    pair = configure_pretraining("smoke", data=describe("digits"), dataset="digits")
    run = make(tmp_path, pair, record={"scale": "smoke"})
    command = command_of(run)
    assert command.startswith("tfluck pretrain --dataset digits ")
    assert "--multiplier" not in command and "--labels true" in command
    found = planned(tfluck, command)
    assert found["digest"] == run.digest


def test_students_of_labels_name_their_teacher_and_no_folder(tmp_path: Path) -> None:
    from tfluck.data import describe

    settings = {"teacher": "/home/somebody/runs/good/teacher", "data_dir": "/data"}
    given = {"dataset": "digits", "teacher_digest": "0" * 64} | settings
    pair = configure("smoke", data=describe("digits"), **given)
    run = make(tmp_path, pair, record={"scale": "smoke"})
    command = command_of(run)
    assert "--teacher good " in command and "/" not in command
    assert option_text("dataset", "npz:/home/somebody/x.npz") == "npz:x.npz"
