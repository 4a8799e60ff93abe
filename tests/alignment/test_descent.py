"""Training: the recipe of Figure 1, the pentagon, one teacher, stability (F1)."""

import numpy as np
import pytest

from tfluck.alignment import (
    classify,
    descend,
    initial_students,
    polar,
    spread_teachers,
    survey,
)
from tfluck.alignment.geometry import norms
from tfluck.alignment.stationary import hessian
from tfluck.foundations.errors import BadInput, Diverged

HALF_PLANE = polar(np.array([0.3, 0.85, 1.45, 2.1, 2.75]))
#: step, largest and median angle to the nearest teacher, loss.
TABLE = [
    (0, 1.84, 0.290, 2.2),
    (10, 0.721, 0.179, 8.6e-3),
    (1000, 0.121, 0.0052, 4.1e-5),
    (5000, 0.018, 0.0011, 1.4e-7),
]


def recipe(steps: int) -> None:
    rows = [row for row in TABLE if row[0] <= steps]
    if steps == 50_000:
        rows.append((50_000, 0.0007, 0.0001, 2.2e-11))
    start = initial_students(20, 2, 0.1, seed=1)
    found = descend(HALF_PLANE, start, steps, 0.1, [row[0] for row in rows])
    assert found.forced
    for snapshot, (step, largest, median, loss) in zip(
        found.snapshots, rows, strict=True
    ):
        assert snapshot.step == step
        assert snapshot.max_angle == pytest.approx(largest, rel=0.06)
        assert snapshot.median_angle == pytest.approx(median, rel=0.15)
        assert snapshot.loss == pytest.approx(loss, rel=0.05)


def test_figure_1_recipe_to_5000_steps() -> None:
    recipe(5000)


@pytest.mark.slow
def test_figure_1_recipe_to_50000_steps() -> None:
    recipe(50_000)


def test_spread_teachers_leave_students_on_antipodes() -> None:
    found = descend(
        spread_teachers(5), initial_students(20, 2, 0.1, 1), 6000, 0.1
    ).final
    assert not descend(spread_teachers(5), found.students, 0, 0.1).forced
    assert found.loss < 1e-6
    assert found.max_angle == pytest.approx(np.pi / 5, abs=0.02)
    assert found.max_angle_mod_pi < 0.02
    assert found.aligned_fraction < 0.9


@pytest.mark.parametrize("m", [1, 2, 3, 5])
@pytest.mark.parametrize("seed", [0, 1])
def test_one_teacher_gathers_all_students(m: int, seed: int) -> None:
    teacher = np.array([[1.0, 0.0]])
    found = descend(teacher, initial_students(m, 2, 0.3, seed), 4000, 0.2).final
    assert found.loss < 1e-7
    assert norms(found.students).sum() == pytest.approx(1, abs=1e-4)
    assert found.max_angle < 0.02


def test_an_exactly_opposite_student_shrinks_and_a_nudge_frees_it() -> None:
    teacher = np.array([[1.0, 0.0]])
    stuck = descend(teacher, np.array([[-0.5, 0.0]]), 2000, 0.2).final
    assert stuck.loss == pytest.approx(0.25, abs=1e-6)
    freed = descend(teacher, np.array([[-0.5, 1e-9]]), 6000, 0.2).final
    assert freed.loss < 1e-12


def test_sgd_aligns_as_well() -> None:
    start = initial_students(10, 2, 0.1, 3)
    found = descend(HALF_PLANE, start, 8000, 0.02, method="sgd", seed=3).final
    assert found.loss < 1e-4
    again = descend(HALF_PLANE, start, 8000, 0.02, method="sgd", seed=3).final
    np.testing.assert_array_equal(found.students, again.students)


def test_curvature_of_aligned_students_is_half_their_number() -> None:
    students = np.full((6, 1), 1 / 6) * np.array([[1.0, 0.0]])
    top = np.linalg.eigvalsh(hessian(students, np.array([[1.0, 0.0]])))[-1]
    assert top == pytest.approx(3, abs=1e-4)


def test_a_rate_far_above_the_bound_diverges_and_says_so() -> None:
    with pytest.raises(Diverged, match="learning rate"):
        descend(HALF_PLANE, initial_students(20, 2, 0.1, 1), 5000, 30.0)


@pytest.mark.parametrize("snapshots", [[-1], [11]])
def test_snapshots_lie_within_the_run(snapshots: list) -> None:
    with pytest.raises(BadInput):
        descend(HALF_PLANE, initial_students(2, 2, 0.1, 1), 10, 0.1, snapshots)


def test_vanished_students_do_not_count() -> None:
    students = np.array([[1.0, 0.0], [-1e-8, 0.0]])
    found = descend(np.array([[1.0, 0.0]]), students, 0, 0.1).final
    assert (found.max_angle, found.aligned_fraction) == (0, 1)


def test_critical_points_are_named() -> None:
    one, five = np.array([[1.0, 0.0]]), spread_teachers(5)
    assert classify(np.array([[0.4, 0.0], [0.6, 0.0]]), one).kind == "aligned"
    assert classify(np.array([[-1e-9, 0.0]]), one).kind == "vanished"
    assert classify(np.array([[0.0, 1.0]]), one).kind == "open"
    assert classify(-five, five).kind == "antipodal"


def test_several_teachers_do_have_positive_critical_points() -> None:
    found = survey(6, 5, teachers=HALF_PLANE)
    assert found.counts["stationary"] >= 1
    with pytest.raises(BadInput):
        survey(0, 1)
    for call in (lambda: initial_students(0, 2, 0.1, 0), lambda: spread_teachers(0)):
        with pytest.raises(BadInput):
            call()
