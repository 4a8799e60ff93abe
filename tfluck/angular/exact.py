"""Exact determinants of piecewise linear and exponential kernels: when is zero zero?

For f = π − θ, exp(−Aθ) and the triangle, many determinants vanish identically (Markov
kernels). Floats show noise there and balls can never decide; an exact formal sum can.
Distances are q + kπ with rational q and k.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cache
from typing import TypeAlias

from .angle import Angle, AnyAngle, sign

#: Σ coefficient · g over formal symbols g, written as key → coefficient. Keys add when
#: symbols multiply: (n,) stands for πⁿ, and (q, k) for e^{−A(q + kπ)}.
FormalSum: TypeAlias = Mapping[tuple[Fraction, ...], Fraction]
#: A distance q + kπ.
Distance: TypeAlias = tuple[Fraction, Fraction]
#: Beyond this size the expansion is not worth its time.
LARGEST = 8


def exact_distance(x: AnyAngle, y: AnyAngle) -> Distance:
    """Return min(|x − y|, 2π − |x − y|) as the pair (q, k) of q + kπ."""
    one, other = Angle.exactly(x), Angle.exactly(y)
    q, k = one.q - other.q, one.k - other.k
    if sign(q, k) < 0:
        q, k = -q, -k
    return (q, k) if sign(q, k - 1) < 0 else (-q, 2 - k)


def _add(left: FormalSum, right: FormalSum, sign: int) -> FormalSum:
    total = dict(left)
    for key, value in right.items():
        total[key] = total.get(key, Fraction(0)) + sign * value
    return {key: value for key, value in total.items() if value}


def _multiply(left: FormalSum, right: FormalSum) -> FormalSum:
    product: dict[tuple[Fraction, ...], Fraction] = {}
    for key, value in left.items():
        for other, factor in right.items():
            name = tuple(a + b for a, b in zip(key, other, strict=True))
            product[name] = product.get(name, Fraction(0)) + value * factor
    return {key: value for key, value in product.items() if value}


def vanishes(matrix: Sequence[Sequence[FormalSum]]) -> bool:
    """Tell whether det ``matrix`` is zero as a formal sum, which proves that it is zero.

    For sums in powers of π the converse holds too, since π is transcendental. Expands by
    rows over all sets of columns: m·2^m products; above ``LARGEST`` it answers False.
    """
    size = len(matrix)
    if size > LARGEST:
        return False

    @cache
    def minor(chosen: tuple[int, ...]) -> FormalSum:
        row = len(chosen) - 1
        total: FormalSum = {}
        for place, column in enumerate(chosen):
            rest = chosen[:place] + chosen[place + 1 :]
            term = matrix[row][column]
            if rest:
                term = _multiply(term, minor(rest))
            total = _add(total, term, -1 if (row + place) % 2 else 1)
        return total

    return not minor(tuple(range(size)))
