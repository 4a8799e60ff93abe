"""Errors and cosines are those of two vectors in a plane, and the worst is of both."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tfluck.theory.agreement import Agreement, worst

seeds = st.integers(0, 2**32 - 1)


@given(seeds, st.integers(1, 9), st.floats(-3, 3))
def test_a_multiple_of_the_truth(seed: int, size: int, factor: float) -> None:
    true = np.random.default_rng(seed).normal(size=size)
    assume(abs(factor) > 1e-6)
    found = Agreement.of(factor * true, true)
    assert found.error == pytest.approx(abs(factor - 1), rel=1e-9, abs=1e-12)
    assert found.cosine == pytest.approx(np.sign(factor), rel=1e-12)


@given(seeds, st.floats(0.01, 100))
def test_the_law_of_cosines(seed: int, size: float) -> None:
    """error² = r² + 1 − 2 r cos, r the ratio of lengths: both numbers tell one triangle."""
    draw = np.random.default_rng(seed)
    true, found = draw.normal(size=(2, 3, 4))
    found = size * found
    both = Agreement.of(found, true)
    ratio = np.linalg.norm(found) / np.linalg.norm(true)
    expected = ratio**2 + 1 - 2 * ratio * both.cosine
    assert both.error**2 == pytest.approx(expected, rel=1e-9, abs=1e-12)


@given(seeds)
def test_a_rotation_of_both_changes_nothing(seed: int) -> None:
    draw = np.random.default_rng(seed)
    turn = np.linalg.qr(draw.normal(size=(5, 5)))[0]
    true, found = draw.normal(size=(2, 5))
    one, other = Agreement.of(found, true), Agreement.of(turn @ found, turn @ true)
    assert (one.error, one.cosine) == pytest.approx((other.error, other.cosine))


def test_orthogonal_vectors_of_one_length() -> None:
    found = Agreement.of(np.array([0.0, 2.0]), np.array([2.0, 0.0]))
    assert found.error == pytest.approx(np.sqrt(2)) and found.cosine == 0


def test_who_is_compared_with_whom() -> None:
    """The error is relative to the second, the truth; the cosine is of both alike."""
    one, three = np.ones(4), 3 * np.ones(4)
    assert Agreement.of(three, one).error == pytest.approx(2)
    assert Agreement.of(one, three).error == pytest.approx(2 / 3)


def test_the_worst_error_and_the_worst_cosine_may_be_of_two_members() -> None:
    both = [Agreement(0.5, 0.99), Agreement(0.1, 0.2), Agreement(0.2, 0.7)]
    assert worst(iter(both)) == Agreement(0.5, 0.2)
    assert worst(both[2:]) == both[2]
