"""Theorem 5's premises by hand, the solver against a search, the printed sums by loops."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from tfluck.theory.feasibility import (
    TRIALS,
    Feasibility,
    Premises,
    fall_off,
    premises,
    printed,
    solve,
)
from tfluck.theory.kernels import psi_d, psi_l
from tfluck.theory.suppression import TwoLayer, separated

#: An easy instance: little overlap, small angles.
EASY = Premises(
    m=2, n=4, angle=0.05, eps_d=1e-3, eps_l=5e-4, k_d=2.0, k_l=3.0, own_d=0.1, own_l=0.02,
    least_d=0.09, least_l=0.018, c0=1.0, spread=0.05, size=0.2, v_min=1.0, v_max=1.0,
    rate=0.5,
)  # fmt: skip


def instance(**given: float) -> TwoLayer:
    settings = {"m": 2, "n": 4, "angle": 0.1, "bias": 0.0, "spread": 0.1, "size": 0.3}
    return separated(**settings | given, draw=np.random.default_rng(0))  # type: ignore[arg-type]


@pytest.mark.parametrize("bias", [0.0, -1.0, -3.0])
def test_premises_of_orthonormal_weights(bias: float) -> None:
    """All targets are at right angles, so every number has a closed form."""
    found = premises(instance(bias=bias), 0.25)
    share, mean = norm.cdf(bias), bias * norm.cdf(bias) + norm.pdf(bias)
    own_l = (1 + bias**2) * share + bias * norm.pdf(bias)
    assert (found.m, found.n, found.rate) == (2, 4, 0.25)
    assert found.angle == pytest.approx(0.1) and found.spread == pytest.approx(0.1)
    assert found.size == pytest.approx(0.3)
    assert (found.v_min, found.v_max) == (1, 1)
    assert found.own_d == pytest.approx(share) and found.own_l == pytest.approx(own_l)
    assert found.eps_d == pytest.approx(share)
    assert found.eps_l == pytest.approx(mean**2 / own_l)
    assert found.least_d == pytest.approx(float(psi_d(0.1, bias)))
    assert found.least_l == pytest.approx(float(psi_l(0.1, bias)))
    assert found.turn == pytest.approx(2 * math.sin(0.05))
    assert found.slowest == min(found.least_d, found.least_l)
    if not bias:
        # A straight line: steepest at 90° + θ₀, for a turn of θ₀.
        k_d = 0.1 / ((np.pi / 2 - 0.1) * found.turn)
        assert found.k_d == pytest.approx(k_d, rel=1e-9)


def test_premises_count_who_belongs_to_them() -> None:
    """The spread is of the u-set, the size of the r-set, lengths are of the teacher."""
    start = instance()
    v = np.array([[1.0, 0.5], [0.2, 1.0], [3.0, 4.0], [0.0, 1.0]])
    teacher_v = np.array([[1.0, 0.0], [0.0, 2.0]])
    found = premises(replace(start, v=v, teacher_v=teacher_v), 0.1)
    assert found.spread == pytest.approx(math.hypot(0.2, 1.0))
    assert found.size == pytest.approx(5.0)
    assert (found.v_min, found.v_max) == (1.0, 2.0)


def test_overlaps_are_of_the_closest_pair_of_targets() -> None:
    """W* at right angles, and a student of the r-set at 60° from one of them."""
    start = instance(m=2, n=3, angle=0.0)
    w = start.w.copy()
    w[:, 2] = math.cos(np.pi / 3) * w[:, 0] + math.sin(np.pi / 3) * np.eye(5)[:, 4]
    found = premises(replace(start, w=w), 0.1)
    assert found.eps_d == pytest.approx(2 / 3)
    assert found.eps_l == pytest.approx(
        (math.sin(np.pi / 3) + 2 * np.pi / 3 * 0.5) / np.pi
    )


def test_one_student_has_no_neighbours() -> None:
    found = premises(instance(m=1, n=1, angle=0.2), 0.1)
    assert found.eps_d == found.eps_l == found.size == 0.0
    assert found.k_d == pytest.approx(
        0.2 / ((np.pi - 0.2) * 2 * math.sin(0.1)), rel=1e-9
    )


@pytest.mark.parametrize("bias", [0.0, -1.0, 0.8, -2.5])
def test_lemma_4_begins_at_a_ratio_of_kernels(bias: float) -> None:
    """l* − l ≈ −½ t² ψ_d(0) by Price's theorem, so C₀ → ψ_d(0) / 2ψ_l(0)."""
    exact = float(psi_d(0.0, bias)) / (2 * float(psi_l(0.0, bias)))
    assert fall_off(0.01, bias) == pytest.approx(exact, rel=0.02)


@given(st.floats(0.05, 2.5), st.floats(0.01, 0.5))
def test_lemma_4_needs_more_of_larger_angles(angle: float, more: float) -> None:
    low, high = fall_off(angle), fall_off(angle + more)
    assert 0.5 <= low <= high
    for t in (angle / 2, angle / 10, 1e-3):
        needed = abs(psi_l(t) - 0.5) / (psi_l(t) * (2 * math.sin(t / 2)) ** 2)
        assert needed <= low * (1 + 1e-9), "it bounds every smaller angle"


def test_lemma_4_has_no_constant_where_nothing_is_shared() -> None:
    assert fall_off(math.pi) > 1e9
    assert fall_off(3.0, -30.0) == math.inf, "both kernels are 0 in float64"


settings_of = st.builds(
    lambda **change: replace(EASY, **change),
    m=st.integers(1, 3),
    angle=st.floats(0.01, 0.1),
    eps_d=st.floats(0, 2e-3),
    eps_l=st.floats(0, 2e-3),
    spread=st.floats(0.01, 0.3),
    size=st.floats(0.05, 0.5),
    v_min=st.floats(0.8, 1.0),
)


def bounds(p: Premises, b: float, r: float) -> tuple[float, float, float]:
    """γ_u, γ_r, γ_w at B_δv = b and C_r = r, node by node as the module's docstring."""
    u, rest = range(p.m), range(p.n - p.m)
    delta, v = 2 * math.sin(p.angle / 2), p.v_max + b
    big_l, big_d = (1 + p.k_l * delta) ** 2, (1 + p.k_d * delta) ** 2
    u_l, u_d = b + p.k_l * v * delta, b + (1 + p.k_d) * v * delta
    # A neighbour of the r-set has |δv| = |v| ≤ B_r, and has moved by r at most.
    r_l, r_d = p.size + p.k_l * p.size * r, p.size + p.k_d * p.size * r
    others_l = sum(u_l for j in u if j) + sum(r_l for _ in rest)
    gamma_u = 1 - (p.c0 * delta**2 * v + p.eps_l * big_l * others_l) / b
    far = (1 + p.k_l * r) ** 2
    push = sum(u_l for _ in u) + sum(r_l for j in rest if j)
    gamma_r = 1 - p.eps_l * far * push / p.size
    turned = sum(u_d for j in u if j) + sum(r_d for _ in rest)
    gamma_w = math.cos(p.angle) * p.v_min * (p.v_min - b)
    gamma_w -= v * p.eps_d * big_d * turned / math.sin(p.angle)
    return gamma_u, gamma_r, gamma_w


@settings(max_examples=25)
@given(settings_of)
def test_the_three_bounds_node_by_node(known: Premises) -> None:
    known = replace(known, n=known.m + 2)
    found = solve(known)
    ours = (found.gamma_u, found.gamma_r, found.gamma_w)
    exact = bounds(known, found.spread, found.drift)
    np.testing.assert_allclose(ours, exact, rtol=1e-9, atol=1e-12)
    assert found.gamma in (min(ours), -np.inf)
    assert found.feasible == (found.gamma > 0)


@settings(max_examples=4)
@given(settings_of)
def test_no_other_bound_on_the_fan_outs_is_better(known: Premises) -> None:
    """A search over the same B_δv: plain iteration of γ → C_r → γ."""

    def follow(b: float) -> float:
        drift, gamma = 0.0, min(bounds(known, b, 0.0))
        for _ in range(200):
            if gamma <= 0:
                return gamma
            far = 1 + known.k_d * drift
            u_d = b + (1 + known.k_d) * (known.v_max + b) * known.turn
            push = known.m * u_d + (known.n - known.m - 1) * far * known.size
            push *= known.size * known.eps_d * known.own_d * far**2
            rate = gamma * min(known.least_d, known.least_l)
            drift = push / (rate * (2 - known.rate * rate))
            if drift > known.turn:
                return -math.inf
            gamma = min(bounds(known, b, drift))
        return gamma

    known = replace(known, n=known.m + 2)
    top = max(known.spread, known.v_min)
    trials = np.linspace(known.spread, top, TRIALS)
    best = max(follow(float(b)) for b in trials)
    found = solve(known)
    if best > 0:
        assert found.gamma == pytest.approx(best, rel=1e-6)
    else:
        assert not found.feasible


def test_what_gamma_promises_is_a_rate() -> None:
    found = solve(EASY)
    assert found.feasible and 0 < found.gamma < 1
    assert found.promised == pytest.approx(found.gamma * 0.018)
    assert EASY.spread <= found.spread <= EASY.v_min
    assert solve(replace(EASY, least_d=0.001)).promised < 0.001


@pytest.mark.parametrize(
    ("name", "worse"),
    [("eps_d", 4e-3), ("eps_l", 4e-3), ("k_d", 20.0), ("k_l", 30.0), ("c0", 9.0),
     ("angle", 0.2), ("size", 2.0), ("v_min", 0.7), ("n", 9), ("m", 4)],
)  # fmt: skip
def test_whatever_is_worse_leaves_less(name: str, worse: float) -> None:
    assert solve(replace(EASY, **{name: worse})).gamma < solve(EASY).gamma


def test_without_an_r_set_nothing_bounds_it() -> None:
    alone = replace(EASY, n=2, size=0.0)
    assert solve(alone).gamma_r == 1.0 and solve(alone).drift == 0.0
    assert solve(replace(EASY, size=0.0)).gamma_r == 1.0


def test_at_no_angle_nothing_turns() -> None:
    found = solve(replace(EASY, angle=0.0))
    assert found.gamma_w == pytest.approx(1 - found.spread)


def test_a_constant_that_is_infinite_promises_nothing() -> None:
    for name in ("k_d", "k_l", "c0"):
        found = solve(replace(EASY, **{name: math.inf}))
        assert found.gamma == -math.inf and not found.feasible


def test_zero_is_no_promise() -> None:
    made = Feasibility(0.0, 1.0, 0.0, 1.0, 0.0, 0.1, 0.0)
    assert not made.feasible and replace(made, gamma=1e-300).feasible


def as_printed(p: Premises, gamma: float) -> tuple[float, float]:
    """Eq. 41 and 42 with B_u, B_r summed over the other students, one by one."""
    u_set, r_set = range(p.m), range(p.n - p.m)
    decay = min(p.least_d, p.least_l) * gamma
    sides = []
    for k, eps in ((p.k_d, p.eps_d), (p.k_l, p.eps_l)):
        u, r = 1 + k * p.turn, 0.0
        for _ in range(300):
            one = sum((1 + k) * u**2 / math.cos(p.angle / 2) for j in u_set if j)
            one += sum((1 + k) * u * (1 + r) for _ in r_set)
            two = sum((1 + k) * u * (1 + r) / math.cos(p.angle / 2) for j in u_set if j)
            two += sum((1 + k) * (1 + r) ** 2 for _ in r_set)
            r = eps * k * two * (p.v_max + p.spread) * p.v_max
            r /= decay * (2 - p.rate * decay)
            if r > 1e6:
                return -math.inf, -math.inf
        sides.append(eps * max(one, two))
    right_d = (p.v_max - p.spread) * math.cos(p.angle)
    right_d -= (p.v_max + p.spread) * sides[0]
    return right_d, 1 - sides[1] - p.c0 * p.turn * (1 + p.spread)


@pytest.mark.parametrize("gamma", [1.0, 0.6])
@pytest.mark.parametrize(
    "change",
    [{}, {"m": 3, "n": 3, "k_d": 0.3}, {"v_max": 1.3}, {"eps_d": 3e-5}, {"eps_l": 2e-5},
     {"eps_d": 3e-5, "eps_l": 2e-5, "angle": 0.3}, {"least_d": 0.5, "least_l": 0.4}],
)  # fmt: skip
def test_the_printed_sums_one_by_one(change: dict[str, float], gamma: float) -> None:
    known = replace(EASY, **{"eps_d": 2e-5, "eps_l": 1e-5} | change)
    found, exact = printed(known, gamma), as_printed(known, gamma)
    assert math.isfinite(exact[0])
    assert found == pytest.approx(exact, rel=1e-9)


def test_a_printed_drift_without_a_fixed_point() -> None:
    assert printed(replace(EASY, eps_d=0.1)) == (-math.inf, -math.inf)
    assert printed(replace(EASY, eps_d=0.0, eps_l=0.3)) == (-math.inf, -math.inf)
