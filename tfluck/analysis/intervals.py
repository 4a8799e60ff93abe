"""Means, shares and medians with their 95 % intervals."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, bootstrap, quantile_test, t

Array = NDArray[np.float64]


class Interval(NamedTuple):
    """A mean and its 95 % interval; no interval where one value cannot tell."""

    value: float
    low: float | None
    high: float | None


def mean_interval(values: Array, draw: np.random.Generator) -> Interval:
    """Return the mean of ``values`` and its 95 % bootstrap interval (BCa)."""
    mean = float(values.mean())
    if len(values) < 2:
        return Interval(mean, None, None)
    if np.ptp(values) == 0:
        return Interval(mean, mean, mean)
    found = bootstrap((values,), np.mean, n_resamples=2000, rng=draw, batch=500)
    low, high = found.confidence_interval
    return Interval(mean, float(low), float(high))


def proportion(hits: int, count: int) -> Interval:
    """Return ``hits`` of ``count`` as a share, with Wilson's interval."""
    found = binomtest(hits, count).proportion_ci(method="wilson")
    return Interval(hits / count, float(found.low), float(found.high))


def median(values: Array) -> Interval:
    """Return the median with the binomial interval of order statistics.

    An end is None where too few values tell.
    """
    found = quantile_test(values, q=0, p=0.5).confidence_interval(0.95)
    low, high = (
        float(end) if np.isfinite(end) else None for end in (found.low, found.high)
    )
    return Interval(float(np.median(values)), low, high)


def t_interval(values: Sequence[float]) -> Interval:
    """Return the mean with Student's interval; no interval for a single value."""
    mean = float(np.mean(values))
    if len(values) < 2:
        return Interval(mean, None, None)
    # SciPy's own divides by a spread of zero.
    error = float(np.std(values, ddof=1) / np.sqrt(len(values)))
    reach = float(t.ppf(0.975, len(values) - 1)) * error
    return Interval(mean, mean - reach, mean + reach)
