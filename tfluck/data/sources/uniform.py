"""``uniform``: every coordinate uniform on (−√3, √3)."""

import math
from typing import Any

from tfluck.data.sources.law import Law


def draw(noise: Any, shape: tuple[int, ...]) -> Any:
    """Draw √3 (2U − 1)."""
    import tensorflow as tf

    return tf.cast(math.sqrt(3) * (2 * noise.uniform(shape) - 1), tf.float32)


UNIFORM = Law(kind="uniform", draw=draw, moment=1.8)
