"""What ``tfluck prune`` prunes: a run's student, or a user's model with its data."""

from pathlib import Path
from typing import TYPE_CHECKING

from tfluck.foundations.errors import BadInput

if TYPE_CHECKING:
    import numpy as np

    from tfluck.runs import Run
    from tfluck.studies.pruning import Subject

#: Samples to choose and to judge by: one half each. Every position of an image counts.
SAMPLES, IMAGES = 4000, 64


def subject_of_run(run: "Run", seed: int, samples: int | None) -> "Subject":
    """Load a run's student and the samples to choose and to judge by."""
    from tfluck.foundations.runtime import start_tensorflow
    from tfluck.runs.weights import kept_weights

    kept_weights(run, seed)
    start_tensorflow()
    from tfluck.studies.pruning import of_run

    few = IMAGES if run.experiment.network.reads_images else SAMPLES
    return of_run(run, seed, samples or few)


def subject_of_model(path: Path, data: Path, samples: int | None) -> "Subject":
    """Load a user's model, without running code, and the arrays x and y of ``data``."""
    from tfluck.weightfiles.keras_model import check_keras

    check_keras(path)
    x, y = _read(data)
    from tfluck.foundations.runtime import start_tensorflow

    start_tensorflow()
    from tfluck.studies.pruning import of_model
    from tfluck.zoo.brought import check_inputs, load_keras

    model = load_keras(path)
    check_inputs(model, x.shape[1:])
    return of_model(model, x[:samples], y[:samples])


def _read(path: Path) -> "tuple[np.ndarray, np.ndarray]":
    """Return x, float64 ``[samples, …]``, and y of an npz file.

    Raises:
        BadInput: an array is missing, or no finite numbers, or they do not pair up.
    """
    import numpy as np

    from tfluck.weightfiles.npz import open_npz

    with open_npz(path) as archive:
        if missing := [name for name in ("x", "y") if name not in archive.headers]:
            raise BadInput(f"{path} has no array {missing[0]}; it needs x and y.")
        x, y = archive.read("x"), archive.read("y")
    for name, array in (("x", x), ("y", y)):
        if array.dtype.kind not in "fiub" or not np.isfinite(array).all():
            raise BadInput(f"{name} in {path} must hold finite numbers.")
    if x.ndim < 2 or y.ndim < 1 or len(x) != len(y):
        raise BadInput(
            f"x and y in {path} must have as many samples, not {x.shape} and {y.shape}."
        )
    return x.astype(np.float64), y
