"""ρ is the same at every scale of the activations, and rounding is no change."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfluck.analysis import Moments, correlation, live_nodes
from tfluck.analysis.correlation import centre, deviations

X = np.maximum(np.random.default_rng(0).normal(size=(1000, 6)), 0)
Y = X @ np.random.default_rng(1).normal(size=(6, 9))


@given(st.floats(-12, 12), st.floats(-12, 12))
def test_a_layer_is_itself_at_any_scale(ours: float, theirs: float) -> None:
    rho = correlation(X * 10**ours, X * 10**theirs)
    np.testing.assert_allclose(np.diag(rho), 1, atol=1e-12)
    np.testing.assert_allclose(rho, np.corrcoef(X.T), atol=1e-12)
    assert live_nodes(X * 10**ours).all()


@given(st.floats(-12, 12))
def test_an_offset_costs_only_its_own_digits(scale: float) -> None:
    rho = correlation((X + 1000) * 10**scale, Y * 10**scale)
    np.testing.assert_allclose(rho, correlation(X, Y), atol=1e-9)


def test_an_outlier_in_front_costs_nothing() -> None:
    x = np.concatenate([np.full((1, 6), 1e9), X * 1e3, np.full((1, 6), -1e9)])
    np.testing.assert_allclose(np.diag(correlation(x, x)), 1, atol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1e-30, 1e-7, 0.3, 1e12])
def test_rounding_of_a_constant_is_no_life(dtype: type, size: float) -> None:
    """A saturated node flickers by a unit in the last place."""
    value = dtype(size)
    other = np.nextafter(value, dtype(np.inf))
    flicker = np.where(np.arange(1000) % 3, value, other)[:, None]
    assert not live_nodes(flicker).any()
    assert not correlation(flicker, np.abs(flicker)).any()
    one_in_a_thousand = (1 + 1e-3 * X).astype(dtype) * dtype(size)
    assert live_nodes(one_in_a_thousand).all()


def test_it_is_never_beyond_one() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=(50, 40))
    copies = x[:, :1] * rng.normal(size=200)
    rho = correlation(x[:, :1], copies)
    assert np.abs(rho).max() <= 1 and np.abs(rho).min() > 1 - 1e-12


def test_the_originals_epsilon_can_be_had() -> None:
    rho = correlation(1e-7 * X, 1e-7 * X, epsilon=1e-10)
    squares = np.square(1e-7 * (X - X.mean(0))).sum(0)
    np.testing.assert_allclose(np.diag(rho), squares / (squares + 1e-10), rtol=1e-9)


@given(st.integers(1, 999), st.floats(-12, 12))
def test_streamed_moments_need_no_good_centre(cut: int, scale: float) -> None:
    x, y = X * 10**scale, Y * 10**scale
    around = centre(x[:cut]), centre(y[:cut])
    parts = [
        Moments.of(
            *(deviations(a[part], c) for a, c in zip((x, y), around, strict=True))
        )
        for part in (slice(cut), slice(cut, None))
    ]
    np.testing.assert_allclose(
        (parts[0] + parts[1]).correlation(), correlation(X, Y), atol=1e-11
    )


@pytest.mark.parametrize("exponent", [-60, -40, 40, 60])
def test_the_evaluation_sees_the_same_nodes_at_any_scale(
    exponent: int, make_run: Any, tf: Any
) -> None:
    """Scaling by a power of two moves no digit, in float32 neither."""
    from tfluck.training.kernel import Kernel

    kernel = Kernel(make_run(arch="fc", batch_norm="none"))
    before = kernel.evaluator.evaluate()
    for model in (kernel.teacher, kernel.student):
        first = next(layer for layer in model.layers if layer.weights)
        first.set_weights([w * 2.0**exponent for w in first.get_weights()])
    after = kernel.evaluator.evaluate()
    np.testing.assert_array_equal(before.correlations[0], after.correlations[0])
    np.testing.assert_array_equal(before.live[0], after.live[0])


@pytest.mark.parametrize("scale", [1e-12, 1e12])
def test_compared_layers_are_the_same_at_any_scale(scale: float, tf: Any) -> None:
    from tfluck.analysis.comparing import compare_layers

    parts = [X[:300], X[300:]]
    found = compare_layers(lambda x: [x * scale], lambda x: [x / scale], parts)[0]
    np.testing.assert_allclose(np.diag(found.rho), 1, atol=1e-12)
    assert found.live.all() and found.cka == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("size", [1e-20, 0.3, 1e18])
def test_the_evaluation_takes_rounding_for_no_life(size: float, tf: Any) -> None:
    """In float32, where BatchNorm of a dead node may end on two neighbours."""
    from tfluck.training.evaluation import _spread, _unit, _within

    value = np.float32(size)
    pair = [value, np.nextafter(value, np.float32(np.inf))]
    flicker = np.array([pair[k % 3 == 0] for k in range(64)])
    layer = tf.constant(
        np.stack([flicker, np.float32(size) * np.float32(X[:64, 0])], 1)
    )
    centre, spread = _spread(layer)
    found = _within(layer, (centre, _unit(spread))).numpy()
    assert not found[:, 0].any()
    assert np.abs(found[:, 1]).max() > 0.4 and np.abs(found).max() < 1.1
