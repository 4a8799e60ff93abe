"""Families given by their spectrum: what the criteria are about.

F(t) = Σ_{n∈Z} a_n e^{int} = c_0 + Σ_{n≥1} c_n cos nt, with a_0 = c_0 and a_n = c_n/2.
"""

import math
from collections.abc import Callable
from fractions import Fraction
from functools import cache

import numpy as np
from flint import arb, ctx

from tfluck.foundations.errors import BadInput

from .edge import exact_cosh
from .engine import ELEMENTARY_ULPS, UNIT, precision, rational
from .expansion import Decay, Power, evaluator, float_evaluator
from .families import DISTANCE_ERROR
from .functions import AngularFunction, Array, CosineSeries, Traits


def _decimal(value: Fraction) -> str:
    """Write a rational number as it can be typed again."""
    short = repr(float(value))
    return short if Fraction(short) == value else str(value)


def power(p: Fraction) -> AngularFunction:
    """½ + Σ cos(nt)/(1 + n^P), P > 1: smooth for large P, rough for small."""
    if not Fraction(21, 20) <= p <= 40:
        raise BadInput(f"power:P needs 1.05 ≤ P ≤ 40, and P is {_decimal(p)}.")
    exponent = rational(p)

    def coefficient(n: int) -> arb:
        return 1 / (1 + arb(n) ** rational(p)) if n else arb(1) / 2

    def powers(terms: int, bits: int) -> tuple[list[Power], arb]:
        found: list[Power] = []
        rest = arb(1)
        while not rest < arb(2) ** -bits:
            found.append(Power(arb((-1) ** len(found)), p * (len(found) + 1)))
            rest = _beyond(terms, p * (len(found) + 1))
        return found, rest

    def moment(k: int) -> arb:
        return _power_moment(coefficient, powers, k) if p > k + 1 else arb.nan()

    lipschitz = None
    if p > 2:
        with precision(64):
            lipschitz = float((1 + (exponent - 1).zeta()).abs_upper())
    return _falling(
        f"power:{_decimal(p)}",
        Decay(coefficient, powers),
        lipschitz,
        CosineSeries(coefficient, "c_0 = 1/2, c_n = 1/(1 + n^P) > 0"),
        Traits(
            levy="|n|^P is a Lévy symbol with jumps of every size" if p < 2 else None,
            knife=(0, "a_n = ½/(1 + n²) for every n") if p == 2 else None,
            rough=_roughness(p - 1),
            moment=moment,
        ),
        exact_cosh if p == 2 else None,
    )


def matern(s: Fraction, kappa: Fraction) -> AngularFunction:
    """Σ (KAPPA² + n²)^{−S} e^{int}, S > 1/2: the periodic Matérn kernel of order S − 1/2."""
    if not Fraction(11, 20) <= s <= 20 or not Fraction(1, 100) <= kappa <= 5:
        raise BadInput(
            f"matern:S,KAPPA needs 0.55 ≤ S ≤ 20 and 0.01 ≤ KAPPA ≤ 5; they are "
            f"{_decimal(s)} and {_decimal(kappa)}."
        )

    def coefficient(n: int) -> arb:
        value = (rational(kappa) ** 2 + n * n) ** -rational(s)
        return 2 * value if n else value

    def powers(terms: int, bits: int) -> tuple[list[Power], arb]:
        return _matern_powers(s, kappa, terms, bits)

    def moment(k: int) -> arb:
        return _power_moment(coefficient, powers, k) if 2 * s > k + 1 else arb.nan()

    whole = s.denominator == 1
    lipschitz = None
    if s > 1:
        with precision(64):
            lipschitz = float((2 * (2 * rational(s) - 1).zeta()).abs_upper())
    return _falling(
        f"matern:{_decimal(s)},{_decimal(kappa)}",
        Decay(coefficient, powers, max(1, math.ceil(kappa))),
        lipschitz,
        CosineSeries(coefficient, "a_n = (KAPPA² + n²)^{−S} > 0"),
        Traits(
            levy="(KAPPA² + n²)^S is a Lévy symbol with jumps of every size"
            if s < 1
            else None,
            knife=(0, "a_n = 1/(KAPPA² + n²) for every n") if s == 1 else None,
            polya=f"a_n is a product of {s} factors 1/(KAPPA² + n²)"
            if whole and s >= 2
            else None,
            rough=_roughness(2 * s - 1),
            moment=moment,
        ),
        (lambda q, k: exact_cosh(q * kappa, k, kappa)) if s == 1 else None,
    )


def _matern_powers(
    s: Fraction, kappa: Fraction, terms: int, bits: int
) -> tuple[list[Power], arb]:
    """Expand 2(κ² + n²)^{−s} in powers of n; beyond n = N the rest shrinks geometrically."""
    found: list[Power] = []
    binomial, rest = arb(2), arb(1)
    while not rest < arb(2) ** -bits:
        k = len(found)
        found.append(Power(binomial, 2 * s + 2 * k))
        binomial *= -(rational(s) + k) / (k + 1) * rational(kappa) ** 2
        ratio = max(Fraction(1), (s + k + 1) / (k + 2)) * (kappa / terms) ** 2
        if ratio < 1:
            first = abs(binomial) * _beyond(terms, 2 * s + 2 * k + 2)
            rest = first / rational(1 - ratio)
    return found, rest


def wrapped_gaussian(s: Fraction) -> AngularFunction:
    """Σ exp(−S²n²/2) e^{int}: the wrapped normal density of deviation S, times 2π."""
    if not Fraction(1, 20) <= s <= 5:
        raise BadInput(
            f"wrapped-gaussian:S needs 0.05 ≤ S ≤ 5, and S is {_decimal(s)}."
        )

    def term(n: int) -> arb:
        return (-(rational(s) ** 2) * n * n / 2).exp()

    return _fast(
        f"wrapped-gaussian:{_decimal(s)}",
        term,
        # a_{n+1}/a_n ≤ exp(−S²(n + 1/2)), decreasing.
        lambda n: (-(rational(s) ** 2) * (2 * n + 1) / 2).exp(),
        "a_n = exp(−S²n²/2) > 0",
        "a_n has a Gaussian factor",
    )


def sech(a: Fraction) -> AngularFunction:
    """Σ e^{int}/cosh(A n): as smooth as the Poisson kernel of R = e^{−A}, of another form."""
    if not Fraction(1, 20) <= a <= 10:
        raise BadInput(f"sech:A needs 0.05 ≤ A ≤ 10, and A is {_decimal(a)}.")

    def term(n: int) -> arb:
        return 1 / (rational(a) * n).cosh()

    return _fast(
        f"sech:{_decimal(a)}",
        term,
        # cosh x/cosh(x + A) ≤ 2/(1 + e^{−2x−2A}) · e^{−A} falls to e^{−A} … bounded by this:
        lambda n: (rational(a) * n).cosh() / (rational(a) * (n + 1)).cosh(),
        "a_n = 1/cosh(A n) > 0",
        "1/cosh(An) = Π (1 + 4A²n²/((2j − 1)²π²))^{−1}, infinitely many factors",
    )


def _beyond(terms: int, s: Fraction) -> arb:
    """Bound Σ_{n>N} n^{−s} ≤ N^{1−s}/(s − 1)."""
    return arb(terms) ** (1 - rational(s)) / (rational(s) - 1)


def _power_moment(
    coefficient: Callable[[int], arb],
    powers: Callable[[int, int], tuple[list[Power], arb]],
    k: int,
) -> arb:
    """Return Σ_{n≥1} c_n n^k, with c_0 for k = 0, the tail by zeta functions."""
    terms, total = 64, coefficient(0) if k == 0 else arb(0)
    found, rest = powers(terms, 96 + 8 * k)
    for n in range(1, terms + 1):
        total += coefficient(n) * arb(n) ** k
    for one in found:
        s = rational(one.s) - k
        head = sum((arb(n) ** -s for n in range(1, terms + 1)), arb(0))
        total += one.b * (s.zeta() - head)
    # Σ_{n>N} n^k · rest: the next power dominates, so N^k is lost, and a little more.
    return total + arb(0, 1) * (rest * arb(terms) ** k * 16).upper()


def _roughness(q: Fraction) -> str | None:
    """Say which case of Theorem A4 f(0) − f(t) ~ |t|^q or t² ± |t|^q is, 1 < q < 3."""
    if not 1 < q < 3:
        return None
    if q < 2:
        return f"f(t) = f(0) − b|t|^q + o(|t|^q), q = {float(q):g} between 1 and 2"
    if q == 2:
        return "f(t) = f(0) − a t²(log 1/|t| + c) + o(t²)"
    return f"f(t) = f(0) − a t² + b|t|^q + o(|t|^q), q = {float(q):g} between 2 and 3"


def _falling(
    name: str,
    decay: Decay,
    lipschitz: float | None,
    series: CosineSeries,
    traits: Traits,
    exact: Callable[..., object] | None,
) -> AngularFunction:
    values, error = float_evaluator(decay)
    return AngularFunction(
        name,
        formula=None,
        callable=values,
        # Without a slope at 0, the error of a distance may grow beyond any bound of use.
        float_error=None if lipschitz is None else error + lipschitz * DISTANCE_ERROR,
        series=series,
        enclosure=evaluator(decay),
        traits=traits,
        exact=exact,
    )


class _Fast:
    """Σ a_n e^{int} with a_{n+1} ≤ ``ratio(n)`` a_n, the ratio falling below 1."""

    def __init__(self, term: Callable[[int], arb], ratio: Callable[[int], arb]) -> None:
        self.term, self.ratio = term, ratio
        self.prepared = cache(self._prepare)

    def coefficient(self, n: int) -> arb:
        return 2 * self.term(n) if n else self.term(0)

    def terms(self, bits: int, k: int = 0) -> tuple[list[arb], arb]:
        """Return c_0 … c_N and a bound on Σ_{n>N} c_n n^k."""
        found = [self.coefficient(0)]
        while True:
            n = len(found)
            found.append(self.coefficient(n))
            grown = self.ratio(n) * (arb(n + 1) / n) ** k
            if grown < arb(0.99):
                rest = found[-1] * arb(n) ** k * grown / (1 - grown)
                if rest < arb(2) ** -bits:
                    return found, rest.upper()

    def _prepare(self, bits: int) -> tuple[list[arb], arb]:
        with precision(bits + 16):
            return self.terms(bits + 8)

    def value(self, t: arb) -> arb:
        found, rest = self.prepared(ctx.prec)
        total = sum((c * (n * t).cos() for n, c in enumerate(found)), arb(0))
        return total + arb(0, 1) * rest

    def bend(self, t: arb) -> arb:
        """Return f″."""
        found, rest = self.terms(128, 2)
        total = sum((-c * n * n * (n * t).cos() for n, c in enumerate(found)), arb(0))
        return total + arb(0, 1) * rest

    def moment(self, k: int) -> arb:
        found, rest = self.terms(128, k)
        start = 1 if k else 0
        total = sum((found[n] * arb(n) ** k for n in range(start, len(found))), arb(0))
        return total + arb(0, 1) * rest

    def floats(self) -> Array:
        with precision(64):
            return np.array([float(c.mid()) for c in self.terms(64)[0]])


def _fast(
    name: str,
    term: Callable[[int], arb],
    ratio: Callable[[int], arb],
    reason: str,
    polya: str,
) -> AngularFunction:
    series = _Fast(term, ratio)
    floats = series.floats()
    lipschitz = float(floats @ np.arange(len(floats))) + 1e-9
    rounding = (ELEMENTARY_ULPS + len(floats) + 8) * float(floats.sum())

    def values(t: Array) -> Array:
        total = np.zeros_like(t)
        for n, c in enumerate(floats):
            total = total + c * np.cos(n * t)
        return np.asarray(total)

    return AngularFunction(
        name,
        formula=None,
        callable=values,
        float_error=lipschitz * (DISTANCE_ERROR + 4 * UNIT) + rounding * UNIT + 1e-18,
        series=CosineSeries(series.coefficient, reason),
        enclosure=series.value,
        traits=Traits(polya=polya, moment=series.moment, curvature=series.bend),
    )
