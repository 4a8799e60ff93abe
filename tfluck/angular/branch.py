"""Branch and bound in float64: proposes a split tree, proves nothing.

The angles are measured in turns, x = θ/2π, so boxes start as [0, 1]^m and all their
corners are dyadic. A box is done when it lies outside the region, or when the mean value
form bounds some det M_i below zero: with c the centre, r the radii and ∂_k enclosed over
the box by interval arithmetic, det M_i ≤ det M_i(c) + Σ_k r_k sup|∂_k det M_i|.
The tree is what ``certificate`` re-checks, in ball arithmetic and with its own formulas.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np

from tfluck.foundations.errors import BadInput

from .engine import FLOAT
from .functions import AngularFunction, Array
from .matrices import TURN, distance

OUTSIDE = ord(".")
PROVED = ord("0")  # + i
SPLIT = ord("a")  # + axis
#: The verifier repeats every decision; a little slack spares it the border cases.
_MARGIN = 1e-12
_CHUNK = 8192


@dataclass(frozen=True)
class Interval:
    """Arrays of intervals as midpoint and radius."""

    mid: Array
    rad: Array

    def __mul__(self, other: "Interval") -> "Interval":
        """Return an interval that holds all products."""
        rad = np.abs(self.mid) * other.rad + self.rad * (np.abs(other.mid) + other.rad)
        return Interval(self.mid * other.mid, rad)

    def plus(self, other: "Interval", sign: float = 1.0) -> "Interval":
        """Return self + sign · other."""
        return Interval(self.mid + sign * other.mid, self.rad + other.rad)


@dataclass(frozen=True)
class Tree:
    """The proposed split tree, level by level, and how the search ended."""

    symbols: bytes
    status: Literal["proved", "undecided"]
    boxes: int
    seconds: float


def _determinant(entries: Sequence[Sequence[Interval]]) -> Interval:
    """Expand a determinant of intervals along its first row."""
    if len(entries) == 1:
        return entries[0][0]
    zero = np.zeros_like(entries[0][0].mid)
    total = Interval(zero, zero)
    for column, entry in enumerate(entries[0]):
        minor = [[*row[:column], *row[column + 1 :]] for row in entries[1:]]
        total = total.plus(entry * _determinant(minor), -1.0 if column % 2 else 1.0)
    return total


def _pair_intervals(
    function: AngularFunction, centre: Array, radius: Array
) -> dict[tuple[int, int], tuple[Interval, Interval]]:
    """Enclose K and its slope in θ_j − θ_i over each box, for 0 ≤ i < j ≤ m (0 = teacher)."""
    points = np.concatenate([np.zeros((1, centre.shape[1])), centre])
    spread = np.concatenate([np.zeros((1, centre.shape[1])), radius])
    pairs = {}
    for i, j in combinations(range(len(points)), 2):
        gap, reach = points[j] - points[i], spread[i] + spread[j]
        t = distance(points[j], points[i])
        size = function.curve.slope(FLOAT, t)
        # Beyond a half turn the distance shrinks as the gap grows; at 0 and π it turns.
        slope = np.where((gap % TURN) <= math.pi, size, -size)
        bend = function.curve.curvature * reach
        turns = (t <= reach) | (t + reach >= math.pi)
        slopes = Interval(
            np.where(turns, 0.0, slope), np.where(turns, np.abs(size) + bend, bend)
        )
        value = Interval(function.values(t), (np.abs(size) + bend) * reach)
        pairs[i, j] = (value, slopes)
    return pairs


def _bound(
    pairs: dict[tuple[int, int], tuple[Interval, Interval]],
    diagonal: float,
    target: int,
    radius: Array,
) -> tuple[Array, Array]:
    """Bound det M_target (numbered from 1) over each box from above.

    Returns the bound (n,) and the share of each axis in its width (m, n).
    """
    m, n = radius.shape
    constant = Interval(np.full(n, diagonal), np.zeros(n))
    names = [
        [
            tuple(sorted((row, 0 if column == target else column)))
            for column in range(1, m + 1)
        ]
        for row in range(1, m + 1)
    ]
    entries = [
        [constant if a == b else pairs[a, b][0] for a, b in row] for row in names
    ]
    middle = [[Interval(entry.mid, np.zeros(n)) for entry in row] for row in entries]
    gradient = [Interval(np.zeros(n), np.zeros(n)) for _ in range(m + 1)]
    for r, row in enumerate(names):
        for c, (a, b) in enumerate(row):
            if a == b:
                continue
            rest = [
                line[:c] + line[c + 1 :] for k, line in enumerate(entries) if k != r
            ]
            term = _determinant(rest) * pairs[a, b][1]
            sign = -1.0 if (r + c) % 2 else 1.0
            gradient[b] = gradient[b].plus(term, sign)
            gradient[a] = gradient[a].plus(term, -sign)
    widths = np.stack([(np.abs(g.mid) + g.rad) for g in gradient[1:]]) * radius
    return _determinant(middle).mid + widths.sum(axis=0) * (1 + 1e-7), widths


def _outside(low: Array, width: Array, delta: float) -> np.ndarray:
    """Tell which boxes have no point with all gaps ≥ δ and θ_1 + θ_m ≤ 2π."""
    n = low.shape[1]
    lows = np.concatenate([np.zeros((1, n)), low, np.ones((1, n))])
    highs = np.concatenate([np.zeros((1, n)), low + width, np.ones((1, n))])
    close = ((highs[1:] - lows[:-1]) * TURN < delta - _MARGIN).any(axis=0)
    reflected: np.ndarray = low[0] + low[-1] >= 1
    return close | reflected


def propose(
    function: AngularFunction,
    m: int,
    delta: float,
    max_boxes: int = 20_000_000,
    progress: Callable[[int], object] = lambda boxes: None,
) -> Tree:
    """Split [0, 2π]^m until det M_i < 0, some 1 < i < m, on every box of the region.

    Raises:
        BadInput: the function states no slope and curvature, or m is not 3 or 4.
    """
    if m not in (3, 4):
        raise BadInput(f"Branch and bound is built for m = 3 and 4; m is {m}.")
    if function.smoothness is None:
        raise BadInput(
            f"{function.name} states no slope and curvature to bound it with."
        )
    started, boxes, levels = time.perf_counter(), 0, []
    low, width = np.zeros((m, 1)), np.ones((m, 1))
    while low.shape[1] and boxes < max_boxes:
        symbols = np.concatenate(
            [
                _judge(
                    function, low[:, k : k + _CHUNK], width[:, k : k + _CHUNK], delta
                )
                for k in range(0, low.shape[1], _CHUNK)
            ]
        )
        boxes += len(symbols)
        levels.append(symbols.tobytes())
        progress(len(symbols))
        low, width = children(low, width, symbols)
    status: Literal["proved", "undecided"] = "undecided" if low.shape[1] else "proved"
    return Tree(b"".join(levels), status, boxes, time.perf_counter() - started)


def children(low: Array, width: Array, symbols: np.ndarray) -> tuple[Array, Array]:
    """Return the two halves of every box that is split, side by side, in order."""
    split = np.flatnonzero(symbols >= SPLIT)
    axis = symbols[split].astype(np.int64) - SPLIT
    low, width = (
        np.repeat(low[:, split], 2, axis=1),
        np.repeat(width[:, split], 2, axis=1),
    )
    place = np.arange(low.shape[1])
    axes = np.repeat(axis, 2)
    width[axes, place] /= 2
    low[axes, place] += width[axes, place] * (place % 2)
    return low, width


def _judge(
    function: AngularFunction, low: Array, width: Array, delta: float
) -> np.ndarray:
    """Return the symbol of each box: outside, proved for some i, or where to split."""
    m, n = low.shape
    symbols = np.full(n, OUTSIDE, dtype=np.uint8)
    inside = np.flatnonzero(~_outside(low, width, delta))
    if inside.size == 0:
        return symbols
    radius = width[:, inside] * math.pi
    centre = low[:, inside] * TURN + radius
    pairs = _pair_intervals(function, centre, radius)
    diagonal = float(function.values(np.zeros(1))[0])
    best = np.full(inside.size, np.inf)
    chosen = np.zeros(inside.size, dtype=np.uint8)
    for target in range(2, m):
        bound, widths = _bound(pairs, diagonal, target, radius)
        better = bound < best
        best = np.where(better, bound, best)
        answer = np.where(
            bound < -_MARGIN, PROVED + target, SPLIT + widths.argmax(axis=0)
        ).astype(np.uint8)
        chosen = np.where(better, answer, chosen)
    symbols[inside] = chosen
    return symbols
