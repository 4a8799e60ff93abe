"""``gaus``: the papers' inputs, N(0, 1) in every coordinate."""

from typing import Any

from tfluck.data.sources.law import Law


def draw(noise: Any, shape: tuple[int, ...]) -> Any:
    """Draw from N(0, 1)."""
    return noise.normal(shape)


GAUS = Law(kind="gaus", draw=draw, moment=3.0, gaussian=True)
