"""z = min_i det M_i over two free angles, the others fixed (Figures 2 and 3)."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tfluck.foundations.errors import BadInput

from .functions import AngularFunction, Array
from .matrices import TURN, checked_angles, checked_students, least_gap
from .signs import (
    DEGENERATE,
    HOLDS,
    UNDECIDED,
    VIOLATED,
    ZERO,
    certified_signs,
    degenerate_columns,
)

_AT_A_TIME = 4096
#: Angles of all grid points together (half a gigabyte).
MOST_NUMBERS = 1 << 26


@dataclass(frozen=True)
class Surface:
    """z on a grid, with the count of each certified verdict.

    Attributes:
        free: the numbers (from 1) of the two free students.
        axis: the grid in [0, 2π], shape (n,); its last point is 2π ≡ 0.
        z: z[a, b] at (θ_free[0], θ_free[1]) = (axis[a], axis[b]), shape (n, n).
        gap: the least distance among students and teacher there, shape (n, n).
    """

    function: str
    m: int
    fixed: dict[int, float]
    free: tuple[int, int]
    axis: Array
    z: Array
    gap: Array
    holds: int
    violated: int
    zero: int
    undecided: int
    degenerate: int
    certified: bool

    @property
    def depth_correlation(self) -> float:
        """Return Spearman's correlation of |z| with the distance from degeneracy.

        The paper's claim that z behaves as a potential: the further from degenerate, the
        further from nonnegative.
        """
        from scipy.stats import spearmanr

        return float(spearmanr(np.abs(self.z).ravel(), self.gap.ravel()).statistic)


def surface(
    function: AngularFunction, m: int, fixed: Mapping[int, float], points: int = 181
) -> Surface:
    """Evaluate z over two free angles in [0, 2π], certifying every sign.

    ``fixed`` maps student numbers 1 … m to angles; two numbers must remain.

    Raises:
        BadInput: not exactly two angles are free, or an angle or the grid is unusable.
    """
    checked_students(m, least=2)
    free = tuple(i for i in range(1, m + 1) if i not in fixed)
    if any(not 1 <= i <= m for i in fixed) or len(free) != 2:
        raise BadInput(
            f"A surface needs exactly two free angles: fix m − 2 of the students 1 … {m}."
        )
    if not 2 <= points <= 2001:
        raise BadInput(
            f"The grid needs 2 to 2001 points a side; {points} were asked for."
        )
    if m * points * points > MOST_NUMBERS:
        raise BadInput(
            f"{points} points a side at m = {m} are {m * points * points} angles; "
            f"at most {MOST_NUMBERS} are held at once, so take fewer points."
        )
    if fixed:
        checked_angles(list(fixed.values()))
    axis = np.linspace(0, TURN, points)
    turned = np.where(axis >= TURN, 0.0, axis)
    first, second = np.meshgrid(turned, turned, indexing="ij")
    angles = np.empty((m, points * points))
    for i, value in fixed.items():
        angles[i - 1] = value
    angles[free[0] - 1], angles[free[1] - 1] = first.ravel(), second.ravel()
    z, verdicts = _evaluate(function, angles)
    count = np.bincount(verdicts, minlength=5)
    return Surface(
        function=function.name,
        m=m,
        fixed=dict(fixed),
        free=(free[0], free[1]),
        axis=axis,
        z=z.reshape(points, points),
        gap=least_gap(angles).reshape(points, points),
        holds=int(count[HOLDS]),
        violated=int(count[VIOLATED]),
        zero=int(count[ZERO]),
        undecided=int(count[UNDECIDED]),
        degenerate=int(count[DEGENERATE]),
        certified=function.certifiable,
    )


def _evaluate(function: AngularFunction, angles: Array) -> tuple[Array, np.ndarray]:
    """Return z and verdict codes, both (n,); z is exactly 0 at degenerate angles."""
    count = angles.shape[1]
    z, verdicts = np.zeros(count), np.full(count, DEGENERATE, dtype=np.int8)
    live = np.flatnonzero(~degenerate_columns(angles))
    for start in range(0, live.size, _AT_A_TIME):
        chosen = live[start : start + _AT_A_TIME]
        found = certified_signs(function, angles[:, chosen])
        z[chosen], verdicts[chosen] = found.z, found.verdicts
    return z, verdicts
