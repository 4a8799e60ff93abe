"""Paired differences against textbook formulas and enumeration."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfluck.analysis.paired import paired

values = st.lists(st.floats(-5, 5, width=16), min_size=2, max_size=6)


@given(values)
def test_the_exact_share_counts_all_signs(d: list[float]) -> None:
    found = paired(d, [0.0] * len(d))
    means = [
        abs(np.mean(np.multiply(signs, d)))
        for signs in itertools.product((1, -1), repeat=len(d))
    ]
    # Means that are equal in exact arithmetic may differ in the last place.
    near = abs(np.mean(d)) * (1 - 1e-12)
    wanted = np.mean([mean >= near - 1e-13 for mean in means])
    assert found.p_exact == pytest.approx(min(1.0, wanted), abs=1e-12)


def test_student_s_interval_by_hand() -> None:
    """d = 1 … 5: mean 3, deviation √2.5, t₀.₉₇₅ with 4 degrees 2.776445."""
    found = paired([2, 3, 4, 5, 6], [1, 1, 1, 1, 1])
    half = 2.7764451 * math.sqrt(2.5 / 5)
    assert found.interval == pytest.approx((3 - half, 3 + half), rel=1e-7)
    assert found.p_value == pytest.approx(0.0132356, rel=1e-5)
    assert found.p_exact == 2 / 32 and found.pairs == 5


def test_who_lacks_a_number_is_left_out() -> None:
    found = paired([1.0, None, 3.0, math.nan], [0.0, 0.0, 0.0, 0.0])
    assert found.pairs == 2 and found.difference == 2


def test_little_is_said_of_little() -> None:
    one = paired([2.0], [1.0])
    assert (one.pairs, one.difference, one.interval, one.p_value) == (1, 1, None, None)
    assert paired([None], [1.0]).difference is None
    same = paired([1.0, 1.0], [0.5, 0.5])
    assert same.interval == (0.5, 0.5) and same.p_value is None
