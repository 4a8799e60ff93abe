"""Overlap and its Lipschitz constants against closed forms (A2, A3, Eq. 7 to 9)."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from tfluck.analysis.lipschitz import LIMITS, layer_constants
from tfluck.analysis.overlap import Gram, overlap, pair_ratios
from tfluck.theory.kernels import gaussian_gram

SAMPLES = 200_000


def gaussian(inputs: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(SAMPLES, inputs))


@pytest.mark.parametrize("bias", [0.0, -0.5, -1.0, -1.5, -2.0])
def test_orthogonal_nodes_with_a_bias(bias: float) -> None:
    """ε_d = Φ(b) and ε_l = E[relu]²/E[relu²], independent nodes."""
    first = quad(lambda z: max(z + bias, 0) * norm.pdf(z), -bias, 12)[0]
    second = quad(lambda z: max(z + bias, 0) ** 2 * norm.pdf(z), -bias, 12)[0]
    found = overlap(Gram.of(np.maximum(gaussian(2) + bias, 0)))
    expected_d, expected_l = norm.cdf(bias), first**2 / second
    # Standard errors of P(both) and E[f f'] relative to the denominators.
    both = norm.cdf(bias) ** 2
    error_d = np.sqrt(both / SAMPLES) / norm.cdf(bias)
    error_l = np.sqrt(second**2 / SAMPLES) / second
    assert abs(found.eps_d.max - expected_d) < 6 * error_d
    assert abs(found.eps_l.max - expected_l) < 6 * error_l


def test_samples_agree_with_the_closed_form() -> None:
    kernel = np.random.default_rng(4).normal(size=(5, 6))
    exact, found = gaussian_gram(kernel), Gram.of(np.maximum(gaussian(5) @ kernel, 0))
    np.testing.assert_allclose(found.regions / SAMPLES, exact.regions, atol=6e-3)
    scale = np.sqrt(np.outer(np.diag(exact.sizes), np.diag(exact.sizes)))
    np.testing.assert_allclose(
        found.sizes / SAMPLES / scale, exact.sizes / scale, atol=2e-2
    )


@given(st.lists(st.floats(0.01, 100), min_size=6, max_size=6), st.floats(0.01, 100))
def test_scaling_inputs_changes_no_ratio(sizes: list[float], scale: float) -> None:
    kernel = np.random.default_rng(4).normal(size=(5, 6))
    one, other = (overlap(gaussian_gram(k)) for k in (kernel, scale * kernel))
    np.testing.assert_allclose(one.eps_l.max, other.eps_l.max, rtol=1e-9)
    sized = overlap(gaussian_gram(kernel * sizes))
    np.testing.assert_allclose(sized.eps_d.mean, one.eps_d.mean, rtol=1e-9)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_papers_own_teachers_violate_assumption_3(tf: Any, seed: int) -> None:
    """notes section 5: ε_d .505 and ε_l .335 on average in L0, not « 1, max .74."""
    from tfluck.networks import Network, build_teacher
    from tfluck.networks.folding import relu_net

    teacher = build_teacher(Network("fc", (20,), (50, 75), 100), seed)
    net = relu_net(teacher)
    low, high = (
        overlap(Gram.of(f)) for f in net.activations(10 * gaussian(20)[:10_000])[:-1]
    )
    assert low.eps_d.mean == pytest.approx(0.505, abs=0.01)
    assert low.eps_l.mean == pytest.approx(0.335, abs=0.01)
    assert low.eps_d.max == pytest.approx(0.74, abs=0.05)
    assert high.eps_d.median > 0.6 and high.eps_l.max > 1
    closed = overlap(gaussian_gram(net.layers[0].kernel))
    assert low.eps_d.mean == pytest.approx(closed.eps_d.mean, abs=0.01)


def test_parts_add_up_and_positions_are_samples() -> None:
    f = np.maximum(np.random.default_rng(5).normal(size=(8, 3, 3, 4)), 0)
    whole = Gram.of(f.reshape(-1, 4))
    parts = Gram.of(f[:3]) + Gram.of(f[3:])
    assert parts.count == whole.count == 72
    np.testing.assert_array_equal(parts.regions, whole.regions)
    np.testing.assert_allclose(parts.sizes, whole.sizes)


def test_dead_nodes_are_left_out_and_equal_nodes_overlap_fully() -> None:
    f = np.array([[1.0, 2.0, 0.0], [0.0, 0.0, 0.0], [3.0, 6.0, 0.0]])
    found = overlap(Gram.of(f))
    assert (found.nodes, found.live_nodes) == (3, 2)
    assert found.eps_d.max == 1 and found.probability.max == 2 / 3
    np.testing.assert_allclose(found.eps_l.max, 2), "l over the smaller diagonal"
    nobody = overlap(Gram.of(np.zeros((4, 2))))
    assert nobody.eps_d.max is None and nobody.live_nodes == 0


def test_ratios_are_symmetric_in_the_nodes() -> None:
    matrix = gaussian_gram(np.random.default_rng(6).normal(size=(4, 5))).sizes
    order = np.array([3, 1, 4, 0, 2])
    np.testing.assert_allclose(
        np.sort(pair_ratios(matrix)), np.sort(pair_ratios(matrix[np.ix_(order, order)]))
    )


#: notes/luck_matters.md section 5; K_d in closed form is (π/2) / (√2 (π − limit)).
TABLE = {45: (0.471, 0.760), 90: (0.7071, 1.794), 120: (1.06, 5.0), 135: (1.41, 10.4)}


@pytest.mark.parametrize("bias", [0.0, -1.0])
def test_measured_constants(bias: float) -> None:
    """At bias 0 the closed form; a negative bias costs a larger K."""
    x = gaussian(3)
    found = layer_constants(x, np.eye(3), np.full(3, bias), np.random.default_rng(0))
    assert [known.limit for known in found] == list(LIMITS)
    if bias == 0:
        for known in found[:2]:
            np.testing.assert_allclose(
                [known.k_d, known.k_l], TABLE[known.limit], rtol=0.03
            )
    else:
        # The small-rotation values at 90° are 2.3 and 3.6; larger turns cost more.
        assert found[1].k_d > (norm.pdf(bias) / norm.cdf(bias)) ** 2
        assert found[1].k_l > 3.6
    sizes = [known.k_l for known in found if known.k_l is not None]
    assert sizes == sorted(sizes), "a wider range needs no smaller constant"


def test_too_few_samples_give_no_constant() -> None:
    draw = np.random.default_rng(0)
    found = layer_constants(draw.normal(size=(50, 3)), np.eye(3), np.zeros(3), draw)
    assert all(known.planes == 0 and known.k_d is None for known in found)
    parallel = layer_constants(gaussian(1), np.ones((1, 2)), np.zeros(2), draw)
    assert parallel[0].planes == 0, "two parallel nodes span no plane"
