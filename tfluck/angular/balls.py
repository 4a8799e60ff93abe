"""The determinants in ball arithmetic: every enclosure holds the true number.

Doubles are taken as the exact numbers they are (0.1 is the double nearest to 1/10).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flint import arb, arb_mat

from .angle import Angle, AnyAngle, antipodal_pairs_exactly, ball
from .engine import precision
from .exact import exact_distance, vanishes
from .functions import AngularFunction


@dataclass(frozen=True)
class Enclosures:
    """Balls for det M and for every det M_i.

    An exact zero is the ball of radius 0 at 0.
    """

    det: arb
    dets: tuple[arb, ...]

    @property
    def decided(self) -> bool:
        """Tell whether the sign of z = min_i det M_i follows from the balls."""
        return any(d < 0 for d in self.dets) or all(
            d > 0 or d.is_zero() for d in self.dets
        )


def ball_distance(x: AnyAngle, y: AnyAngle) -> arb:
    """Return min(|x − y|, 2π − |x − y|) of two exact angles as a ball."""
    if isinstance(x, Angle) or isinstance(y, Angle):
        return ball(*exact_distance(x, y))
    gap = abs(arb(x) - arb(y))
    return gap if gap < arb.pi() else 2 * arb.pi() - gap


def ball_matrix(
    function: AngularFunction, angles: Sequence[AnyAngle]
) -> list[list[arb]]:
    """Return M with b as one more column (m rows, m + 1 columns)."""
    points = [*angles, 0.0]
    m = len(angles)
    at_zero = function.ball(arb(0))
    rows = [[at_zero] * (m + 1) for _ in range(m)]
    for i in range(m):
        for j in range(i + 1, m + 1):
            rows[i][j] = function.ball(ball_distance(points[i], points[j]))
            if j < m:
                rows[j][i] = rows[i][j]
    return rows


def _replaced(rows: list[list[Any]], column: int) -> list[list[Any]]:
    """Return the square matrix with ``column`` replaced by b; −1 replaces none."""
    return [
        [row[-1] if j == column else row[j] for j in range(len(rows))] for row in rows
    ]


def enclose(
    function: AngularFunction, angles: Sequence[AnyAngle], bits: int
) -> Enclosures:
    """Enclose det M and every det M_i at ``bits`` bits."""
    with precision(bits):
        rows = ball_matrix(function, angles)
        det, *dets = (
            arb_mat(_replaced(rows, column)).det() for column in range(-1, len(rows))
        )
    return Enclosures(det, tuple(dets))


def _with_exact_zeros(
    function: AngularFunction, angles: Sequence[AnyAngle], found: Enclosures
) -> Enclosures:
    """Replace balls that hold zero by exact zeros, where a reason proves them."""
    points = [*angles, 0.0]
    rank = function.series.rank if function.series else None
    singular = function.pairs_to_singular is not None and (
        len(_antipodal(angles)) >= function.pairs_to_singular
    )
    formal = function.exact
    rows = formal and [
        [formal(*exact_distance(x, y)) for y in points] for x in points[:-1]
    ]

    def settle(ball: arb, column: int) -> arb:
        if not ball.contains(0):
            return ball
        zero = (
            (rank is not None and len(angles) > rank)
            or singular
            or _has_equal_lines(angles, column)
            or bool(rows and vanishes(_replaced(rows, column)))
        )
        return arb(0) if zero else ball

    return Enclosures(
        settle(found.det, -1),
        tuple(settle(ball, column) for column, ball in enumerate(found.dets)),
    )


def _antipodal(angles: Sequence[AnyAngle]) -> list[tuple[int, int]]:
    """Return the exactly opposite pairs of students."""
    return [
        pair
        for pair in antipodal_pairs_exactly([Angle.exactly(x) for x in angles])
        if pair[0]
    ]


def _has_equal_lines(angles: Sequence[AnyAngle], column: int) -> bool:
    """Tell whether two rows, or two columns, belong to the same angle."""
    students = [Angle.exactly(x) for x in angles]
    directions = list(students)
    if column >= 0:
        directions[column] = Angle.exactly(0.0)
    return min(len(set(students)), len(set(directions))) < len(students)


def degenerate(angles: Sequence[AnyAngle]) -> bool:
    """Tell whether two students, or a student and the teacher, have the same angle."""
    if any(isinstance(x, Angle) for x in angles):
        angles = [Angle.exactly(x) for x in angles]
        return len({*angles, Angle.exactly(0.0)}) <= len(angles)
    return len({*angles, 0.0}) <= len(angles)


def certified(
    function: AngularFunction,
    angles: Sequence[AnyAngle],
    bits: Sequence[int] = (128, 512, 2048),
) -> Enclosures:
    """Enclose the determinants, raising the precision until the sign of z is decided.

    Zeros that can be proved exactly are exact. What stays undecided after the last
    precision is returned as it is.
    """
    found = enclose(function, angles, bits[0])
    for more in (*bits[1:], None):
        if not found.decided:
            found = _with_exact_zeros(function, angles, found)
        if found.decided or more is None:
            break
        found = enclose(function, angles, more)
    return found
