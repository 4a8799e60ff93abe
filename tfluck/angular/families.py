"""The families of functions with closed formulas, each with what is proved about it."""

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from flint import acb, arb

from tfluck.foundations.errors import BadInput

from .angle import sign
from .engine import BALL, ELEMENTARY_ULPS, UNIT
from .functions import AngularFunction, CosineSeries, Smoothness, Traits

#: Bound on the error of a float64 distance of two angles in [0, 2π).
DISTANCE_ERROR = 8e-16
#: Relative error of one elementary function or a handful of operations.
STEP = (2 * ELEMENTARY_ULPS + 8) * UNIT


def relu_ntk() -> AngularFunction:
    """(π − θ) cos θ: the tangent kernel of the input weights of a ReLU layer."""

    def coefficient(k: int) -> arb:
        pi = arb.pi()
        if k <= 1:
            return (2 / pi) if k == 0 else pi / 2
        if k % 2:
            return arb(0)
        return (2 / pi) * (1 / arb((k - 1) ** 2) + 1 / arb((k + 1) ** 2))

    return AngularFunction(
        "relu-ntk",
        lambda e, t: (e.pi() - t) * e.cos(t),
        float_error=math.pi * DISTANCE_ERROR + 8 * STEP,
        series=CosineSeries(
            coefficient,
            "c_0 = 2/π, c_1 = π/2, c_k = (2/π)((k−1)⁻² + (k+1)⁻²) for even k ≥ 2, else 0",
            frequencies="even",
        ),
        smoothness=Smoothness(
            lambda e, t: -e.cos(t) - (e.pi() - t) * e.sin(t), curvature=2 + math.pi
        ),
    )


def poisson(r: float) -> AngularFunction:
    """Poisson kernel (1 − r²)/(1 − 2r cos θ + r²) = 1 + 2 Σ r^k cos kθ, 0 < r < 1."""
    if not 0 < r < 1:
        raise BadInput(f"poisson:R needs 0 < R < 1, and R is {r!r}.")

    def denominator(e: Any, t: Any) -> Any:
        half = e.sin(t / 2)
        return (1 - e.number(r)) * (1 - e.number(r)) + 4 * e.number(r) * half * half

    def slope(e: Any, t: Any) -> Any:
        q = e.number(r)
        below = denominator(e, t)
        return -2 * q * (1 - q) * (1 + q) * e.sin(t) / (below * below)

    def bend(t: arb) -> arb:
        q, below = arb(r), denominator(BALL, t)
        inner = t.cos() / below**2 - 4 * q * t.sin() ** 2 / below**3
        return -2 * q * (1 - q) * (1 + q) * inner

    def moment(k: int) -> arb:
        q = arb(r)
        if k == 0:
            return (1 + q) / (1 - q)
        top = q * (1 + q) if k == 2 else q * (1 + 11 * q + 11 * q * q + q**3)
        return 2 * top / (1 - q) ** (k + 1)

    peak = (1 + r) / (1 - r)
    return AngularFunction(
        f"poisson:{r!r}",
        lambda e, t: (1 - e.number(r)) * (1 + e.number(r)) / denominator(e, t),
        float_error=2 * r / (1 - r) ** 2 * DISTANCE_ERROR + 6 * STEP * peak,
        series=CosineSeries(
            lambda k: arb(1) if k == 0 else 2 * arb(r) ** k, "c_0 = 1, c_k = 2 R^k > 0"
        ),
        traits=Traits(moment=moment, curvature=bend),
        smoothness=Smoothness(slope, curvature=2 * r * (1 + r) / (1 - r) ** 3),
    )


def exponential(rate: float) -> AngularFunction:
    """exp(−Aθ), A > 0."""
    if not 0 < rate < 100:
        raise BadInput(f"exponential:A needs 0 < A < 100, and A is {rate!r}.")

    def coefficient(k: int) -> arb:
        a, pi = arb(rate), arb.pi()
        if k == 0:
            return (1 - (-a * pi).exp()) / (a * pi)
        return 2 * a * (1 - (-1) ** k * (-a * pi).exp()) / (pi * (a * a + k * k))

    return AngularFunction(
        f"exponential:{rate!r}",
        lambda e, t: e.exp(-e.number(rate) * t),
        float_error=rate * (DISTANCE_ERROR + 4 * UNIT) + 2 * STEP,
        series=CosineSeries(
            coefficient, "c_k is proportional to A(1 − (−1)^k e^{−Aπ})/(A² + k²) > 0"
        ),
        smoothness=Smoothness(
            lambda e, t: -e.number(rate) * e.exp(-e.number(rate) * t), curvature=rate**2
        ),
        exact=lambda q, k: {(q, k): Fraction(1)},
    )


def triangle(width: float, constant: float = 0.0) -> AngularFunction:
    """CONSTANT + max(0, 1 − θ/WIDTH), 0 < WIDTH ≤ π."""
    if not 0 < width <= math.pi:
        raise BadInput(f"triangle:WIDTH needs 0 < WIDTH ≤ π, and WIDTH is {width!r}.")

    def coefficient(k: int) -> arb:
        w, pi = arb(width), arb.pi()
        if k == 0:
            return arb(constant) + w / (2 * pi)
        half = (k * w / 2).sin()
        return 4 * half * half / (pi * w * k * k)

    def exact(q: Fraction, k: Fraction) -> dict[tuple[Fraction, ...], Fraction]:
        w, base = Fraction(width), Fraction(constant)
        inside = sign(q - w, k) < 0
        powers = {0: base + (1 - q / w if inside else 0), 1: -k / w if inside else 0}
        return {(Fraction(n),): Fraction(c) for n, c in powers.items() if c}

    return AngularFunction(
        f"triangle:{width!r},{constant!r}",
        lambda e, t: e.number(constant) + e.ramp(1 - t / e.number(width)),
        float_error=DISTANCE_ERROR / width
        + STEP * (2 + math.pi / width + abs(constant)),
        series=CosineSeries(
            coefficient,
            "c_0 = CONSTANT + WIDTH/(2π), c_k = 4 sin²(k·WIDTH/2)/(π·WIDTH·k²) > 0",
            negative=0 if constant + width / (2 * math.pi) < 0 else None,
        ),
        exact=exact,
    )


def cosines(
    coefficients: Sequence[float | Fraction], name: str | None = None
) -> AngularFunction:
    """c_0 + c_1 cos θ + … + c_n cos nθ."""
    if not coefficients or len(coefficients) > 512:
        raise BadInput("cosines:c0,c1,… takes 1 to 512 coefficients.")
    size = sum(abs(float(c)) for c in coefficients)
    lipschitz = sum(k * abs(float(c)) for k, c in enumerate(coefficients))
    pairs = [(k, c) for k, c in enumerate(coefficients) if c]
    negative = next((k for k, c in pairs if c < 0), None)

    def formula(e: Any, t: Any) -> Any:
        return sum((e.number(c) * e.cos(k * t) for k, c in pairs), 0 * t)

    def slope(e: Any, t: Any) -> Any:
        return sum((-k * e.number(c) * e.sin(k * t) for k, c in pairs if k), 0 * t)

    return AngularFunction(
        name or "cosines:" + ",".join(map(repr, coefficients)),
        formula,
        float_error=lipschitz * (DISTANCE_ERROR + 4 * UNIT)
        + (len(pairs) * UNIT + STEP) * size,
        series=CosineSeries(
            lambda k: BALL.number(coefficients[k]) if k < len(coefficients) else arb(0),
            "the coefficients are the ones given",
            negative=negative,
            frequencies="finite",
            rank=sum(1 if k == 0 else 2 for k, _ in pairs),
        ),
        traits=Traits(
            moment=lambda n: sum(
                (BALL.number(c) * (arb(k) ** n if n else 1) for k, c in pairs), arb(0)
            ),
            curvature=lambda t: sum(
                (-k * k * BALL.number(c) * (k * t).cos() for k, c in pairs), arb(0)
            ),
        ),
        smoothness=Smoothness(slope, sum(k * k * abs(float(c)) for k, c in pairs)),
    )


def sqrt_exponential() -> AngularFunction:
    """exp(−√θ): convex and decreasing, hence AD, and a counterexample to Conjecture 5.5."""

    def coefficient(k: int) -> arb:
        # θ = s² makes the integrand entire.
        def integrand(s: acb, _: bool) -> acb:
            return 2 * s * (-s).exp() * (k * s * s).cos()

        integral: arb = acb.integral(integrand, 0, arb.pi().sqrt()).real
        return integral * (1 if k == 0 else 2) / arb.pi()

    return AngularFunction(
        "sqrt-exponential",
        lambda e, t: e.exp(-e.sqrt(t)),
        # |√a − √b| ≤ √|a − b|: the square root magnifies the error of a small distance.
        float_error=math.sqrt(DISTANCE_ERROR) + 4 * STEP,
        series=CosineSeries(
            coefficient,
            "f is positive, decreasing and convex: c_k = (2/πk)∫(−f′) sin kθ is a sum of "
            "alternating, shrinking lobes, the first of them positive",
        ),
    )
