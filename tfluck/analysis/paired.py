"""Two treatments of the same subjects: the mean difference, its interval, its chance."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy.stats import permutation_test, ttest_1samp

CONFIDENCE = 0.95
#: Sign patterns that are tried one by one; beyond, so many are drawn.
PATTERNS = 4096


@dataclass(frozen=True)
class Paired:
    """The mean of differences d over subjects that have both treatments.

    Attributes:
        pairs: how many subjects.
        difference: mean of d; None without any.
        interval: its 95 % interval of Student's t; None below two pairs.
        p_value: of the t test that d has mean 0; None where d never varies.
        p_exact: share of all 2ⁿ ways to turn the signs of d whose mean is at least as
            far from 0. With n pairs it is never below 2 · 2⁻ⁿ: five students cannot
            reach 0.05.
    """

    pairs: int
    difference: float | None
    interval: tuple[float, float] | None
    p_value: float | None
    p_exact: float | None

    def to_row(self) -> dict[str, Any]:
        """Return the fields as a plain dict, in order."""
        return asdict(self)


def paired(ones: Sequence[float | None], others: Sequence[float | None]) -> Paired:
    """Compare ``ones`` with ``others``, subject by subject; d = one − other.

    A subject that lacks a finite number in either is left out.
    """
    both = np.array(
        [(np.nan if a is None else a, np.nan if b is None else b)
         for a, b in zip(ones, others, strict=True)],
        np.float64,
    ).reshape(-1, 2)  # fmt: skip
    d = (both[:, 0] - both[:, 1])[np.isfinite(both).all(axis=1)]
    if not len(d):
        return Paired(0, None, None, None, None)
    mean = float(d.mean())
    if len(d) < 2:
        return Paired(1, mean, None, None, None)
    if np.ptp(d) == 0:
        return Paired(len(d), mean, (mean, mean), None, _exact(d))
    test = ttest_1samp(d, 0.0)
    low, high = test.confidence_interval(CONFIDENCE)
    return Paired(
        len(d), mean, (float(low), float(high)), float(test.pvalue), _exact(d)
    )


def _exact(d: np.ndarray) -> float:
    found = permutation_test(
        (d,),
        lambda x, axis: x.mean(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=PATTERNS,
        rng=np.random.default_rng(0),
    )
    return float(found.pvalue)
