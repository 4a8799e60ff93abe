"""Single layers of the networks a run keeps, read as tensors: no TensorFlow for them."""

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tfluck.foundations.errors import Damaged
from tfluck.runs.store import RESTORE, read
from tfluck.weightfiles import Refused, read_tensors

Array = NDArray[np.float64]


def read_linear(path: Path, layer: str, sealed: bool = True) -> tuple[Array, Array]:
    """Return the kernel and the biases of ``layer`` in the weights file ``path``.

    Raises:
        Damaged: the file is missing or changed, or has no such layer.
    """
    raw = read("weights", path, sealed)
    try:
        with read_tensors(io.BytesIO(raw)) as file:
            kernel, bias = (file.read(f"{layer}/{part}") for part in (0, 1))
    except (Refused, KeyError) as error:
        raise Damaged(
            path, f"holds no layer {layer} that can be read. {RESTORE}"
        ) from (error)
    return kernel.astype(np.float64), bias.astype(np.float64)
