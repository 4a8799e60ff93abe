"""Nodes removed one by one, against masks; scores against what they are defined as."""

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_softmax
from scipy.stats import spearmanr

from tfluck.analysis.losses import CrossEntropy, Objective, SquaredError
from tfluck.analysis.relu_net import Affine, ReluNet, Skip
from tfluck.analysis.removal import (
    best,
    count_kept,
    loss_and_accuracy,
    removal_costs,
    widths,
    without,
)
from tfluck.analysis.scores import SCORES, agreement, scores
from tfluck.foundations.errors import BadInput


def dense(*sizes: int, seed: int = 0) -> ReluNet:
    draw = np.random.default_rng(seed)
    pairs = itertools.pairwise(sizes)
    return ReluNet(
        tuple(
            Affine(draw.normal(size=pair), draw.normal(size=pair[1])) for pair in pairs
        )
    )


def conv(padded: bool, seed: int = 0) -> ReluNet:
    """3×3 filters on 6×5×2 images, two layers of them, a dense layer, the output."""
    draw = np.random.default_rng(seed)
    places = 30 if padded else 2
    shapes = [(3, 3, 2, 4), (3, 3, 4, 3), (places * 3, 5), (5, 4)]
    return ReluNet(
        tuple(
            Affine(
                draw.normal(size=s) / 3, draw.normal(size=s[-1]), padded and len(s) == 4
            )
            for s in shapes
        )
    )


NETS = {
    "dense": (dense(6, 8, 7, 4), (6,)),
    "one layer": (dense(3, 5, 2), (3,)),
    "conv": (conv(False), (6, 5, 2)),
    "padded conv": (conv(True), (6, 5, 2)),
}


@pytest.fixture(params=NETS)
def case(request: pytest.FixtureRequest) -> tuple[ReluNet, np.ndarray, Objective]:
    net, shape = NETS[request.param]
    x = np.random.default_rng(3).normal(size=(9, *shape))
    outputs = net.activations(x)[-1]
    if request.param == "dense":
        return net, x, CrossEntropy(np.arange(9) % 4)
    target = np.random.default_rng(4).normal(size=outputs.shape)
    return net, x, SquaredError(outputs + target)


def masked(net: ReluNet, x: np.ndarray, masks: dict[int, np.ndarray]) -> np.ndarray:
    """Run the network with some ReLUs' outputs multiplied by 0 or 1."""
    for layer, affine in enumerate(net.layers[:-1]):
        x = np.maximum(affine(x), 0)
        if layer in masks:
            x = x * masks[layer]
    return net.layers[-1](x)


def test_the_oracle_is_brute_force(
    case: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    net, x, objective = case
    # Small pieces: of samples and of nodes.
    monkeypatch.setattr("tfluck.analysis.removal.PIECE", 20_000)
    found = removal_costs(net, x, objective)
    whole = objective.each(net.activations(x)[-1]).mean()
    for layer, costs in enumerate(found):
        for node, cost in enumerate(costs):
            mask = np.ones(len(costs))
            mask[node] = 0
            loss = objective.each(masked(net, x, {layer: mask})).mean()
            assert cost == pytest.approx(loss - whole, rel=1e-12, abs=1e-12)


def test_a_smaller_network_is_the_masked_one(case: tuple[Any, ...]) -> None:
    net, x, objective = case
    draw = np.random.default_rng(5)
    kept = [np.sort(draw.permutation(n)[: n // 2 + 1]) for n in widths(net)]
    masks = {
        i: np.isin(np.arange(n), nodes).astype(float)
        for i, (n, nodes) in enumerate(zip(widths(net), kept, strict=True))
    }
    wanted = masked(net, x, masks)
    smaller = without(net, kept)
    assert widths(smaller) == tuple(map(len, kept))
    np.testing.assert_allclose(smaller.activations(x)[-1], wanted, rtol=0, atol=1e-12)
    loss, accuracy = loss_and_accuracy(smaller, x, objective)
    assert loss == pytest.approx(objective.each(wanted).mean(), rel=1e-12)
    assert accuracy == objective.right(wanted).mean()


def test_removing_a_dead_node_changes_nothing(case: tuple[Any, ...]) -> None:
    net, x, objective = case
    lowest = net.layers[0]
    bias = lowest.bias.copy()
    bias[1] = -1e6
    dying = ReluNet((Affine(lowest.kernel, bias, lowest.padded), *net.layers[1:]))
    assert removal_costs(dying, x, objective)[0][1] == 0
    kept = [np.arange(n) for n in widths(net)]
    kept[0] = np.delete(kept[0], 1)
    np.testing.assert_allclose(
        without(dying, kept).activations(x)[-1], dying.activations(x)[-1], atol=1e-12
    )


def test_scores_are_what_they_say(case: tuple[Any, ...]) -> None:
    """Second differences along a node's own scale, gates held: ½ d²ℓ/dm² and |dℓ/dm|."""
    net, x, objective = case
    found = scores(net, x, objective, ["taylor", "obd", "activation", "oracle"])
    layer, node, step = len(net.layers) - 2, 1, 1e-4
    f = net.activations(x)[layer]
    top = net.layers[-1]

    def at(scale: float) -> np.ndarray:
        changed = f.copy()
        changed[..., node] *= scale
        return objective.each(top(changed))

    first = (at(1 + step) - at(1 - step)) / (2 * step)
    second = (at(1 + step) - 2 * at(1) + at(1 - step)) / step**2
    assert found["taylor"][layer][node] == pytest.approx(np.abs(first).mean(), rel=1e-5)
    assert found["obd"][layer][node] == pytest.approx(second.mean() / 2, rel=1e-4)
    assert found["activation"][layer][node] == pytest.approx(f[..., node].mean())
    if isinstance(objective, SquaredError):
        # A quadratic loss is its own second order, and nothing above the node gates it.
        exact = -first.mean() + found["obd"][layer][node]
        assert found["oracle"][layer][node] == pytest.approx(exact, rel=1e-6, abs=1e-9)


def test_modulation_is_the_diagonal_of_h(case: tuple[Any, ...]) -> None:
    from tfluck.analysis.modulation import modulation

    net, x, objective = case
    found = scores(net, x, objective, ["modulation"])["modulation"]
    for score, layer in zip(found, modulation(net, net, x), strict=True):
        np.testing.assert_allclose(score, np.diag(layer.h)[:-1], rtol=1e-10)


@given(st.integers(0, 500), st.sampled_from(("fan-out", "both")))
def test_planted_useless_nodes_go_first(seed: int, planted: str) -> None:
    """A node nobody reads is known to what looks above it; one that also says nothing to
    every score that looks at all.
    """
    net = dense(5, 9, 8, 3, seed=seed)
    useless = np.array([2, 5])
    layers = [Affine(a.kernel.copy(), a.bias.copy()) for a in net.layers]
    layers[1].kernel[useless] = 0
    if planted == "both":
        layers[0].kernel[:, useless] = layers[0].bias[useless] = 0
    net = ReluNet(tuple(layers))
    draw = np.random.default_rng(seed)
    x = draw.normal(size=(40, 5))
    # The full network is right, so that nothing it has can do harm.
    objective = SquaredError(net.activations(x)[-1])
    names = ["modulation", "fan-out", "obd", "oracle"]
    if planted == "both":
        names += ["fan-in", "activation"]
    for name, layer in scores(net, x, objective, names).items():
        living = net.activations(x)[0].any(axis=0)
        last = best(layer, 7 / 9)[0]
        gone = set(range(9)) - set(last.tolist())
        assert gone <= {2, 5} | set(np.flatnonzero(~living).tolist()), name


@given(st.integers(0, 200))
def test_a_first_order_score_needs_an_error_to_see(seed: int) -> None:
    net = dense(4, 6, 3, seed=seed)
    net.layers[1].kernel[3] = 0
    x = np.random.default_rng(seed).normal(size=(20, 4))
    target = net.activations(x)[-1] + 1
    taylor = scores(net, x, SquaredError(target), ["taylor"])["taylor"][0]
    assert taylor[3] == 0
    right = scores(net, x, SquaredError(target - 1), ["taylor"])["taylor"][0]
    np.testing.assert_allclose(right, 0, atol=1e-12)


@pytest.mark.parametrize("kind", ["squared", "classes"])
def test_losses_by_finite_differences(kind: str) -> None:
    draw = np.random.default_rng(0)
    y, v = draw.normal(size=(4, 3)), draw.normal(size=(4, 3, 2))
    objective: Objective = SquaredError(draw.normal(size=(4, 3)))
    if kind == "classes":
        classes = np.array([0, 2, 1, 1])
        objective = CrossEntropy(classes)
        wanted = -log_softmax(y, axis=-1)[np.arange(4), classes]
        np.testing.assert_allclose(objective.each(y), wanted)
    h = 1e-4
    for column in range(2):
        w = v[..., column]
        slope = (objective.each(y + h * w) - objective.each(y - h * w)) / (2 * h)
        np.testing.assert_allclose((objective.gradient(y) * w).sum(1), slope, rtol=1e-6)
        bend = (
            objective.each(y + h * w)
            - 2 * objective.each(y)
            + objective.each(y - h * w)
        ) / h**2
        np.testing.assert_allclose(
            objective.curvature(y, v)[:, column], bend, rtol=1e-5, atol=1e-6
        )


def test_agreement_is_scipy_s() -> None:
    draw = np.random.default_rng(0)
    one = draw.normal(size=40)
    other = one + draw.normal(size=40)
    found = agreement(one, other)
    assert found.spearman == pytest.approx(spearmanr(one, other).statistic)
    assert found.interval is not None and found.spearman is not None
    assert found.interval[0] < found.spearman < found.interval[1]
    assert agreement(one, one**3).spearman == pytest.approx(1)
    assert agreement(one, np.ones(40)).spearman is None
    assert agreement(one[:2], other[:2]).interval is None


@given(st.integers(1, 500), st.floats(0.001, 1))
def test_at_least_one_node_and_no_more_than_the_share_stays(
    n: int, share: float
) -> None:
    kept = count_kept(n, share)
    assert 1 <= kept <= n and abs(kept - share * n) <= 1


def test_round_shares_count_as_people_do() -> None:
    assert [count_kept(10, share) for share in (0.1, 0.3, 0.7, 1.0)] == [1, 3, 7, 10]


def test_what_cannot_be_scored_gets_a_sentence() -> None:
    net = dense(3, 5, 2)
    x, objective = np.ones((2, 3)), SquaredError(np.ones((2, 2)))
    with pytest.raises(BadInput, match="no score 'size'"):
        scores(net, x, objective, ["size"])
    with pytest.raises(BadInput, match="needs a teacher"):
        scores(net, x, objective, SCORES)
    three = dense(5, 5, 5, 5, 2).layers
    skip = Skip(0, 2, np.ones(5), np.zeros(5))
    with pytest.raises(BadInput, match="residual net"):
        removal_costs(ReluNet(three, skips=(skip,)), np.ones((2, 5)), objective)
