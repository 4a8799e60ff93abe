"""Statements V1 to V11 behind docs/alignment.md, at configurations meant to break them."""

import math
from itertools import pairwise

import numpy as np
import pytest
from flint import arb
from hypothesis import assume, given
from hypothesis import strategies as st

from tfluck.alignment import balance, challenge, gap_function, population_loss, survey
from tfluck.alignment.geometry import angles_between, kernel
from tfluck.alignment.inequality import configuration
from tfluck.alignment.loss import weight_gradient
from tfluck.alignment.theorem import slope_ratio, weight_factor
from tfluck.angular import check, parse
from tfluck.angular.engine import precision
from tfluck.angular.signs import solve
from tfluck.foundations.errors import BadInput

seeds = st.integers(0, 2**32 - 1)
PI = math.pi


@pytest.mark.parametrize(
    ("m", "d"), [(1, 1), (1, 2), (2, 2), (3, 2), (5, 3), (4, 4), (6, 7)]
)
def test_v2_v3_identity_and_inequality(m: int, d: int) -> None:
    found = challenge(m, d, 1500, seed=m)
    assert found.identity_error < 1e-13
    assert found.violations == 0
    assert found.min_slack > -1e-14


@given(seed=seeds, m=st.integers(1, 6), d=st.integers(2, 7))
def test_v6_gradient_bounds_the_loss(seed: int, m: int, d: int) -> None:
    students, teacher = configuration(np.random.default_rng(seed), m, d)
    supplement = angles_between(students[:1], teacher[None]).supplement[0, 0]
    assume(supplement > 1e-6)
    found = balance(students, teacher, 0)
    assert found.gradient_bound >= -1e-13 * found.scale
    assert found.loss >= -1e-13 * found.scale


@pytest.mark.parametrize("m", [1, 2, 3, 4])
def test_v6_no_stationary_point_but_alignment(m: int) -> None:
    # Theorem 3.1 and its extension: critical points are aligned with Σ ρ_i = ρ_0, or
    # students that ran into the corner w = 0, where there is no gradient.
    found = survey(m, 25, seed=m)
    assert "stationary" not in found.counts
    assert "antipodal" not in found.counts
    assert found.counts["aligned"] >= 8
    for point in found.points:
        if point.kind == "aligned":
            assert point.length_error < 1e-3
            assert point.negative_directions == 0


@given(seed=seeds, m=st.integers(1, 6), d=st.integers(1, 6))
def test_v7_loss_from_radial_parts(seed: int, m: int, d: int) -> None:
    # (0.2): 2ℓ = Σ w_j·g_j − (ρ_0/2π) D(e), D(e) = Σ ρ_j f(α_j) − ρ_0 π.
    random = np.random.default_rng(seed)
    students, teacher = random.standard_normal((m, d)), random.standard_normal((1, d))
    gradient, length = weight_gradient(students, teacher), np.linalg.norm(teacher)
    lengths = np.linalg.norm(students, axis=1)
    potential = lengths @ kernel(angles_between(students, teacher))[:, 0] - length * PI
    right = (students * gradient).sum() - length / (2 * PI) * potential
    assert 2 * population_loss(students, teacher) == pytest.approx(right, abs=1e-12)


def test_v4_gap_function_is_nonnegative_on_the_possible_region() -> None:
    alpha = np.linspace(1e-3, PI - 1e-3, 120)[:, None, None]
    q = np.linspace(0, PI, 121)[None, :, None]
    share = np.linspace(0, 1, 61)[None, None]
    low, high = np.abs(q - alpha), np.minimum(q + alpha, 2 * PI - q - alpha)
    p = low + share * (high - low)
    values = gap_function(alpha, p, q)
    assert (values / weight_factor(alpha) > -1e-13).all()
    # Zero only at p = 0, q = α.
    away = p**2 + (q - alpha) ** 2 > 0.01
    assert values[away & (alpha > 0.2)].min() > 1e-5


@given(st.floats(0.01, 3.1))
def test_v4_zero_at_the_teacher_and_zero_everywhere_for_aligned(alpha: float) -> None:
    a = np.array(alpha)
    scale = float(weight_factor(a))
    assert float(gap_function(a, np.array(0.0), a)) == pytest.approx(
        0, abs=1e-12 * scale
    )
    t = np.linspace(0, PI, 9)
    np.testing.assert_allclose(gap_function(np.array(0.0), t, t), 0, atol=1e-14)


def ball_parts(a: arb) -> tuple[arb, arb, arb, arb]:
    """Return s, S, b and v_1 of Lemma 3 for a = π − α."""
    s = a.sin()
    return s, s / a, arb.pi() * a / (a * a - s * s), a - s * s / a


@given(exponent=st.floats(-28, -0.01), side=st.booleans())
def test_v5_the_chain_of_lemma_3(exponent: float, side: bool) -> None:
    # a runs from π/2 to π, to 1e-28 of either end.
    with precision(1200):
        gap = arb(10) ** arb(exponent) * arb.pi() / 2
        a = arb.pi() - gap if side else arb.pi() / 2 + gap
        _, slope, b, v1 = ball_parts(a)

        def m(v: arb) -> arb:
            return slope * (v.sin() - v * v.cos()) + a.cos() * v.sin()

        def m_prime(v: arb) -> arb:
            return slope * v * v.sin() + a.cos() * v.cos()

        assert b >= 1 / (1 - slope)
        assert b * b >= 1 + 2 * slope
        assert m(v1) > 0
        assert m_prime(v1) < 1
        assert b * b * v1.sin() >= slope * (v1 - v1.sin() * v1.cos())
        grid = [v1 * k / 64 for k in range(1, 64)]
        assert all((b * v).sin() + b * m(v) > 0 for v in grid)
        slopes = [(b * v).cos() + m_prime(v) for v in [arb(0), *grid, v1]]
        assert slopes[0] > 0
        assert slopes[-1] < 0
        assert sum(bool(x > 0) and bool(y < 0) for x, y in pairwise(slopes)) == 1


def test_v8_f_is_a_spline_and_its_series_sums_to_pi() -> None:
    t = np.linspace(0, PI, 400)[1:-1]
    second = np.sin(t) - (PI - t) * np.cos(t)
    f = np.sin(t) + (PI - t) * np.cos(t)
    np.testing.assert_allclose(second + f, 2 * np.sin(t), atol=1e-14)
    n = np.arange(1, 100_000)
    total = 4 / PI + PI / 2 + 8 / PI * (1 / (4.0 * n**2 - 1) ** 2).sum()
    assert total == pytest.approx(PI, abs=1e-13)


@given(seed=seeds, m=st.integers(1, 8))
def test_v8_s_changes_sign_at_most_twice_a_period(seed: int, m: int) -> None:
    random = np.random.default_rng(seed)
    lengths, angles = random.exponential(0.5, m), random.random(m) * 2 * PI
    t = np.linspace(0, PI, 20_001)
    s = np.abs(np.sin(t[:, None] - angles)) @ lengths - np.abs(np.sin(t))
    signs = np.sign(s[np.abs(s) > 1e-12])
    assert (np.diff(signs) != 0).sum() <= 2


def spline(t: arb) -> arb:
    """Return F, the even 2π-periodic extension of f, at t ∈ [−π, π]."""
    t = abs(t)
    return t.sin() + (arb.pi() - t) * t.cos()


@given(low=st.floats(0.001, 0.999), high=st.floats(0.001, 0.999))
def test_v9_lemma_5(low: float, high: float) -> None:
    assume(high - low > 1e-6)
    with precision(300):
        pi = arb.pi()
        al, be = arb(low) * pi, arb(high) * pi

        def g(t: arb) -> arb:
            return t.sin() - t * t.cos()

        def g_plus(t: arb) -> arb:
            return g(t) if t > 0 else arb(0)

        ratio = (pi - al) * al.sin() / ((pi - be) * be.sin())
        first = pi / (spline(al) - ratio * spline(be))
        second = ratio * first
        assert first > 0
        assert second > 0

        def gap(t: arb) -> arb:
            def wrapped(x: arb) -> arb:
                return spline(x - 2 * pi if x > pi else x + 2 * pi if x < -pi else x)

            return spline(t) - first * wrapped(t - al) + second * wrapped(t - be)

        vx = 1 - first * al.cos() + second * be.cos()
        vy = second * be.sin() - first * al.sin()
        tiny = arb(10) ** -60 * (1 + first + second)
        assert abs(gap(arb(0))) < tiny
        assert vx < 0
        assert second * g(be) > first * g(al)
        k = (be - be.sin() * be.cos()) / be.sin() ** 2
        e = (pi - al) / (pi - be) * k + be.cot() * (1 - al * al.cot()) - al
        assert e > 0
        claim = vx * be.cos() + vy * be.sin()
        assert abs(claim - first * al.sin() * be.sin() * e / pi) < tiny
        for j in range(1, 40):
            tau = pi * j / 40
            t_value = g(tau) - first * g_plus(tau - al) + second * g_plus(tau - be)
            assert t_value > 0
            left = t_value - first * g_plus(al - tau) + second * g_plus(be - tau)
            assert abs(gap(tau - pi) - left) < tiny
            assert left > 0
            shift = pi * (vx * tau.cos() + vy * tau.sin())
            assert abs(gap(tau) - gap(tau - pi) - shift) < tiny
            assert gap(tau) > 0


@given(seed=seeds, m=st.integers(3, 7))
def test_v10_theorem_4(seed: int, m: int) -> None:
    random = np.random.default_rng(seed)
    angles = random.random(m) * 2 * PI
    if seed % 2:  # crowd some students round one direction
        angles = (angles[0] + 10.0 ** -random.uniform(0, 3) * (angles - angles[0])) % (
            2 * PI
        )
    assert check(parse("relu"), angles).verdict == "holds"


def test_v10_opposite_student_is_the_negative_one() -> None:
    # m = 3: sign(ρ) = (+, −, +).
    angles = np.sort(np.random.default_rng(1).random((3, 20_000)) * 2 * PI, axis=0)
    solved = solve(parse("relu"), angles)
    signed = solved.weights * np.array([[1], [-1], [1]])
    # Certified in nearly all draws, and never certified otherwise.
    assert (signed - solved.error > 0).all(axis=0).mean() > 0.999
    assert not (signed + solved.error < 0).any()


def test_v11_the_bump_and_the_cosine() -> None:
    found = check(parse("triangle:1,1"), (1.5, 3, 4.5))
    assert (found.det, found.dets) == (4, (1, 1, 1))
    angles = np.random.default_rng(0).random(6)
    assert np.linalg.matrix_rank(np.cos(angles[:, None] - angles)) == 2


def test_constants_at_their_ends() -> None:
    assert float(slope_ratio(np.array(0.0))) == pytest.approx(0, abs=1e-16)
    assert float(weight_factor(np.array(0.0))) == pytest.approx(1)
    assert float(weight_factor(np.array(3.0))) > 1000


def test_the_inequality_needs_its_hypotheses() -> None:
    teacher = np.array([1.0, 0.0])
    for students in (np.array([[0.0, 0.0]]), np.array([[-1.0, 0.0]])):
        with pytest.raises(BadInput):
            balance(students, teacher, 0)
    for arguments in ((0, 2, 1), (1, 0, 1), (1, 2, 0)):
        with pytest.raises(BadInput):
            challenge(*arguments)
