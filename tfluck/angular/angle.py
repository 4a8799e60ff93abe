"""Exact angles q + kπ with rational q and k, and what a mathematician types for them.

``pi/3``, ``2pi/5``, ``1/1000``, ``0.25``, ``pi - 1e-6``: decimals are the decimals they are,
not the doubles next to them. A float64 angle is the rational number that it is.
"""

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from flint import arb

from tfluck.foundations.errors import BadInput

from .engine import precision, rational

#: Python reads and writes integers of up to 4,300 digits.
DIGITS = 4000
_NUMBER = (
    rf"\d{{1,{DIGITS}}}(?:\.\d{{0,{DIGITS}}})?(?:[eE][+-]?\d{{1,3}})?"
    rf"|\.\d{{1,{DIGITS}}}(?:[eE][+-]?\d{{1,3}})?"
)
_TERM = re.compile(
    rf"(?P<sign>[+-]?)(?P<number>{_NUMBER})?(?P<times>\*)?(?P<pi>pi|π)?"
    rf"(?:/(?P<below>{_NUMBER}))?"
)


_BELOW_A_TURN = math.nextafter(2 * math.pi, 0.0)


@dataclass(frozen=True)
class Angle:
    """The angle q + kπ, reduced to [0, 2π); equal angles are equal objects."""

    q: Fraction
    k: Fraction

    @classmethod
    def of(cls, q: Fraction, k: Fraction = Fraction(0)) -> "Angle":
        """Reduce q + kπ modulo 2π."""
        k %= 2
        while True:
            below, above = sign(q, k) < 0, sign(q, k - 2) >= 0
            if not below and not above:
                return cls(q, k)
            k += 2 if below else -2

    @classmethod
    def exactly(cls, angle: "float | Angle") -> "Angle":
        """Return a double as the rational number it is."""
        return angle if isinstance(angle, Angle) else cls.of(Fraction(angle))

    def __float__(self) -> float:
        """Return the double next to it, in [0, 2π)."""
        with precision(128):
            return min(float(ball(self.q, self.k).mid()), _BELOW_A_TURN)

    def __str__(self) -> str:
        """Return what :func:`parse_angle` reads as this angle, the shorter way round."""
        q, k = self.q, self.k - 2 if self.k > 1 else self.k
        pi = f"{k.numerator}pi" + (f"/{k.denominator}" if k.denominator > 1 else "")
        pi = pi.replace("1pi", "pi") if abs(k.numerator) == 1 else pi
        if not k:
            return str(q)
        return pi + (f"{'+' if q > 0 else '-'}{abs(q)}" if q else "")


#: What the functions that judge one set of angles accept.
AnyAngle: TypeAlias = float | Angle


def ball(q: Fraction, k: Fraction) -> arb:
    """Return q + kπ as a ball."""
    return rational(q) + rational(k) * arb.pi() if k else rational(q)


def sign(q: Fraction, k: Fraction) -> int:
    """Return the sign of q + kπ; it is 0 only if both are, as π is irrational."""
    if not q and not k:
        return 0
    for bits in (128, 1024, 8192, 65536):
        with precision(bits):
            value = ball(q, k)
            if value > 0 or value < 0:
                return 1 if value > 0 else -1
    raise BadInput(f"{float(q)} + {float(k)}π is too close to 0 to tell its sign.")


def parse_angle(text: str) -> Angle:
    """Read one angle in (−2π, 2π): a sum of numbers, fractions and multiples of π.

    Raises:
        BadInput: it cannot be read, or lies outside.
    """
    wrong = BadInput(
        f"{text[:60]!r} is no angle; expected such as 1.5, 1/1000, pi/3, 2pi/5 or pi-0.01."
    )
    compact = text.replace(" ", "").lower()
    q, k, place = Fraction(0), Fraction(0), 0
    while place < len(compact):
        found = _TERM.match(compact, place)
        if found is None or found.end() == place or (place and not found["sign"]):
            raise wrong
        if not (found["number"] or found["pi"]) or (
            found["times"] and not (found["number"] and found["pi"])
        ):
            raise wrong
        place = found.end()
        below = Fraction(found["below"] or 1)
        if not below:
            raise wrong
        value = Fraction(found["number"] or 1) / below
        value = -value if found["sign"] == "-" else value
        q, k = (q, k + value) if found["pi"] else (q + value, k)
        if max(abs(q.numerator), q.denominator, k.denominator) >= 10**DIGITS:
            raise wrong
    if not compact:
        raise wrong
    if sign(q, k - 2) >= 0 or sign(q, k + 2) <= 0:
        raise BadInput(f"Angles must lie in (−2π, 2π), and one is {text[:60]}.")
    return Angle.of(q, k)


def antipodal_pairs_exactly(angles: "list[Angle]") -> list[tuple[int, int]]:
    """Return the pairs (i, j), i < j, that are exactly opposite; 0 is the teacher."""
    points = [Angle(Fraction(0), Fraction(0)), *angles]
    return [
        (i, j)
        for j in range(len(points))
        for i in range(j)
        if points[i] == Angle.of(points[j].q, points[j].k + 1)
    ]
