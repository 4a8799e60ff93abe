"""The command that makes a run again: what it was asked, as far as no default says it."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfluck.experiment.execution import WHERE, execution_fields
from tfluck.experiment.experiment import all_fields
from tfluck.experiment.fields import Field
from tfluck.experiment.presets import load_preset, presets
from tfluck.experiment.scales import SCALES, configure
from tfluck.foundations.errors import BadInput
from tfluck.runs import Run

#: Settings without an option of `tfluck train` that `tfluck pretrain` has.
OF_PRETRAINING = ("labels", "prune")
#: Settings of students, which a pretraining has none of.
OF_STUDENTS = frozenset(
    (
        *("watch", "multiplier", "input_dim", "image_size", "data_std"),
        *("teacher_init", "teacher_bias", "student_init", "seeds"),
    )
)


def command_of(run: Run) -> str:
    """Return the command that makes ``run`` again, wherever its data may lie.

    Defaults that only a data set or a trained teacher could tell are not relied upon:
    with these every setting is named. A file of images is named without its folder.
    """
    wanted = run.experiment.settings() | run.execution.to_dict()
    scale = run.manifest.get("scale")
    scale = scale if scale in SCALES else "paper"
    if run.experiment.data.labelled or run.execution.teacher:
        words = _spelled_out(run, wanted)
    else:
        words = _as_short_as_can_be(run, wanted, scale)
    return shlex.join(["tfluck", *words, "--scale", scale])


def _spelled_out(run: Run, wanted: Mapping[str, Any]) -> list[str]:
    pretrains = run.experiment.training.targets == "labels"
    without = OF_STUDENTS if pretrains else frozenset()
    words = ["pretrain" if pretrains else "train"]
    for field in _fields(*OF_PRETRAINING if pretrains else ()):
        empty = wanted[field.name] in ((), None) and field.name != "samples"
        if field.name not in without and not empty:
            words += _option(field, wanted[field.name])
    if run.execution.teacher:
        folder = Path(run.execution.teacher)
        words += [
            "--teacher",
            folder.parent.name if folder.name == "teacher" else folder.name,
        ]
    return words


def _as_short_as_can_be(run: Run, wanted: Mapping[str, Any], scale: str) -> list[str]:
    preset = run.manifest.get("preset")
    preset = preset if isinstance(preset, str) and preset in presets() else None
    said = load_preset(preset).at(scale) if preset else {}
    given = {field.name: wanted[field.name] for field in _fields()}
    # What another setting or a default says too need not be said again.
    for name in given:
        fewer = {key: value for key, value in given.items() if key != name}
        if _same(run, scale, said | fewer):
            given = fewer
    words = ["train", *(["--preset", preset] if preset else [])]
    for field in _fields():
        if field.name in given:
            words += _option(field, given[field.name])
    return words


def _same(run: Run, scale: str, given: Mapping[str, Any]) -> bool:
    try:
        experiment, execution = configure(scale, **given)
    except BadInput:
        return False
    return (experiment.digest(), execution) == (run.experiment.digest(), run.execution)


def _fields(*more: str) -> list[Field]:
    """Return the settings that have an option; where data lie is everybody's own."""
    return [
        field
        for field in (*all_fields(), *execution_fields())
        if field.name not in WHERE and (not field.setting.hidden or field.name in more)
    ]


def _option(field: Field, value: Any) -> list[str]:
    """Write a setting as its option takes it."""
    if isinstance(value, bool):
        return [f"--{'' if value else 'no-'}{field.option}"]
    return [f"--{field.option}", option_text(field.name, value)]


def option_text(name: str, value: Any) -> str:
    """Return what is typed for the ``value`` of the setting ``name``."""
    if name == "samples" and value is None:
        return "infinite"
    if name == "keep_epochs":
        return ",".join(
            f"every:{-epoch}" if epoch < 0 else f"{epoch}" for epoch in value
        )
    if name == "lr":
        return ",".join(f"{epoch}:{rate!r}" for epoch, rate in value)
    if name == "dataset" and value.startswith("npz:"):
        return f"npz:{Path(value[4:]).name}"
    if name in ("watch", "prune"):
        return ",".join(map(str, value))
    if isinstance(value, tuple | list):
        return "-".join(map(str, value))
    return str(value)
