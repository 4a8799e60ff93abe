"""Associated matrices: the definition written down once more, and what is refused."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tfluck.angular import (
    antipodal_pairs,
    associated,
    determinants_by_definition,
    parse,
)
from tfluck.angular.functions import AngularFunction
from tfluck.angular.matrices import (
    MOST_DRAWN,
    MOST_STUDENTS,
    NOISE,
    TURN,
    checked_angles,
    checked_students,
    distance,
    least_gap,
    rounding_noise,
    sweep,
)
from tfluck.foundations.errors import BadInput

seeds = st.integers(0, 2**32 - 1)


def drawn(seed: int, m: int, n: int) -> np.ndarray:
    return np.random.default_rng(seed).random((m, n)) * TURN


@pytest.mark.parametrize(
    ("x", "y", "expected"),
    [
        (0.0, 0.0, 0.0),
        (1.0, 3.0, 2.0),
        (3.0, 1.0, 2.0),
        (0.0, math.pi, math.pi),
        (0.5, 6.0, TURN - 5.5),
        (TURN - 0.25, 0.25, 0.5),
    ],
)
def test_distances_go_the_shorter_way(x: float, y: float, expected: float) -> None:
    assert distance(np.array([x]), y)[0] == pytest.approx(expected, abs=1e-15)
    assert distance(np.array([y]), np.array([x]))[0] == distance(np.array([x]), y)[0]


@given(seed=seeds, m=st.integers(1, 6))
def test_the_least_gap_is_the_least_of_all_distances(seed: int, m: int) -> None:
    angles = drawn(seed, m, 4)
    points = np.vstack([np.zeros(4), angles])
    expected = np.min(
        [distance(points[i], points[j]) for i, j in combinations(range(m + 1), 2)],
        axis=0,
    )
    np.testing.assert_allclose(least_gap(angles), expected, atol=1e-14)


def test_the_least_gap_goes_round_to_the_teacher() -> None:
    angles = np.array([[1.0, 0.1, 3.0, 2.0], [3.0, 3.0, 6.2, 2.0]])
    np.testing.assert_allclose(least_gap(angles), [1, 0.1, TURN - 6.2, 0], atol=1e-15)


@pytest.mark.parametrize("name", ["relu", "poisson:0.5", "math:cosh"])
@pytest.mark.parametrize("m", [1, 2, 5])
def test_m_and_b_entry_by_entry(name: str, m: int) -> None:
    function, angles = parse(name), drawn(m, m, 3)
    matrix, right = associated(function, angles)
    assert matrix.shape == (m, m, 3)
    assert right.shape == (m, 3)
    for n in range(3):
        for i in range(m):
            own = function.values(distance(angles[i, n], np.zeros(1)))[0]
            assert right[i, n] == own
            for j in range(m):
                there = function.values(distance(angles[i : i + 1, n], angles[j, n]))
                assert matrix[i, j, n] == there[0]


def test_f_is_asked_once_for_each_pair_and_once_at_0() -> None:
    asked: list[int] = []

    def counting(t: np.ndarray) -> np.ndarray:
        asked.append(t.size)
        return np.cos(t)

    own = AngularFunction("counting", None, callable=counting)
    associated(own, drawn(0, 4, 7))
    assert sorted(asked) == [1, 10 * 7]


@pytest.mark.parametrize("m", [1, 2, 4])
def test_cramers_rule(m: int) -> None:
    function, angles = parse("relu"), drawn(m + 10, m, 6)
    matrix, right = associated(function, angles)
    det, dets = determinants_by_definition(function, angles)
    assert dets.shape == (m, 6)
    for n in range(6):
        weights = np.linalg.solve(matrix[:, :, n], right[:, n])
        assert det[n] == pytest.approx(np.linalg.det(matrix[:, :, n]), rel=1e-10)
        np.testing.assert_allclose(dets[:, n], det[n] * weights, rtol=1e-7, atol=1e-11)


def test_two_students_in_closed_form() -> None:
    # f(0) = 2, f(t) = 1 + cos t at 0.5 and 2: distances 0.5, 2 and 1.5.
    a, b, c = 1 + math.cos(0.5), 1 + math.cos(2.0), 1 + math.cos(1.5)
    det, dets = determinants_by_definition(
        parse("cosines:1,1"), np.array([[0.5], [2.0]])
    )
    assert det[0] == pytest.approx(4 - c * c, rel=1e-14)
    assert dets[0, 0] == pytest.approx(2 * a - b * c, rel=1e-14)
    assert dets[1, 0] == pytest.approx(2 * b - a * c, rel=1e-13)


def test_sweeping_keeps_its_argument_and_multiplies_pivots() -> None:
    matrix = np.array([[[4.0], [2.0]], [[2.0], [3.0]]])
    kept = matrix.copy()
    inverse, determinant = sweep(matrix)
    np.testing.assert_array_equal(matrix, kept)
    np.testing.assert_allclose(
        inverse[:, :, 0], [[3 / 8, -1 / 4], [-1 / 4, 1 / 2]], atol=1e-16
    )
    assert determinant.tolist() == [8.0]


@example(seed=99, m=1)
@given(seed=seeds, m=st.integers(1, 5))
def test_noise_is_hadamards_bound_of_the_matrix_itself(seed: int, m: int) -> None:
    function, angles = parse("relu"), drawn(seed, m, 2)
    matrix, right = associated(function, angles)
    found = rounding_noise(function, angles)
    assert NOISE == 256 * 2.0**-53
    for n in range(2):
        for i in range(m):
            replaced = matrix[:, :, n].copy()
            replaced[:, i] = right[:, n]
            rows = np.linalg.norm(replaced, axis=1).prod()
            assert found[i, n] == pytest.approx(
                m * m * NOISE * rows, rel=1e-12, abs=1e-25
            )
            assert abs(np.linalg.det(replaced)) <= rows * (1 + 1e-12)


@pytest.mark.parametrize(
    ("angles", "words"),
    [
        ([], "At least one student angle is needed (m ≥ 1)."),
        ([[1.0]], "At least one student angle is needed (m ≥ 1)."),
        ([1.0, math.nan], "Angles must be finite numbers, and one is nan."),
        ([-math.inf], "Angles must be finite numbers, and one is -inf."),
        ([-1e-9], "Angles must lie in [0, 2π), and one is -1e-09."),
        ([1.0, TURN], f"Angles must lie in [0, 2π), and one is {TURN!r}."),
        (
            [0.01] * 65,
            "65 angles are more than can be judged: the work grows as m⁴ and the "
            "determinants shrink faster than any precision; at most 64.",
        ),
    ],
)
def test_bad_angles_are_told_in_full(angles: list, words: str) -> None:
    with pytest.raises(BadInput) as caught:
        checked_angles(angles)
    assert str(caught.value) == words


def test_the_ends_of_what_is_allowed() -> None:
    assert MOST_STUDENTS == 64
    last = math.nextafter(TURN, 0)
    assert checked_angles([0, last]).tolist() == [0.0, last]
    assert checked_angles(np.arange(64) / 11).size == 64
    checked_students(1)
    checked_students(MOST_DRAWN)
    checked_students(3, least=3)


@pytest.mark.parametrize(("m", "least"), [(0, 1), (33, 1), (2, 3), (-5, 1)])
def test_too_few_and_too_many_students(m: int, least: int) -> None:
    with pytest.raises(BadInput) as caught:
        checked_students(m, least)
    assert str(caught.value) == (
        f"The number of students m must be {least} to 32 here; it is {m}."
    )


def test_opposite_pairs_are_counted_up_to_a_tolerance() -> None:
    assert antipodal_pairs([1.0, 1 + math.pi, 2.0]) == 1
    assert antipodal_pairs([1.0, 1 + math.pi + 1e-9, 2.0]) == 0
    assert antipodal_pairs([1.0, 1 + math.pi + 1e-9, 2.0], tolerance=1e-8) == 1
    # Two students at one place have both the same antipode.
    assert antipodal_pairs([1.0, 1.0, 1 + math.pi]) == 2
    # The teacher does not count.
    assert antipodal_pairs([math.pi, 1.0]) == 0
    with pytest.raises(BadInput):
        antipodal_pairs([])
