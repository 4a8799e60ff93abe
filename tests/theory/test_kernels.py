"""ψ_d and ψ_l against quadrature, sampling and Price's theorem (Eq. 7)."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from tfluck.analysis.lipschitz import angles, smallest_constant
from tfluck.analysis.overlap import Gram, overlap
from tfluck.theory.kernels import (
    gaussian_gram,
    lipschitz_constant,
    psi_d,
    psi_l,
    unit_columns,
)

angle = st.floats(0.05, np.pi - 0.05)
bias = st.floats(-3, 3)


def by_quadrature(t: float, a: float, b: float) -> tuple[float, float]:
    """Integrate over the first pre-activation; the second is normal given it."""
    sine, cosine = np.sin(t), np.cos(t)

    def given(z: float) -> tuple[float, float]:
        mean = cosine * z + b
        chance = norm.cdf(mean / sine)
        return chance, mean * chance + sine * norm.pdf(mean / sine)

    low = -a
    both = quad(lambda z: norm.pdf(z) * given(z)[0], low, 12, epsabs=1e-13, limit=200)
    size = quad(
        lambda z: (z + a) * norm.pdf(z) * given(z)[1], low, 12, epsabs=1e-13, limit=200
    )
    return both[0], size[0]


@settings(max_examples=30)
@given(angle, bias, bias)
def test_two_biases(t: float, a: float, b: float) -> None:
    both, size = by_quadrature(t, a, b)
    np.testing.assert_allclose(psi_d(t, a, b), both, rtol=1e-8, atol=1e-11)
    np.testing.assert_allclose(psi_l(t, a, b), size, rtol=1e-8, atol=1e-11)


@given(st.floats(0, np.pi), bias)
def test_one_bias_is_two_equal_ones(t: float, a: float) -> None:
    assume(t > 1e-3)
    np.testing.assert_allclose(psi_d(t, a), psi_d(t, a, a), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(psi_l(t, a), psi_l(t, a, a), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("a", "b"), [(0.0, -1.0), (0.0, 1.0), (-1.0, 0.0), (0.0, 0.0)])
def test_a_bias_of_zero(a: float, b: float) -> None:
    for t in (0.3, np.pi / 2, 2.5):
        both, size = by_quadrature(t, a, b)
        np.testing.assert_allclose(psi_d(t, a, b), both, atol=1e-12)
        np.testing.assert_allclose(psi_l(t, a, b), size, atol=1e-12)


@given(angle, bias)
def test_prices_theorem(t: float, a: float) -> None:
    """∂E[ff′]/∂ρ = E[gates]: the slope of ψ_l over the angle is −sin t ψ_d."""
    step = 1e-5
    slope = (psi_l(t + step, a) - psi_l(t - step, a)) / (2 * step)
    np.testing.assert_allclose(slope, -np.sin(t) * psi_d(t, a), rtol=1e-6, atol=1e-9)


@given(st.floats(-8, 8), bias)
def test_angles_fold(t: float, a: float) -> None:
    for psi in (psi_d, psi_l):
        np.testing.assert_allclose(psi(t, a), psi(-t, a), rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(
            psi(t + 2 * np.pi, a), psi(t, a), rtol=1e-6, atol=1e-9
        )


def test_the_ends() -> None:
    for a in (-2.0, 0.0, 1.5):
        np.testing.assert_allclose(psi_d(0, a), norm.cdf(a), rtol=1e-12)
        own = (1 + a * a) * norm.cdf(a) + a * norm.pdf(a)
        np.testing.assert_allclose(psi_l(0, a), own, rtol=1e-12)
        np.testing.assert_allclose(
            psi_d(np.pi, a), max(0, 2 * norm.cdf(a) - 1), atol=1e-12
        )


def test_a_layer_with_biases_against_samples() -> None:
    draw = np.random.default_rng(3)
    kernel, own = draw.normal(size=(4, 5)), draw.normal(size=5)
    x = draw.normal(size=(400_000, 4))
    seen, exact = Gram.of(np.maximum(x @ kernel + own, 0)), gaussian_gram(kernel, own)
    np.testing.assert_allclose(seen.regions / len(x), exact.regions, atol=4e-3)
    np.testing.assert_allclose(seen.sizes / len(x), exact.sizes, rtol=3e-2, atol=2e-2)


def test_the_notes_figures_of_orthogonal_nodes() -> None:
    found = overlap(gaussian_gram(np.eye(7)))
    assert found.eps_d.max == found.eps_d.median == 0.5
    np.testing.assert_allclose(found.eps_l.mean, 1 / np.pi)
    assert found.probability.max == 0.5
    for b in (-0.5, -1.0, -3.0):
        np.testing.assert_allclose(
            overlap(gaussian_gram(np.eye(3), b)).eps_d.max, norm.cdf(b), rtol=1e-10
        )


#: notes section 5; K_d in closed form is (π/2) / (√2 (π − limit)).
TABLE = {45: (0.471, 0.760), 90: (0.7071, 1.794), 120: (1.06, 5.0), 135: (1.41, 10.4)}


@pytest.mark.parametrize("limit", TABLE)
def test_constants_of_gaussian_inputs(limit: int) -> None:
    k_d = smallest_constant(psi_d(angles(limit)), limit)
    k_l = smallest_constant(psi_l(angles(limit)), limit)
    exact = (np.pi / 2) / (np.sqrt(2) * (np.pi - np.deg2rad(limit)))
    np.testing.assert_allclose(k_d, exact, rtol=1e-12)
    np.testing.assert_allclose([k_d, k_l], TABLE[limit], rtol=6e-3)
    widest, quarter = np.deg2rad(limit), np.pi / 2
    np.testing.assert_allclose(
        lipschitz_constant(psi_d, widest, quarter), k_d, rtol=1e-9
    )
    np.testing.assert_allclose(
        lipschitz_constant(psi_l, widest, quarter), k_l, rtol=2e-3
    )


def test_no_constant_reaches_the_opposite_direction() -> None:
    assert smallest_constant(psi_l(angles(180)), 180) is None


def test_columns_become_unit() -> None:
    w = unit_columns(np.random.default_rng(0).normal(size=(3, 4)))
    np.testing.assert_allclose(np.linalg.norm(w, axis=0), 1)
