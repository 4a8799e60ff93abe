"""Pretrained teachers as directories: weights beside what they are and how they were made.

Nothing in such a directory is code. ``teacher.json`` says the network's shape, the
weights are arrays in an HDF5 file, and a checksum ties the two together.
"""

import dataclasses
import hashlib
import json
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from tfluck.choices import BatchNormPlace
from tfluck.config import RunConfig
from tfluck.errors import BadInput, RunDamaged
from tfluck.files import write_atomic, write_json
from tfluck.runs.directory import Run
from tfluck.runs.layout import RunLayout, TeacherLayout

FORMAT_VERSION = 1


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
    write_json(TeacherLayout(folder).recipe, value)


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
        RunDamaged: a file is missing, torn, changed or from a newer tfluck.
    """
    layout = TeacherLayout(folder)
    try:
        value = json.loads(layout.recipe.read_text())
        version = value.pop("format_version")
        known = {field.name for field in fields(Teacher)}
        teacher = Teacher(**{k: _tupled(v) for k, v in value.items() if k in known})
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise RunDamaged(f"{layout.recipe} cannot be read: {error}") from error
    if not isinstance(version, int) or version > FORMAT_VERSION:
        raise RunDamaged(
            f"{folder} has format {version}, and this tfluck reads up to "
            f"{FORMAT_VERSION}; update tfluck to use it."
        )
    if digest_of(layout.weights) != teacher.weights_sha256:
        raise RunDamaged(
            f"{layout.weights} does not have the checksum that {layout.recipe.name} "
            "says; copy the folder again, or pretrain anew."
        )
    return teacher


def _tupled(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file as hex digits; "" if it is missing."""
    if not path.is_file():
        return ""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


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
        RunDamaged: the weights are gone or are not those the run was made with.
    """
    config = run.config
    if not config.teacher_digest:
        return
    own = run.layout.teacher_weights
    if not own.exists():
        source = TeacherLayout(Path(config.teacher or "")).weights
        if not digest_of(source).startswith(config.teacher_digest):
            raise RunDamaged(
                f"{source} is not the teacher this run was made with (SHA-256 "
                f"{config.teacher_digest}…); put it back, or start another run."
            )
        write_atomic(own, lambda stream: stream.write(source.read_bytes()))
    _check_own(own, config)


def _check_own(path: Path, config: RunConfig) -> None:
    if not digest_of(path).startswith(config.teacher_digest):
        raise RunDamaged(
            f"{path} has changed since this run began; start over with --fresh."
        )
