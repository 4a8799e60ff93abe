"""When zero loss forces alignment, against brute force, and the teachers themselves."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tfluck.alignment import (
    is_alignment_forced,
    polar,
    population_loss,
    spread_teachers,
)
from tfluck.alignment.forced import separate_teachers
from tfluck.foundations.errors import BadInput

few = settings(max_examples=30)


@pytest.mark.parametrize("count", [1, 2, 5, 8])
def test_spread_teachers_go_round_the_circle(count: int) -> None:
    found = spread_teachers(count)
    assert found.shape == (count, 2)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-15)
    angles = np.arctan2(found[:, 1], found[:, 0]) % (2 * math.pi)
    np.testing.assert_allclose(
        angles, 2 * math.pi * np.arange(count) / count, atol=1e-15
    )
    if count > 1:
        np.testing.assert_allclose(found.sum(axis=0), 0, atol=1e-15)


def test_polar() -> None:
    found = polar(np.array([0, math.pi / 2, math.pi / 3]))
    np.testing.assert_allclose(
        found, [[1, 0], [0, 1], [0.5, math.sqrt(3) / 2]], atol=1e-15
    )


def test_separate_teachers_are_orthonormal_while_they_can() -> None:
    assert separate_teachers(2, 3).tolist() == [[1, 0, 0], [0, 1, 0]]
    assert separate_teachers(3, 3).tolist() == np.eye(3).tolist()
    assert separate_teachers(1, 1).tolist() == [[1]]
    many = separate_teachers(7, 3, seed=1)
    assert many.shape == (7, 3)
    np.testing.assert_allclose(np.linalg.norm(many, axis=1), 1, atol=1e-15)
    np.testing.assert_array_equal(many, separate_teachers(7, 3, seed=1))
    assert not np.array_equal(many, separate_teachers(7, 3, seed=2))
    np.testing.assert_array_equal(separate_teachers(4, 2, 9), spread_teachers(4))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: spread_teachers(0),
            "At least one teacher is needed; 0 were asked for.",
        ),
        (
            lambda: separate_teachers(0, 3),
            "At least one teacher and one dimension are needed: 0, 3.",
        ),
        (
            lambda: separate_teachers(3, 0),
            "At least one teacher and one dimension are needed: 3, 0.",
        ),
        (
            lambda: separate_teachers(0, 2),
            "At least one teacher is needed; 0 were asked for.",
        ),
        (
            lambda: is_alignment_forced(np.zeros((0, 2))),
            "The teachers must be a finite matrix of shape (k, d), k ≥ 1.",
        ),
        (
            lambda: is_alignment_forced(np.ones(3)),
            "The teachers must be a finite matrix of shape (k, d), k ≥ 1.",
        ),
        (
            lambda: is_alignment_forced(np.array([[1.0, math.nan]])),
            "The teachers must be a finite matrix of shape (k, d), k ≥ 1.",
        ),
        (
            lambda: is_alignment_forced(np.array([[1.0, 0.0], [0.0, 0.0]])),
            "A teacher neuron is zero; it teaches nothing, so remove it.",
        ),
    ],
)
def test_refusals(call: object, words: str) -> None:
    with pytest.raises(BadInput) as caught:
        call()
    assert str(caught.value) == words


def test_too_many_teachers_are_refused_before_they_are_made() -> None:
    for call in (
        lambda: spread_teachers(10**9),
        lambda: separate_teachers(10**9, 3),
        lambda: separate_teachers(2, 10**9),
    ):
        with pytest.raises(BadInput, match="are too many"):
            call()


@few
@given(st.lists(st.integers(0, 35), min_size=1, max_size=6, unique=True))
def test_in_the_plane_it_is_a_matter_of_the_largest_gap(steps: list) -> None:
    # Teachers at multiples of 10°. Both rays of a line count as that line's own.
    angles = np.sort(np.array(steps)) * math.pi / 18
    lines = {k % 18 for k in steps}
    assume(len(lines) == len(steps))
    # 0 is outside the hull exactly if some gap exceeds half a turn.
    gap = max(np.diff([*angles, angles[0] + 2 * math.pi]))
    assert is_alignment_forced(polar(angles)) == bool(gap > math.pi + 1e-9)


@few
@given(seed=st.integers(0, 2**32 - 1), d=st.integers(2, 5), k=st.integers(2, 7))
def test_what_forces_alignment_does_not_depend_on_axes_or_lengths(
    seed: int, d: int, k: int
) -> None:
    random = np.random.default_rng(seed)
    teachers = random.standard_normal((k, d))
    rotation = np.linalg.qr(random.standard_normal((d, d)))[0]
    scale = random.uniform(0.1, 10, (k, 1))
    expected = is_alignment_forced(teachers)
    assert is_alignment_forced(teachers @ rotation) == expected
    assert is_alignment_forced(scale * teachers) == expected
    assert is_alignment_forced(teachers[::-1]) == expected
    # Up to d teachers in general position are independent, so 0 is not in their hull.
    if k <= d:
        assert expected


def test_where_it_is_not_forced_students_sit_opposite_at_zero_loss() -> None:
    # Σ n_k t_k = 0 with n = 1 for a simplex: its negative computes the same function.
    for d in (2, 3, 4):
        simplex = np.concatenate([np.eye(d), -np.ones((1, d))])
        assert not is_alignment_forced(simplex)
        assert population_loss(-simplex, simplex) == pytest.approx(0, abs=1e-14)
        assert is_alignment_forced(simplex[:-1])


def test_both_rays_of_a_line_are_aligned_either_way() -> None:
    line = np.array([[1.0, 0.0], [-2.0, 0.0]])
    assert is_alignment_forced(line)
    # With a third and a fourth teacher across, students may sit opposite both of these.
    crossed = np.vstack([line, [[0.3, 1.0]]])
    assert is_alignment_forced(crossed)
    assert not is_alignment_forced(np.vstack([crossed, [[0.3, -1.0]]]))
    # A line that is nearly one is none.
    nearly = np.vstack([polar(np.array([0.0, math.pi - 1e-6])), [[0.0, -1.0]]])
    assert not is_alignment_forced(nearly)
