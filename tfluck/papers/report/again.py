"""The command that makes a run again: what it was asked, as far as no default says it."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfluck.experiment.execution import WHERE, Execution, execution_fields
from tfluck.experiment.experiment import Experiment, all_fields
from tfluck.experiment.fields import Field
from tfluck.experiment.presets import load_preset, presets
from tfluck.experiment.scales import SCALES, configure
from tfluck.foundations.errors import BadInput
from tfluck.runs import Run

#: Settings on which the defaults of others depend.
LEADING = ("dataset", "arch", "batch_norm", "optimizer", "samples")
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

    Defaults that only a data set could tell are not relied upon: of labelled data every
    setting is named. A file of images is named without its folder.
    """
    wanted = run.experiment.settings() | run.execution.to_dict()
    scale = run.manifest.get("scale")
    scale = scale if scale in SCALES else "paper"
    if run.experiment.data.labelled:
        words = _of_labelled(run, wanted)
    else:
        words = _of_a_law(run, wanted, scale)
    return shlex.join(["tfluck", *words, "--scale", scale])


def _of_labelled(run: Run, wanted: Mapping[str, Any]) -> list[str]:
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


def _of_a_law(run: Run, wanted: Mapping[str, Any], scale: str) -> list[str]:
    preset = run.manifest.get("preset")
    preset = preset if isinstance(preset, str) and preset in presets() else None
    said = load_preset(preset).at(scale) if preset else {}
    said = {k: v for k, v in said.items() if k in wanted}
    leading = {k: wanted[k] for k in LEADING if wanted[k] != _default(said, scale, k)}
    usual = _settings(*configure(scale, **said | leading))
    given = leading | {
        field.name: wanted[field.name]
        for field in _fields()
        if usual[field.name] != wanted[field.name]
    }
    if not _same(run, scale, said | given):
        # Some default depends on another setting that is named.
        given = {field.name: wanted[field.name] for field in _fields()}
    words = ["train", *(["--preset", preset] if preset else [])]
    for field in _fields():
        if field.name in given:
            words += _option(field, given[field.name])
    return words


def _default(said: Mapping[str, Any], scale: str, name: str) -> Any:
    return _settings(*configure(scale, **said))[name]


def _same(run: Run, scale: str, given: Mapping[str, Any]) -> bool:
    try:
        experiment, execution = configure(scale, **given)
    except BadInput:
        return False
    return (experiment.digest(), execution) == (run.experiment.digest(), run.execution)


def _settings(experiment: Experiment, execution: Execution) -> dict[str, Any]:
    return experiment.settings() | execution.to_dict()


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
