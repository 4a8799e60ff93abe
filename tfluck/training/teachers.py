"""The networks of a run: its teacher, random or pretrained, and a stranger to compare."""

import io
from pathlib import Path

import keras
import numpy as np

from tfluck.experiment.experiment import Experiment
from tfluck.foundations.errors import Damaged
from tfluck.foundations.files import make_directory, write_atomic
from tfluck.foundations.seeds import child
from tfluck.instruments.loading import is_sealed, load_weights
from tfluck.networks import build_teacher
from tfluck.networks.shapes import networks
from tfluck.runs import Run, adopt_teacher
from tfluck.runs.seal import add_seal


def teacher_of(run: Run) -> keras.Model | None:
    """Build the run's teacher; None where students learn the true labels.

    Raises:
        Damaged: a pretrained teacher's weights are gone or do not fit.
    """
    experiment = run.experiment
    if experiment.training.targets == "labels":
        return None
    if not experiment.start.teacher_digest:
        return _random(experiment, "teacher")
    adopt_teacher(run)
    model = build_teacher(networks(experiment)[0], experiment.seed, init="default")
    load_weights(model, run.layout.teacher_weights, sealed=False)
    return model


def keep_teacher(run: Run, teacher: keras.Model) -> None:
    """Write the drawn ``teacher`` into ``run``, or hold it to the one that is there.

    Raises:
        Damaged: the run's own teacher is another: its file was changed, or the
            libraries draw differently now.
    """
    path = run.layout.teacher_weights
    if not path.exists():
        save_weights(teacher, path)
        return
    drawn = teacher.get_weights()
    load_weights(teacher, path, is_sealed(run))
    kept = teacher.get_weights()
    teacher.set_weights(drawn)
    if not all(map(np.array_equal, drawn, kept)):
        raise Damaged(
            path,
            f"does not hold the teacher that seed {run.experiment.seed} gives here: it was "
            "changed, or another version of NumPy or Keras drew it. Put back the file, or "
            "the versions that manifest.json names, or start over with --fresh.",
        )


def stranger_of(experiment: Experiment) -> keras.Model | None:
    """Build a teacher the students never see, to tell what chance and width alone give.

    It is drawn as the teacher was; for a pretrained teacher it is an untrained network
    of the same shape.
    """
    if experiment.training.targets == "labels":
        return None
    return _random(experiment, "stranger")


def _random(experiment: Experiment, role: str) -> keras.Model:
    return build_teacher(
        networks(experiment)[0],
        child(experiment.seed, role),
        init="default"
        if experiment.start.teacher_digest
        else experiment.start.teacher_init,
        bias_shift=experiment.start.teacher_bias,
    )


class _Memory(io.BytesIO):
    """A file in memory, of which Keras wants to know how its name ends."""

    def __str__(self) -> str:
        return "memory.weights.h5"


def save_weights(model: keras.Model, path: Path) -> None:
    """Write a model's weights atomically as sealed HDF5.

    They are laid out in memory first: on a full disk HDF5 fails again when it closes,
    prints tracebacks and may take the process with it.
    """
    make_directory(path.parent)
    memory = _Memory()
    model.save_weights(memory, overwrite=True)
    add_seal(memory)
    write_atomic(path, lambda stream: stream.write(memory.getbuffer()))
