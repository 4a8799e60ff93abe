"""Theorem 4: what is read off a course, what is promised, and the notes' figures."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfluck.foundations.errors import BadInput
from tfluck.theory.kernels import lipschitz_constant, psi_d
from tfluck.theory.recovery import (
    Recovery,
    assembled,
    constants,
    orthogonal,
    pull,
    random_unit,
    recover,
    start_at,
)

seeds = st.integers(0, 2**32 - 1)


def made(worst: np.ndarray, steps: np.ndarray, rate: float) -> Recovery:
    """A course of two nodes, the second always closer to its teacher."""
    return Recovery(np.asarray(steps), np.stack([worst, worst / 2], axis=1), rate)


@given(st.floats(0.02, 0.9), st.floats(0.01, 0.5), st.integers(1, 40))
def test_rates_of_a_geometric_course(r: float, rate: float, every: int) -> None:
    steps = every * np.arange(60)
    worst = 0.5 * (1 - rate * r) ** steps
    found = made(worst, steps, rate)
    np.testing.assert_array_equal(found.worst, worst)
    sine, rates = found.local_rates()
    kept = int((worst > 1e-11).sum())
    assert len(sine) == len(rates) == kept - 1
    np.testing.assert_array_equal(sine, worst[: kept - 1])
    np.testing.assert_allclose(rates, r, rtol=1e-6)
    seen = int(((worst < 1e-8) & (worst > 1e-11)).sum())
    late = found.asymptotic_rate()
    if seen < 2:
        assert late is None
    else:
        assert late == pytest.approx(r, rel=1e-6)


def test_the_asymptotic_rate_is_that_of_the_smallest_angles() -> None:
    """Fast above 1e-8, slow below, noise at the end: only the middle counts."""
    fast, slow = 0.1 ** np.arange(8.0), 0.5e-8 * 0.5 ** np.arange(8.0)
    worst = np.concatenate([fast, slow, np.full(5, 3e-12)])
    found = made(worst, np.arange(len(worst)), 0.5)
    assert found.asymptotic_rate() == pytest.approx(1.0)
    assert made(fast, np.arange(8), 0.5).asymptotic_rate() is None
    assert made(np.append(fast, 1e-9), np.arange(9), 0.5).asymptotic_rate() is None


@given(st.floats(0.01, 0.4), st.floats(0.01, 0.4), st.floats(0.1, 1.0))
def test_the_excess_is_over_the_promise(
    promised: float, kept: float, sine: float
) -> None:
    steps = np.arange(12)
    worst = sine * (1 - 0.5 * kept) ** steps
    found = made(worst, steps, 0.5).excess(promised, sine)
    ratio = (1 - 0.5 * kept) / (1 - 0.5 * promised)
    assert found == pytest.approx(max(ratio, ratio**11), rel=1e-9)


def test_the_start_does_not_count_as_kept() -> None:
    worst = np.array([9.0, 0.4, 0.2])
    assert made(worst, np.arange(3), 1.0).excess(0.5, 1.0) == pytest.approx(0.8)


@pytest.mark.parametrize("m", [1, 2, 5])
@pytest.mark.parametrize("bias", [0.0, -1.0, -2.5])
@pytest.mark.parametrize("angle", [0.0, 0.05, 0.4])
def test_constants_of_orthogonal_teachers(m: int, bias: float, angle: float) -> None:
    """Everything from ψ_d at 0, θ₀ and π/2 (Eq. 39 and d̄)."""
    found = constants(orthogonal(m), angle, bias)
    own, far = float(psi_d(0.0, bias)), float(psi_d(np.pi / 2, bias))
    eps = far / own if m > 1 else 0.0
    widest = angle + (np.pi / 2 if m > 1 else 0.0)
    k = lipschitz_constant(lambda t: psi_d(t, bias), widest, max(angle, 1e-4))
    half = 2 * k * math.sin(angle / 2)
    big = (1 + k) * (1 + half) ** 2 / math.cos(angle / 2)
    assert (found.m, found.angle) == (m, angle)
    assert found.eps_d == pytest.approx(eps) and found.k_d == pytest.approx(k)
    assert found.m_d == pytest.approx(big)
    assert found.gamma == pytest.approx(math.cos(angle) - (m - 1) * eps * big)
    least = float(psi_d(angle, bias))
    assert found.d_bar == pytest.approx((1 - half) * least)
    assert found.d_printed == pytest.approx((1 + half) * least)
    assert found.applies == (found.gamma > 0 and found.d_bar > 0)
    assert found.rate() == pytest.approx(found.d_bar * found.gamma)
    assert found.rate(printed=True) == pytest.approx(found.d_printed * found.gamma)


def test_neighbours_may_lie_opposite() -> None:
    """Their K runs to π at most, where ψ_d without bias has none: nothing is promised."""
    both = np.array([[1.0, -1.0], [0.0, 0.0]])
    for angle in (0.0, 0.1):
        found = constants(both, angle)
        assert (found.k_d, found.eps_d) == (math.inf, 0.0)
        assert (found.gamma, found.d_bar) == (-math.inf, -math.inf)
        assert not found.applies
    tilted = np.array([[1.0, math.cos(3.0)], [0.0, math.sin(3.0)]])
    assert constants(tilted, 0.05).eps_d == pytest.approx((math.pi - 3) / math.pi)


def test_what_applies() -> None:
    assert assembled(1, 0.1, 0.0, 1.0, 0.5).applies
    assert not assembled(9, 0.1, 0.5, 1.0, 0.5).applies, "γ is negative"
    steep = assembled(1, 0.5, 0.0, 5.0, 0.5)
    assert steep.gamma > 0 > steep.d_bar and not steep.applies


#: Notes section 5, m = 1: θ₀, d̄γ printed and mended, the measured rate of 20 steps.
NOTED = [
    (0.1, 0.516, 0.45, 0.486),
    (0.5, 0.498, 0.24, 0.398),
    (1.0, 0.309, 0.06, 0.236),
]


@pytest.mark.parametrize(("angle", "printed", "mended", "measured"), NOTED)
def test_the_printed_sign_promises_too_much(
    angle: float, printed: float, mended: float, measured: float
) -> None:
    """The notes take K = 1/√2 of angles up to 90°; ours is of the angles that occur."""
    least = float(psi_d(angle))
    found = assembled(1, angle, 0.0, 2**-0.5, least)
    assert found.rate(printed=True) == pytest.approx(printed, abs=2e-3)
    assert found.rate() == pytest.approx(mended, abs=7e-3)
    teacher = orthogonal(1)
    run = recover(teacher, start_at(teacher, angle, np.random.default_rng(0)), steps=20)
    rate = (1 - (run.worst[-1] / run.worst[0]) ** (1 / 20)) / 0.05
    assert rate == pytest.approx(measured, abs=2e-3)
    assert run.excess(found.rate(printed=True), math.sin(angle)) > 1
    assert run.excess(found.rate(), math.sin(angle)) <= 1


#: The asymptotic rates of orthogonal teachers without bias, whatever θ₀.
RATES = {1: 0.5, 2: 0.25, 3: 0.25 - 1 / (2 * np.pi), 4: 0.25 - 1 / (2 * np.pi)}


@pytest.mark.parametrize("m", RATES)
def test_asymptotic_rates_of_orthogonal_teachers(m: int) -> None:
    teacher = orthogonal(m, max(m, 2) + 1)
    start = start_at(teacher, 0.3, np.random.default_rng(m))
    run = recover(teacher, start, steps=900 if m < 3 else 2200, rate=0.1, every=20)
    assert run.asymptotic_rate() == pytest.approx(RATES[m], rel=2e-2)


@settings(max_examples=12)
@given(seeds, st.integers(1, 4), st.floats(0.01, 0.04), st.floats(-3, -2.5))
def test_what_the_mended_theorem_promises_is_kept(
    seed: int, m: int, angle: float, bias: float
) -> None:
    draw = np.random.default_rng(seed)
    teacher = orthogonal(m, m + 2)
    known = constants(teacher, angle, bias)
    assert known.applies, "with these biases it always promises something"
    run = recover(
        teacher, start_at(teacher, angle, draw), steps=40, rate=50.0, bias=bias
    )  # fmt: skip
    assert run.excess(known.rate(), math.sin(angle)) <= 1 + 1e-9


@given(seeds, st.integers(1, 4), st.floats(-2, 2))
def test_the_pull_by_loops(seed: int, m: int, bias: float) -> None:
    draw = np.random.default_rng(seed)
    teacher, w = random_unit(m, 3, draw), draw.normal(size=(3, m))
    unit = w / np.linalg.norm(w, axis=0)
    found = pull(w, teacher, bias)
    for j in range(m):
        flow = np.zeros(3)
        for k in range(m):
            there, here = (
                math.acos(max(-1.0, min(1.0, float(unit[:, j] @ other[:, k]))))
                for other in (teacher, unit)
            )
            flow += teacher[:, k] * float(psi_d(there, bias))
            flow -= w[:, k] * float(psi_d(here if k != j else 0.0, bias))
        np.testing.assert_allclose(found[:, j], flow, atol=1e-7)


@pytest.mark.parametrize("project", [False, True])
@pytest.mark.parametrize("renormalize", [False, True])
def test_one_step_with_and_without_its_constraints(
    project: bool, renormalize: bool
) -> None:
    draw = np.random.default_rng(3)
    teacher = random_unit(2, 4, draw)
    w = start_at(teacher, 0.8, draw)
    found = recover(
        teacher,
        w,
        steps=1,
        rate=0.3,
        bias=-0.4,
        project=project,
        renormalize=renormalize,
    )
    flow = pull(w, teacher, -0.4)
    if project:
        flow = np.stack(
            [f - u * (u @ f) for f, u in zip(flow.T, w.T, strict=True)], axis=1
        )
    after = w + 0.3 * flow
    unit = after / np.linalg.norm(after, axis=0)
    cosine = (unit * teacher).sum(axis=0)
    np.testing.assert_allclose(found.sines[-1], np.sqrt(1 - cosine**2), rtol=1e-6)


def test_projection_alone_is_slower_for_norms_grow() -> None:
    """Notes: m = 10, θ₀ = .5: 1.8e-3 without scaling, 1e-6 with, or without both."""
    teacher = orthogonal(4, 6)
    start = start_at(teacher, 0.5, np.random.default_rng(0))
    ends = {
        (project, scaled): recover(
            teacher, start, steps=600, rate=0.2, every=600, project=project,
            renormalize=scaled,
        ).worst[-1]
        for project, scaled in ((True, True), (True, False), (False, False))
    }  # fmt: skip
    assert ends[True, False] > 1.2 * ends[True, True]
    assert ends[False, False] < 1.2 * ends[True, False]


@pytest.mark.parametrize(
    ("steps", "every", "looks"),
    [(6, 3, [0, 3, 6]), (7, 3, [0, 3, 6, 7]), (0, 1, [0]), (2, 9, [0, 2])],
)
def test_one_looks_every_so_many_steps(
    steps: int, every: int, looks: list[int]
) -> None:
    told: list[int] = []
    teacher = orthogonal(2)
    start = start_at(teacher, 0.2, np.random.default_rng(0))
    found = recover(teacher, start, steps=steps, every=every, advance=told.append)
    assert found.steps.tolist() == looks and told == [1] * steps
    assert found.rate == 0.05 and found.sines.shape == (len(looks), 2)
    every_step = recover(teacher, start, steps=steps)
    np.testing.assert_array_equal(found.sines, every_step.sines[looks])


@given(seeds, st.integers(1, 5), st.floats(0, 1.5))
def test_students_stand_at_the_angle_asked_for(seed: int, m: int, angle: float) -> None:
    draw = np.random.default_rng(seed)
    teacher = random_unit(m, 3, draw)
    np.testing.assert_allclose(np.linalg.norm(teacher, axis=0), 1, rtol=1e-12)
    start = start_at(teacher, angle, draw)
    np.testing.assert_allclose(np.linalg.norm(start, axis=0), 1, rtol=1e-9)
    np.testing.assert_allclose((start * teacher).sum(axis=0), np.cos(angle), atol=1e-12)
    other = start_at(teacher, angle, draw)
    assert angle < 1e-3 or not np.allclose(start, other), "in random directions"


@pytest.mark.parametrize(
    ("m", "dim", "shape"),
    [(1, None, (2, 1)), (2, None, (2, 2)), (3, None, (3, 3)), (2, 5, (5, 2))],
)  # fmt: skip
def test_orthogonal_teachers(m: int, dim: int | None, shape: tuple[int, int]) -> None:
    found = orthogonal(m, dim)
    assert found.shape == shape
    np.testing.assert_array_equal(found.T @ found, np.eye(m))


def test_what_cannot_be_orthogonal() -> None:
    with pytest.raises(
        BadInput, match="4 orthogonal nodes need at least 4 dimensions, not 3"
    ):
        orthogonal(4, 3)
    assert orthogonal(3, 3).shape == (3, 3) and orthogonal(0, 2).shape == (2, 0)
    assert start_at(orthogonal(1, 2), 0.1, np.random.default_rng(0)).shape == (2, 1)


@pytest.mark.parametrize("angle", [np.pi / 2, -1e-300, np.nan])
def test_the_angles_of_the_theorem_are_acute(angle: float) -> None:
    with pytest.raises(BadInput, match=r"\[0, π/2\)"):
        constants(orthogonal(2), angle)
    assert constants(orthogonal(1), float(np.nextafter(np.pi / 2, 0))).gamma > 0


def test_there_must_be_a_course_to_follow() -> None:
    with pytest.raises(BadInput, match="at least one"):
        recover(np.zeros((2, 0)), np.zeros((2, 0)), steps=1)
    good = orthogonal(2)
    ones = np.ones_like(good)
    for bad in ((np.inf * ones, good), (good, np.where(good == 1, np.nan, good))):
        with pytest.raises(BadInput, match="finite"):
            recover(*bad, steps=1)
