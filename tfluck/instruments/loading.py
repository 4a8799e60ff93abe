"""The networks of a run, built without a training around them and filled from its files."""

import warnings
from pathlib import Path

import keras
import numpy as np

from tfluck.foundations.errors import Damaged
from tfluck.networks import Network, linear_layers
from tfluck.runs import Run
from tfluck.runs.store import RESTORE, read


def build(network: Network, name: str, path: Path, sealed: bool) -> keras.Model:
    """Build ``network`` and fill it with the weights of ``path``.

    Raises:
        Damaged: as :func:`load_weights`.
    """
    model = network.build(lambda layer, fan_in: {"kernel_initializer": "zeros"}, name)
    load_weights(model, path, sealed)
    return model


def is_sealed(run: Run) -> bool:
    """Tell whether the teacher's weights carry a seal; a pretrained one's digest is known."""
    return run.layout.sealed and not run.experiment.start.teacher_digest


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
