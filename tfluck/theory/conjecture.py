"""The multi-layer conjecture of section 3.4 as a table of four blocks.

Split the nodes of two neighbouring layers into lucky ones (some teacher node's own) and
irrelevant ones. The paper expects of the weights between them that irrelevant → lucky
vanishes, while irrelevant → irrelevant is not determined and stays near its start.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Block:
    """Weights from one set of lower nodes to one set of upper nodes.

    ``size`` and ``start`` are root mean squares now and at the start; ``memory`` is the
    cosine between the two blocks, 1 if nothing has moved. None where there are no weights.
    """

    below: str
    above: str
    weights: int
    size: float | None
    start: float | None
    memory: float | None

    def to_row(self) -> dict[str, Any]:
        """Return the fields as a plain dict, in order."""
        return asdict(self)


def blocks(
    kernel: Array, start: Array, lucky_below: Mask, lucky_above: Mask
) -> list[Block]:
    """Return lucky → lucky, lucky → irrelevant, irrelevant → lucky, irrelevant → irrelevant.

    Args:
        kernel: ``[…, nodes below, nodes above]`` now; convolutions have leading axes.
        start: the same before training.
        lucky_below: ``[nodes below]``.
        lucky_above: ``[nodes above]``.
    """
    names = {True: "lucky", False: "irrelevant"}
    return [
        _block(
            names[low],
            names[high],
            kernel[..., lucky_below == low, :][..., lucky_above == high],
            start[..., lucky_below == low, :][..., lucky_above == high],
        )
        for low in (True, False)
        for high in (True, False)
    ]


def _block(below: str, above: str, now: Array, then: Array) -> Block:
    if not now.size:
        return Block(below, above, 0, None, None, None)
    size, start = (float(np.sqrt(np.square(w).mean())) for w in (now, then))
    scale = now.size * size * start
    memory = float(np.vdot(now, then)) / scale if scale > 0 else None
    return Block(below, above, now.size, size, start, memory)
