"""Correlation, rank and weights against NumPy, and their invariances."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tfluck.analysis import (
    Moments,
    best_match,
    correlation,
    coverage,
    fan_in_norms,
    fan_out_norms,
    live_nodes,
    winner_ranks,
)

draw = np.random.default_rng(0)
TEACHER = draw.normal(size=(200, 4))
STUDENT = draw.normal(size=(200, 7)) + TEACHER @ draw.normal(size=(4, 7))


def test_it_is_numpys_correlation() -> None:
    both = np.corrcoef(TEACHER.T, STUDENT.T)[:4, 4:]
    np.testing.assert_allclose(correlation(TEACHER, STUDENT), both, atol=1e-12)


def test_positions_of_images_are_samples() -> None:
    teacher, student = TEACHER.reshape(10, 4, 5, 4), STUDENT.reshape(10, 4, 5, 7)
    np.testing.assert_array_equal(
        correlation(teacher, student), correlation(TEACHER, STUDENT)
    )


@given(
    st.permutations(range(7)),
    arrays(float, 7, elements=st.floats(0.1, 100)),
    arrays(float, 7, elements=st.floats(-1e4, 1e4)),
)
def test_order_scale_and_shift_of_students_do_not_matter(
    order: list[int], scale: np.ndarray, shift: np.ndarray
) -> None:
    rho = correlation(TEACHER, STUDENT)
    moved = correlation(TEACHER, (STUDENT * scale + shift)[:, order])
    np.testing.assert_allclose(moved, rho[:, order], atol=1e-7)


@given(st.integers(1, 199))
def test_moments_of_parts_add_up(cut: int) -> None:
    teacher, student = TEACHER - TEACHER[:1], STUDENT - STUDENT[:1]
    parts = Moments.of(teacher[:cut], student[:cut]) + Moments.of(
        teacher[cut:], student[cut:]
    )
    np.testing.assert_allclose(
        parts.correlation(), correlation(TEACHER, STUDENT), atol=1e-12
    )


@pytest.mark.parametrize("constant", [0.0, 252.0, 1e6, 0.1])
def test_a_node_that_never_changes_correlates_with_nobody(constant: float) -> None:
    teacher, student = TEACHER.copy(), STUDENT.copy()
    teacher[:, 1] = constant
    student[:, 3] = np.float32(constant)
    rho = correlation(teacher, student)
    assert not rho[1].any() and not rho[:, 3].any()
    assert np.isfinite(rho).all()
    np.testing.assert_array_equal(live_nodes(teacher), [True, False, True, True])


@given(st.permutations(range(4)))
def test_a_shuffled_teacher_is_recognised(order: list[int]) -> None:
    match = best_match(correlation(TEACHER, TEACHER[:, order]))
    assert [order[student] for student in match.winner] == [0, 1, 2, 3]
    np.testing.assert_allclose(match.rho, 1)
    assert coverage(match.rho) == {0.5: 1.0, 0.8: 1.0, 0.9: 1.0, 0.95: 1.0}


def test_the_best_is_signed() -> None:
    assert best_match(np.array([[-0.9, 0.2]])).rho[0] == 0.2


def test_ranks_by_hand() -> None:
    before = np.array([[0.9, 0.1, 0.5, 0.3], [0.0, 0.4, 0.4, 0.1]])
    after = np.array([[0.2, 0.1, 0.3, 0.9], [0.1, 0.9, 0.2, 0.0]])
    ranks = winner_ranks([before, after])
    np.testing.assert_array_equal(ranks[0], [2 / 4, 0], "a tie is not strictly better")
    np.testing.assert_array_equal(ranks[1], [0, 0])


def test_a_blind_pick_has_rank_one_half() -> None:
    history = [np.random.default_rng(k).normal(size=(500, 101)) for k in range(2)]
    ranks = winner_ranks(history)[0]
    assert abs(ranks.mean() - 50 / 101) < 5 * 0.29 / np.sqrt(500)


def test_norms_follow_the_node() -> None:
    kernel = draw.normal(size=(3, 3, 2, 5))
    np.testing.assert_allclose(fan_in_norms(kernel)[4], np.linalg.norm(kernel[..., 4]))
    np.testing.assert_allclose(
        fan_out_norms(kernel, 2)[1], np.linalg.norm(kernel[:, :, 1])
    )
    dense = draw.normal(size=(4 * 5, 6))
    by_hand = np.linalg.norm(dense.reshape(4, 5, 6)[:, 2])
    np.testing.assert_allclose(fan_out_norms(dense, 5)[2], by_hand)
