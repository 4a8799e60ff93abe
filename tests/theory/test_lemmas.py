"""Lemmas 2 to 4, the block table, and the authors' perturbed experiment."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfluck.theory.conjecture import blocks
from tfluck.theory.feasibility import fall_off
from tfluck.theory.kernels import lipschitz_constant, psi_d, psi_l
from tfluck.theory.lemmas import Quadruples, bottom_ratio, overlap_ratio, top_ratio
from tfluck.theory.matrix_dynamics import matrix_dynamics, normalized, unstacked
from tfluck.theory.nets import weight_gradients
from tfluck.theory.perturbed import (
    perturbed_course,
    perturbed_student,
    true_course,
    unit_teacher,
)

QUARTER = np.pi / 2
K_D, K_L = (lipschitz_constant(psi, QUARTER, QUARTER) for psi in (psi_d, psi_l))


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(2, 8), st.floats(0.01, QUARTER))
def test_the_mended_bounds_hold_up_to_a_right_angle(
    seed: int, dim: int, turn: float
) -> None:
    draw = np.random.default_rng(seed)
    q = Quadruples.near(200, dim, turn, draw)
    t = q.angles()
    q = q.where((t["cross"] <= QUARTER) & (t["targets"] <= QUARTER))
    if not q.w.size:
        return
    v, target = draw.normal(size=(2, 3, q.w.shape[1]))
    assert bottom_ratio(q, K_D).max() <= 1 + 1e-9
    assert overlap_ratio(q, K_D).max() <= 1 + 1e-9
    assert overlap_ratio(q, K_L, which="l").max() <= 1 + 1e-9
    assert top_ratio(q, v, target, K_L).max() <= 1 + 1e-9


def test_bounds_by_hand() -> None:
    """Orthogonal targets, only w_j′ turned by 0.2 towards w_j."""
    one, two = np.eye(2)[:, :1], np.eye(2)[:, 1:]
    turned = np.sin(0.2) * one + np.cos(0.2) * two
    q = Quadruples(one, turned, one, two)
    delta = 2 * np.sin(0.1)
    students = psi_d(QUARTER - 0.2)
    change = np.linalg.norm(two * 0.25 - turned * students)
    np.testing.assert_allclose(bottom_ratio(q, 0.5), change / (1.5 * 0.25 * delta))
    np.testing.assert_allclose(overlap_ratio(q, 0.5), [1.0])
    printed = overlap_ratio(q, 0.5, printed=True)
    np.testing.assert_allclose(printed, 1 / (1 + 0.5 * delta))
    v, target = np.array([[2.0]]), np.array([[1.0]])
    l_cross, l_own = psi_l(QUARTER), psi_l(QUARTER - 0.2)
    np.testing.assert_allclose(
        top_ratio(q, v, target, 0.5),
        abs(l_cross - 2 * l_own) / (l_cross * (1 + 0.5 * 2 * delta)),
    )
    np.testing.assert_allclose(
        top_ratio(q, v, target, 0.5, printed=True),
        abs(l_cross - 2 * l_own) / (1.5 * l_cross * delta),
    )


@pytest.mark.parametrize(
    ("degrees", "noted"), [(0.1, 0.5), (45, 0.553), (90, 1.072), (120, 2.7)]
)
def test_lemma_4(degrees: float, noted: float) -> None:
    assert fall_off(float(np.deg2rad(degrees))) == pytest.approx(noted, rel=1e-2)


def test_lemma_4_at_a_right_angle_exactly() -> None:
    """l* = 1/2π and l = ½ at |δw|² = 2: C₀ = (π − 1)/2."""
    assert fall_off(QUARTER) == pytest.approx((np.pi - 1) / 2, rel=1e-12)


def test_blocks() -> None:
    start = np.arange(1.0, 13).reshape(3, 4)
    now = start.copy()
    now[2, :2] = 0
    low, high = np.array([True, True, False]), np.array([True, True, False, False])
    found = {(b.below, b.above): b for b in blocks(now, start, low, high)}
    gone = found["irrelevant", "lucky"]
    assert (gone.weights, gone.size, gone.memory) == (2, 0.0, None)
    assert gone.start == pytest.approx(np.sqrt((81 + 100) / 2))
    still = found["irrelevant", "irrelevant"]
    assert still.memory == pytest.approx(1) and still.size == still.start
    assert found["lucky", "lucky"].weights == 4
    everybody = blocks(now, start, np.ones(3, bool), high)
    assert [b.size is None for b in everybody] == [False, False, True, True]
    conv = blocks(np.stack([now, now]), np.stack([start, start]), low, high)
    assert conv[0].weights == 8


def test_a_perturbed_student_is_its_teacher_plus_noise() -> None:
    draw = np.random.default_rng(0)
    teacher = unit_teacher((10, 20, 30), draw)
    student = perturbed_student(teacher, 2, draw)
    assert [w.shape for w in student] == [(11, 40), (41, 30)]
    for w in (*teacher, *student):
        np.testing.assert_allclose(np.linalg.norm(w, axis=0), 1)
    cosines = (student[0][:, :20] * teacher[0]).sum(axis=0)
    assert cosines.mean() > 0.9 and not teacher[0][-1].any()
    rows = np.linalg.norm(student[1][:-1], axis=1)
    assert rows[20:].mean() == pytest.approx(0.45, abs=0.05), "the note's .450"


def test_courses_are_the_steps_they_say() -> None:
    found = perturbed_course(
        (3, 2, 4), np.random.default_rng(5), steps=2, every=1, batch=8
    )
    draw = np.random.default_rng(5)
    teacher = unit_teacher((3, 2, 4), draw)
    here = perturbed_student(teacher, 2, draw)
    for _ in range(2):
        x = draw.normal(size=(8, 3))
        flow = matrix_dynamics(here, teacher, x, bias_column=False)
        here = [
            normalized(w + 0.05 * f.update) for w, f in zip(here, flow, strict=True)
        ]
    for ours, theirs in zip(found.last, here, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-14)
    assert found.steps.tolist() == [0, 1, 2]
    np.testing.assert_allclose(
        found.irrelevant[-1], np.linalg.norm(here[1][2:4], axis=1)
    )
    true = true_course((3, 2, 4), np.random.default_rng(5), steps=1, every=1, batch=8)
    draw = np.random.default_rng(5)
    teacher = unit_teacher((3, 2, 4), draw)
    here = perturbed_student(teacher, 2, draw)
    x = draw.normal(size=(8, 3))
    flow = weight_gradients(unstacked(here), x, unstacked(teacher).activations(x)[-1])
    np.testing.assert_allclose(true.last[0], here[0] + 0.2 * flow[0], atol=1e-14)
