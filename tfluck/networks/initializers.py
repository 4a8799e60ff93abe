"""Where weights start: the paper's separated teacher, the original's student.

A *row* is everything that feeds one node: a column of a Dense kernel ``[in, out]``, one
filter of a Conv2D kernel ``[height, width, in, out]``.
"""

import math
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tfluck.experiment.limits import check_patterns
from tfluck.foundations.seeds import child, generator

#: Every entry of a teacher's weights is one of these (paper 1, section 4.2).
LEVELS = np.array([-0.5, -0.25, 0.0, 0.25, 0.5])
#: Teacher biases are drawn from U[−0.5, 0.5].
TEACHER_BIAS = 0.5


def separated_rows(seed: int, rows: int, fan_in: int) -> NDArray[np.float64]:
    """Draw ``rows`` vectors over LEVELS, none all zero, no two equal.

    Parallel rows such as w and 2w are allowed, as in the original.

    Returns:
        Array ``[rows, fan_in]``.

    Raises:
        BadInput: fewer than ``rows`` such vectors exist.
    """
    check_patterns(rows, fan_in)
    draw = generator(seed)
    kept: dict[bytes, NDArray[np.float64]] = {}
    while len(kept) < rows:
        row = draw.choice(LEVELS, fan_in)
        if row.any():
            kept.setdefault(row.tobytes(), row)
    return np.stack(list(kept.values()))


@keras.saving.register_keras_serializable(package="tfluck")
class Separated(keras.initializers.Initializer):
    """Kernel whose rows are :func:`separated_rows`; Dense and Conv2D alike."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Any:
        """Draw a kernel of ``shape``; the last axis counts the nodes."""
        rows = separated_rows(self.seed, shape[-1], math.prod(shape[:-1]))
        return keras.ops.convert_to_tensor(rows.T.reshape(shape), dtype)

    def get_config(self) -> dict[str, Any]:
        """Return what rebuilds the initialiser."""
        return {"seed": self.seed}


def teacher_start(seed: int, layer: str, fan_in: int) -> dict[str, Any]:
    """Return the initialisers of a separated teacher's ``layer``."""
    bias = keras.initializers.RandomUniform(
        -TEACHER_BIAS, TEACHER_BIAS, seed=child(seed, layer, "bias")
    )
    kernel = Separated(child(seed, layer, "kernel"))
    return {"kernel_initializer": kernel, "bias_initializer": bias}


def default_start(seed: int, layer: str, fan_in: int) -> dict[str, Any]:
    """Return the initialisers of a student's ``layer``: U(±1/√fan_in) for both.

    The fan-in is the kernel's for the bias too. Rows have mean norm 1/√3 at the start.
    """
    bound = 1 / math.sqrt(fan_in)
    return {
        f"{part}_initializer": keras.initializers.RandomUniform(
            -bound, bound, seed=child(seed, layer, part)
        )
        for part in ("kernel", "bias")
    }
