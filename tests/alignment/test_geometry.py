"""Angles between vectors: exact cases, accuracy at both ends, sizes that are refused."""

import math
from fractions import Fraction as F

import numpy as np
import pytest
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st

from tfluck.alignment.geometry import (
    _SERIES_BELOW,
    MOST_PAIRS,
    Angles,
    angles_between,
    checked_size,
    directions,
    kernel,
    norms,
)
from tfluck.angular.engine import precision
from tfluck.foundations.errors import BadInput

few = settings(max_examples=30)
seeds = st.integers(0, 2**32 - 1)


def test_lengths_and_directions() -> None:
    rows = np.array([[3.0, 4.0], [0.0, 0.0], [-2.0, 0.0]])
    assert norms(rows).tolist() == [5, 0, 2]
    assert directions(rows).tolist() == [[0.6, 0.8], [0, 0], [-1, 0]]
    assert norms(np.array([[1.0, 2.0, 2.0]])).tolist() == [3]


@pytest.mark.parametrize("d", [2, 3, 5])
def test_right_flat_and_sixty_degree_angles(d: int) -> None:
    e = np.eye(2, d)
    sixty = (e[0] + math.sqrt(3) * e[1])[None]
    found = angles_between(np.vstack([e, -e, sixty]), e[:1])
    expected = [0, math.pi / 2, math.pi, math.pi / 2, math.pi / 3]
    np.testing.assert_allclose(found.angle[:, 0], expected, atol=1e-15)
    np.testing.assert_allclose(
        found.supplement[:, 0], math.pi - np.array(expected), atol=1e-15
    )
    np.testing.assert_allclose(
        found.sine[:, 0], [0, 1, 0, 1, math.sqrt(3) / 2], atol=1e-15
    )


@pytest.mark.parametrize("d", [1, 2, 3])
def test_equal_and_opposite_rows_are_exactly_so(d: int) -> None:
    rows = np.random.default_rng(d).standard_normal((5, d))
    same, other = angles_between(rows, rows), angles_between(rows, -rows)
    if d != 2:
        assert np.diag(same.angle).tolist() == [0] * 5
    np.testing.assert_allclose(np.diag(same.angle), 0, atol=1e-16)
    np.testing.assert_allclose(np.diag(other.supplement), 0, atol=1e-16)
    np.testing.assert_allclose(np.diag(other.angle), math.pi, atol=1e-15)
    np.testing.assert_allclose(np.diag(same.supplement), math.pi, atol=1e-15)


@few
@given(
    exponent=st.floats(-12, -1), opposite=st.booleans(), d=st.sampled_from([2, 3, 6])
)
def test_tiny_angles_keep_their_digits(exponent: float, opposite: bool, d: int) -> None:
    tiny = 10.0**exponent
    u, v = np.eye(2, d)
    turned = math.cos(tiny) * u + math.sin(tiny) * v
    found = angles_between(u[None], (-turned if opposite else turned)[None])
    near = found.supplement if opposite else found.angle
    assert near[0, 0] == pytest.approx(tiny, rel=1e-10, abs=3e-16)
    assert found.sine[0, 0] == pytest.approx(math.sin(tiny), rel=1e-10, abs=3e-16)


@few
@given(seed=seeds, d=st.integers(1, 6), left=st.floats(1e-6, 1e6))
def test_lengths_do_not_matter_and_angles_add_to_pi(
    seed: int, d: int, left: float
) -> None:
    random = np.random.default_rng(seed)
    u, v = random.standard_normal((3, d)), random.standard_normal((2, d))
    found, scaled = angles_between(u, v), angles_between(left * u, v / left)
    np.testing.assert_allclose(found.angle, scaled.angle, atol=1e-14)
    np.testing.assert_allclose(found.angle + found.supplement, math.pi, atol=1e-14)
    np.testing.assert_allclose(found.sine, np.sin(found.angle), atol=1e-14)
    swapped = angles_between(v, u)
    np.testing.assert_allclose(swapped.angle, found.angle.T, atol=1e-15)
    flipped = angles_between(u, -v)
    np.testing.assert_allclose(flipped.angle, found.supplement, atol=1e-14)
    cosine = directions(u) @ directions(v).T
    np.testing.assert_allclose(np.cos(found.angle), cosine, atol=1e-14)
    assert found.angle.shape == (3, 2)


def exact_kernel(e: float) -> arb:
    """Return sin e − e cos e, e the supplement."""
    x = arb(e)
    return x.sin() - x * x.cos()


def of_supplement(e: float) -> float:
    there = Angles(np.array(math.pi - e), np.array(e), np.array(math.sin(e)))
    return float(kernel(there))


@pytest.mark.parametrize(
    "e",
    [
        1e-8,
        1e-3,
        0.1,
        0.29,
        math.nextafter(_SERIES_BELOW, 0),
        0.3,
        0.5,
        1.0,
        2.5,
        math.pi,
    ],
)
def test_the_kernel_has_all_its_digits_on_both_sides_of_the_series(e: float) -> None:
    with precision(200):
        exact = exact_kernel(e)
        error = abs(arb(of_supplement(e)) / exact - 1)
        # The closed formula loses a few where the series ends: 3/e² units.
        units = 3 if e < _SERIES_BELOW else 2 + 6 / e**2
        assert error < units * 2.0**-52


def test_the_series_is_that_of_sine_minus_cosine() -> None:
    # Σ (−1)^{n+1} 2n/(2n + 1)! e^{2n+1}.
    coefficients = [
        F((-1) ** (n + 1) * 2 * n, math.factorial(2 * n + 1)) for n in range(1, 6)
    ]
    assert coefficients == [F(1, 3), F(-1, 30), F(1, 840), F(-1, 45360), F(1, 3991680)]
    e = 0.05
    series = sum(float(c) * e ** (2 * n + 3) for n, c in enumerate(coefficients))
    assert of_supplement(e) == pytest.approx(series, rel=1e-15)


def test_known_values_of_the_kernel() -> None:
    # f(0) = π, f(π/2) = 1, f(π) = 0, f(1) = sin 1 + (π − 1) cos 1.
    assert of_supplement(math.pi) == pytest.approx(math.pi, rel=1e-15)
    assert of_supplement(math.pi / 2) == pytest.approx(1, rel=1e-15)
    assert of_supplement(0.0) == 0
    assert of_supplement(math.pi - 1) == pytest.approx(
        math.sin(1) + (math.pi - 1) * math.cos(1), rel=1e-14
    )


@pytest.mark.parametrize(
    ("neurons", "dimension", "most"),
    [
        (3163, 2, 3162),
        (3163, 1, 3162),
        (1826, 3, 1825),
        (101, 1000, 100),
        (10, 10**6, 3),
    ],
)
def test_too_many_pairs_are_refused_and_told_how_many_fit(
    neurons: int, dimension: int, most: int
) -> None:
    with pytest.raises(BadInput) as caught:
        checked_size(neurons, dimension)
    assert str(caught.value) == (
        f"{neurons} neurons in dimension {dimension} are too many: all pairs of them are "
        f"held in memory; at most {most} fit."
    )
    checked_size(most, dimension)
    assert MOST_PAIRS == 10**7
