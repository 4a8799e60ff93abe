"""The split tree of a certificate: which boxes its symbols stand for, leaf by leaf.

The symbols come level by level. They are walked depth first, a bounded number of boxes
at a time, so that memory goes with the tree's bytes and not with its widest level.
"""

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np

from tfluck.foundations.errors import ClaimFailed

from .leaf import Box

#: A box, and the i for which det M_i < 0 is claimed on it.
Leaf: TypeAlias = tuple[Box, int]
#: Above 2π, so that gap · OVER_TURN < δ proves gap · 2π < δ, rounding included.
OVER_TURN = 6.28318530718
#: Side lengths down to 2^−48 turns are exact beside their corners.
MAX_DEPTH = 48
_AT_A_TIME, _BATCH = 4096, 2000


def leaves(tree: bytes, m: int, delta: float) -> Iterator[list[Leaf]]:
    """Yield batches of the leaves that claim det M_i < 0, checking all other symbols.

    Raises:
        ClaimFailed: the tree is malformed, or leaves out a part of the region.
    """
    symbols = np.frombuffer(tree, dtype=np.uint8)
    cursor = _levels(symbols, m)
    stack, batch = [(0, np.zeros((m, 1)), np.ones((m, 1)))], list[Leaf]()
    while stack:
        level, low, width = stack.pop()
        if low.shape[1] > _AT_A_TIME:
            stack.append((level, low[:, _AT_A_TIME:], width[:, _AT_A_TIME:]))
            low, width = low[:, :_AT_A_TIME], width[:, :_AT_A_TIME]
        count = low.shape[1]
        here = symbols[cursor[level] : cursor[level] + count]
        cursor[level] += count
        outside, claimed, split = _kinds(here, m)
        if not _is_outside(low[:, outside], width[:, outside], delta).all():
            raise ClaimFailed(
                "The certificate is refused: it leaves out a box that meets the region."
            )
        places = np.flatnonzero(claimed)
        targets = here[places].astype(np.int64) - ord("0")
        batch += _boxes(low[:, places], width[:, places], targets)
        while len(batch) >= _BATCH:
            yield batch[:_BATCH]
            batch = batch[_BATCH:]
        if split.any():
            axes = here[split].astype(np.int64) - ord("a")
            stack.append((level + 1, *_halves(low[:, split], width[:, split], axes)))
    if batch:
        yield batch


def _kinds(symbols: Any, m: int) -> tuple[Any, Any, Any]:
    """Tell for each box whether it is left out, claimed for some i, or halved."""
    claimed = (symbols >= ord("1")) & (symbols < ord("1") + m)
    split = (symbols >= ord("a")) & (symbols < ord("a") + m)
    return symbols == ord("."), claimed, split


def _levels(symbols: Any, m: int) -> list[int]:
    """Return where each level begins, having counted that the levels fit together."""
    starts, begin, count = [], 0, 1
    while count:
        here = symbols[begin : begin + count]
        if len(here) < count:
            raise ClaimFailed("The certificate is refused: its tree ends too early.")
        outside, claimed, split = _kinds(here, m)
        if not (outside | claimed | split).all():
            raise ClaimFailed(
                "The certificate is refused: its tree has an unknown symbol."
            )
        starts.append(begin)
        begin, count = begin + count, 2 * int(split.sum())
    if begin != len(symbols):
        raise ClaimFailed("The certificate is refused: its tree goes on after its end.")
    return starts


def _boxes(low: Any, width: Any, targets: Any) -> list[Leaf]:
    return [
        (tuple(zip(corner, size, strict=True)), target)
        for corner, size, target in zip(
            low.T.tolist(), width.T.tolist(), targets.tolist(), strict=True
        )
    ]


def _is_outside(low: Any, width: Any, delta: float) -> Any:
    """Prove for each box that some gap is below δ throughout, or θ_1 + θ_m ≥ 2π."""
    high = low + width
    outside = (high[0] * OVER_TURN < delta) | ((1 - low[-1]) * OVER_TURN < delta)
    for k in range(len(low) - 1):
        outside |= (high[k + 1] - low[k]) * OVER_TURN < delta
    return outside | (low[0] + low[-1] >= 1)


def _halves(low: Any, width: Any, axes: Any) -> tuple[Any, Any]:
    """Return lower and upper halves, side by side; all arithmetic here is exact."""
    if width.size and width.min() < 2.0**-MAX_DEPTH:
        raise ClaimFailed(
            "The certificate is refused: its tree is deeper than is exact."
        )
    boxes = np.arange(low.shape[1])
    halved = width.copy()
    halved[axes, boxes] *= 0.5
    upper = low.copy()
    upper[axes, boxes] += halved[axes, boxes]
    shape = (len(low), -1)
    return (
        np.stack([low, upper], axis=2).reshape(shape),
        np.stack([halved, halved], axis=2).reshape(shape),
    )
