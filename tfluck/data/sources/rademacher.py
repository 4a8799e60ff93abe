"""``rademacher``: every coordinate 1 or −1, as a fair coin falls."""

from typing import Any

from tfluck.data.sources.law import Law


def draw(noise: Any, shape: tuple[int, ...]) -> Any:
    """Draw signs."""
    import tensorflow as tf

    return tf.where(noise.bits(shape) < 2**31, 1.0, -1.0)


RADEMACHER = Law(kind="rademacher", draw=draw, moment=1.0)
