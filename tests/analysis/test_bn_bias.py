"""Counting signs: exact numbers, closed forms, invariances, who is never counted."""

import itertools
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import norm

from tfluck.analysis.bn_bias import (
    ChannelMoments,
    effective_bias,
    effective_shift,
    layer_bias,
    network_bias,
    pass_rate,
)
from tfluck.foundations.errors import BadInput

finite = st.floats(-100, 100, width=32)
vectors = arrays(np.float64, st.integers(1, 30), elements=finite)
orders = st.sampled_from(["bn-relu", "relu-bn", "other"])
layers = st.builds(
    lambda shift, order: layer_bias("bn", shift, order=order), vectors, orders
)


def test_signs_are_counted_and_zero_is_neither():
    row = layer_bias("a", np.array([-1.0, -0.0, 0.0, 2.0, -3.0, 4.0, 5.0, 6.0]))
    assert (row.channels, row.negative, row.zero, row.positive) == (8, 2, 2, 4)
    assert row.negative_fraction == 0.25


@given(vectors)
def test_counts_add_up_and_flip_with_the_sign(shift):
    row, mirror = layer_bias("a", shift), layer_bias("a", -shift)
    assert row.negative + row.zero + row.positive == row.channels == shift.size
    assert (row.negative, row.zero) == (mirror.positive, mirror.zero)
    assert row.pass_rate + mirror.pass_rate == pytest.approx(1)


def test_pass_rate_is_the_normal_distribution_function():
    shift, scale = np.array([-3.0, 0.5, 2.0]), np.array([1.5, -2.0, 1.0])
    expected = norm.cdf([-2.0, 0.25, 2.0])
    np.testing.assert_allclose(pass_rate(shift, scale), expected, rtol=1e-14)
    assert layer_bias("a", shift, scale).pass_rate == pytest.approx(expected.mean())
    np.testing.assert_allclose(pass_rate(shift), norm.cdf(shift), rtol=1e-14)


def test_pass_rate_is_how_often_a_gaussian_passes():
    draws = np.random.default_rng(1).normal(size=200_000)
    shift, scale = np.array([-1.0, 0.3]), np.array([-0.7, 2.0])
    measured = (draws[:, None] * scale + shift > 0).mean(axis=0)
    np.testing.assert_allclose(pass_rate(shift, scale), measured, atol=0.005)


def test_a_channel_of_scale_zero_passes_always_or_never():
    assert pass_rate(np.array([-1.0, 0.0, 1.0]), np.zeros(3)).tolist() == [0, 0, 1]


@given(vectors, st.floats(0.01, 100), st.randoms())
def test_rows_do_not_depend_on_unit_or_order_of_channels(shift, unit, random):
    order = list(range(shift.size))
    random.shuffle(order)
    scale = np.linspace(-2, 3, shift.size)
    row = layer_bias("a", shift, scale)
    other = layer_bias("a", unit * shift[order], unit * scale[order])
    assert (row.negative, row.zero) == (other.negative, other.zero)
    assert row.pass_rate == pytest.approx(other.pass_rate)


@given(st.lists(layers, min_size=1, max_size=6))
def test_fractions_of_a_network_are_those_of_its_channels(rows):
    network = network_bias("m", "s", rows)
    assert network.negative_fraction == pytest.approx(
        sum(row.negative for row in rows) / sum(row.channels for row in rows)
    )
    gated = [row for row in rows if row.order == "bn-relu"]
    assert (network.negative_fraction_bn_relu is None) == (not gated)


@given(st.lists(layers, min_size=1, max_size=6))
def test_batch_norm_behind_a_relu_is_never_counted(rows):
    behind = layer_bias("behind", -np.ones(50), order="relu-bn")
    assert network_bias("m", "s", [*rows, behind]).verdict == "not-counted"


@given(st.integers(0, 400), st.integers(1, 400))
def test_effective_biases_are_judged_by_an_interval(negative, positive):
    """Wilson's: the shares p with |k/n − p| ≤ z √(p (1 − p) / n)."""
    shift = np.repeat([-1.0, 1.0], [negative, positive])
    row = layer_bias("a", shift)
    network = network_bias("m", "s", [row], "effective")
    n, z = negative + positive, 1.959963984540054
    for bound in network.interval:
        distance = abs(negative / n - bound)
        assert distance == pytest.approx(z * np.sqrt(bound * (1 - bound) / n), abs=1e-9)
    low, high = network.interval
    undecided = "effective-supports" if low > 0.5 else "effective-contradicts"
    both = low <= 0.5 <= high
    assert network.verdict == ("effective-undecided" if both else undecided)
    assert low <= negative / n <= high


def test_an_effective_majority_is_no_verdict_on_batch_norm():
    behind = layer_bias("behind", -np.ones(50), order="relu-bn")
    assert network_bias("m", "s", [behind], "effective").verdict == "effective-supports"
    assert network_bias("m", "s", [behind]).interval is None


@given(st.permutations(range(5)))
def test_trend_is_over_the_layers_that_count(order):
    """Kendall's τ by its definition; the p of a strict order of n is 2 / n!."""
    rows = [
        layer_bias(f"{k}", np.repeat([-1.0, 1.0], [k, 9 - k]), order="bn-relu")
        for k in order
    ]
    free = layer_bias("free", -np.ones(3), order="other")
    trend = network_bias("m", "s", [free, *rows, free]).trend
    pairs = list(itertools.combinations(order, 2))
    tau = sum(1 if a < b else -1 for a, b in pairs) / len(pairs)
    assert trend.layers == 5 and trend.kendall == pytest.approx(tau)
    if abs(tau) == 1:
        assert trend.p == pytest.approx(2 / 120)
    assert network_bias("m", "s", rows[:2]).trend is None
    assert network_bias("m", "s", [rows[0]] * 4).trend is None


@pytest.mark.parametrize(
    ("negative", "verdict"), [(6, "supports"), (5, "contradicts"), (0, "contradicts")]
)
def test_majority_decides_among_layers_in_front_of_a_relu(negative, verdict):
    shift = np.repeat([-1.0, 1.0], [negative, 10 - negative])
    gated = layer_bias("a", shift, order="bn-relu")
    free = layer_bias("b", -shift, order="other")
    assert network_bias("m", "s", [gated, free]).verdict == verdict
    assert network_bias("m", "s", [free]).verdict == "not-counted"


@given(st.lists(layers, min_size=1, max_size=3))
def test_rows_are_json(rows):
    network = network_bias("m", "s", rows)
    row = json.loads(json.dumps(network.to_row(), allow_nan=False))
    assert row["layers"] == [layer.to_row() for layer in rows]


@pytest.mark.parametrize(
    ("shift", "scale"),
    [
        (np.array([]), None),
        (np.ones((2, 2)), None),
        (np.array([np.nan]), None),
        (np.ones(3), np.ones(2)),
    ],
)
def test_what_is_no_bias_is_refused(shift, scale):
    with pytest.raises(BadInput):
        layer_bias("a", shift, scale)


def test_nothing_to_count_is_refused():
    with pytest.raises(BadInput):
        network_bias("m", "s", [])
    with pytest.raises(BadInput):
        ChannelMoments().result()


@given(st.data())
def test_moments_of_a_stream_are_those_of_the_whole(data):
    values = data.draw(arrays(np.float64, (12, 3, 2), elements=finite))
    cuts = sorted(data.draw(st.lists(st.integers(0, 12), max_size=4)))
    moments = ChannelMoments()
    for part in np.split(values, cuts):
        moments.update(part)
    mean, std = moments.result()
    np.testing.assert_allclose(mean, values.mean(axis=(0, 1)), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(std, values.std(axis=(0, 1)), rtol=1e-6, atol=1e-6)


def test_a_large_mean_costs_no_digits():
    moments = ChannelMoments()
    for half in ([[1e9], [1e9 + 1]], [[1e9 + 2], [1e9 + 3]]):
        moments.update(np.array(half))
    np.testing.assert_allclose(moments.result()[1], np.sqrt(1.25), rtol=1e-12)


def test_effective_bias_is_the_shift_a_batch_norm_would_have():
    row = effective_bias("conv", np.array([-2.0, 1.0]), np.array([4.0, 1.0]))
    assert (row.negative, row.positive) == (1, 1)
    assert row.pass_rate == pytest.approx(norm.cdf([-0.5, 1.0]).mean())
    shift = effective_shift(np.array([-2.0, 1.0, 3.0]), np.array([4.0, 1.0, 0.0]))
    assert shift.tolist() == [-0.5, 1.0, 3.0]
