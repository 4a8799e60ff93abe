"""Spectra a_n = c/(κ² + n²), n ≠ 0, with a_0 free: the knife edge of Theorem A10."""

import math
from fractions import Fraction
from typing import Any

from flint import arb

from tfluck.foundations.errors import BadInput

from .engine import UNIT, precision
from .families import DISTANCE_ERROR, STEP
from .functions import AngularFunction, CosineSeries, Smoothness, Traits


def exact_cosh(
    q: Fraction, k: Fraction, kappa: Fraction = Fraction(1)
) -> dict[tuple[Fraction, ...], Fraction]:
    """Return 2 cosh(κ(π − q − kπ)) as a sum of e^{x + yπ}; ``q`` is times κ already."""
    half: dict[tuple[Fraction, ...], Fraction] = {}
    half[-q, kappa * (1 - k)] = Fraction(1)
    other = (q, kappa * (k - 1))
    half[other] = half.get(other, Fraction(0)) + 1
    return half


def cosh(kappa: float, constant: float = 0.0) -> AngularFunction:
    """cosh(KAPPA(π − θ)) + CONSTANT: a Markov kernel, on the knife edge of Theorem A10."""
    if not 0.05 <= kappa <= 20:
        raise BadInput(f"cosh:KAPPA needs 0.05 ≤ KAPPA ≤ 20, and KAPPA is {kappa!r}.")

    def coefficient(n: int) -> arb:
        k = arb(kappa)
        value = k * (k * arb.pi()).sinh() / (arb.pi() * (k * k + n * n))
        return 2 * value if n else value + arb(constant)

    def formula(e: Any, t: Any) -> Any:
        up = e.exp(e.number(kappa) * (e.pi() - t))
        return (up + 1 / up) / 2 + e.number(constant)

    def slope(e: Any, t: Any) -> Any:
        up = e.exp(e.number(kappa) * (e.pi() - t))
        return -e.number(kappa) * (up - 1 / up) / 2

    with precision(64):
        negative = 0 if not coefficient(0) > 0 else None
    top = math.cosh(kappa * math.pi)
    return AngularFunction(
        f"cosh:{kappa!r},{constant!r}",
        formula,
        float_error=kappa * top * (DISTANCE_ERROR + 8 * UNIT)
        + 4 * STEP * (top + abs(constant)),
        series=CosineSeries(
            coefficient, "a_n = c/(KAPPA² + n²) > 0, n ≠ 0", negative=negative
        ),
        smoothness=Smoothness(slope, curvature=kappa**2 * top),
        exact=None
        if constant
        else lambda q, k: exact_cosh(q * Fraction(kappa), k, Fraction(kappa)),
        traits=Traits(
            knife=(
                (constant > 0) - (constant < 0),
                "a_n = c/(KAPPA² + n²), n ≠ 0, and a_0 = c/KAPPA² + CONSTANT",
            )
        )
        if negative is None
        else None,
    )


def parabola(constant: float = 0.0) -> AngularFunction:
    """(π − θ)² + CONSTANT: order 2 with κ = 0, always below the edge of Theorem A10."""

    def coefficient(n: int) -> arb:
        return arb(4) / (n * n) if n else arb.pi() ** 2 / 3 + arb(constant)

    with precision(64):
        negative = 0 if not coefficient(0) > 0 else None
    return AngularFunction(
        f"parabola:{constant!r}",
        lambda e, t: (e.pi() - t) * (e.pi() - t) + e.number(constant),
        float_error=2 * math.pi * DISTANCE_ERROR + STEP * (10 + abs(constant)),
        series=CosineSeries(
            coefficient, "c_0 = π²/3 + CONSTANT, c_n = 4/n² > 0", negative=negative
        ),
        smoothness=Smoothness(lambda e, t: -2 * (e.pi() - t), curvature=2),
        traits=Traits(knife=(-1, "a_n = 2/n², n ≠ 0: κ = 0, so c/κ² is infinite"))
        if negative is None
        else None,
    )
