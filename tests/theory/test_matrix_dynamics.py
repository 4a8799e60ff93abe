"""Theorem 2 and Assumption 1 against the authors' arrays and the true gradient."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfluck.theory.agreement import Agreement
from tfluck.theory.assumption import layer_inputs, separation
from tfluck.theory.gradient_rule import gradient_rule
from tfluck.theory.matrix_dynamics import (
    matrix_dynamics,
    normalized,
    stacked,
    unstacked,
)
from tfluck.theory.nets import dense_net, separated_net, weight_gradients

GOLDEN = np.load(Path(__file__).parents[1] / "golden" / "matrix_dynamics.npz")
STUDENT, TEACHER = (
    [GOLDEN[f"W_{who}{i}"] for i in (0, 1)] for who in ("student", "teacher")
)
X = GOLDEN["X"][:, :-1]
NAMES = {
    "update": "deltaW",
    "l": "L_ss",
    "l_cross": "L_st",
    "h": "H_ss",
    "h_cross": "H_st",
    "beta": "beta_ss",
    "beta_cross": "beta_st",
}


@pytest.mark.parametrize("name", NAMES)
def test_the_authors_arrays(name: str) -> None:
    found = matrix_dynamics(STUDENT, TEACHER, X, bias_column=False)
    for i, layer in enumerate(found):
        theirs = GOLDEN[f"{NAMES[name]}{i}"]
        np.testing.assert_allclose(getattr(layer, name), theirs, atol=1e-13)


def test_the_authors_step_and_their_accurate_gradient() -> None:
    found = matrix_dynamics(STUDENT, TEACHER, X, bias_column=False)
    for i, layer in enumerate(found):
        after = normalized(STUDENT[i] + 0.05 * layer.update)
        np.testing.assert_allclose(after, GOLDEN[f"W_student_next{i}"], atol=1e-13)
        single = sum(
            matrix_dynamics(STUDENT, TEACHER, x[None], bias_column=False)[i].update
            for x in X
        )
        np.testing.assert_allclose(
            single, GOLDEN[f"deltaW_accurate_sum{i}"], atol=1e-12
        )


def test_the_true_gradient_is_theirs() -> None:
    target = unstacked(TEACHER).activations(X)[-1]
    for i, slope in enumerate(weight_gradients(unstacked(STUDENT), X, target)):
        np.testing.assert_allclose(slope, GOLDEN[f"neg_autograd{i}"], atol=1e-13)


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(1, 7), min_size=1, max_size=4))
def test_exact_at_the_top_and_for_one_sample(seed: int, hidden: list[int]) -> None:
    draw = np.random.default_rng(seed)
    student = dense_net([4, *hidden, 3], draw)
    teacher = separated_net([4, *(1 + n // 2 for n in hidden), 3], draw)
    x = draw.normal(size=(5, 4))
    for batch, layers in ((x, [-1]), (x[:1], range(len(hidden) + 1))):
        true = weight_gradients(student, batch, teacher.activations(batch)[-1])
        found = matrix_dynamics(stacked(student), stacked(teacher), batch)
        for at in layers:
            np.testing.assert_allclose(
                found[at].update, true[at], rtol=1e-9, atol=1e-11
            )


def test_assumption_1_is_exact_for_one_sample_only() -> None:
    draw = np.random.default_rng(1)
    student, teacher = dense_net([5, 7, 6, 3], draw), separated_net([5, 3, 2, 3], draw)
    x = draw.normal(size=(300, 5))
    for batch, low, high in ((x[:1], 0.0, 1e-12), (x, 0.1, 1.0)):
        rules = gradient_rule(student, teacher, batch)
        sides = [
            layer_inputs(batch, net.activations(batch)) for net in (student, teacher)
        ]
        for rule, ours, theirs in zip(rules, *sides, strict=True):
            found = separation(rule, ours, theirs)
            for side in (found.cross, found.own):
                assert low <= side.error <= high


def test_eq_6_where_assumption_1_is_forced_to_hold() -> None:
    """All nodes always on, so gates and β are constants: Eq. 6 is the gradient."""
    draw = np.random.default_rng(4)
    student, teacher = (
        [np.abs(w) for w in stacked(dense_net(widths, draw))]
        for widths in ([4, 6, 5, 3], [4, 3, 3, 3])
    )
    x = draw.uniform(0.1, 1, size=(50, 4))
    target = unstacked(teacher).activations(x)[-1]
    true = weight_gradients(unstacked(student), x, target)
    for layer, slope in zip(matrix_dynamics(student, teacher, x), true, strict=True):
        assert Agreement.of(layer.update, slope).error < 1e-12
