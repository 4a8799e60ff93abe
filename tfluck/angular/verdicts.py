"""The verdict on one set of angles: does the determinant condition hold there?"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from flint import arb

from .angle import Angle, AnyAngle, antipodal_pairs_exactly
from .balls import Enclosures, certified, degenerate
from .eigenvalue import least_eigenvalue
from .functions import AngularFunction, Array
from .matrices import (
    checked_angles,
    determinants_by_definition,
    rounding_noise,
)

Verdict: TypeAlias = Literal["holds", "violated", "zero", "undecided", "degenerate"]
Interval: TypeAlias = tuple[float, float]


@dataclass(frozen=True)
class Check:
    """What is known at one set of angles.

    Attributes:
        det, dets, z: det M, every det M_i, and min_i det M_i.
        det_enclosure, dets_enclosure: intervals that hold the true values; None for a
            Python callable, of which nothing can be certified.
        verdict: ``holds`` (some det M_i < 0), ``violated`` (all > 0), ``zero`` (the
            least is exactly 0), ``degenerate`` (two of the angles, the teacher's among
            them, coincide: all statements are void there) or ``undecided``.
        certified: whether the verdict is proved.
        weights: intervals that hold ρ = M⁻¹b; None where det M may be 0.
        least_eigenvalue: an interval that holds the least eigenvalue of M.
        antipodal: exactly opposite pairs (i, j), with 0 for the teacher. The paper's
            condition excludes them; Conjecture 5.5 does not.
    """

    angles: tuple[float, ...]
    det: float
    dets: tuple[float, ...]
    det_enclosure: Interval | None
    dets_enclosure: tuple[Interval, ...] | None
    verdict: Verdict
    certified: bool
    weights: tuple[Interval, ...] | None = None
    least_eigenvalue: Interval | None = None
    antipodal: tuple[tuple[int, int], ...] = ()

    @property
    def z(self) -> float:
        """Return min_i det M_i."""
        return min(self.dets)


def interval(ball: arb) -> Interval:
    """Return doubles lo ≤ hi that enclose the ball."""
    return _outward(ball.lower(), -1), _outward(ball.upper(), +1)


def _outward(end: arb, direction: int) -> float:
    """Round an end point to a double on the given side of it."""
    nearest = float(end.mid())
    safe = arb(nearest) <= end if direction < 0 else arb(nearest) >= end
    return nearest if safe else math.nextafter(nearest, direction * math.inf)


def sign_verdict(found: Enclosures) -> Verdict:
    """Return the verdict that the balls prove."""
    if any(d < 0 for d in found.dets):
        return "holds"
    if all(d > 0 for d in found.dets):
        return "violated"
    return "zero" if found.decided else "undecided"


def check(function: AngularFunction, angles: Sequence[AnyAngle] | Array) -> Check:
    """Evaluate and judge the determinants at ``angles`` (Theorem 5.1, Conjecture 5.5).

    Doubles are the exact numbers they are; :class:`~.angle.Angle` holds fractions and
    multiples of π, so that coincident and opposite angles are known to be so.

    Raises:
        BadInput: an angle is not in [0, 2π), or the function fails.
    """
    exactly = any(isinstance(x, Angle) for x in angles)
    theta = checked_angles([float(x) for x in angles] if exactly else angles)
    exact: list[AnyAngle] = (
        [Angle.exactly(x) for x in angles] if exactly else list(theta.tolist())
    )
    coincide = degenerate(exact)
    if not function.provable:
        return _uncertified(function, theta, coincide)
    found = certified(function, exact, (256, 1024, 4096))
    regular = not found.det.contains(0)
    least = least_eigenvalue(function, exact)
    return Check(
        angles=tuple(theta.tolist()),
        weights=tuple(interval(d / found.det) for d in found.dets) if regular else None,
        least_eigenvalue=(interval(least[0])[0], interval(least[1])[1]),
        antipodal=tuple(antipodal_pairs_exactly([Angle.exactly(x) for x in exact])),
        det=float(found.det.mid()),
        dets=tuple(float(ball.mid()) for ball in found.dets),
        det_enclosure=interval(found.det),
        dets_enclosure=tuple(interval(ball) for ball in found.dets),
        verdict="degenerate" if coincide else sign_verdict(found),
        certified=coincide or found.decided,
    )


def _uncertified(function: AngularFunction, theta: Array, coincide: bool) -> Check:
    """Judge by float64 alone; a value within the noise of its matrix has no sign."""
    det, dets = (
        values[..., 0]
        for values in determinants_by_definition(function, theta[:, None])
    )
    noise = rounding_noise(function, theta[:, None])[:, 0]
    verdict: Verdict = "undecided"
    if coincide:
        verdict = "degenerate"
    elif (dets < -noise).any():
        verdict = "holds"
    elif (dets > noise).all():
        verdict = "violated"
    return Check(
        angles=tuple(theta.tolist()),
        det=float(det),
        dets=tuple(dets.tolist()),
        det_enclosure=None,
        dets_enclosure=None,
        verdict=verdict,
        certified=False,
    )
