"""Cosine coefficients, and what they say: is f an AD function, is it a PAD function?

A continuous f is AD exactly when every c_k ≥ 0 (Herglotz; Definition 5.2). For a named
family the signs are proved. For a plain callable the coefficients are computed numerically
and the answer is "no", when one of them is clearly negative, or "undecided": no finite
number of evaluations can prove that all of infinitely many numbers are nonnegative.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from flint import arb

from tfluck.foundations.errors import BadInput

from .engine import precision
from .frequencies import decide_pad, parse_frequencies
from .functions import AngularFunction, Array, CosineSeries
from .verdicts import Interval, interval

Answer: TypeAlias = Literal["yes", "no", "undecided"]

#: What ``CosineSeries.frequencies`` says, as a set.
_SETS = {"all": "Z", "even": "2Z", "odd": "1+2Z"}
#: Grid of the numerical transform; c_k is then wrong by about Σ_{j ≥ 1} c_{2jN ± k}.
GRID = 1 << 14


@dataclass(frozen=True)
class Spectrum:
    """Coefficients c_0 … c_{n−1} and the two verdicts.

    Attributes:
        coefficients: c_k, shape (n,).
        enclosures: intervals that hold them, or None if they are numerical.
        tail_bound: a bound on Σ_{k ≥ n} |c_k|; None if none is known.
        ad, pad: the verdicts on Definitions 5.2 and 5.7.
        negative: the first k found with c_k < 0.
        reason: why, in words.
        certified: whether the verdicts are proved.
    """

    function: str
    coefficients: Array
    enclosures: tuple[Interval, ...] | None
    tail_bound: float | None
    ad: Answer
    pad: Answer
    negative: int | None
    reason: str
    certified: bool


def spectrum_of(function: AngularFunction, terms: int = 16) -> Spectrum:
    """Return the first ``terms`` coefficients and the AD and PAD verdicts.

    Raises:
        BadInput: ``terms`` is not between 2 and 2000, or the function fails.
    """
    if not 2 <= terms <= 2000:
        raise BadInput(f"The number of coefficients must be 2 to 2000; it is {terms}.")
    if function.series is None:
        return _numerical(function, terms)
    series = function.series
    with precision(128):
        balls = [series.coefficient(k) for k in range(terms)]
        # f(0) = Σ c_k, and no coefficient after the first n is negative.
        tail = function.ball(arb(0)) - sum(balls, arb(0))
        if series.negative is not None and series.negative >= terms:
            tail = arb.nan()
        if series.frequencies == "finite":
            tail = sum((abs(series.coefficient(k)) for k in range(terms, 512)), arb(0))
    bound = interval(tail)[1] if tail.is_finite() else None
    pad, why = _pad(series)
    return Spectrum(
        function=function.name,
        coefficients=np.array([float(ball.mid()) for ball in balls]),
        enclosures=tuple(interval(ball) for ball in balls),
        tail_bound=None if bound is None else max(bound, 0.0),
        ad="yes" if series.negative is None else "no",
        pad=pad,
        negative=series.negative,
        reason=f"{_ad_reason(series)}; {why}",
        certified=True,
    )


def _ad_reason(series: CosineSeries) -> str:
    if series.negative is None:
        return f"AD, every c_k ≥ 0: {series.reason}"
    with precision(128):
        value = float(series.coefficient(series.negative).mid())
    return f"not AD: c_{series.negative} = {value:.6g} < 0"


def _pad(series: CosineSeries) -> tuple[Answer, str]:
    """Judge positive definiteness without antipodal pairs by the support of c (D1 to D4)."""
    if series.negative is not None:
        return "no", "hence not PAD"
    if series.frequencies == "finite":
        return "no", (
            f"not PAD: every M has rank at most {series.rank}, so det M = 0 "
            f"for m > {series.rank}"
        )
    which = (
        "all"
        if series.frequencies == "all"
        else f"all but finitely many {series.frequencies}"
    )
    found = decide_pad(parse_frequencies(_SETS[series.frequencies]))
    return found.pad, f"{found.reason}; {which} frequencies have c_k > 0"


def numerical_coefficients(
    function: AngularFunction, terms: int, grid: int = GRID
) -> Array:
    """Return c_0 … c_{terms−1} by the trapezoidal rule on ``grid`` + 1 points (a DCT)."""
    values = function.values(np.linspace(0, np.pi, grid + 1))
    even = np.concatenate([values, values[-2:0:-1]])
    coefficients: Array = np.fft.rfft(even).real[:terms] / grid
    coefficients[0] /= 2
    return coefficients


def _numerical(function: AngularFunction, terms: int) -> Spectrum:
    """Judge a plain callable by two grids; their difference measures the error."""
    many = max(terms, 512)
    fine = numerical_coefficients(function, many)
    error = 2 * np.abs(fine - numerical_coefficients(function, many, GRID // 2)).max()
    scale = float(np.abs(fine).max())
    tolerance = float(error) + 1e-12 * scale
    below = np.flatnonzero(fine < -tolerance)
    negative = int(below[0]) if below.size else None
    if negative is None:
        reason = (
            f"undecided: none of the first {many} coefficients is below "
            f"−{tolerance:.1e}, which proves nothing about the rest"
        )
    else:
        reason = (
            f"not AD: c_{negative} = {fine[negative]:.6g} < 0, numerically "
            f"(its error is about {tolerance:.1e}); hence not PAD"
        )
    return Spectrum(
        function=function.name,
        coefficients=fine[:terms],
        enclosures=None,
        tail_bound=None,
        ad="undecided" if negative is None else "no",
        pad="undecided" if negative is None else "no",
        negative=negative,
        reason=reason,
        certified=False,
    )
