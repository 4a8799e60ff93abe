"""One leaf of a certificate: is det M_i negative on this whole box? Ball arithmetic only."""

from collections.abc import Sequence
from typing import TypeAlias

from flint import arb

from .engine import BALL, precision
from .functions import AngularFunction

#: (lower corner, width) of every side, in turns; both are exact doubles.
Box: TypeAlias = tuple[tuple[float, float], ...]
#: Working precision and how often a leaf may be halved when its first bound is too wide.
BITS, PATIENCE = 64, 8


def is_negative(function: AngularFunction, box: Box, target: int) -> bool:
    """Prove det M_target < 0 on ``box``, halving it a few times if need be.

    A False answer says only that the proof did not succeed.
    """
    with precision(BITS):
        return _holds(function, box, target, PATIENCE)


def _holds(function: AngularFunction, box: Box, target: int, patience: int) -> bool:
    if upper_bound(function, box, target) < 0:
        return True
    if patience == 0:
        return False
    axis = max(range(len(box)), key=lambda k: box[k][1])
    low, width = box[axis][0], box[axis][1] / 2
    return all(
        _holds(
            function,
            (*box[:axis], (start, width), *box[axis + 1 :]),
            target,
            patience - 1,
        )
        for start in (low, low + width)
    )


def kernel(function: AngularFunction, gap: arb, reach: arb) -> tuple[arb, arb, arb]:
    """Enclose K at the gap, K over gap ± reach, and the slope of K in the gap there.

    ``gap`` lies in (−2π, 2π). The distance t is |gap| or 2π − |gap|; where it turns
    (at 0, π and 2π) the slope may have either sign.
    """
    pi, span = arb.pi(), arb(0, 1) * reach
    size = abs(gap)
    direct = bool(size <= pi)
    t = size if direct else 2 * pi - size
    value = function.ball(t)
    wide = t + span
    if wide > 0 and wide < pi:
        slope = function.curve.slope(BALL, wide)
        if direct != bool(gap > 0):
            slope = -slope
    else:
        inside = (wide.max(arb(0))).min(pi) if wide.is_finite() else wide
        slope = arb(0, 1) * function.curve.slope(BALL, inside).abs_upper()
    return value, value + slope * span, slope


def _determinant(rows: Sequence[Sequence[arb]]) -> arb:
    """Expand along the first row."""
    if len(rows) == 2:
        return rows[0][0] * rows[1][1] - rows[0][1] * rows[1][0]
    total = arb(0)
    for column, entry in enumerate(rows[0]):
        term = entry * _determinant(
            [[*row[:column], *row[column + 1 :]] for row in rows[1:]]
        )
        total = total - term if column % 2 else total + term
    return total


#: Entries of M_target at the centre and over the box, and the slopes of the latter.
Entries: TypeAlias = tuple[list[list[arb]], list[list[arb]], dict[tuple[int, int], arb]]


def sides(box: Box) -> tuple[list[arb], list[arb]]:
    """Return centre and radius of each side, in radians."""
    turn = 2 * arb.pi()
    return (
        [turn * (arb(low) + arb(width) / 2) for low, width in box],
        [arb.pi() * arb(width) for _, width in box],
    )


def _entries(function: AngularFunction, box: Box, target: int) -> Entries:
    """Enclose the entries of M_target.

    Row r belongs to θ_r; column c to θ_c, and column ``target`` to 0.
    """
    centre, radius = sides(box)
    m = len(box)
    diagonal = function.ball(arb(0))
    inner = [[diagonal] * m for _ in range(m)]
    outer = [[diagonal] * m for _ in range(m)]
    slopes = {}
    for r in range(m):
        for c in range(r):
            found = kernel(function, centre[r] - centre[c], radius[r] + radius[c])
            inner[r][c], outer[r][c], slopes[r, c] = found
            inner[c][r], outer[c][r], slopes[c, r] = *found[:2], -found[2]
    for r, c in ((r, target - 1) for r in range(m)):
        found = kernel(function, centre[r], radius[r])
        inner[r][c], outer[r][c], slopes[r, c] = found
    return inner, outer, slopes


def gradient(function: AngularFunction, box: Box, target: int) -> list[arb]:
    """Enclose ∂ det M_target/∂θ_k over the box, k = 1 … m."""
    _, outer, slopes = _entries(function, box, target)
    return _gradient(outer, slopes, target)


def _gradient(
    outer: list[list[arb]], slopes: dict[tuple[int, int], arb], target: int
) -> list[arb]:
    parts = [arb(0)] * len(outer)
    for (r, c), slope in slopes.items():
        minor = [row[:c] + row[c + 1 :] for k, row in enumerate(outer) if k != r]
        term = slope * _determinant(minor)
        if (r + c) % 2:
            term = -term
        parts[r] += term
        if c != target - 1:
            parts[c] -= term
    return parts


def upper_bound(function: AngularFunction, box: Box, target: int) -> arb:
    """Return det M_target(centre) + Σ_k r_k sup |∂ det M_target/∂θ_k|, rounded up."""
    inner, outer, slopes = _entries(function, box, target)
    bound = _determinant(inner)
    parts = _gradient(outer, slopes, target)
    for part, reach in zip(parts, sides(box)[1], strict=True):
        bound += part.abs_upper() * reach
    return bound
