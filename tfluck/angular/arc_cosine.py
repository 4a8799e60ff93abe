"""The arc-cosine kernels J_N; J_1 is the paper's f, J_0 is π − θ."""

import math
from fractions import Fraction
from typing import Any

from flint import arb

from .engine import ELEMENTARY_ULPS, UNIT
from .functions import AngularFunction, CosineSeries, Smoothness, Traits


def polynomials(order: int) -> tuple[list[int], list[int]]:
    """Return integer polynomials A, B with J_N = (π − θ) A(cos θ) + sin θ B(cos θ).

    J_N = (−1)^N sin^{2N+1}θ ((1/sin θ) d/dθ)^N ((π − θ)/sin θ) gives the recursion
    A ↦ (1 − c²)A′ + (2n+1) c A, B ↦ A + 2n c B + (1 − c²)B′. Lowest degree first.
    """
    a, b = [1], [0]
    for n in range(order):
        a, b = (
            _sum(_flat(_derivative(a)), _times_c(a, 2 * n + 1)),
            _sum(a, _times_c(b, 2 * n), _flat(_derivative(b))),
        )
    return a, b


def _derivative(p: list[int]) -> list[int]:
    return [k * c for k, c in enumerate(p)][1:] or [0]


def _times_c(p: list[int], factor: int) -> list[int]:
    return [0, *(factor * c for c in p)]


def _flat(p: list[int]) -> list[int]:
    """Multiply by 1 − c²."""
    return _sum(p, [0, 0, *(-c for c in p)])


def _sum(*terms: list[int]) -> list[int]:
    length = max(map(len, terms))
    padded = [term + [0] * (length - len(term)) for term in terms]
    return [sum(column) for column in zip(*padded, strict=True)]


def _horner(coefficients: list[int], x: Any) -> Any:
    total: Any = coefficients[-1]
    for c in reversed(coefficients[:-1]):
        total = total * x + c
    return total


def _evaluate(e: Any, t: Any, order: int) -> Any:
    a, b = _POLYNOMIALS[order]
    if order == 0:
        return e.pi() - t
    sine, cosine = e.sin(t), e.cos(t)
    return (e.pi() - t) * _horner(a, cosine) + sine * _horner(b, cosine)


_POLYNOMIALS = {order: polynomials(order) for order in range(13)}


def _coefficient(order: int, k: int) -> arb:
    """Return c_k = N! 2^N (2 or 4)π a_k², a_k the Fourier coefficient of max(cos, 0)^N."""
    n = arb(order)
    a = (
        arb.fac_ui(order)
        * ((n + k) / 2 + 1).rgamma()
        * ((n - k) / 2 + 1).rgamma()
        / arb(2) ** (order + 1)
    )
    return arb.fac_ui(order) * arb(2) ** order * (2 if k == 0 else 4) * arb.pi() * a * a


def _peak(order: int) -> float:
    """Return J_N(0) = (2N − 1)!! π."""
    return math.pi * math.prod(range(1, 2 * order, 2))


def _float_error(order: int) -> float:
    """Bound the rounding of ``_evaluate``, the distance's own error included."""
    a, b = _POLYNOMIALS[order]
    slope = order * order * _peak(order - 1) if order else 1.0
    terms = math.pi * sum(map(abs, a)) + sum(map(abs, b))
    operations = (ELEMENTARY_ULPS + 3) * (order + 1)
    return slope * 8e-16 + (operations if order else 4) * UNIT * terms


def arc_cosine(order: int, name: str | None = None) -> AngularFunction:
    """Return J_N(θ) = 2π E[max(u·x, 0)^N max(v·x, 0)^N], x ~ N(0, I), θ = ∠(u, v).

    J_1 = sin θ + (π − θ) cos θ is the paper's f (Theorem 5.1). Derivative:
    J_N′ = −N² sin θ J_{N−1}. A Gram kernel, so AD (Theorem 5.6), and its nonzero
    coefficients include all even or all odd frequencies, so PAD (Definition 5.7).
    """

    def slope(e: Any, t: Any) -> Any:
        if order == 0:
            return 0 * t - 1
        return -(order * order) * e.sin(t) * _evaluate(e, t, order - 1)

    # |J_N″| ≤ N²(J_{N−1} + |J_{N−1}′|) ≤ N²(J_{N−1}(0) + (N−1)² J_{N−2}(0)).
    # For N = 1, f″ = sin θ − (π − θ) cos θ lies in [−π, 1.4].
    curvature = math.pi * order
    if order >= 2:
        inner = (order - 1) ** 2 * _peak(order - 2)
        curvature = order * order * (_peak(order - 1) + inner)
    return AngularFunction(
        name or f"arc-cosine:{order}",
        lambda e, t: _evaluate(e, t, order),
        float_error=_float_error(order),
        series=CosineSeries(
            lambda k: _coefficient(order, k),
            "f is the Gram kernel of the features max(cos, 0)^N: c_k is a positive multiple "
            "of the square of their k-th Fourier coefficient",
            frequencies="odd" if order % 2 == 0 else "even",
        ),
        smoothness=Smoothness(slope, curvature),
        exact=_exact_linear if order == 0 else None,
        traits=Traits(theorem_4=True) if order == 1 else None,
        pairs_to_singular={0: 2, 1: 3}.get(order),
    )


def _exact_linear(q: Fraction, k: Fraction) -> dict[tuple[Fraction, ...], Fraction]:
    """Return π − (q + kπ) as a formal sum in powers of π."""
    powers = {0: -q, 1: Fraction(1 - k)}
    return {(Fraction(n),): c for n, c in powers.items() if c}
