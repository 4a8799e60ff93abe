"""Tests and intervals for a handful of students, on SciPy.

The unit is the student: a number for each, such as a difference of two runs with the same
seed. Students of a run share their teacher, so what is inferred is about students of it.

One-sided tests. With n students an exact test by sign flips attains 2⁻ⁿ at best, 0.031
with five, so that no correction for many claims can be passed; Student's t has no such
floor, but trusts that the numbers are roughly normal. A direction counts as shown where
both agree: t after Holm's correction, and sign flips before it. That errs no more often
than t alone, and wants at least :data:`FEWEST` students.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from tfluck.foundations.errors import BadInput

Array: TypeAlias = NDArray[np.float64]
Direction: TypeAlias = Literal["greater", "less"]
#: With fewer students nothing is called shown: t has hardly a degree of freedom, and sign
#: flips attain no 5 %.
FEWEST = 5
#: Resamples of intervals and of permutations that are too many to list.
RESAMPLES = 9999
#: Power at which the smallest effect that could have been shown is told.
POWER = 0.8


@dataclass(frozen=True)
class OneSided:
    """What tests say of "the mean lies on this side of the threshold".

    Attributes:
        p_value: of Student's t.
        p_exact: of sign flips about the threshold.
        attainable: the least ``p_exact`` that so many students can give.
    """

    p_value: float
    p_exact: float
    attainable: float


@dataclass(frozen=True)
class Summary:
    """A sample in a few numbers.

    Attributes:
        mean: of the students.
        interval: of the mean at the confidence asked for; None for one student.
        effect: Cohen's d of the distance from the threshold; None without spread.
        smallest: distance of a mean from the threshold that would have been shown with
            probability :data:`POWER`, at this spread; None where nothing could be.
    """

    mean: float
    interval: tuple[float, float] | None
    effect: float | None
    smallest: float | None


def attainable(count: int) -> float:
    """Return the least p-value of a one-sided sign-flip test of ``count`` students."""
    return 0.5**count


def sign_flips(values: Array, threshold: float, direction: Direction) -> float:
    """Return the p-value of "the mean is on this side", every sign as likely as its other.

    Exact: all 2ⁿ flips up to about thirteen students, a random share above.
    """
    distance = values - threshold
    if len(distance) < 2:
        return 0.5 if len(distance) else 1.0
    found = stats.permutation_test(
        (distance,),
        lambda x, axis: np.mean(x, axis=axis),
        permutation_type="samples",
        alternative=direction,
        n_resamples=RESAMPLES,
        vectorized=True,
        rng=np.random.default_rng(0),
    )
    return float(found.pvalue)


def student_t(values: Array, threshold: float, direction: Direction) -> float:
    """Return the p-value of Student's t; without spread that of the sign flips."""
    if len(values) < 2:
        return 1.0
    if spread(values) == 0:
        return sign_flips(values, threshold, direction)
    found = stats.ttest_1samp(values, threshold, alternative=direction)
    return float(found.pvalue)


def one_sided(values: Array, threshold: float, direction: Direction) -> OneSided:
    """Test whether the mean of ``values`` lies on one side of ``threshold``."""
    return OneSided(
        student_t(values, threshold, direction),
        sign_flips(values, threshold, direction),
        attainable(len(values)),
    )


def equivalent(values: Array, margin: float) -> OneSided:
    """Test whether the mean lies within ± ``margin``: the worse of two one-sided tests.

    Raises:
        BadInput: the margin is not positive.
    """
    if margin <= 0:
        raise BadInput(f"A margin of equivalence must be above 0, not {margin:g}.")
    low = one_sided(values, -margin, "greater")
    high = one_sided(values, margin, "less")
    return OneSided(
        max(low.p_value, high.p_value),
        max(low.p_exact, high.p_exact),
        attainable(len(values)),
    )


def interval(values: Array, level: float = 0.95) -> tuple[float, float] | None:
    """Return the interval of the mean that is told beside a verdict; None for one value.

    Student's: with so few students it covers what it says where the numbers are roughly
    normal, where the bootstrap of :func:`bootstrap` covers less (see the tests).
    """
    if len(values) < 2:
        return None
    middle = float(values.mean())
    if spread(values) == 0:
        return middle, middle
    half = stats.t.ppf((1 + level) / 2, len(values) - 1) * stats.sem(values)
    return middle - float(half), middle + float(half)


def bootstrap(values: Array, level: float = 0.95) -> tuple[float, float] | None:
    """Return the bias-corrected and accelerated bootstrap interval of the mean."""
    if len(values) < 3 or spread(values) == 0:
        return None
    found = stats.bootstrap(
        (values,),
        np.mean,
        confidence_level=level,
        method="BCa",
        n_resamples=RESAMPLES,
        rng=np.random.default_rng(0),
    ).confidence_interval
    return float(found.low), float(found.high)


def spread(values: Array) -> float:
    """Return the standard deviation; 0 where rounding is all that differs."""
    if len(values) < 2:
        return 0.0
    found = float(values.std(ddof=1))
    return found if found > 1e-12 * max(1.0, float(np.abs(values).max())) else 0.0


def summarize(values: Array, threshold: float, level: float) -> Summary:
    """Return mean, interval and effect of ``values``, and what they could have shown.

    Args:
        values: a number for each student.
        threshold: what the claim holds them against.
        level: of the one-sided test, after correction.
    """
    sd = spread(values)
    effect = float(values.mean() - threshold) / sd if sd else None
    smallest = sd * smallest_effect(len(values), level) if sd else None
    if smallest is not None and not math.isfinite(smallest):
        smallest = None
    return Summary(float(values.mean()), interval(values), effect, smallest)


@cache
def smallest_effect(count: int, level: float) -> float:
    """Return Cohen's d that a one-sided t test of ``count`` students would show.

    With probability :data:`POWER`; infinite where the tests of this module can show
    nothing at all.
    """
    if count < FEWEST or attainable(count) > 0.05:
        return math.inf
    freedom, root = count - 1, math.sqrt(count)
    cut = float(stats.t.ppf(1 - level, freedom))
    low, high = 0.0, 1.0
    while float(stats.nct.sf(cut, freedom, high * root)) < POWER and high < 1e3:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        shown = float(stats.nct.sf(cut, freedom, middle * root)) >= POWER
        low, high = (low, middle) if shown else (middle, high)
    return high


def holm(p_values: Sequence[float]) -> list[float]:
    """Return Holm's adjusted p-values: they hold together at any level."""
    count, adjusted, largest = len(p_values), [1.0] * len(p_values), 0.0
    for rank, index in enumerate(np.argsort(p_values, kind="stable").tolist()):
        largest = max(largest, (count - rank) * p_values[index])
        adjusted[index] = min(1.0, largest)
    return adjusted


def monotone(values: Array) -> float:
    """Return Kendall's τ of ``values`` against their order; 0 if they are all the same."""
    if len(values) < 2 or np.ptp(values) == 0:
        return 0.0
    return float(stats.kendalltau(np.arange(len(values)), values).statistic)
