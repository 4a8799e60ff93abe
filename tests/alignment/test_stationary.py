"""Critical points: Hessians in closed form, names, and surveys that repeat themselves."""

import math

import numpy as np
import pytest

from tfluck.alignment import classify, polar, survey
from tfluck.alignment.loss import weight_gradient
from tfluck.alignment.stationary import (
    ALIGNED,
    CRITICAL,
    MOST_UNKNOWNS,
    ZERO_LOSS,
    CriticalPoint,
    Survey,
    _kind,
    hessian,
)
from tfluck.foundations.errors import BadInput

E1 = np.array([[1.0, 0.0]])


@pytest.mark.parametrize("r", [0.5, 1.0, 2.0])
def test_the_hessian_of_one_aligned_student(r: float) -> None:
    # ∂²ℓ/∂r² = ½; across, (π r − f(0))/2πr + (1/r)·½·… = ½ at every r: g is (w − w_0)/2.
    found = hessian(np.array([[r, 0.0]]), E1)
    np.testing.assert_allclose(found, np.eye(2) / 2, atol=1e-5)


def test_the_hessian_of_two_students_at_right_angles() -> None:
    # ∂g_1/∂w_2 = (1/2π)[(π − t) I + …]: along and across at t = π/2.
    students = np.eye(2)
    found = hessian(students, 1e-9 * E1)
    np.testing.assert_allclose(found, found.T)
    cross = found[:2, 2:]
    step = 1e-5
    moved = students.copy()
    moved[1, 0] += step
    before, after = (weight_gradient(w, 1e-9 * E1)[0] for w in (students, moved))
    chord = (after - before) / step
    np.testing.assert_allclose(cross[:, 0], chord, atol=1e-4)
    # Radially, w_2 pulls w_1 by f(π/2)/2π = 1/2π along w_1 and (π/2)/2π = ¼ along w_2.
    np.testing.assert_allclose(cross[:, 1], [1 / (2 * math.pi), 0.25], atol=1e-6)


@pytest.mark.parametrize("m", [2, 3, 5])
def test_aligned_students_have_one_stiff_direction_and_flat_ones(m: int) -> None:
    students = np.full((m, 1), 1 / m) * E1
    values = np.linalg.eigvalsh(hessian(students, E1))
    assert values[-1] == pytest.approx(m / 2, abs=1e-3)
    point = classify(students, E1)
    # Lengths may be exchanged, and so may small turns: 2(m − 1) flat directions.
    assert point.flat_directions == 2 * (m - 1)
    assert point.negative_directions == 0
    assert point.kind == "aligned"
    assert point.length_error == pytest.approx(0, abs=1e-12)
    assert point.max_angle == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(
    ("alive", "loss", "gradient", "largest", "kind"),
    [
        (False, 1.0, 1.0, 2.0, "vanished"),
        (True, 1.0, 2 * CRITICAL, 0.0, "open"),
        (True, 2 * ZERO_LOSS, CRITICAL, 0.0, "stationary"),
        (True, ZERO_LOSS, CRITICAL, ALIGNED / 2, "aligned"),
        (True, ZERO_LOSS, CRITICAL, ALIGNED, "antipodal"),
        (True, 0.0, 0.0, 0.0, "aligned"),
    ],
)
def test_names(
    alive: bool, loss: float, gradient: float, largest: float, kind: str
) -> None:
    assert _kind(alive, loss, gradient, largest) == kind


def test_what_is_measured_of_a_point() -> None:
    student = np.array([[0.3, 0.4], [1e-9, 0.0]])
    found = classify(student, 2 * E1)
    assert found.kind == "open"
    assert found.length_error == pytest.approx(1.5, abs=1e-8)
    assert found.max_angle == pytest.approx(math.atan2(4, 3))
    # The curvature is that of the one that lives: two directions, none flat.
    assert found.flat_directions + found.negative_directions <= 2
    r, alpha = 0.5, math.atan2(4, 3)
    radial = math.pi * r - 2 * (math.sin(alpha) + (math.pi - alpha) * math.cos(alpha))
    tangential = 2 * (math.pi - alpha) * math.sin(alpha)
    alone = classify(student[:1], 2 * E1)
    expected = math.hypot(radial, tangential) / (2 * math.pi)
    assert alone.gradient == pytest.approx(expected, rel=1e-12)


def test_nothing_alive_has_no_angle_and_no_curvature() -> None:
    found = classify(np.array([[1e-9, 0.0]]), E1)
    assert (found.kind, found.max_angle) == ("vanished", 0)
    assert (found.flat_directions, found.negative_directions) == (0, 0)
    assert found.loss == pytest.approx(0.25)
    assert found.length_error == pytest.approx(1)


def test_the_saddle_of_two_teachers_has_a_direction_down() -> None:
    length = math.sqrt(2) * (4 + 3 * math.pi) / (4 * math.pi)
    students = np.full((2, 2), length / 2 / math.sqrt(2))
    found = classify(students, np.eye(2))
    assert found.kind == "stationary"
    assert found.negative_directions == 1
    one = classify(students.sum(axis=0, keepdims=True), np.eye(2))
    assert (one.kind, one.negative_directions) == ("stationary", 0)
    assert one.loss == pytest.approx(0.088511936632883446, rel=1e-12)


def test_surveys_repeat_count_and_report() -> None:
    heard: list[int] = []
    found = survey(2, 4, seed=5, progress=heard.append)
    assert heard == [1] * 4
    assert len(found.points) == 4 == sum(found.counts.values())
    again = survey(2, 4, seed=5)
    np.testing.assert_array_equal(found.points[3].students, again.points[3].students)
    other = survey(2, 1, seed=6)
    assert not np.array_equal(found.points[0].students, other.points[0].students)
    longer = survey(2, 5, seed=5)
    np.testing.assert_array_equal(found.points[3].students, longer.points[3].students)


def test_one_student_and_one_teacher_meet() -> None:
    found = survey(1, 6, teachers=np.array([[0.0, 2.0, 0.0]]))
    for point in found.points:
        if point.kind == "aligned":
            assert point.students[0] == pytest.approx([0, 2, 0], abs=1e-4)
    assert found.counts["aligned"] >= 1
    assert "stationary" not in found.counts


def test_counts_are_by_kind() -> None:
    def of(kind: str) -> CriticalPoint:
        return CriticalPoint(E1, kind, 0.0, 0.0, 0.0, 0.0, 0, 0)

    made = Survey((of("open"), of("aligned"), of("open")))
    assert made.counts == {"open": 2, "aligned": 1}


@pytest.mark.parametrize(
    ("m", "starts", "words"),
    [
        (0, 1, "m and the number of starts must be at least 1: 0, 1."),
        (1, 0, "m and the number of starts must be at least 1: 1, 0."),
        (
            201,
            1,
            "201 students have 402 weights to solve for; at most 400 are solved for in "
            "reasonable time.",
        ),
    ],
)
def test_refusals(m: int, starts: int, words: str) -> None:
    with pytest.raises(BadInput) as caught:
        survey(m, starts)
    assert str(caught.value) == words
    assert MOST_UNKNOWNS == 400


def test_teachers_of_a_half_plane_are_reached() -> None:
    teachers = polar(np.array([0.5, 1.5]))
    found = survey(2, 6, seed=1, teachers=teachers)
    kinds = {point.kind for point in found.points}
    assert kinds <= {"aligned", "stationary", "open", "vanished"}
    for point in found.points:
        if point.kind == "aligned":
            order = np.argsort(point.students[:, 1])
            np.testing.assert_allclose(point.students[order], teachers, atol=1e-3)
