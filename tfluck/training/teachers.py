"""The networks of a run: its teacher, random or pretrained, and a stranger to compare."""

import warnings
from pathlib import Path

import keras
import numpy as np

from tfluck.config import RunConfig
from tfluck.errors import RunDamaged
from tfluck.models import Network, build_teacher, linear_layers
from tfluck.runs import Run, adopt_teacher
from tfluck.seeds import child
from tfluck.training.observers import save_weights


def networks(config: RunConfig) -> tuple[Network, Network]:
    """Return the shapes of teacher and student."""
    teacher = Network(
        config.arch,
        config.input_shape,
        config.teacher_widths,
        config.outputs,
        config.teacher_batch_norm,
        config.teacher_bn_affine,
    )
    student = Network(
        config.arch,
        config.input_shape,
        config.student_widths,
        config.outputs,
        config.batch_norm,
        config.bn_affine,
    )
    return teacher, student


def teacher_of(run: Run) -> keras.Model | None:
    """Build the run's teacher; None where students learn the true labels.

    Raises:
        RunDamaged: a pretrained teacher's weights are gone or do not fit.
    """
    config = run.config
    if config.targets == "labels":
        return None
    if not config.teacher_digest:
        return _random(config, "teacher")
    adopt_teacher(run)
    model = build_teacher(networks(config)[0], config.seed, init="default")
    load_weights(model, run.layout.teacher_weights)
    return model


def keep_teacher(run: Run, teacher: keras.Model) -> None:
    """Write the drawn ``teacher`` into ``run``, or hold it to the one that is there.

    Raises:
        RunDamaged: the run's own teacher is another: its file was changed, or the
            libraries draw differently now.
    """
    path = run.layout.teacher_weights
    if not path.exists():
        save_weights(teacher, path)
        return
    drawn = teacher.get_weights()
    load_weights(teacher, path)
    kept = teacher.get_weights()
    teacher.set_weights(drawn)
    if not all(map(np.array_equal, drawn, kept)):
        raise RunDamaged(
            f"{path} does not hold the teacher that seed {run.config.seed} gives here: it "
            "was changed, or another version of NumPy or Keras drew it. Put back the file, "
            "or the versions that manifest.json names, or start over with --fresh."
        )


def stranger_of(config: RunConfig) -> keras.Model | None:
    """Build a teacher the students never see, to tell what chance and width alone give.

    It is drawn as the teacher was; for a pretrained teacher it is an untrained network
    of the same shape.
    """
    if config.targets == "labels":
        return None
    return _random(config, "stranger")


def _random(config: RunConfig, role: str) -> keras.Model:
    return build_teacher(
        networks(config)[0],
        child(config.seed, role),
        init="default" if config.teacher_digest else config.teacher_init,
        bias_shift=config.teacher_bias,
    )


def load_weights(model: keras.Model, path: Path) -> None:
    """Fill ``model`` with the arrays of ``path``; no code is in such a file.

    Raises:
        RunDamaged: the file is no weights file of this shape.
    """
    try:
        with warnings.catch_warnings():
            # Keras warns where it would go on with weights it did not find.
            warnings.simplefilter("error")
            model.load_weights(path)
    except (OSError, ValueError, KeyError, UserWarning) as error:
        reason = (str(error).strip() or "damaged").splitlines()[0]
        hidden = linear_layers(model)[:-1]
        widths = "-".join(str(layer.kernel.shape[-1]) for layer in hidden)
        raise RunDamaged(
            f"{path} does not hold a {model.name} of widths {widths}: {reason}"
        ) from error
