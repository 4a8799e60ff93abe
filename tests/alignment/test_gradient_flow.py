"""Flow and descent in closed form: one student, a dying one, bounds and their wording."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfluck.alignment import descend_as_flow, flow, population_loss, slacks
from tfluck.alignment.gradient_flow import (
    Bounds,
    _checked_times,
    _reach,
    _slack,
    _summary,
    bounds,
    final_alignment,
)
from tfluck.foundations.errors import BadInput

few = settings(max_examples=25)
E1 = np.array([1.0, 0.0])


@pytest.mark.parametrize("length", [0.2, 3.0])
def test_an_aligned_student_goes_exponentially(length: float) -> None:
    # r′ = −(r − 1)/2: ℓ = (r − 1)²/4, r − 1 = (r_0 − 1) e^{−t/2}.
    found = flow(np.array([[length, 0.0]]), E1, 8.0, 7)
    exact = (length - 1) ** 2 / 4 * np.exp(-found.times)
    np.testing.assert_allclose(found.losses, exact, rtol=1e-5, atol=1e-12)
    assert found.students[0] == pytest.approx(
        [1 + (length - 1) * math.exp(-4), 0], abs=1e-6
    )
    assert found.deaths == 0
    assert final_alignment(found, E1) == pytest.approx(0, abs=1e-9)


def test_descent_of_an_aligned_student_is_geometric() -> None:
    # r ↦ r − η(r − 1)/2.
    found = descend_as_flow(np.array([[3.0, 0.0]]), E1, 6.0, 0.5, 4)
    steps = np.rint(found.times / 0.5)
    exact = (2 * 0.75**steps) ** 2 / 4
    np.testing.assert_allclose(found.losses, exact, rtol=1e-9, atol=1e-15)
    assert found.times[0] == 0
    assert found.times[-1] == 6.0
    assert found.deaths == 0


def test_an_opposite_student_beside_a_live_one_shrinks_and_dies() -> None:
    # On the line: −(r′) = …: the opposite student sees itself only, r′ = −r/2, until the
    # other one counts; they do not see each other (f(π) = 0).
    students = np.array([[-0.4], [0.5]])
    found = flow(students, np.array([1.0]), 60.0, 12)
    assert found.deaths == 1
    assert found.students.shape == (1, 1)
    assert found.students[0, 0] == pytest.approx(1, abs=1e-6)
    # ℓ = (r_−² + (1 − r_+)²)/4 while both live.
    exact = (0.4**2 + 0.5**2) / 4 * np.exp(-found.times)
    np.testing.assert_allclose(found.losses, exact, rtol=1e-4, atol=1e-9)
    assert found.least_reach >= 1 - 1e-6


def test_flows_scale_with_the_teacher() -> None:
    students = np.array([[0.3, 0.5], [-0.1, 0.4]])
    one = flow(students, E1, 5.0, 5)
    ten = flow(10 * students, 10 * E1, 5.0, 5)
    np.testing.assert_allclose(ten.losses, 100 * one.losses, rtol=1e-5)
    np.testing.assert_allclose(ten.students, 10 * one.students, rtol=1e-5)
    np.testing.assert_allclose(ten.first, 100 * one.first, rtol=1e-9)
    turned = flow(students[:, ::-1], E1[::-1], 5.0, 5)
    np.testing.assert_allclose(turned.losses, one.losses, rtol=1e-6)


def test_the_loss_falls_and_stays_below_its_bound() -> None:
    heard: list[int] = []
    found = flow(np.array([[0.3, 0.5], [-0.4, 0.4]]), E1, 50.0, 9, heard.append)
    assert heard == [1] * 8
    assert (np.diff(found.losses) < 0).all()
    assert found.losses[0] == found.first[0]
    assert found.worst == pytest.approx((found.losses / found.bound)[1:].max())
    assert found.worst < 1
    assert found.cube == pytest.approx(50.0**3 * found.losses[-1])
    np.testing.assert_array_equal(found.bound, np.minimum(found.first, found.second))


# Bounds.


def test_each_of_the_three_reaches_may_be_the_least() -> None:
    # a_max of the start, π/4, and (7 r_0/8 R)^{1/3}.
    near = bounds(np.array([[-1.0, 0.1]]), E1)
    assert near.reach == pytest.approx(math.atan(0.1))
    short = bounds(np.array([[0.5, 0.0]]), E1)
    most = 1 + 2 * math.sqrt(math.pi / 16)
    assert short.reach == pytest.approx(min(math.pi / 4, (7 / 8 / most) ** (1 / 3)))
    exact = bounds(np.array([[1.0, 0.0]]), E1)
    assert exact.reach == pytest.approx(math.pi / 4)
    assert exact.start == pytest.approx(0, abs=1e-15)
    long = bounds(np.array([[100.0, 0.0]]), E1)
    loss = 99**2 / 4
    assert long.start == pytest.approx(loss)
    assert long.reach == pytest.approx(
        (7 / 8 / (1 + 2 * math.sqrt(math.pi * loss))) ** (1 / 3)
    )
    for one in (near, short, long):
        assert one.constant == pytest.approx(
            1 + 2 * math.sqrt(one.start) + math.pi / (one.reach - math.sin(one.reach))
        )


def test_the_student_that_is_farthest_from_the_antipode_counts() -> None:
    students = np.array([[-1.0, 0.1], [-1.0, 0.3], [-2.0, 0.0]])
    assert bounds(students, E1).reach == pytest.approx(math.atan(0.3))
    assert _reach(students, E1) == pytest.approx(math.atan(0.3))
    assert _reach(np.empty((0, 2)), E1) == 0


def test_bounds_as_functions_of_time() -> None:
    made = Bounds(start=0.5, length=8.0, reach=0.1, constant=4.0)
    t = np.array([0.0, 1.0, 6.0])
    np.testing.assert_allclose(made.first(t), [1 / 2, 1 / 2.25, 1 / 3.5])
    later = made.second(t, 1.0, 0.125)
    np.testing.assert_allclose(
        later, [(2 + x / (1323 * 4)) ** -3 for x in (-1, 0, 5)], rtol=1e-14
    )


@pytest.mark.parametrize("a", [1e-9, 1e-4, 0.009999, 0.01, 0.5, 3.0])
def test_a_minus_sine_a_to_full_precision(a: float) -> None:
    series = sum(
        (-1) ** (n + 1) * a ** (2 * n + 1) / math.factorial(2 * n + 1)
        for n in range(1, 20)
    )
    assert _slack(a) == pytest.approx(series, rel=1e-10)


def test_b5_begins_after_the_loss_is_small() -> None:
    made = Bounds(start=1.0, length=1.0, reach=0.5, constant=3.0)
    edge = 1 / (36 * math.pi)
    times = np.array([0.0, 1.0, 2.0, 3.0])
    found = _summary(made, times, np.array([1.0, 0.1, edge, 1e-3]), 2, 1.5, np.eye(2))
    assert np.isinf(found.second[:3]).all()
    assert found.second[3] == pytest.approx((edge ** (-1 / 3) + 1 / 1323) ** -3)
    assert (found.deaths, found.least_reach) == (2, 1.5)
    never = _summary(made, times, np.full(4, 0.1), 0, 1.0, np.eye(2))
    assert np.isinf(never.second).all()
    # A loss that rounding made negative starts no bound.
    done = _summary(made, times, np.array([1.0, 0.1, -1e-18, 0.0]), 0, 1.0, np.eye(2))
    assert np.isinf(done.second).all()


@pytest.mark.parametrize(
    ("end", "points", "times"),
    [
        (10.0, 4, [0, 0.01, 0.01 * math.sqrt(1000), 10]),
        (0.05, 3, [0, 0.005, 0.05]),
        (1.0, 2, [0, 0.01]),
    ],
)
def test_times_are_geometric_from_a_hundredth(
    end: float, points: int, times: list
) -> None:
    found = _checked_times(np.ones((1, 2)), E1, end, points)
    np.testing.assert_allclose(found, times, rtol=1e-12)


@pytest.mark.parametrize(
    ("end", "points"), [(0.0, 5), (-1.0, 5), (2e9, 5), (1.0, 1), (1.0, 10_001)]
)
def test_senseless_times(end: float, points: int) -> None:
    with pytest.raises(BadInput) as caught:
        flow(np.array([[0.5, 0.5]]), E1, end, points)
    assert str(caught.value) == (
        f"The time must be in (0, 1e9] and the points 2 to 10000: {end:g}, {points}."
    )


@pytest.mark.parametrize("rate", [0.0, -0.1, 1.5, 1e-9])
def test_senseless_rates(rate: float) -> None:
    with pytest.raises(BadInput) as caught:
        descend_as_flow(np.array([[0.5, 0.5]]), E1, 1.0, rate)
    assert str(caught.value) == f"The rate {rate:g} makes no sense for a time of 1."


def test_starts_without_a_bound() -> None:
    for students, teacher in (
        (np.zeros((1, 2)), E1),
        (np.array([[1.0, 0.0], [0.0, 0.0]]), E1),
        (np.array([[1.0, 0.0]]), 0 * E1),
    ):
        with pytest.raises(BadInput) as caught:
            bounds(students, teacher)
        assert str(caught.value) == (
            "The bounds are about nonzero students and a nonzero teacher."
        )
    with pytest.raises(BadInput) as caught:
        bounds(np.array([[-1.0, 0.0], [-0.2, 0.0]]), E1)
    assert str(caught.value) == (
        "All students are exactly opposite the teacher: they shrink to nothing, and the "
        "loss tends to a quarter of the teacher's squared length."
    )


# Inequalities at one configuration, in closed form.


def test_slacks_of_one_student_by_hand() -> None:
    # One student of length r at angle α from a teacher of length 1.
    r, alpha = 0.8, 0.6
    student = r * np.array([[math.cos(alpha), math.sin(alpha)]])
    loss = population_loss(student, E1[None])
    found = slacks(student, E1)
    root = math.sqrt(math.pi * loss)
    assert found["B0 (a)"] == pytest.approx((1 + 2 * math.sqrt(loss)) / r)
    assert found["B0 (b)"] == pytest.approx(2 * root / (1 - r))
    assert found["B0 (c)"] == pytest.approx(4 * root / (r * (1 - math.cos(alpha))))
    assert found["B0 (d)"] == pytest.approx(
        4 * math.pi * loss / (r**2 * (alpha - math.sin(2 * alpha) / 2))
    )
    f = math.sin(alpha) + (math.pi - alpha) * math.cos(alpha)
    radial = (math.pi * r - f) / (2 * math.pi)
    tangential = (math.pi - alpha) * math.sin(alpha) / (2 * math.pi)
    slope = math.hypot(radial, tangential)
    away = math.pi - alpha
    assert found["B3"] == pytest.approx(
        slope
        * (1 + 2 * math.sqrt(loss) + math.pi / (away - math.sin(away)))
        / (2 * loss)
    )
    assert ("B4" in found) == (loss <= 1 / (36 * math.pi))
    assert found["variant"] == pytest.approx(f / math.sqrt(math.pi * (1 - 4 * loss)))


def test_b4_is_asked_only_near_the_solution() -> None:
    student = np.array([[1.0, 0.15]])
    loss = population_loss(student, E1[None])
    assert 0 < loss < 1 / (36 * math.pi)
    found = slacks(student, E1)
    assert found["B4"] > 1
    assert "B4" not in slacks(np.array([[2.0, 0.2]]), E1)
    # Worse than the zero network there is no variant.
    assert "variant" not in slacks(np.array([[5.0, 0.0]]), E1)
    # What drowns in rounding is left out altogether.
    assert slacks(np.array([[1.0, 1e-7]]), E1) == {}


@few
@given(
    seed=st.integers(0, 2**32 - 1),
    m=st.integers(1, 4),
    scale=st.floats(1e-2, 1e2),
)
def test_slacks_do_not_change_with_scale(seed: int, m: int, scale: float) -> None:
    random = np.random.default_rng(seed)
    students, teacher = random.standard_normal((m, 3)), random.standard_normal(3)
    one, other = slacks(students, teacher), slacks(scale * students, scale * teacher)
    assert set(one) == set(other)
    for name, value in one.items():
        assert other[name] == pytest.approx(value, rel=1e-6)
