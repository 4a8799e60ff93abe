"""Several teachers: C1 in exact numbers, C2 by hand."""

import math

import numpy as np
import pytest
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st

from tfluck.alignment import bisector, population_loss, survival
from tfluck.alignment.loss import weight_gradient
from tfluck.alignment.several import GAP, interval
from tfluck.alignment.theorem import gap_function, slope_ratio, weight_factor
from tfluck.angular.engine import precision
from tfluck.foundations.errors import BadInput

few = settings(max_examples=25)

#: k, ρ and ℓ to 32 digits.
KNOWN = [
    (2, "1.5108183298583743213788661386606", "0.088511936632883446393618386708879"),
    (3, "1.9850539529538857743950214198292", "0.24235503024122406796946793319097"),
    (4, "2.4359911241769174323559863299593", "0.47141646928419152315545108174417"),
]


@pytest.mark.parametrize(("k", "length", "loss"), KNOWN)
def test_intervals_hold_the_digits_of_c1(k: int, length: str, loss: str) -> None:
    found = bisector(k)
    with precision(200):
        for (low, high), digits in ((found.length, length), (found.loss, loss)):
            assert arb(low) < arb(digits) < arb(high)
            assert high - low <= 4 * math.ulp(high)


def test_two_teachers_in_closed_form() -> None:
    found = bisector(2)
    with precision(128):
        pi = arb.pi()
        length = arb(2).sqrt() * (4 + 3 * pi) / (4 * pi)
        loss = (2 * pi + 2 - (4 + 3 * pi) ** 2 / (8 * pi)) / (4 * pi)
        for (low, high), exact in (
            (found.length, length),
            (found.loss, loss),
            (found.bend, -arb(2).sqrt() / (2 * pi)),
            (found.angle, pi / 4),
            (found.bound, arb(4.1) / (4 * pi) * 2 * (pi / 4) ** 2),
        ):
            assert arb(low) <= exact <= arb(high)
            assert high - low < 1e-14
    assert (found.k, GAP) == (2, 4.1)


@pytest.mark.parametrize("k", [2, 3, 5, 20, 1000])
def test_every_part_of_c1_in_float64(k: int) -> None:
    found = bisector(k)
    angle = math.acos(k**-0.5)
    length = k / math.pi * (math.sin(angle) + (math.pi - angle) * math.cos(angle))
    loss = (k * math.pi + k * (k - 1) - math.pi * length**2) / (4 * math.pi)
    assert found.angle == pytest.approx((angle, angle), rel=1e-13)
    assert found.length == pytest.approx((length, length), rel=1e-13)
    assert found.loss == pytest.approx((loss, loss), rel=1e-11)
    assert found.slope[0] <= 0 <= found.slope[1] < 1e-30
    assert (found.bend is None) == (k > 2)
    # α = arccos k^{−1/2} exceeds 1 from k = 4 on: cos 1 = 0.5403 > 1/2.
    assert (found.bound is None) == (k > 3)
    if k <= 20:
        students = np.full((1, k), length / math.sqrt(k))
        assert population_loss(students, np.eye(k)) == pytest.approx(loss, rel=1e-11)
        assert np.abs(weight_gradient(students, np.eye(k))).max() < 1e-14


@pytest.mark.parametrize("k", [1, 0, 1001])
def test_c1_is_about_two_to_a_thousand(k: int) -> None:
    with pytest.raises(BadInput) as caught:
        bisector(k)
    assert str(caught.value) == f"C1 is about 2 to 1000 teachers; {k} were asked for."


def test_more_bits_are_no_contradiction() -> None:
    coarse, fine = bisector(3, 60), bisector(3, 300)
    assert coarse.loss[0] <= fine.loss[0] <= fine.loss[1] <= coarse.loss[1]


def test_intervals_are_rounded_outwards() -> None:
    with precision(128):
        third = arb(1) / 3
        low, high = interval(third)
        assert arb(low) < third < arb(high)
        assert high - low <= 3 * math.ulp(1 / 3)
        assert interval(arb(2, 1))[0] < 1 < 3 < interval(arb(2, 1))[1]


# C2.


def test_c2_with_one_teacher_is_the_inequality_itself() -> None:
    # No pairs of teachers: the right side is Σ w·g − b(w_0 − k|w_0|u)·g.
    student, teacher = np.array([[0.4, 0.6]]), np.array([[1.5, 0.0]])
    found = survival(student, teacher)
    alpha = math.atan2(0.6, 0.4)
    gradient = weight_gradient(student, teacher)[0]
    b = float(weight_factor(np.array(alpha)))
    k = float(slope_ratio(np.array(alpha)))
    unit = student[0] / np.linalg.norm(student[0])
    right = student[0] @ gradient - b * (teacher[0] - k * 1.5 * unit) @ gradient
    assert found.right == pytest.approx(right, rel=1e-12)
    assert found.loss == pytest.approx(population_loss(student, teacher))
    assert found.angles == pytest.approx([alpha])
    assert alpha < 1
    assert found.crude == pytest.approx(0, abs=1e-15)


@few
@given(seed=st.integers(0, 2**32 - 1), k=st.integers(2, 4), m=st.integers(1, 4))
def test_both_sides_of_c2_term_by_term(seed: int, k: int, m: int) -> None:
    random = np.random.default_rng(seed)
    students, teachers = random.standard_normal((m, 3)), random.standard_normal((k, 3))
    found = survival(students, teachers)
    gradient = weight_gradient(students, teachers)
    sizes = np.linalg.norm(teachers, axis=1)
    units = students / np.linalg.norm(students, axis=1)[:, None]
    rays = teachers / sizes[:, None]
    right = (students * gradient).sum()
    pairs, alphas = 0.0, []
    for t in range(k):
        cosines = units @ rays[t]
        i = int(cosines.argmax())
        alpha = math.acos(min(1.0, cosines[i]))
        alphas.append(alpha)
        ratio, b = slope_ratio(np.array(alpha)), weight_factor(np.array(alpha))
        right -= b * (teachers[t] - ratio * sizes[t] * units[i]) @ gradient[i]
        for other in range(k):
            if other != t:
                p = math.acos(np.clip(rays[other] @ rays[t], -1, 1))
                q = math.acos(np.clip(rays[other] @ units[i], -1, 1))
                gap = float(gap_function(np.array(alpha), np.array(p), np.array(q)))
                right += sizes[t] * sizes[other] * gap / (2 * math.pi)
                pairs += sizes[t] * sizes[other] * alpha**2
    assert found.right == pytest.approx(right, rel=1e-6, abs=1e-6)
    assert found.angles == pytest.approx(alphas, abs=1e-7)
    if max(alphas) <= 1:
        assert found.crude == pytest.approx(4.1 / (4 * math.pi) * pairs, rel=1e-6)
    else:
        assert found.crude is None


def test_c2_asks_for_nonzero_neurons_off_the_antipode() -> None:
    e = np.eye(2)
    for students, teachers in ((0 * e, e), (e, np.array([[1.0, 0.0], [0.0, 0.0]]))):
        with pytest.raises(BadInput) as caught:
            survival(students, teachers)
        assert str(caught.value) == "C2 is about nonzero students and teachers."
    with pytest.raises(BadInput) as caught:
        survival(-e[:1], e[:1])
    assert str(caught.value) == "Every student is exactly opposite a teacher."
    # One student on the other side is enough.
    assert survival(np.vstack([-e[:1], e[:1]]), e[:1]).angles.tolist() == [0]
