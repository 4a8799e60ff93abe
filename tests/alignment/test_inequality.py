"""The inequality: exact constants, gaps in closed form, and a challenge that can fail."""

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st

import tfluck.alignment.inequality as room
from tfluck.alignment import balance, challenge, population_loss
from tfluck.alignment.inequality import TOLERANCE, _safely, configuration
from tfluck.alignment.loss import weight_gradient
from tfluck.alignment.theorem import gap_function, slope_ratio, weight_factor
from tfluck.angular.engine import precision
from tfluck.foundations.errors import BadInput

few = settings(max_examples=30)
E1 = np.array([1.0, 0.0])


@pytest.mark.parametrize("alpha", [0.0, 0.3, math.pi / 2, 2.0, 3.0])
def test_k_and_b_in_balls(alpha: float) -> None:
    with precision(150):
        a = arb.pi() - arb(alpha)
        k = a.sin() / a
        b = arb.pi() / (a * (1 - k * k))
        assert float(slope_ratio(np.array(alpha))) == pytest.approx(
            float(k.mid()), rel=1e-13, abs=1e-15
        )
        assert float(weight_factor(np.array(alpha))) == pytest.approx(
            float(b.mid()), rel=1e-11
        )


def test_known_constants() -> None:
    half = np.array(math.pi / 2)
    assert float(slope_ratio(half)) == pytest.approx(2 / math.pi)
    assert float(weight_factor(half)) == pytest.approx(2 / (1 - 4 / math.pi**2))
    # A supplement that is known keeps its digits: k → 1 − e²/6, b → 3π/e³.
    e = np.array(1e-3)
    wrong = np.array(1.0)
    assert float(slope_ratio(wrong, e)) == pytest.approx(1 - 1e-6 / 6, rel=1e-12)
    assert float(weight_factor(wrong, e)) == pytest.approx(3 * math.pi * 1e9, rel=1e-6)


@few
@given(alpha=st.floats(0.05, 3.0), p=st.floats(0.0, math.pi), q=st.floats(0.0, math.pi))
def test_the_gap_by_its_formula(alpha: float, p: float, q: float) -> None:
    def f(t: float) -> float:
        return math.sin(t) + (math.pi - t) * math.cos(t)

    a = math.pi - alpha
    k = math.sin(a) / a
    b = math.pi / (a * (1 - k * k))
    bend = b * (math.pi - q) * (math.cos(alpha) * math.cos(q) - math.cos(p))
    expected = f(p) - b * (math.cos(alpha) - k) * f(q) + bend
    found = gap_function(np.array(alpha), np.array(p), np.array(q))
    assert float(found) == pytest.approx(expected, abs=1e-9 * b)


def test_the_gap_of_an_opposite_direction() -> None:
    # q = π forces p = π − α, and G = g(α) = sin α − α cos α.
    for alpha in (0.3, 1.0, 2.5):
        found = gap_function(
            np.array(alpha), np.array(math.pi - alpha), np.array(math.pi)
        )
        assert float(found) == pytest.approx(
            math.sin(alpha) - alpha * math.cos(alpha), abs=1e-12
        )


def test_one_student_by_hand() -> None:
    # m = 1: the gap is G_α(α, 0), with f(0) = π.
    r, alpha = 0.7, 1.1
    student = r * np.array([[math.cos(alpha), math.sin(alpha)]])
    found = balance(student, 2 * E1, 0)
    assert found.loss == pytest.approx(population_loss(student, 2 * E1[None]))
    gap = float(gap_function(np.array(alpha), np.array(alpha), np.array(0.0)))
    assert found.identity == pytest.approx(2 * r * gap / (2 * math.pi), rel=1e-10)
    assert found.slack == pytest.approx(found.identity, rel=1e-9)
    gradient = weight_gradient(student, 2 * E1[None])[0]
    b, k = (float(x(np.array(alpha))) for x in (weight_factor, slope_ratio))
    probe = b * (2 * E1 - k * 2 * student[0] / r)
    assert found.slack == pytest.approx(
        student[0] @ gradient - probe @ gradient - 2 * found.loss
    )
    size = r + b * (1 + k) * 2
    assert found.gradient_bound == pytest.approx(
        np.linalg.norm(gradient) * size - 2 * found.loss
    )
    assert found.scale == pytest.approx((2 + r) * (r + b * 2))


@few
@given(seed=st.integers(0, 2**32 - 1), m=st.integers(1, 4), d=st.integers(2, 4))
def test_every_student_gives_an_inequality_of_its_own(
    seed: int, m: int, d: int
) -> None:
    random = np.random.default_rng(seed)
    students, teacher = random.standard_normal((m, d)), random.standard_normal(d)
    for i in range(m):
        found = balance(students, teacher, i)
        assert found.slack == pytest.approx(found.identity, abs=1e-11 * found.scale)
        assert found.slack >= -1e-12 * found.scale
        assert found.gradient_bound >= -1e-12 * found.scale
        assert found.gradient_bound >= found.slack - 1e-9 * found.scale
    # The sum rule of equal losses.
    assert len({round(balance(students, teacher, i).loss, 9) for i in range(m)}) == 1


@pytest.mark.parametrize(
    ("students", "teacher", "words"),
    [
        (
            [[0.0, 0.0]],
            E1,
            "The inequality is about nonzero students and a nonzero teacher.",
        ),
        (
            [[1.0, 0.0]],
            0 * E1,
            "The inequality is about nonzero students and a nonzero teacher.",
        ),
        (
            [[-2.0, 0.0]],
            E1,
            "The student is exactly opposite the teacher, where b is infinite.",
        ),
    ],
)
def test_its_hypotheses(students: list, teacher: np.ndarray, words: str) -> None:
    with pytest.raises(BadInput) as caught:
        balance(np.array(students), teacher, 0)
    assert str(caught.value) == words


# The challenge.


def test_configurations_are_generic_near_or_opposed_over_many_decades() -> None:
    random = np.random.default_rng(0)
    cosines, lengths, teachers = [], [], []
    for _ in range(300):
        students, teacher = configuration(random, 3, 4)
        assert students.shape == (3, 4)
        size = np.linalg.norm(students, axis=1)
        cosines += (students @ teacher / size / np.linalg.norm(teacher)).tolist()
        lengths += size.tolist()
        teachers.append(np.linalg.norm(teacher))
    cosines = np.array(cosines)
    assert (cosines > 0.999999).mean() > 0.15
    assert (cosines < -0.999999).mean() > 0.15
    assert (np.abs(cosines) < 0.9).mean() > 0.2
    assert min(lengths) < 1e-2
    assert max(lengths) > 1e2
    assert min(lengths) >= 1e-3
    assert max(lengths) <= 1e3
    assert min(teachers) < 0.1
    assert max(teachers) > 10


def test_nearly_opposite_students_are_passed_over() -> None:
    assert _safely(np.array([[-1.0, 1e-8]]), E1, 0) is None
    assert _safely(np.array([[-1.0, 1e-6]]), E1, 0) is not None
    # Only the student that is asked about matters.
    both = np.array([[-1.0, 1e-8], [0.5, 0.5]])
    assert _safely(both, E1, 1) is not None


def test_a_challenge_reports_in_hundreds_and_repeats() -> None:
    heard: list[int] = []
    found = challenge(2, 3, 250, seed=4, progress=heard.append)
    assert heard == [100, 100]
    again = challenge(2, 3, 250, seed=4)
    assert replace(found, worst=0) == replace(again, worst=0)
    np.testing.assert_array_equal(found.worst, again.worst)
    assert found.worst.shape == (2, 3)
    assert found.min_slack != challenge(2, 3, 250, seed=5).min_slack
    assert (found.samples, found.violations) == (250, 0)
    assert 0 < found.identity_error < 1e-13


def broken(slack: float, identity: float = 0.0) -> object:
    def made(students: np.ndarray, teacher: np.ndarray, i: int) -> object:
        return room.Balance(1.0, slack * 10, identity, 10.0, 50.0)

    return made


def test_a_violation_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "_safely", broken(-2 * TOLERANCE))
    found = challenge(1, 2, 20)
    assert found.violations == 20
    assert found.min_slack == pytest.approx(-2 * TOLERANCE)
    assert found.min_gradient_bound == 5.0
    assert found.identity_error == pytest.approx(2 * TOLERANCE)
    monkeypatch.setattr(room, "_safely", broken(-TOLERANCE / 2))
    assert challenge(1, 2, 20).violations == 0


def test_where_nothing_can_be_evaluated_nothing_is_claimed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(room, "_safely", lambda *given: None)
    found = challenge(2, 2, 15)
    assert found.violations == 0
    assert math.isinf(found.min_slack)
    assert (found.worst == 0).all()


def test_the_last_tenth_descends_from_the_worst(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[np.ndarray] = []

    def falling(students: np.ndarray, teacher: np.ndarray, i: int) -> object:
        seen.append(students)
        return room.Balance(1.0, 100.0 - len(seen), 0.0, 1.0, 1.0)

    monkeypatch.setattr(room, "_safely", falling)
    challenge(1, 2, 50, seed=1)
    # The 46th is a small change of the 45th, the least slack so far.
    for before, after in pairwise(seen[44:50]):
        share = np.abs(after / before - 1)
        assert 0 < share.max() < 3
    assert len(seen) == 50


@pytest.mark.parametrize("given", [(0, 2, 1), (1, 0, 1), (1, 2, 0)])
def test_nothing_to_challenge(given: tuple) -> None:
    with pytest.raises(BadInput) as caught:
        challenge(*given)
    assert str(caught.value) == (
        "m, the dimension and the number of samples must be at least 1."
    )
    with pytest.raises(BadInput, match="are too many"):
        challenge(10_000, 2, 1)
