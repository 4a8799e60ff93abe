"""What the data set and a pretrained teacher decide of a run's settings."""

import re
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfluck.data import describe
from tfluck.experiment.choices import shown
from tfluck.experiment.presets import load_preset
from tfluck.experiment.scales import configure
from tfluck.experiment.sources import UnknownSource, choices, find_source
from tfluck.foundations.errors import BadInput

Settings = dict[str, Any]


def parse_dataset(text: str) -> str:
    """Check a data set's name and make the path of ``npz:PATH`` absolute.

    Raises:
        BadInput: there is no such data set.
    """
    try:
        return find_source(text).absolute().name
    except UnknownSource:
        raise BadInput(f"Choose {choices()}, not {shown(text)}.") from None


def with_ingredients(
    wanted: Mapping[str, Any], root: Path, preset: str | None
) -> tuple[Settings, Settings]:
    """Look at the data set and at the teacher.

    Args:
        wanted: settings of the preset and of the command line; ``teacher`` names a
            pretrained one.
        root: folder of runs, where a teacher may be looked up by name.
        preset: the preset's name, if any.

    Returns:
        What the data set decides, and ``wanted`` with what the teacher decides.

    Raises:
        BadInput: the teacher does not fit the data or the options, or the preset needs
            one.
    """
    settings = dict(wanted)
    data = describe(settings.get("dataset", "gaus"))
    name = settings.pop("teacher", None)
    needed = load_preset(preset).teacher if preset else ""
    if name is None:
        if needed:
            raise BadInput(
                f"The preset {preset} needs a pretrained teacher: run `tfluck pretrain "
                f"--preset {needed}` (at your --scale) and give its folder with --teacher."
            )
        return data, settings
    if re.fullmatch(r"\d+(-\d+)*", name) and not (root / name).exists():
        raise BadInput(
            f"--teacher names a pretrained teacher; the widths of a random one are "
            f"--teacher-widths {shown(name)[1:-1]}."
        )
    return data, settings | _teacher_settings(settings, data, root, name)


def require_teacher(settings: Settings, data: Settings, root: Path, scale: str) -> None:
    """Refuse to let students of labelled data learn from a random teacher.

    Raises:
        BadInput: the message holds the two commands that work.
    """
    if not data or settings.get("teacher"):
        return
    name, arch = settings["dataset"], settings.get("arch", "fc")
    kind = name.partition(":")[0]
    given = shlex.join(
        ["--dataset", name, "--arch", arch, "--scale", scale, "--out", str(root)]
    )
    raise BadInput(
        f"{kind} has labels, and a random teacher has learned none of them: what its "
        "students reach would mean nothing. Train a teacher first, then its students:\n"
        f"  tfluck pretrain {given} --name {kind}-{arch}-teacher\n"
        f"  tfluck train {given} --teacher {kind}-{arch}-teacher"
    )


def _teacher_settings(
    settings: Settings, data: Settings, root: Path, name: str
) -> Settings:
    from tfluck.runs.teachers import check_fits, find_teacher, read_teacher

    folder = find_teacher(root, name)
    teacher = read_teacher(folder)
    decided = teacher.settings(folder)
    for key in ("arch", "teacher_widths", "outputs"):
        if key in settings and settings[key] != decided[key]:
            raise BadInput(
                f"--{key.replace('_', '-')} {_text(settings[key])} does not fit the "
                f"teacher in {folder}, which has {_text(decided[key])}."
            )
    gaussian = {"arch": teacher.arch, "teacher_widths": teacher.widths}
    shape = data.get("sample_shape") or configure(**settings | gaussian)[0].input_shape
    check_fits(teacher, folder, settings.get("dataset", "gaus"), shape)
    return decided


def _text(value: Any) -> str:
    return "-".join(map(str, value)) if isinstance(value, tuple) else str(value)
