"""Training: the recipe of Figure 1, the pentagon, one teacher, stability (F1)."""

import numpy as np
import pytest

from tfluck.alignment import (
    Snapshot,
    classify,
    descend,
    initial_students,
    measure,
    polar,
    population_loss,
    sampled_gradient,
    spread_teachers,
    survey,
)
from tfluck.alignment.descent import ALIGNED, VANISHED, Descent
from tfluck.alignment.geometry import norms
from tfluck.alignment.loss import population_gradient, weight_gradient
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


# Step by step.


def test_a_step_is_the_rate_times_the_gradient() -> None:
    start = initial_students(3, 2, 0.5, 4)
    found = descend(HALF_PLANE, start, 2, 0.3, [1])
    once = start - 0.3 * weight_gradient(start, HALF_PLANE)
    twice = once - 0.3 * weight_gradient(once, HALF_PLANE)
    np.testing.assert_array_equal(found.snapshots[0].students, once)
    np.testing.assert_array_equal(found.final.students, twice)
    assert [s.step for s in found.snapshots] == [1, 2]
    # What was given is left alone.
    np.testing.assert_array_equal(start, initial_students(3, 2, 0.5, 4))
    np.testing.assert_array_equal(found.teachers, HALF_PLANE)


def test_batches_are_drawn_from_their_own_seed() -> None:
    start = initial_students(3, 2, 0.5, 4)
    found = descend(HALF_PLANE, start, 2, 0.1, method="sgd", batch=7, seed=3)
    random, students = np.random.default_rng([3, 1]), start.copy()
    for _ in range(2):
        inputs = random.standard_normal((7, 2))
        students -= 0.1 * sampled_gradient(students, HALF_PLANE, inputs)
    np.testing.assert_array_equal(found.final.students, students)


def test_output_weights_take_the_same_step() -> None:
    start, outputs = initial_students(3, 2, 0.5, 4), np.array([1.0, -0.5, 2.0])
    found = descend(HALF_PLANE, start, 1, 0.2, [0], outputs=outputs)
    gradient = population_gradient(start, HALF_PLANE, outputs)
    np.testing.assert_array_equal(found.final.outputs, outputs - 0.2 * gradient.outputs)
    np.testing.assert_array_equal(found.final.students, start - 0.2 * gradient.weights)
    np.testing.assert_array_equal(found.snapshots[0].outputs, [1.0, -0.5, 2.0])
    assert outputs.tolist() == [1.0, -0.5, 2.0]
    assert found.final.loss == population_loss(
        found.final.students, HALF_PLANE, found.final.outputs
    )
    plain = descend(HALF_PLANE, start, 1, 0.2)
    assert plain.final.outputs is None


def test_progress_is_heard_every_hundred_steps() -> None:
    heard: list[int] = []
    descend(HALF_PLANE, initial_students(2, 2, 0.1, 0), 250, 0.1, progress=heard.append)
    assert heard == [0, 100, 200]


def test_starts_are_normal_with_their_deviation() -> None:
    start = initial_students(1500, 3, 0.2, 7)
    assert start.shape == (1500, 3)
    assert start.std() == pytest.approx(0.2, rel=0.05)
    assert start.mean() == pytest.approx(0, abs=0.02)
    np.testing.assert_array_equal(
        initial_students(2, 2, 0.4, 1), 2 * initial_students(2, 2, 0.2, 1)
    )


# What a snapshot measures.


def test_angles_are_to_the_nearest_teacher_and_to_its_line() -> None:
    teachers = polar(np.array([0.0, 1.5]))
    students = polar(np.array([0.1, 1.3, np.pi + 0.4])) * [[1.0], [2.0], [0.5]]
    found = measure(7, students, teachers)
    assert found.step == 7
    # 0.1 and 0.2 off; the third is 2.0416 from the second teacher, 0.4 off a line.
    assert found.max_angle == pytest.approx(np.pi + 0.4 - 1.5)
    assert found.median_angle == pytest.approx(0.2)
    assert found.max_angle_mod_pi == pytest.approx(0.4)
    assert found.aligned_fraction == 0
    assert found.loss == population_loss(students, teachers)
    np.testing.assert_array_equal(found.students, students)


def test_the_aligned_share_is_by_length() -> None:
    teachers = polar(np.array([0.0]))
    angles = np.array([0.0, 0.9 * ALIGNED, 1.1 * ALIGNED])
    students = polar(angles) * [[1.0], [2.0], [5.0]]
    assert measure(0, students, teachers).aligned_fraction == pytest.approx(3 / 8)
    # With output weights a student counts by |v||w|.
    weighted = measure(0, students, teachers, np.array([-3.0, 0.5, 1.0]))
    assert weighted.aligned_fraction == pytest.approx(4 / 9)


def test_what_has_vanished_is_a_share_of_the_longest_teacher() -> None:
    teachers = polar(np.array([0.0, 0.5])) * [[1.0], [4.0]]
    off = polar(np.array([2.0]))
    inside = np.vstack([teachers, 4 * VANISHED * 0.99 * off])
    outside = np.vstack([teachers, 4 * VANISHED * 1.01 * off])
    assert measure(0, inside, teachers).max_angle == pytest.approx(0, abs=1e-15)
    assert measure(0, outside, teachers).max_angle == pytest.approx(1.5)
    # Where all have vanished all count; where there is no length nothing is aligned.
    dust = 1e-9 * polar(np.array([0.0, 0.3]))
    assert measure(0, dust, polar(np.zeros(1))).max_angle == pytest.approx(0.3)
    assert measure(0, np.zeros((2, 2)), polar(np.zeros(1))).aligned_fraction == 0
    muted = measure(0, teachers, teachers, np.array([1.0, 0.0]))
    assert muted.aligned_fraction == 1


def test_the_last_snapshot_is_final() -> None:
    one, two = (Snapshot(n, np.zeros((1, 2)), 0.0, 0.0, 0.0, 0.0, 0.0) for n in (0, 9))
    assert Descent(HALF_PLANE, (one, two), True).final is two


@pytest.mark.parametrize(
    ("steps", "more", "words"),
    [
        (-1, {}, "Snapshots must lie between 0 and -1 steps."),
        (3, {"snapshots": [4]}, "Snapshots must lie between 0 and 3 steps."),
        (3, {"snapshots": [-1]}, "Snapshots must lie between 0 and 3 steps."),
        (
            1,
            {"outputs": np.ones(2), "method": "sgd"},
            "Output weights are trained by the population gradient only.",
        ),
    ],
)
def test_descent_refuses_in_a_sentence(steps: int, more: dict, words: str) -> None:
    with pytest.raises(BadInput) as caught:
        descend(HALF_PLANE, np.ones((2, 2)), steps, 0.1, **more)
    assert str(caught.value) == words
    with pytest.raises(BadInput) as caught:
        initial_students(0, 2, 0.1, 0)
    assert str(caught.value) == "At least one student is needed; 0 were asked for."


def test_divergence_names_its_step_rate_and_bound() -> None:
    with pytest.raises(Diverged) as caught:
        descend(HALF_PLANE, np.ones((4, 2)), 300, 1e6, [250])
    assert "diverged by step" in str(caught.value)
    assert str(caught.value).endswith(
        "at learning rate 1e+06; below 1 (4 over the number of students) is stable."
    )
    assert caught.value.step <= 101
    # Finite but absurd weights are divergence as well; 10¹² is the limit.
    far = np.array([[1e12, 0.0]])
    assert descend(np.array([[1.0, 0.0]]), far, 1, 1e-30).final.loss > 1e23
    with pytest.raises(Diverged):
        descend(np.array([[1.0, 0.0]]), 1.001 * far, 1, 1e-30)
