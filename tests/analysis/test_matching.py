"""Assignment, CKA, the L shape and diagonal dominance against brute force and by hand."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfluck.analysis import Moments
from tfluck.analysis.dominance import PERMUTATIONS, dominance, matched
from tfluck.analysis.matching import layer_match, linear_cka, one_to_one, reordered
from tfluck.analysis.weights import layer_weights

draw = np.random.default_rng(0)
X, Y = draw.normal(size=(60, 4)), draw.normal(size=(60, 6))


def cka(x: np.ndarray, y: np.ndarray) -> float | None:
    x, y = x - x[:1], y - y[:1]  # as Moments asks
    return linear_cka(Moments.of(x, y), Moments.of(x, x), Moments.of(y, y))


@given(st.integers(0, 10**6))
def test_no_assignment_is_better(seed: int) -> None:
    rho = np.random.default_rng(seed).uniform(-1, 1, size=(3, 5))
    best = max(
        sum(rho[range(3), list(chosen)])
        for chosen in itertools.permutations(range(5), 3)
    )
    found = one_to_one(rho)
    assert len(set(found.student)) == 3
    np.testing.assert_allclose(found.rho.sum(), best)


def test_fewer_students_leave_teacher_nodes_alone() -> None:
    assert len(one_to_one(draw.normal(size=(5, 2))).teacher) == 2


def test_cka_is_its_kernel_form() -> None:
    """⟨K_c, L_c⟩ / ‖K_c‖‖L_c‖ with centred kernel matrices of samples."""
    x, y = X - X.mean(0), Y - Y.mean(0)
    k, m = x @ x.T, y @ y.T
    expected = np.sum(k * m) / (np.linalg.norm(k) * np.linalg.norm(m))
    np.testing.assert_allclose(cka(X, Y), expected, rtol=1e-12)


@given(st.integers(0, 10**6), st.floats(0.01, 100), st.floats(-50, 50))
def test_cka_sees_no_rotation_scale_or_shift(
    seed: int, scale: float, shift: float
) -> None:
    turn, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(4, 4)))
    np.testing.assert_allclose(cka(X, scale * X @ turn + shift), 1, rtol=1e-9)


def test_cka_of_a_constant_layer_is_not_a_number_but_nothing() -> None:
    assert cka(X, np.zeros((60, 3))) is None


def test_a_layer_by_hand() -> None:
    rho = np.array([[0.95, 0.2, 0.1], [0.96, 0.3, 0.1], [0.0, 0.0, 0.0]])
    found = layer_match(2, rho, np.array([True, True, False]))
    assert (found.live_teacher_nodes, found.student_nodes) == (2, 3)
    assert found.students_used == 1, "both live nodes like student 0"
    np.testing.assert_allclose(found.mean_best_correlation, 1.91 / 3)
    np.testing.assert_allclose(found.mean_best_correlation_live, 0.955)
    np.testing.assert_allclose(found.mean_one_to_one_live, (0.95 + 0.3) / 2)
    assert found.covered["0.9"] == 1 and found.cka is None
    nobody = layer_match(0, rho, np.zeros(3, bool))
    assert nobody.mean_best_correlation_live is None and nobody.covered == {}


@given(st.permutations(range(12)))
def test_reordered_students_stand_in_a_staircase(order: list[int]) -> None:
    rho = np.random.default_rng(1).uniform(size=(3, 12))[:, order]
    chosen = reordered(rho)
    best = rho.argmax(axis=0)[chosen]
    assert sorted(chosen) == list(range(12)) and list(best) == sorted(best)


def test_students_that_match_nobody_come_last() -> None:
    rho = np.array([[0.0, 0.2, 0.9, -0.1], [0.0, 0.8, 0.1, -0.3]])
    np.testing.assert_array_equal(reordered(rho), [2, 1, 0, 3])


def test_an_l_shape() -> None:
    rho = np.array([[0.99, 0.1, 0.2, 0.3], [0.2, 0.98, 0.1, 0.3]])
    live = np.array([True, True])
    fan_out = np.array([2.0, 3.0, 0.1, 0.2])
    found = layer_weights(0, np.ones(4), fan_out, rho, live)
    assert found.winners == 2 and found.winners_larger == 1
    assert (found.mean_fan_out_winners, found.mean_fan_out_others) == (
        2.5,
        0.15000000000000002,
    )
    flat = layer_weights(0, np.ones(4), np.ones(4), rho, live)
    assert flat.winners_larger == 0.5 and flat.spearman is None
    dead = layer_weights(0, np.ones(4), fan_out, rho, ~live)
    assert dead.winners == 0 and dead.mean_fan_out_winners is None


def test_the_identity_dominates_and_noise_does_not() -> None:
    generator = np.random.default_rng(2)
    eye = dominance(np.eye(10) + 0.01, generator)
    assert eye.ratio == pytest.approx(101) and eye.hits == 1
    assert eye.p_value == 1 / (1 + PERMUTATIONS) and eye.null_hits < 0.2
    values = [
        dominance(generator.normal(size=(10, 10)), generator).p_value
        for _ in range(200)
    ]
    # Under the null p is uniform: mean ½, standard error 0.29/√200.
    assert abs(np.mean(values) - 0.5) < 5 * 0.29 / np.sqrt(200)


def test_the_null_of_a_diagonal_matrix_is_derangements() -> None:
    """The mean number of fixed points of a permutation is 1, whatever its size."""
    found = dominance(np.eye(20) + 1e-3, np.random.default_rng(3))
    assert abs(found.null_hits * 20 - 1) < 5 / np.sqrt(PERMUTATIONS)


@pytest.mark.parametrize("square", [np.ones((1, 1)), np.zeros((4, 4))])
def test_what_cannot_be_told_is_none(square: np.ndarray) -> None:
    assert dominance(square, np.random.default_rng(0)).ratio is None


def test_winners_stand_by_their_live_teachers() -> None:
    matrix = np.arange(20.0).reshape(5, 4)
    rho = np.array([[0.1, 0.9, 0, 0], [0, 0, 0, 0], [0, 0, 0.2, 0.7]])
    live = np.array([True, False, True])
    np.testing.assert_array_equal(matched(matrix, rho, live), [[4, 6], [12, 14]])
