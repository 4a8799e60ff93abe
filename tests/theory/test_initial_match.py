"""The closed form of the best initial correlation against simulated layers."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from tfluck.analysis import best_match, correlation
from tfluck.foundations.errors import BadInput
from tfluck.theory.initial_match import (
    closed_form,
    expected_best,
    initial_best,
    isotropic_best,
    layer_correlation,
    random_students,
    relu_correlation,
    relu_mean,
    relu_variance,
)

bias = st.floats(-2.5, 2.5)


@given(bias)
def test_one_nodes_moments(a: float) -> None:
    def moment(power: int) -> float:
        return quad(lambda z: norm.pdf(z) * max(z + a, 0) ** power, -a, 14)[0]

    assert relu_mean(a) == pytest.approx(moment(1), rel=1e-7, abs=1e-10)
    variance = moment(2) - moment(1) ** 2
    assert relu_variance(a) == pytest.approx(variance, rel=1e-6, abs=1e-10)


def test_without_biases_it_is_the_arc_cosine_kernels() -> None:
    t = np.linspace(0, np.pi, 50)
    expected = (np.sin(t) + (np.pi - t) * np.cos(t) - 1) / (np.pi - 1)
    np.testing.assert_allclose(relu_correlation(t), expected, atol=1e-14)
    assert relu_correlation(0.0) == 1


@given(bias)
def test_a_node_correlates_fully_with_itself(a: float) -> None:
    assert relu_correlation(0.0, a, a) == pytest.approx(1, abs=1e-9)


@settings(max_examples=15)
@given(st.floats(0.1, 3.0), bias, bias)
def test_any_two_nodes_against_quadrature(t: float, a: float, b: float) -> None:
    """Integrate over the first pre-activation; the second is normal given it."""
    sine, cosine = np.sin(t), np.cos(t)

    def product(z: float) -> float:
        mean = cosine * z + b
        given = mean * norm.cdf(mean / sine) + sine * norm.pdf(mean / sine)
        return (z + a) * norm.pdf(z) * given

    both = quad(product, -a, 14, epsabs=1e-13, limit=200)[0]
    rho = (both - relu_mean(a) * relu_mean(b)) / np.sqrt(
        relu_variance(a) * relu_variance(b)
    )
    assert relu_correlation(t, a, b) == pytest.approx(float(rho), abs=1e-6)


def test_a_dead_node_correlates_with_nobody() -> None:
    assert relu_correlation(0.3, -40.0, 0.0) == 0
    with pytest.raises(BadInput, match="without weights"):
        layer_correlation((np.zeros((3, 1)), [0.0]), (np.ones((3, 1)), [0.0]))


def simulated(
    inputs: int, n: int, m: int, seed: int, deviations: Any = 1.0, samples: int = 20_000
) -> tuple[Any, np.ndarray, np.ndarray]:
    """Return a teacher layer, its students' closed-form ρ and the measured one."""
    draw = np.random.default_rng(seed)
    kernel = draw.choice([-0.5, -0.25, 0, 0.25, 0.5], (inputs, m))
    kernel[0] += 0.1
    teacher = kernel, draw.uniform(-0.5, 0.5, m)
    student = random_students(inputs, n, draw)
    x = draw.standard_normal((samples, inputs)) * deviations
    f, h = (np.maximum(x @ w + b, 0) for w, b in (teacher, student))
    return teacher, layer_correlation(teacher, student, deviations), correlation(f, h)


@pytest.mark.parametrize("deviations", [1.0, "spread"])
def test_every_pair_of_a_layer(deviations: Any) -> None:
    if deviations == "spread":
        deviations = np.array([3.0, 2.0, 1.0, 0.5, 0.2])
    _, closed, measured = simulated(5, 80, 10, 0, deviations, 100_000)
    off = np.abs(closed - measured)
    assert off.max() < 5 / np.sqrt(100_000), "five standard errors of a correlation"
    assert closed.min() < -0.3 and closed.max() > 0.8


def agrees(inputs: int, n: int, m: int, seed: int, samples: int = 20_000) -> None:
    """The mean over teacher nodes is within four standard errors of its expectation."""
    teacher, _, measured = simulated(inputs, n, m, seed, samples=samples)
    best = best_match(measured).rho.mean()
    found = initial_best(teacher, [n], np.random.default_rng(seed + 1))
    error = float(found.deviation[0])
    assert error < 0.03, "small enough to tell"
    assert abs(best - found.mean[0].mean()) < 4 * error


@pytest.mark.parametrize(("inputs", "n"), [(5, 50), (20, 300), (5, 1000)])
def test_the_best_of_random_students(inputs: int, n: int) -> None:
    agrees(inputs, n, 20, seed=inputs + n)


@pytest.mark.slow
@pytest.mark.parametrize("inputs", [5, 10, 20, 50, 100])
@pytest.mark.parametrize("n", [50, 200, 500, 1000, 2000])
def test_the_best_of_random_students_on_the_grid(inputs: int, n: int) -> None:
    agrees(inputs, n, 40, seed=inputs * n, samples=50_000)


@settings(max_examples=20)
@given(st.integers(1, 6), st.integers(0, 1000))
def test_the_best_of_subsets_is_brute_force(n: int, seed: int) -> None:
    from itertools import combinations

    values = np.random.default_rng(seed).standard_normal(7)
    tops = [max(chosen) for chosen in combinations(values, n)]
    found = expected_best(values, n)
    assert found.mean == pytest.approx(np.mean(tops), abs=1e-12)
    assert found.deviation == pytest.approx(np.std(tops), abs=1e-7)


def test_the_deviation_is_that_of_many_layers() -> None:
    """Also where two teacher nodes are nearly one, and always get the same best student."""
    draw = np.random.default_rng(5)
    kernel = draw.standard_normal((4, 3))
    kernel[:, 2] = kernel[:, 1] + 0.01
    teacher = kernel, np.zeros(3)
    found = initial_best(teacher, [20], np.random.default_rng(6))
    means = [
        layer_correlation(teacher, random_students(4, 20, draw)).max(axis=1).mean()
        for _ in range(600)
    ]
    assert found.mean[0].mean() == pytest.approx(np.mean(means), abs=0.02)
    assert found.deviation[0] == pytest.approx(np.std(means), rel=0.15)


def test_the_closed_form_sits_beside_what_was_measured() -> None:
    teacher, _, measured = simulated(8, 60, 12, 7)
    rho = np.stack([measured, simulated(8, 60, 12, 7)[2]])
    found = closed_form(teacher, rho, np.random.default_rng(8))
    assert found.counts[0] == 1 and found.counts[-1] == 60
    assert found.measured[-1] == pytest.approx(measured.max(axis=1).mean())
    assert found.measured[0] == pytest.approx(measured.mean())
    assert abs(found.z) < 4 and (np.diff(found.expected) > 0).all()
    z = (found.measured[-1] - found.expected[-1]) / found.deviation[-1]
    assert found.z == pytest.approx(z)
    single = closed_form(teacher, rho[:1], np.random.default_rng(8))
    ratio = single.deviation[-1] / found.deviation[-1]
    assert ratio == pytest.approx(np.sqrt(2)), "two students halve the variance"
    assert found.to_row()["counts"] == list(found.counts)


def test_more_students_are_more_tickets() -> None:
    teacher = simulated(10, 5, 8, 3)[0]
    counts = [1, 10, 50, 500, 2000]
    means = initial_best(teacher, counts, np.random.default_rng(0)).mean
    assert means.shape == (5, 8) and (np.diff(means, axis=0) > 0).all()
    with pytest.raises(BadInput, match="best of 9 cannot be told from 8"):
        expected_best(np.ones(8), 9)


@pytest.mark.parametrize(("inputs", "n"), [(2, 30), (5, 100), (30, 1000)])
def test_uniform_directions_need_no_draw(inputs: int, n: int) -> None:
    """Gaussian weights without biases are uniform in direction."""
    draw = np.random.default_rng(inputs)
    v = draw.standard_normal((inputs, 100_000))
    v /= np.linalg.norm(v, axis=0)
    rho = relu_correlation(np.arccos(v[0].clip(-1, 1)))
    found = expected_best(rho, n)
    error = float(found.deviation) * np.sqrt(n / 100_000)
    assert abs(isotropic_best(n, inputs) - found.mean) < 4 * error


def test_in_the_plane_the_best_of_one_is_the_mean() -> None:
    mean = quad(lambda t: float(relu_correlation(t)) / np.pi, 0, np.pi)[0]
    assert isotropic_best(1, 2) == pytest.approx(mean, abs=1e-8)
    with pytest.raises(BadInput, match="1 inputs"):
        isotropic_best(5, 1)
