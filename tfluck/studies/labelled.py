"""Nets that learned labels, without a teacher: what they use, how sharp they lie (X1, X3)."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tfluck.analysis.lanczos import extremes
from tfluck.analysis.relu_net import ReluNet
from tfluck.experiment.choices import OBJECTIVES
from tfluck.foundations.errors import BadInput
from tfluck.foundations.runtime import compute_exactly, start_tensorflow
from tfluck.foundations.seeds import generator
from tfluck.runs import Run

if TYPE_CHECKING:
    import keras

Array = NDArray[np.float64]
#: Error of an eigenvalue, over the largest.
TOLERANCE = 1e-6


def _model(run: Run, seed: int) -> "keras.Model":
    """Return the net after training.

    Raises:
        BadInput: it learned from a teacher.
        Damaged: its weights are missing.
    """
    if run.experiment.training.targets != "labels":
        raise BadInput(f"{run.name} has a teacher: its students learned no labels.")
    start_tensorflow()
    compute_exactly()
    from tfluck.instruments.loading import build
    from tfluck.networks.shapes import networks

    layout, network = run.layout.seed(seed), networks(run.experiment)[1]
    return build(network, "student", layout.final_weights, layout.sealed)


def network_of(run: Run, seed: int) -> ReluNet:
    """Return the net after training as bare arrays.

    Raises:
        BadInput, Damaged: it learned from a teacher, or its weights are missing.
    """
    model = _model(run, seed)
    from tfluck.networks.folding import relu_net

    return relu_net(model)


def evaluated(run: Run) -> Array:
    """Return the samples that the run is evaluated on."""
    from tfluck.data.training_data import evaluation_set, open_images

    images = open_images(run.experiment, run.execution.data_dir)
    batches = evaluation_set(run.experiment, images)[0]
    return np.concatenate([batch.numpy() for batch in batches]).astype(np.float64)


def learned(run: Run, samples: int) -> tuple[Array, Array]:
    """Return the first training samples as the net saw them, and one-hot labels."""
    from tfluck.data.training_data import open_images

    images = open_images(run.experiment, run.execution.data_dir)
    if images is None:
        raise BadInput(f"{run.name} learned no labelled set.")
    x = images.normalize(images.x_train[:samples]).astype(np.float64)
    return x, np.eye(len(images.classes))[images.y_train[:samples]]


def sharpest(run: Run, seed: int, samples: int) -> float:
    """Return the largest eigenvalue of the Hessian of the loss on training samples.

    Raises:
        BadInput, Damaged: it learned from a teacher, or its weights are missing.
    """
    model = _model(run, seed)
    from tfluck.networks.curvature import Surface, in_float64
    from tfluck.networks.shapes import networks

    x, targets = learned(run, samples)
    loss = OBJECTIVES.find(run.experiment.training.loss)
    exact = in_float64(networks(run.experiment)[1], model)
    surface = Surface(exact, loss, x, targets)
    draw = generator(seed, "sharpness")
    found = extremes(surface.product, surface.parameters, 1, draw, tolerance=TOLERANCE)
    return float(found.top[0])
