"""Pretrained teachers as directories: weights beside what they are and how they were made.

Nothing in such a directory is code. ``teacher.json`` says the network's shape, the
weights are arrays in an HDF5 file, and a checksum ties the two together.
"""

import dataclasses
import hashlib
import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from tfluck.architectures import BatchNormPlace
from tfluck.foundations.errors import BadInput, Damaged
from tfluck.foundations.files import digest_of, write_atomic
from tfluck.runs.layout import RunLayout, TeacherLayout
from tfluck.runs.run import FORMAT_VERSION, Run
from tfluck.runs.seal import BINARY_LIMIT, read_whole, write_object
from tfluck.runs.store import RESTORE, format_of, read

#: What a description must hold; a tuple is of whole numbers.
TYPES = {
    "arch": str,
    "input_shape": tuple,
    "widths": tuple,
    "outputs": int,
    "batch_norm": str,
    "bn_affine": bool,
    "dataset": str,
    "accuracy": dict,
    "pruned": dict,
    "recipe": dict,
    "weights_sha256": str,
}


@dataclass(frozen=True, kw_only=True)
class Teacher:
    """A trained network that students can learn from.

    Attributes:
        arch: ``fc`` or ``cnn``.
        input_shape: of one sample.
        widths: surviving nodes of each hidden layer, the lowest first.
        outputs: classes.
        batch_norm: where BatchNorm stands.
        bn_affine: whether it has a scale and a shift.
        dataset: the data it was trained on, without a path.
        accuracy: ``{"train", "test"}``, shares of samples classified correctly.
        pruned: ``{"shares", "from_widths", "accuracy_before"}``; empty if nothing was.
        recipe: the settings it was trained with.
        weights_sha256: of the weights' file.
    """

    arch: str
    input_shape: tuple[int, ...]
    widths: tuple[int, ...]
    outputs: int
    batch_norm: BatchNormPlace
    bn_affine: bool
    dataset: str
    accuracy: dict[str, float]
    pruned: dict[str, Any]
    recipe: dict[str, Any]
    weights_sha256: str

    def settings(self, folder: Path) -> dict[str, Any]:
        """Return what a run that learns from this teacher in ``folder`` must have."""
        return {
            "arch": self.arch,
            "teacher_widths": self.widths,
            "outputs": self.outputs,
            "teacher_batch_norm": self.batch_norm,
            "teacher_bn_affine": self.bn_affine,
            "teacher": str(folder.resolve()),
            "teacher_digest": self.weights_sha256[:12],
        }


def write_teacher(folder: Path, teacher: Teacher) -> None:
    """Write the description of the weights that lie in ``folder`` already."""
    value = {"format_version": FORMAT_VERSION} | dataclasses.asdict(teacher)
    write_object(TeacherLayout(folder).recipe, value)


def find_teacher(root: Path, name: str) -> Path:
    """Return the teacher directory called ``name``.

    Args:
        root: folder of runs.
        name: a teacher directory, a pretraining run, or such a run's name in ``root``.

    Raises:
        BadInput: there is none.
    """
    for place in (Path(name), root / name):
        for folder in (place, RunLayout(place).pretrained):
            if TeacherLayout(folder).recipe.is_file():
                return folder
    raise BadInput(
        f"No teacher in {name}: it holds no teacher.json. `tfluck pretrain` makes one "
        "and prints its folder."
    )


def read_teacher(folder: Path) -> Teacher:
    """Read the description of the teacher in ``folder`` and check its weights' bytes.

    Raises:
        Damaged: a file is missing, torn, changed or from a newer tfluck.
    """
    layout = TeacherLayout(folder)
    version = format_of("recipe", layout.recipe, FORMAT_VERSION)
    teacher = _taken(layout.recipe, read("recipe", layout.recipe, version > 1))
    if digest_of(layout.weights) != teacher.weights_sha256:
        raise Damaged(
            layout.weights,
            f"does not have the checksum that {layout.recipe.name} says; copy the "
            "folder again, or pretrain anew.",
        )
    return teacher


def _taken(path: Path, value: dict[str, Any]) -> Teacher:
    """Make a teacher of what ``path`` holds."""
    known = {field.name for field in fields(Teacher)}
    try:
        teacher = Teacher(**{k: _tupled(v) for k, v in value.items() if k in known})
    except TypeError as error:
        raise Damaged(path, f"cannot be read: {error}.") from error
    for name, kind in TYPES.items():
        found = getattr(teacher, name)
        inner = found if kind is tuple else ()
        if type(found) is not kind or not all(type(n) is int for n in inner):
            raise Damaged(path, f"cannot be read: {name} is {found!r:.60}.")
    return teacher


def _tupled(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def check_fits(
    teacher: Teacher, folder: Path, dataset: str, shape: tuple[int, ...]
) -> None:
    """Refuse data of another shape than the teacher was trained on.

    Raises:
        BadInput: the sentence names both shapes.
    """
    if tuple(shape) != teacher.input_shape:
        raise BadInput(
            f"The teacher in {folder} was trained on {teacher.dataset}, whose samples "
            f"are {_sizes(teacher.input_shape)}; those of {dataset} are {_sizes(shape)}. "
            "Give it data of its own shape, or pretrain a teacher on this data."
        )


def _sizes(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


def adopt_teacher(run: Run) -> None:
    """Copy the pretrained teacher's weights into ``run``, which then needs no other place.

    Raises:
        Damaged: the weights are gone or are not those the run was made with.
    """
    experiment = run.experiment
    if not experiment.start.teacher_digest:
        return
    own = run.layout.teacher_weights
    if not os.path.lexists(own):
        source = TeacherLayout(Path(run.execution.teacher or "")).weights
        whole = read_whole(source, BINARY_LIMIT)
        if (
            not hashlib.sha256(whole)
            .hexdigest()
            .startswith(experiment.start.teacher_digest)
        ):
            raise Damaged(
                source,
                "is not the teacher this run was made with (SHA-256 "
                f"{experiment.start.teacher_digest}…); put it back, or start another run.",
            )
        write_atomic(own, lambda stream: stream.write(whole))
    elif not digest_of(own).startswith(experiment.start.teacher_digest):
        raise Damaged(own, f"has changed since this run began. {RESTORE}")
