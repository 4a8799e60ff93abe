"""Lemma 1, Eq. 17 and Theorem 3 against autodiff and the authors' arrays."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfluck.theory.batch_norm import (
    NormNet,
    backward,
    conservation,
    folded,
    growth,
    leftover,
    pre_activation_gradients,
    projected,
    step,
    weight_flow,
)
from tfluck.theory.nets import dense_net, separated_net

GOLDEN = np.load(Path(__file__).parents[1] / "golden" / "bn_jacobian.npz")
ORDERS = ("relu-bn", "bn-relu")


def test_the_authors_arrays() -> None:
    x, g, gamma = (GOLDEN[key] for key in ("x", "g", "gamma"))
    np.testing.assert_allclose(projected(x, g, gamma), GOLDEN["backJ"], atol=1e-7)
    for epsilon, key in ((1e-10, ""), (1e-5, "_eps1e-05"), (1e-3, "_eps0.001")):
        np.testing.assert_allclose(
            backward(x, g, gamma, epsilon), GOLDEN[f"autograd{key}"], atol=1e-13
        )


@given(st.integers(0, 2**32 - 1), st.floats(0.01, 100), st.integers(3, 40))
def test_the_projection_removes_both_directions(seed: int, size: float, n: int) -> None:
    draw = np.random.default_rng(seed)
    f, g, scale = (
        size * draw.normal(size=(n, 2)),
        draw.normal(size=(n, 2)),
        draw.normal(size=2),
    )
    found = projected(f, g, scale)
    np.testing.assert_allclose(
        found, backward(f, g, scale, 0.0), rtol=1e-6, atol=1e-10 / size
    )
    scales = np.abs(scale) / f.std(axis=0) * np.linalg.norm(g, axis=0)
    assert np.all(np.abs(found.sum(axis=0)) <= 1e-12 * n * scales)
    assert np.all(
        np.abs((f * found).sum(axis=0)) <= 1e-12 * n * scales * np.abs(f).max()
    )
    with_eps = backward(f, g, scale, 1e-3)
    np.testing.assert_allclose(
        (f * with_eps).mean(axis=0),
        leftover(f, g, scale, 1e-3),
        rtol=1e-5,
        atol=1e-12 * size,
    )


def norm_net(order: str, epsilon: float, std: float = 3.0) -> tuple[NormNet, Any, Any]:
    draw = np.random.default_rng(1)
    teacher = separated_net([10, 5, 6, 20], draw)
    net = NormNet(dense_net([10, 12, 15, 20], draw).layers, order, epsilon)  # type: ignore[arg-type]
    x = std * draw.normal(size=(64, 10))
    return net, x, teacher.activations(x)[-1]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("epsilon", [1e-10, 1e-3])
def test_training_mode_is_automatic_differentiation(
    tf: Any, order: str, epsilon: float
) -> None:
    net, x, target = norm_net(order, epsilon)
    kernels = [tf.Variable(a.kernel) for a in net.layers]
    biases = [tf.Variable(a.bias) for a in net.layers]
    with tf.GradientTape() as tape:
        h, linear = tf.constant(x), []
        for kernel, bias in zip(kernels[:-1], biases[:-1], strict=True):
            z = h @ kernel + bias
            tape.watch(z)
            linear.append(z)
            h = tf.nn.relu(z) if order == "relu-bn" else z
            mean, variance = tf.nn.moments(h, [0])
            h = (h - mean) / tf.sqrt(variance + epsilon)
            h = h if order == "relu-bn" else tf.nn.relu(h)
        y = h @ kernels[-1] + biases[-1]
        loss = tf.reduce_sum(tf.square(y - target)) / 2
    found = tape.gradient(loss, [*kernels, *biases, *linear])
    flow = weight_flow(net, x, target)
    for at, change in enumerate(flow):
        true = -found[at].numpy() / len(x)
        np.testing.assert_allclose(change.kernel, true, rtol=1e-9, atol=1e-11)
        bias = -found[len(flow) + at].numpy() / len(x)
        np.testing.assert_allclose(change.bias, bias, rtol=1e-9, atol=1e-11)
    rows = pre_activation_gradients(net, x, target)
    for g, true in zip(rows, found[2 * len(flow) :], strict=False):
        np.testing.assert_allclose(g, -true.numpy(), rtol=1e-9, atol=1e-10)


#: Notes section 5, mean |w·dw + b db| over lengths, first hidden layer: within a factor.
TABLE = [
    ("relu-bn", 10.0, 1e-5, 1.5e-7),
    ("relu-bn", 1.0, 1e-5, 2.2e-5),
    ("relu-bn", 10.0, 1e-3, 1.5e-5),
    ("relu-bn", 0.1, 1e-3, 0.10),
    ("bn-relu", 10.0, 1e-5, 5e-8),
    ("bn-relu", 1.0, 1e-5, 7e-6),
    ("bn-relu", 10.0, 1e-3, 5e-6),
]


@pytest.mark.parametrize(("order", "std", "epsilon", "noted"), TABLE)
def test_conserved_directions(
    order: Any, std: float, epsilon: float, noted: float
) -> None:
    from tfluck.theory.checks.normalization import tried

    low = tried(order, epsilon, std)[0]
    assert noted / 2.5 < low.with_bias < 2.5 * noted
    exact = tried(order, 0.0, std if std > 0.1 else 1.0)
    assert max(one.with_bias for one in exact) < 1e-11
    if order == "bn-relu":
        assert low.bias_share < 1e-12
    else:
        assert exact[0].weights > 1e-3, "the weights alone are not conserved"


@pytest.mark.parametrize("order", ORDERS)
def test_one_step_adds_the_squared_gradient(order: str) -> None:
    net, x, target = norm_net(order, 1e-14)
    flow = weight_flow(net, x, target)
    after = step(net, flow, 0.01)
    for a, d, b in zip(net.layers[:-1], flow, after.layers, strict=False):
        before, grown = (np.square(m.kernel).sum(0) + m.bias**2 for m in (a, b))
        added = np.square(d.kernel).sum(0) + d.bias**2
        np.testing.assert_allclose(grown - before, 1e-4 * added, rtol=1e-4, atol=1e-12)
    assert all(one.with_bias < 1e-8 for one in conservation(net, flow))


def test_growth_is_accounted_for_over_many_steps() -> None:
    draw = np.random.default_rng(1)
    teacher = separated_net([20, 6, 8, 30], draw)
    net = NormNet(dense_net([20, 12, 16, 30], draw).layers, "relu-bn", 1e-5)
    for found in growth(net, teacher, draw, steps=200, rate=3e-3, std=10.0):
        assert found.relative > 0.05
        assert found.residual < 1e-2 * found.relative


@pytest.mark.parametrize("order", ORDERS)
def test_folding_a_batchs_own_statistics_changes_no_output(order: str) -> None:
    net, x, _ = norm_net(order, 1e-5)
    np.testing.assert_allclose(
        folded(net, x).activations(x)[-1], net.forward(x)[2], atol=1e-12
    )
