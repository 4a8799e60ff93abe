"""The networks that claims are tried on, and backpropagation against differences."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfluck.analysis.relu_net import Affine, ReluNet, Skip
from tfluck.theory.nets import (
    backpropagation,
    conv_net,
    dense_net,
    is_chain,
    separated_net,
    weight_gradients,
)


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(1, 30), min_size=2, max_size=5))
def test_a_dense_student_starts_as_the_runs_do(seed: int, widths: list[int]) -> None:
    net = dense_net(widths, np.random.default_rng(seed))
    assert [a.kernel.shape for a in net.layers] == list(itertools.pairwise(widths))
    for affine, fan_in in zip(net.layers, widths[:-1], strict=True):
        for part in (affine.kernel, affine.bias):
            assert np.abs(part).max() <= 1 / np.sqrt(fan_in)
        assert affine.bias.shape == affine.kernel.shape[1:]


def test_a_students_weights_fill_their_interval() -> None:
    """U(±1/√n): variance 1/3n, so rows of length 1/√3; notes section 1, .577."""
    net = dense_net([400, 300, 2], np.random.default_rng(0))
    kernel, bias = net.layers[0].kernel, net.layers[0].bias
    assert np.linalg.norm(kernel, axis=0).mean() == pytest.approx(
        1 / np.sqrt(3), rel=0.01
    )
    assert np.abs(kernel).max() == pytest.approx(0.05, rel=1e-3)
    assert kernel.min() < -0.0499 and bias.min() < -0.045 and bias.max() > 0.045
    assert abs(kernel.mean()) < 5 * 0.05 / np.sqrt(3 * kernel.size)


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(1, 12), min_size=2, max_size=4))
def test_a_teachers_weights_are_five_numbers_on_the_unit_sphere(
    seed: int, widths: list[int]
) -> None:
    net = separated_net(widths, np.random.default_rng(seed))
    for affine, (fan_in, nodes) in zip(
        net.layers, itertools.pairwise(widths), strict=True
    ):
        assert affine.kernel.shape == (fan_in, nodes) and affine.bias.shape == (nodes,)
        np.testing.assert_allclose(np.linalg.norm(affine.kernel, axis=0), 1)
        for column, bias in zip(affine.kernel.T, affine.bias, strict=True):
            step = np.abs(column[column != 0]).min()
            assert set(np.round(np.abs(column) / step, 9)) <= {0, 1, 2}
            # The length was that of quarters; the largest entry was one or two of them.
            lengths = 0.25 / step, 0.5 / step
            assert abs(bias) <= 0.5 / min(lengths) + 1e-12


def test_a_teacher_node_without_weights_is_given_one() -> None:
    """Of one input a fifth of all nodes would be nothing; none is, and all are ±1."""
    net = separated_net([1, 500, 1], np.random.default_rng(1))
    assert set(np.abs(net.layers[0].kernel.ravel())) == {1.0}
    # P(+) = 3/5: the two positive quarters, and what was zero.
    share = (net.layers[0].kernel > 0).mean()
    assert share == pytest.approx(0.6, abs=5 * np.sqrt(0.24 / 500))


def test_all_five_values_are_drawn() -> None:
    """Before scaling: the ratios of entries to the node's largest are 0, ±½, ±1."""
    kernel = separated_net([40, 50, 1], np.random.default_rng(2)).layers[0].kernel
    found, counts = np.unique(
        np.round(kernel / np.abs(kernel).max(axis=0), 9), return_counts=True
    )
    assert found.tolist() == [-1, -0.5, 0, 0.5, 1]
    assert np.all(np.abs(counts / 2000 - 0.2) < 5 * np.sqrt(0.16 / 2000))


def test_a_conv_nets_shapes() -> None:
    draw = np.random.default_rng(0)
    net = conv_net(8, (2, 3, 4), 5, draw)
    assert [a.kernel.shape for a in net.layers] == [(3, 3, 2, 3), (3, 3, 3, 4), (64, 5)]
    wide = conv_net(8, (30, 40), 50, draw)
    scales = [
        a.kernel.std() * np.sqrt(n)
        for a, n in zip(wide.layers, (9, 36 * 40), strict=True)
    ]
    np.testing.assert_allclose(scales, 1, rtol=0.02)
    assert wide.layers[0].bias.std() == pytest.approx(1 / 3, rel=0.4)
    shapes = [f.shape for f in net.activations(draw.normal(size=(2, 8, 8, 2)))]
    assert shapes == [(2, 6, 6, 3), (2, 4, 4, 4), (2, 5)]


def test_chains() -> None:
    draw = np.random.default_rng(0)
    net = dense_net([3, 3, 3, 3, 2], draw)
    assert is_chain(net)
    assert not is_chain(
        ReluNet(net.layers, skips=(Skip(0, 2, np.ones(3), np.zeros(3)),))
    )


def objective(net: ReluNet, x: np.ndarray, target: np.ndarray) -> float:
    return float(np.square(target - net.activations(x)[-1]).sum() / 2 / len(x))


def moved(net: ReluNet, at: int, entry: tuple[int, ...], by: float) -> ReluNet:
    """Move one weight; the row behind the last is the bias."""
    layers = list(net.layers)
    kernel, bias = layers[at].kernel.copy(), layers[at].bias.copy()
    flat = kernel.reshape(-1, kernel.shape[-1])
    if entry[0] == len(flat):
        bias[entry[1]] += by
    else:
        flat[entry] += by
    layers[at] = Affine(kernel, bias)
    return ReluNet(tuple(layers))


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_weight_gradients_are_differences(seed: int, image: bool) -> None:
    """J moves by −W·Ẇ: central differences of a few weights of every layer."""
    draw = np.random.default_rng(seed)
    if image:
        net, x = conv_net(6, (1, 2, 2), 2, draw), draw.normal(size=(3, 6, 6, 1))
    else:
        net, x = dense_net([3, 5, 4, 2], draw), draw.normal(size=(6, 3))
    target = draw.normal(size=(len(x), 2))
    step = 1e-6
    for at, flow in enumerate(weight_gradients(net, x, target)):
        for _ in range(3):
            entry = int(draw.integers(len(flow))), int(draw.integers(flow.shape[1]))
            for place in (entry, (len(flow) - 1, entry[1])):
                up, down = (
                    objective(moved(net, at, place, sign * step), x, target)
                    for sign in (1, -1)
                )
                slope = (up - down) / (2 * step)
                assert -flow[place] == pytest.approx(slope, rel=1e-4, abs=1e-6)


@given(st.integers(0, 2**32 - 1))
def test_backpropagation_is_linear_and_stops_at_gates_that_are_off(seed: int) -> None:
    draw = np.random.default_rng(seed)
    net, x = dense_net([3, 6, 5, 2], draw), draw.normal(size=(4, 3))
    active = net.activations(x)
    one, two = draw.normal(size=(2, 4, 2))
    sums = backpropagation(net, active, 2 * one - two)
    parts = zip(
        backpropagation(net, active, one),
        backpropagation(net, active, two),
        strict=True,
    )
    for whole, (a, b) in zip(sums, parts, strict=True):
        np.testing.assert_allclose(whole, 2 * a - b, atol=1e-12)
    for rows, f in zip(sums[:-1], active[:-1], strict=True):
        assert not rows[f == 0].any()
    np.testing.assert_array_equal(sums[-1], 2 * one - two)


def test_a_teacher_that_is_its_own_student_does_not_move() -> None:
    draw = np.random.default_rng(5)
    net, x = separated_net([4, 3, 3, 2], draw), draw.normal(size=(9, 4))
    for flow in weight_gradients(net, x, net.activations(x)[-1]):
        assert not flow.any()
