"""Nodes close to the teacher on both sides, at any scale: where random angles never look.

Theorem A4 (docs/alignment.md): for c_n = 1/(1 + n^p), 2 < p < 4, all three weights are
positive at −ε, 2ε and one far node, once ε is small. Uniform draws have no such triples.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from .angle import Angle, AnyAngle
from .balls import enclose
from .functions import AngularFunction
from .verdicts import Check, check

#: How near the two near nodes are, in powers of ten; the second list only for functions
#: that are known to be rough enough at 0 for Theorem A4.
_NEAR, _NEARER = range(1, 13), (16, 20, 26, 32, 40, 60)
_RATIOS = ((1, 2), (1, 3), (2, 3), (1, 10))
_FAR = (Fraction(1), Fraction(2), Fraction(5, 2))


def triples(m: int, powers: Iterable[int]) -> Iterator[list[AnyAngle]]:
    """Yield m nodes: two at −Lε and Rε, the others far, on either side."""
    for power in powers:
        for left, right in _RATIOS:
            for far in _FAR:
                for side in (1, -1):
                    scale = Fraction(1, 10**power)
                    near = [Angle.of(-left * scale), Angle.of(right * scale)]
                    rest = [
                        Angle.of(side * (far + Fraction(k, 2))) for k in range(m - 2)
                    ]
                    yield [*near, *rest]


def polygons(m: int) -> Iterator[list[AnyAngle]]:
    """Yield the regular (m + 1)-gon that has the teacher as a corner."""
    yield [Angle.of(Fraction(0), Fraction(2 * k, m + 1)) for k in range(1, m + 1)]


@dataclass(frozen=True)
class Witness:
    """Exact nodes where every det M_i > 0, and the check that certifies it."""

    nodes: tuple[AnyAngle, ...]
    check: Check


def hunt_exactly(function: AngularFunction, m: int) -> tuple[Witness | None, int]:
    """Return a certified violation at exact nodes, and how many sets were tried."""
    tried = 0
    stages = [(polygons(m), 128), (triples(m, _NEAR), 192)]
    if function.traits and function.traits.rough:
        stages += [(triples(m, (power,)), 256 + 8 * power) for power in _NEARER]
    for nodes, bits in stages:
        for angles in nodes:
            tried += 1
            if all(det > 0 for det in enclose(function, angles, bits).dets):
                return Witness(tuple(angles), check(function, angles)), tried
    return None, tried
