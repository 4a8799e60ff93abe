"""ψ_d and ψ_l by what must hold of any two Gaussian nodes, without integrating."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal, norm

from tfluck.analysis.overlap import overlap
from tfluck.theory.kernels import (
    angles_between,
    gaussian_gram,
    lipschitz_constant,
    psi_d,
    psi_l,
    unit_columns,
)

angle = st.floats(0.02, np.pi - 0.02)
bias = st.floats(-4, 4)
seeds = st.integers(0, 2**32 - 1)


def mean_relu(a: float) -> float:
    """E[σ(z + a)] of a standard normal z."""
    return a * norm.cdf(a) + norm.pdf(a)


@given(angle, bias, bias)
def test_on_with_another_or_without_it(t: float, a: float, b: float) -> None:
    """−w′ with −b is on exactly where w′ with b is off: the two add up to Φ(a)."""
    both = psi_d(t, a, b) + psi_d(np.pi - t, a, -b)
    np.testing.assert_allclose(both, norm.cdf(a), rtol=1e-10, atol=1e-14)


@given(angle, bias, bias)
def test_a_relu_less_its_mirror_image_is_linear(t: float, a: float, b: float) -> None:
    """σ(v) − σ(−v) = v, and E[σ(u) v] = b E[σ(u)] + ρ Φ(a) by Stein's lemma."""
    found = psi_l(t, a, b) - psi_l(np.pi - t, a, -b)
    exact = b * mean_relu(a) + np.cos(t) * norm.cdf(a)
    np.testing.assert_allclose(found, exact, rtol=1e-8, atol=1e-10)


@given(angle, bias, bias)
def test_neither_of_two_nodes_comes_first(t: float, a: float, b: float) -> None:
    np.testing.assert_allclose(psi_d(t, a, b), psi_d(t, b, a), rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(psi_l(t, a, b), psi_l(t, b, a), rtol=1e-9, atol=1e-13)


@settings(max_examples=30)
@given(angle, bias, bias)
def test_psi_d_is_the_bivariate_normal_distribution(
    t: float, a: float, b: float
) -> None:
    covariance = [[1, np.cos(t)], [np.cos(t), 1]]
    known = multivariate_normal([0, 0], covariance).cdf([a, b])
    np.testing.assert_allclose(psi_d(t, a, b), known, atol=2e-7)


@given(st.floats(0.05, np.pi - 0.05), bias, bias)
def test_prices_theorem_for_two_biases(t: float, a: float, b: float) -> None:
    """∂E[σσ′]/∂ρ = P(both on), and ∂P/∂ρ is the density at (−a, −b)."""
    h = 1e-5
    slope = (psi_l(t + h, a, b) - psi_l(t - h, a, b)) / (2 * h)
    np.testing.assert_allclose(slope, -np.sin(t) * psi_d(t, a, b), rtol=1e-5, atol=1e-8)
    q = (a * a - 2 * np.cos(t) * a * b + b * b) / np.sin(t) ** 2
    density = np.exp(-q / 2) / (2 * np.pi)
    steepness = (psi_d(t + h, a, b) - psi_d(t - h, a, b)) / (2 * h)
    np.testing.assert_allclose(steepness, -density, rtol=1e-4, atol=1e-8)


@given(angle, bias, bias)
def test_the_slope_over_a_bias(t: float, a: float, b: float) -> None:
    """∂ψ_l/∂b = E[σ(u) 1(v > 0)], whose own slope over a is ψ_d."""
    h = 1e-4
    mixed = (
        psi_l(t, a + h, b + h)
        - psi_l(t, a + h, b - h)
        - psi_l(t, a - h, b + h)
        + psi_l(t, a - h, b - h)
    ) / (4 * h * h)
    # Rounding of ψ_l, up to 16 here, is divided by 4e-8; the kink at 0.02 costs more.
    np.testing.assert_allclose(
        mixed, psi_d(t, a, b), atol=2e-5 + h / np.sin(t) ** 2 / 20
    )


@given(angle, bias, bias)
def test_bounds_that_hold_for_all(t: float, a: float, b: float) -> None:
    """Fréchet's for P(both on), Cauchy's and Schwarz's for E[σσ′]."""
    both = float(psi_d(t, a, b))
    one, two = norm.cdf(a), norm.cdf(b)
    assert max(0, one + two - 1) - 1e-12 <= both <= min(one, two) + 1e-12
    length = math.sqrt(float(psi_l(0, a)) * float(psi_l(0, b)))
    assert 0 <= float(psi_l(t, a, b)) <= length * (1 + 1e-9)
    if t >= np.pi / 2:
        assert both <= one * two + 1e-12, "Slepian: obtuse nodes avoid each other"
    else:
        assert both >= one * two - 1e-12


@given(st.lists(st.floats(0, np.pi), min_size=2, max_size=9), bias)
def test_overlaps_fall_with_the_angle(angles: list[float], a: float) -> None:
    t = np.sort(angles)
    for psi in (psi_d, psi_l):
        values = psi(t, a)
        assert np.all(np.diff(values) <= 1e-9), values
        np.testing.assert_array_equal(values, [float(psi(one, a)) for one in t])


def test_the_right_angle_is_independence() -> None:
    for a, b in ((0.0, 0.0), (-1.0, 0.5), (2.0, -3.0), (0.0, 1.5)):
        t = np.pi / 2
        assert float(psi_d(t, a, b)) == pytest.approx(norm.cdf(a) * norm.cdf(b))
        assert float(psi_l(t, a, b)) == pytest.approx(mean_relu(a) * mean_relu(b))


@pytest.mark.parametrize(
    ("a", "b"), [(-1.0, 0.5), (0.7, 2.0), (-2.0, -0.3), (1.5, -1.0)]
)
def test_parallel_and_opposite_nodes(a: float, b: float) -> None:
    """At 0 the smaller region lies in the larger; at π both are on in a strip."""
    assert float(psi_d(0, a, b)) == pytest.approx(norm.cdf(min(a, b)), rel=1e-9)
    strip = max(0.0, norm.cdf(b) - norm.cdf(-a))
    assert float(psi_d(np.pi, a, b)) == pytest.approx(strip, abs=1e-9)
    low = min(a, b)
    own = (1 + a * b) * norm.cdf(low) + (a + b) * norm.pdf(low) - low * norm.pdf(low)
    assert float(psi_l(0, a, b)) == pytest.approx(own, rel=1e-8)


def test_next_to_nothing_is_nothing() -> None:
    for t in (0.0, 0.4, 2.0, np.pi):
        for tiny in (1e-200, -1e-200, 5e-324):
            assert float(psi_d(t, tiny)) == float(psi_d(t))
            assert float(psi_l(t, tiny, -tiny)) == float(psi_l(t))
            assert float(psi_d(t, tiny, 1.0)) == float(psi_d(t, 0.0, 1.0))


@pytest.mark.parametrize("t", [1e-3, 1e-5, 1e-7])
def test_small_angles_keep_their_digits(t: float) -> None:
    """½ − ψ_d = t/2π; an angle that went through its cosine knows only half of them."""
    assert 0.5 - float(psi_d(t)) == pytest.approx(
        t / (2 * np.pi), rel=1e-7 / t * 1e-8 + 1e-9
    )
    near = norm.cdf(-1.0) - float(psi_d(t, -1.0))
    assert near == pytest.approx(
        t * np.exp(-0.5) / (2 * np.pi), rel=2e-7 / t * 1e-8 + t
    )
    assert float(psi_d(-t)) == pytest.approx(float(psi_d(t)), abs=1e-8)


def test_biases_broadcast_against_angles() -> None:
    t = np.linspace(0.1, 3, 4)[:, None]
    a, b = np.array([-1.0, 0.0, 2.0]), np.array([0.5, 0.0, 0.5])
    for psi in (psi_d, psi_l):
        found = psi(t, a, b)
        assert found.shape == (4, 3)
        for i in range(4):
            for j in range(3):
                alone = float(psi(float(t[i, 0]), float(a[j]), float(b[j])))
                assert found[i, j] == pytest.approx(alone, rel=1e-12)


@settings(max_examples=30)
@given(seeds, st.floats(0.1, 10))
def test_a_layer_node_by_node(seed: int, scale: float) -> None:
    """ψ of unit weights with b/|w|; l grows with both lengths, d with neither."""
    draw = np.random.default_rng(seed)
    kernel, own = scale * draw.normal(size=(3, 4)), draw.normal(size=4)
    found = gaussian_gram(kernel, own)
    for j in range(4):
        for k in range(4):
            sizes = math.dist(kernel[:, j], [0] * 3), math.dist(kernel[:, k], [0] * 3)
            cosine = float(kernel[:, j] @ kernel[:, k]) / sizes[0] / sizes[1]
            t = math.acos(max(-1.0, min(1.0, cosine))) if j != k else 0.0
            biases = own[j] / sizes[0], own[k] / sizes[1]
            d_jk = float(psi_d(t, *biases))
            assert found.regions[j, k] == pytest.approx(d_jk, rel=1e-7, abs=1e-14)
            l_jk = sizes[0] * sizes[1] * float(psi_l(t, *biases))
            assert found.sizes[j, k] == pytest.approx(l_jk, rel=1e-6, abs=1e-12)
    np.testing.assert_array_equal(found.sizes, found.sizes.T)
    np.testing.assert_array_equal(found.regions, found.regions.T)


@given(seeds)
def test_a_layer_of_gaussian_inputs_knows_no_directions(seed: int) -> None:
    draw = np.random.default_rng(seed)
    turn = np.linalg.qr(draw.normal(size=(4, 4)))[0]
    kernel, own = draw.normal(size=(4, 3)), draw.normal(size=3)
    one, other = (overlap(gaussian_gram(k, own)) for k in (kernel, turn @ kernel))
    assert one.eps_d.max == pytest.approx(other.eps_d.max, rel=1e-7)
    assert one.eps_l.mean == pytest.approx(other.eps_l.mean, rel=1e-7)


def test_one_bias_for_all_is_that_bias_for_each() -> None:
    kernel = np.random.default_rng(0).normal(size=(3, 4))
    one, other = gaussian_gram(kernel, -0.5), gaussian_gram(kernel, np.full(4, -0.5))
    np.testing.assert_array_equal(one.regions, other.regions)
    np.testing.assert_array_equal(one.sizes, other.sizes)
    assert not np.allclose(one.regions, gaussian_gram(kernel).regions)


def by_loops(psi: object, widest: float, turn: float, points: int) -> float:
    worst = 0.0
    for i in range(points):
        t = widest * i / (points - 1)
        for k in range(1, points // 2 + 1):
            by = turn * k / (points // 2)
            for sign in (-1, 1):
                change = abs(float(psi(t + sign * by)) - float(psi(t)))  # type: ignore[operator]
                chord = 2 * math.sin(by / 2)
                worst = max(worst, change / (float(psi(t)) * chord))  # type: ignore[operator]
    return worst


@pytest.mark.parametrize("psi", [psi_d, psi_l])
@pytest.mark.parametrize(("widest", "turn"), [(0.5, 1.0), (2.0, 0.1), (0.0, 0.3)])
def test_the_smallest_constant_by_loops(
    psi: object, widest: float, turn: float
) -> None:
    found = lipschitz_constant(psi, widest, turn, 12)  # type: ignore[arg-type]
    assert found == pytest.approx(by_loops(psi, widest, turn, 12), rel=1e-12)


@given(st.floats(0, 2.5), st.floats(0, 0.5), st.floats(0.01, 1.0), st.floats(0, 0.5))
def test_a_wider_range_needs_no_smaller_constant(
    widest: float, wider: float, turn: float, more: float
) -> None:
    """In closed form for ψ_d: a straight line over its value at the far end."""

    def exact(t: float, by: float) -> float:
        return by / ((np.pi - t) * 2 * np.sin(by / 2))

    for t, by in ((widest, turn), (widest + wider, turn + more)):
        # Beyond π the angle folds, and the other direction counts.
        found = lipschitz_constant(psi_d, t, by)
        assert found == pytest.approx(exact(t, by), rel=1e-9)


def test_no_constant_where_psi_vanishes() -> None:
    assert lipschitz_constant(psi_d, np.pi, 0.1) == np.inf
    assert lipschitz_constant(psi_l, np.pi, 0.1) > 1e9, "but for rounding"
    assert lipschitz_constant(lambda t: psi_d(t, 1.0), np.pi, 0.1) < np.inf, (
        "with biases above 0 opposite nodes share a strip"
    )


@given(seeds, st.floats(1e-3, 1e3))
def test_columns_become_unit_and_keep_their_direction(seed: int, scale: float) -> None:
    w = np.random.default_rng(seed).normal(size=(3, 4))
    found = unit_columns(scale * w)
    np.testing.assert_allclose(found, unit_columns(w), rtol=1e-9)
    for column, unit in zip(w.T, found.T, strict=True):
        np.testing.assert_allclose(unit * math.hypot(*column), column, rtol=1e-12)


def test_angles_are_between_columns_and_never_nan() -> None:
    left = unit_columns([[1.0, 1.0, 0.0], [0.0, 1.0, 2.0]])
    right = unit_columns([[1.0, -1.0], [0.0, 0.0]])
    expected = np.deg2rad([[0, 180], [45, 135], [90, 90]])
    np.testing.assert_allclose(angles_between(left, right), expected, atol=1e-7)
    # A cosine that rounding carries above 1 is an angle of 0.
    long = np.array([[1.0 + 1e-9]])
    assert angles_between(long, long)[0, 0] == 0
    assert angles_between(long, -long)[0, 0] == np.pi
