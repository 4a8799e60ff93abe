"""The closed forms of loss and gradient, against values, differences and samples (Q1–Q3)."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfluck.alignment import (
    is_alignment_forced,
    measure,
    polar,
    population_gradient,
    population_loss,
    sampled_gradient,
    spread_teachers,
)
from tfluck.alignment.geometry import angles_between, kernel
from tfluck.alignment.loss import weight_gradient
from tfluck.foundations.errors import BadInput

STUDENTS = np.array([[1, 2], [-1, 0.5], [0.3, -1]])
TEACHER = np.array([[2.0, 0.0]])
sizes = st.integers(1, 5)


def configuration(seed: int, d: int, m: int, k: int) -> tuple[np.ndarray, ...]:
    random = np.random.default_rng(seed)
    return (
        random.standard_normal((m, d)),
        random.standard_normal((k, d)),
        random.standard_normal(m),
        random.standard_normal(k),
    )


def test_known_loss_and_gradient() -> None:
    assert population_loss(STUDENTS, TEACHER) == pytest.approx(
        1.522739554410612830626654
    )
    expected = [
        (-0.358346939279369025, 1.011187599359588005),
        (-0.657848490172422848, 0.769784244870469424),
        (-0.432704531599653083, -0.260438271620247095),
    ]
    found = population_gradient(STUDENTS, TEACHER).weights
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-15)


def test_opposite_student_has_no_cross_term() -> None:
    # (|w|² + ρ_0²)/4, and 1/4 as the student shrinks away.
    for length, loss in ((0.5, 0.3125), (1e-9, 0.25)):
        students = np.array([[-length, 0.0]])
        assert population_loss(students, np.array([[1.0, 0.0]])) == pytest.approx(loss)


@given(seed=st.integers(0, 2**32 - 1), d=sizes, m=sizes, k=sizes)
def test_gradient_is_the_derivative_of_the_loss(
    seed: int, d: int, m: int, k: int
) -> None:
    # V1, with random output weights in any dimension.
    w, t, v, a = configuration(seed, d, m, k)
    found, step = population_gradient(w, t, v, a), 1e-5
    direction, turn = (
        configuration(seed + 1, d, m, 1)[0],
        configuration(seed + 1, d, m, 1)[2],
    )
    up = population_loss(w + step * direction, t, v + step * turn, a)
    down = population_loss(w - step * direction, t, v - step * turn, a)
    slope = (found.weights * direction).sum() + found.outputs @ turn
    # In one dimension the loss has kinks where a weight changes sign; keep away from them.
    if np.abs(w).min() > 10 * step * np.abs(direction).max():
        assert (up - down) / (2 * step) == pytest.approx(slope, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize(("d", "m", "k"), [(2, 3, 1), (5, 4, 3)])
def test_monte_carlo(d: int, m: int, k: int) -> None:
    w, t, v, _ = configuration(4, d, m, k)
    inputs = np.random.default_rng(0).standard_normal((400_000, d))
    residual = np.maximum(inputs @ w.T, 0) @ v - np.maximum(inputs @ t.T, 0).sum(axis=1)
    squares = residual**2 / 2
    error = squares.std() / math.sqrt(len(inputs))
    assert squares.mean() == pytest.approx(population_loss(w, t, v), abs=5 * error)
    found = sampled_gradient(w, t, inputs, v)
    np.testing.assert_allclose(found, population_gradient(w, t, v).weights, atol=0.05)


@given(seed=st.integers(0, 2**32 - 1), m=sizes, k=sizes, scale=st.floats(1e-3, 1e3))
def test_rotation_scaling_and_order(seed: int, m: int, k: int, scale: float) -> None:
    w, t, v, a = configuration(seed, 3, m, k)
    rotation = np.linalg.qr(np.random.default_rng(seed).standard_normal((3, 3)))[0]
    loss, gradient = (
        population_loss(w, t, v, a),
        population_gradient(w, t, v, a).weights,
    )
    turned = population_gradient(w @ rotation, t @ rotation, v, a).weights
    np.testing.assert_allclose(turned, gradient @ rotation, atol=1e-12)
    assert population_loss(scale * w, scale * t, v, a) == pytest.approx(
        scale**2 * loss, rel=1e-9, abs=1e-12 * scale**2
    )
    assert population_loss(w[::-1], t, v[::-1], a) == pytest.approx(
        loss, rel=1e-9, abs=1e-12
    )


@given(seed=st.integers(0, 2**32 - 1), m=sizes, d=st.integers(2, 5))
def test_radial_part_is_equation_4(seed: int, m: int, d: int) -> None:
    # 2π u_i·∂ℓ/∂w_i = Σ_j ρ_j f(θ_ij) − ρ_0 f(θ_i0).
    w, t, _, _ = configuration(seed, d, m, 1)
    lengths = np.linalg.norm(w, axis=1)
    radial = np.einsum("ij,ij->i", w / lengths[:, None], weight_gradient(w, t))
    system = kernel(angles_between(w, w)) @ lengths
    right = np.linalg.norm(t) * kernel(angles_between(w, t))[:, 0]
    np.testing.assert_allclose(2 * np.pi * radial, system - right, atol=1e-11)


@given(shares=st.lists(st.floats(0.01, 1), min_size=1, max_size=5), d=sizes)
def test_observation_2_1(shares: list, d: int) -> None:
    teacher = np.random.default_rng(d).standard_normal((1, d))
    students = np.array(shares)[:, None] / sum(shares) * teacher
    assert population_loss(students, teacher) == pytest.approx(0, abs=1e-14)
    np.testing.assert_allclose(weight_gradient(students, teacher), 0, atol=1e-14)


@given(
    seed=st.integers(0, 2**32 - 1),
    m=st.integers(2, 5),
    shares=st.tuples(*[st.floats(0.05, 1)] * 2),
)
def test_parallel_students_merge(seed: int, m: int, shares: tuple) -> None:
    w, t, _, _ = configuration(seed, 3, m, 1)
    split = np.concatenate([np.outer(shares, w[0]) / sum(shares), w[1:]])
    merged = weight_gradient(w, t)
    np.testing.assert_allclose(
        weight_gradient(split, t), np.concatenate([merged[:1], merged]), atol=1e-7
    )
    assert population_loss(split, t) == pytest.approx(population_loss(w, t), abs=1e-11)


@given(st.floats(1e-12, 1))
def test_kernel_keeps_its_digits_near_pi(e: float) -> None:
    u, v = polar(np.array([0.0])), polar(np.array([math.pi - e]))
    near = angles_between(u, v)
    exact = (
        e**3 / 3
        - e**5 / 30
        + e**7 / 840
        - e**9 / 45360
        + e**11 / 3991680
        - e**13 / 518918400
    )
    e_seen = near.supplement[0, 0]
    assert e_seen == pytest.approx(e, rel=1e-9, abs=3e-16)
    if e > 1e-6:
        assert kernel(near)[0, 0] == pytest.approx(exact, rel=1e-9)


@given(seed=st.integers(0, 2**32 - 1), d=st.integers(2, 6))
def test_angles_in_the_plane_and_in_space_agree(seed: int, d: int) -> None:
    flat = np.random.default_rng(seed).standard_normal((6, 2))
    lifted = np.concatenate([flat, np.zeros((6, d - 1))], axis=1)
    plane, space = angles_between(flat, flat), angles_between(lifted, lifted)
    np.testing.assert_allclose(plane.angle, space.angle, atol=1e-14)
    np.testing.assert_allclose(plane.supplement + plane.angle, np.pi, atol=1e-14)
    np.testing.assert_allclose(plane.sine, space.sine, atol=1e-14)


def test_a_zero_student_gets_no_gradient() -> None:
    students = np.array([[0.0, 0.0], [1.0, 0.3]])
    gradient = population_gradient(students, TEACHER)
    assert np.isfinite(gradient.weights).all()
    np.testing.assert_array_equal(gradient.weights[0], 0)


def test_pentagon_and_its_antipodes() -> None:
    # Zero loss, every student π/5 from the nearest teacher: alignment is not forced.
    teachers = spread_teachers(5)
    assert population_loss(-teachers, teachers) == pytest.approx(0, abs=1e-14)
    np.testing.assert_allclose(weight_gradient(-teachers, teachers), 0, atol=1e-15)
    seen = measure(0, -teachers, teachers)
    assert seen.max_angle == pytest.approx(math.pi / 5)
    assert seen.max_angle_mod_pi == pytest.approx(0, abs=1e-15)
    assert not is_alignment_forced(teachers)


@pytest.mark.parametrize(
    ("teachers", "forced"),
    [
        (polar(np.array([0.3, 0.85, 1.45, 2.1, 2.75])), True),
        (polar(np.array([0.0])), True),
        (polar(np.array([0.0, math.pi])), True),  # both rays of the line are teachers
        (polar(np.array([0.0, math.pi, 1.0])), True),
        (polar(np.array([0.0, math.pi, 1.0, 5.0])), False),
        (spread_teachers(3), False),
        (spread_teachers(4), True),
        (spread_teachers(6), True),
        (np.eye(4), True),
        (np.concatenate([np.eye(3), -np.ones((1, 3))]), False),
    ],
)
def test_when_zero_loss_forces_alignment(teachers: np.ndarray, forced: bool) -> None:
    assert is_alignment_forced(teachers) == forced
    assert (
        is_alignment_forced(teachers * np.arange(1, len(teachers) + 1)[:, None])
        == forced
    )


@given(st.lists(st.floats(0, 6.28), min_size=2, max_size=6), st.integers(0, 2**32 - 1))
def test_what_is_not_forced_can_be_exhibited(angles: list, seed: int) -> None:
    # In an open half plane 0 is outside the hull; this is checked by brute force.
    teachers = polar(np.array(angles))
    directions = polar(np.linspace(0, 2 * np.pi, 2001))
    least = (directions @ teachers.T).min(axis=1).max()
    if least > 1e-6:
        assert is_alignment_forced(teachers)


@pytest.mark.parametrize(
    "arguments",
    [
        (np.zeros((2, 2)), np.zeros((1, 3))),
        (np.array([[np.nan, 0]]), TEACHER),
        (np.zeros(3), TEACHER),
        (STUDENTS, TEACHER, np.ones(2)),
        (STUDENTS, TEACHER, None, np.ones(3)),
    ],
)
def test_shapes_and_values_are_checked(arguments: tuple) -> None:
    for function in (population_loss, population_gradient):
        with pytest.raises(BadInput):
            function(*arguments)


@pytest.mark.parametrize(
    "bad", [np.zeros((0, 2)), np.zeros((1, 2)), np.array([[np.inf, 0]])]
)
def test_teachers_must_teach(bad: np.ndarray) -> None:
    with pytest.raises(BadInput):
        is_alignment_forced(bad)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            (np.zeros((2, 2)), np.zeros((1, 3))),
            "Students live in dimension 2, teachers in 3.",
        ),
        (
            (np.array([[np.nan, 0]]), TEACHER),
            "The students must be a finite matrix of shape (neurons, d).",
        ),
        (
            (STUDENTS, np.zeros(2)),
            "The teachers must be a finite matrix of shape (neurons, d).",
        ),
        (
            (STUDENTS, TEACHER, np.ones(2)),
            "There must be one output weight for each neuron.",
        ),
        (
            (STUDENTS, TEACHER, None, np.ones((1, 1))),
            "There must be one output weight for each neuron.",
        ),
    ],
)
def test_what_does_not_fit_is_told(arguments: tuple, words: str) -> None:
    for function in (population_loss, population_gradient):
        with pytest.raises(BadInput) as caught:
            function(*arguments)
        assert str(caught.value) == words


@pytest.mark.parametrize("d", [2, 3])
@pytest.mark.parametrize("angle", [0.0, 0.7, 2.0, math.pi])
def test_one_student_and_one_teacher_in_closed_form(d: int, angle: float) -> None:
    # ℓ = (v²r² + a²s²)/4 − v a r s f(t)/2π.
    r, s, v, a = 0.8, 1.5, -2.0, 0.5
    teacher = s * np.eye(1, d)
    student = np.zeros((1, d))
    student[0, :2] = r * math.cos(angle), r * math.sin(angle)
    f = math.sin(angle) + (math.pi - angle) * math.cos(angle)
    exact = (v * v * r * r + a * a * s * s) / 4 - v * a * r * s * f / (2 * math.pi)
    found = population_loss(student, teacher, np.array([v]), np.array([a]))
    assert found == pytest.approx(exact, rel=1e-13)
    gradient = population_gradient(student, teacher, np.array([v]), np.array([a]))
    assert gradient.outputs[0] == pytest.approx(
        v * r * r / 2 - a * r * s * f / (2 * math.pi), rel=1e-13
    )
    unit = student[0] / r
    pull = (math.pi - angle) * teacher[0] + s * math.sin(angle) * unit
    expected = v * v * student[0] / 2 - v * a * pull / (2 * math.pi)
    np.testing.assert_allclose(gradient.weights[0], expected, atol=1e-14)


def test_teachers_weigh_what_their_outputs_say() -> None:
    double = np.vstack([TEACHER, TEACHER])
    halves = population_loss(STUDENTS, double, None, np.array([0.25, 0.75]))
    assert halves == pytest.approx(population_loss(STUDENTS, TEACHER), rel=1e-12)
    none = population_loss(STUDENTS, TEACHER, np.zeros(3), np.array([3.0]))
    # Only the teacher's own term: a²|t|²/4.
    assert none == pytest.approx(9 * 4 / 4)


def test_sampled_gradients_by_hand() -> None:
    # One input: residual times gate times output times input.
    students, teacher = np.array([[1.0, 0.0], [0.0, -1.0]]), np.array([[0.0, 2.0]])
    inputs = np.array([[3.0, 1.0]])
    # Hidden 3 and −1; student 2·3 + 5·0, teacher 2.
    found = sampled_gradient(students, teacher, inputs, np.array([2.0, 5.0]))
    np.testing.assert_allclose(found, [[(6 - 2) * 2 * 3, (6 - 2) * 2 * 1], [0, 0]])
    mean = sampled_gradient(students, teacher, np.vstack([inputs, -inputs]))
    # At −x only the second student is awake: residual 1 − 0.
    np.testing.assert_allclose(mean, [[3 / 2, 1 / 2], [-3 / 2, -1 / 2]])
