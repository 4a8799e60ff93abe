"""The networks of a run: its teacher, random or pretrained, and a stranger to compare."""

import io
import warnings
from pathlib import Path

import keras
import numpy as np

from tfluck.experiment.experiment import Experiment
from tfluck.foundations.errors import Damaged
from tfluck.foundations.files import make_directory, write_atomic
from tfluck.foundations.seeds import child
from tfluck.networks import Network, build_teacher, linear_layers
from tfluck.runs import Run, adopt_teacher
from tfluck.runs.seal import add_seal
from tfluck.runs.store import RESTORE, read


def networks(experiment: Experiment) -> tuple[Network, Network]:
    """Return the shapes of teacher and student."""
    teacher = Network(
        experiment.network.arch,
        experiment.input_shape,
        experiment.network.teacher_widths,
        experiment.network.outputs,
        experiment.network.teacher_batch_norm,
        experiment.network.teacher_bn_affine,
    )
    student = Network(
        experiment.network.arch,
        experiment.input_shape,
        experiment.network.student_widths,
        experiment.network.outputs,
        experiment.network.batch_norm,
        experiment.network.bn_affine,
    )
    return teacher, student


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


def is_sealed(run: Run) -> bool:
    """Tell whether the teacher's weights carry a seal; a pretrained one's digest is known."""
    return run.layout.sealed and not run.experiment.start.teacher_digest


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


def load_weights(model: keras.Model, path: Path, sealed: bool = True) -> None:
    """Fill ``model`` with the arrays of ``path``; no code is in such a file.

    Raises:
        Damaged: the file has lost its seal, or is no weights file of this shape.
    """
    read("weights", path, sealed)
    try:
        with warnings.catch_warnings():
            # Keras warns where it would go on with weights it did not find.
            warnings.simplefilter("error")
            model.load_weights(path)
    # Whatever a damaged file makes HDF5 and Keras raise: half a dozen kinds.
    except Exception as error:
        reason = (str(error).strip() or "damaged").splitlines()[0]
        hidden = linear_layers(model)[:-1]
        widths = "-".join(str(layer.kernel.shape[-1]) for layer in hidden)
        raise Damaged(
            path, f"does not hold a {model.name} of widths {widths}: {reason}"
        ) from error
    if not all(np.isfinite(array).all() for array in model.get_weights()):
        raise Damaged(path, f"holds weights that are not finite. {RESTORE}")
