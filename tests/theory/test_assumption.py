"""Assumption 1: both sides of Eq. 4 and 5 summed in plain loops, and where they meet."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfluck.theory.assumption import compare_sides, layer_inputs, pairs, separation
from tfluck.theory.gradient_rule import gradient_rule
from tfluck.theory.nets import conv_net, dense_net, separated_net


def by_loops(
    beta: np.ndarray, gates: np.ndarray, products: np.ndarray
) -> tuple[float, float]:
    """Return the error and cosine of E[β] E[g] E[p] against E[β g p], tuple by tuple."""
    samples, n, m = beta.shape
    lower = list(np.ndindex(*products.shape[1:]))
    left, right = [], []
    for j, i in itertools.product(range(n), range(m)):
        for at in lower:
            whole = [
                beta[s, j, i] * gates[s, j, i] * products[s][at] for s in range(samples)
            ]
            left.append(math.fsum(whole) / samples)
            parts = (
                math.fsum(beta[:, j, i]),
                math.fsum(gates[:, j, i]),
                math.fsum(products[s][at] for s in range(samples)),
            )
            right.append(math.prod(parts) / samples**3)
    size, other = math.hypot(*left), math.hypot(*right)
    apart = math.dist(left, right)
    inner = math.fsum(a * b for a, b in zip(left, right, strict=True))
    return apart / size, inner / (size * other)


@settings(max_examples=15)
@given(
    st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(1, 3), st.integers(1, 3)
)
def test_both_sides_by_loops(seed: int, samples: int, n: int, m: int) -> None:
    draw = np.random.default_rng(seed)
    beta, gates = draw.normal(size=(samples, n, m)), draw.uniform(size=(samples, n, m))
    products = draw.normal(size=(samples, 2, 3))
    found = compare_sides(beta, gates, products)
    error, cosine = by_loops(beta, gates, products)
    assert found.error == pytest.approx(error, rel=1e-9, abs=1e-12)
    assert found.cosine == pytest.approx(cosine, rel=1e-9, abs=1e-12)


def test_a_layer_of_two_nets_by_loops() -> None:
    """Eq. 4 takes the teacher's gates and nodes on the right, Eq. 5 the student's."""
    draw = np.random.default_rng(3)
    student, teacher = dense_net([3, 4, 3, 2], draw), separated_net([3, 2, 2, 2], draw)
    x = draw.normal(size=(7, 3))
    rules = gradient_rule(student, teacher, x)
    sides = [layer_inputs(x, net.activations(x)) for net in (student, teacher)]
    for rule, f, t in zip(rules, *sides, strict=True):
        found = separation(rule, f, t)
        cross = by_loops(
            rule.beta_cross[:, :-1, :-1],
            np.einsum("sj,si->sji", rule.gates, rule.teacher_gates),
            np.einsum("sj,si->sji", f, t),
        )
        own = by_loops(
            rule.beta[:, :-1, :-1],
            np.einsum("sj,si->sji", rule.gates, rule.gates),
            np.einsum("sj,si->sji", f, f),
        )
        assert (found.cross.error, found.cross.cosine) == pytest.approx(cross, rel=1e-9)
        assert (found.own.error, found.own.cosine) == pytest.approx(own, rel=1e-9)


def test_what_is_independent_may_be_separated() -> None:
    """Every value of β with every value of the gates and of the products, once each."""
    draw = np.random.default_rng(0)
    b, g, p = (
        draw.normal(size=(3, 2, 2)),
        draw.uniform(size=(4, 2, 2)),
        draw.normal(size=(5, 3)),
    )
    whole = list(itertools.product(b, g, p))
    beta, gates, products = (np.array(column) for column in zip(*whole, strict=True))
    found = compare_sides(beta, gates, products)
    assert found.error < 1e-12 and found.cosine == pytest.approx(1)
    together = compare_sides(beta, beta**2, products)
    assert together.error > 0.1, "what hangs together may not"


@given(st.permutations(range(6)))
def test_neither_side_knows_an_order(order: list[int]) -> None:
    draw = np.random.default_rng(1)
    beta, gates = draw.normal(size=(2, 6, 3, 2))
    products = draw.normal(size=(6, 4))
    one = compare_sides(beta, gates, products)
    other = compare_sides(beta[order], gates[order], products[order])
    assert one.error == pytest.approx(other.error, rel=1e-9)
    turned = compare_sides(
        beta.transpose(0, 2, 1), gates.transpose(0, 2, 1), products[:, ::-1]
    )
    assert turned.error == pytest.approx(one.error, rel=1e-9)


def test_pairs_are_products_of_one_sample() -> None:
    left, right = np.array([[1.0, 2], [3, 4]]), np.array([[5.0, 6, 7], [0, 1, 2]])
    found = pairs(left, right)
    assert found.shape == (2, 2, 3)
    assert found[0].tolist() == [[5, 6, 7], [10, 12, 14]]
    assert found[1].tolist() == [[0, 3, 6], [0, 4, 8]]


def test_what_a_layer_reads() -> None:
    """The input below the first, the ReLU below each other one, images flattened."""
    draw = np.random.default_rng(2)
    net, x = dense_net([3, 5, 4, 2], draw), draw.normal(size=(6, 3))
    active = net.activations(x)
    low, high = layer_inputs(x, active)
    np.testing.assert_array_equal(low, x)
    np.testing.assert_array_equal(high, active[0])
    image, conv = draw.normal(size=(2, 6, 6, 1)), conv_net(6, (1, 2, 3), 2, draw)
    low, high = layer_inputs(image, conv.activations(image))
    assert low.shape == (2, 36) and high.shape == (2, 4 * 4 * 2)
