"""Theorem 5's dynamics by loops, its instances, and the numbers read off a course."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfluck.foundations.errors import BadInput, Diverged
from tfluck.theory.kernels import psi_d, psi_l
from tfluck.theory.suppression import (
    TOO_LARGE,
    Suppression,
    TwoLayer,
    course,
    group_by_teacher,
    grouped_fan_out,
    random_pair,
    separated,
    split,
    suppress,
)

seeds = st.integers(0, 2**32 - 1)


def angle(one: np.ndarray, other: np.ndarray) -> float:
    return math.acos(max(-1.0, min(1.0, float(one @ other))))


@settings(max_examples=20)
@given(seeds, st.integers(1, 3), st.integers(0, 2), st.floats(-2, 2))
def test_the_flow_by_loops(seed: int, m: int, rest: int, bias: float) -> None:
    """Ẇ_j = P⊥ Σ (w*_j′ d*_jj′ v_j·v*_j′ − w_j′ d_jj′ v_j·v_j′), V̇_j = Σ (l* v* − l v)."""
    pair = random_pair(4, m, 2, m + rest, np.random.default_rng(seed), bias=bias)
    pull, change = pair.flow()
    for j in range(m + rest):
        w, v = pair.w[:, j], pair.v[j]
        flow, fan = np.zeros(4), np.zeros(2)
        for k in range(m):
            t = angle(w, pair.teacher_w[:, k])
            inner = float(v @ pair.teacher_v[k])
            flow += pair.teacher_w[:, k] * float(psi_d(t, bias)) * inner
            fan += pair.teacher_v[k] * float(psi_l(t, bias))
        for k in range(m + rest):
            t = angle(w, pair.w[:, k]) if k != j else 0.0
            flow -= pair.w[:, k] * float(psi_d(t, bias)) * float(v @ pair.v[k])
            fan -= pair.v[k] * float(psi_l(t, bias))
        flow -= w * float(w @ flow)
        np.testing.assert_allclose(pull[:, j], flow, atol=1e-8)
        np.testing.assert_allclose(change[j], fan, atol=1e-8)
    np.testing.assert_allclose((pair.w * pull).sum(axis=0), 0, atol=1e-12)


@given(seeds)
def test_the_flow_turns_with_its_space_and_follows_its_students(seed: int) -> None:
    draw = np.random.default_rng(seed)
    pair = random_pair(4, 2, 3, 4, draw, bias=-0.7)
    pull, change = pair.flow()
    turn, spin = (np.linalg.qr(draw.normal(size=(n, n)))[0] for n in (4, 3))
    turned = TwoLayer(
        turn @ pair.teacher_w, pair.teacher_v @ spin, turn @ pair.w, pair.v @ spin, -0.7
    ).flow()
    np.testing.assert_allclose(turned[0], turn @ pull, atol=1e-7)
    np.testing.assert_allclose(turned[1], change @ spin, atol=1e-7)
    order = draw.permutation(4)
    shuffled = replace(pair, w=pair.w[:, order], v=pair.v[order]).flow()
    np.testing.assert_allclose(shuffled[0], pull[:, order], atol=1e-8)
    np.testing.assert_allclose(shuffled[1], change[order], atol=1e-8)


@given(seeds, st.floats(0.01, 0.5))
def test_a_step_is_eulers_and_stays_on_the_sphere(seed: int, rate: float) -> None:
    pair = random_pair(5, 2, 3, 3, np.random.default_rng(seed))
    pull, change = pair.flow()
    after, frozen = pair.step(rate), pair.step(rate, frozen=True)
    np.testing.assert_allclose(after.v, pair.v + rate * change, rtol=1e-12)
    moved = pair.w + rate * pull
    np.testing.assert_allclose(
        after.w, moved / np.linalg.norm(moved, axis=0), rtol=1e-12
    )
    np.testing.assert_array_equal(frozen.w, pair.w)
    np.testing.assert_array_equal(frozen.v, after.v)
    assert after.bias == pair.bias and after.teacher_w is pair.teacher_w


def test_frozen_weights_leave_a_quadratic_bowl() -> None:
    """½‖…‖² over V with W still: V ends at L⁻¹ L* V*, whatever it began with."""
    pair = random_pair(6, 2, 2, 4, np.random.default_rng(1), bias=0.5)
    _, _, l_cross, l_own = pair.kernels()
    exact = np.linalg.solve(l_own, l_cross @ pair.teacher_v)
    _, change = replace(pair, v=exact).flow()
    np.testing.assert_allclose(change, 0, atol=1e-12)
    far = np.linalg.norm(pair.v - exact)
    found = suppress(pair, steps=100, rate=0.3, every=50, frozen=True)
    one, two = (np.linalg.norm(v - exact) for v in (pair.v, found.last.v))
    slowest = (1 - 0.3 * pair.slowest()) ** 100
    assert one == far and two <= slowest * far * (1 + 1e-6)


@pytest.mark.parametrize("n", [2, 3, 7])
def test_the_slowest_rate_of_orthonormal_students(n: int) -> None:
    """L = (½ − 1/2π) 1 + 1/2π: its smallest eigenvalue does not know n."""
    start = separated(
        1, n, angle=0.0, bias=0.0, spread=0.1, size=0.1, draw=np.random.default_rng(0)
    )
    assert start.slowest() == pytest.approx(0.5 - 1 / (2 * np.pi), rel=1e-9)
    alone = replace(start, w=start.w[:, :1], v=start.v[:1])
    assert alone.slowest() == pytest.approx(0.5)


def test_two_students_of_one_direction_never_part() -> None:
    start = random_pair(4, 1, 2, 2, np.random.default_rng(0))
    twins = replace(start, w=start.w[:, [0, 0]])
    assert twins.slowest() == pytest.approx(0, abs=1e-8)
    _, change = twins.flow()
    np.testing.assert_allclose(change[0], change[1], atol=1e-7)


@settings(max_examples=30)
@given(
    seeds, st.integers(1, 3), st.integers(0, 3), st.floats(0, 1.5), st.floats(0, 2),
    st.floats(0, 2), st.sampled_from([None, 0]),
)  # fmt: skip
def test_an_instance_made_for_the_theorem(
    seed: int,
    m: int,
    rest: int,
    tilt: float,
    spread: float,
    size: float,
    more: int | None,
) -> None:
    """Angles, spreads and sizes are what was asked for, in n dimensions or more."""
    n = m + rest
    if n == 1 and more == 0:
        more = None  # In one dimension nothing turns.
    made = separated(
        m, n, angle=tilt, bias=-0.3, spread=spread, size=size,
        dim=None if more is None else n + more, draw=np.random.default_rng(seed),
    )  # fmt: skip
    assert made.w.shape == (n + 2 if more is None else n, n)
    assert made.bias == -0.3 and made.relevant == m
    np.testing.assert_allclose(np.linalg.norm(made.w, axis=0), 1, rtol=1e-12)
    np.testing.assert_allclose(made.sines(), np.sin(tilt), atol=1e-12)
    cosines = (made.w[:, :m] * made.teacher_w).sum(axis=0)
    np.testing.assert_allclose(cosines, np.cos(tilt), atol=1e-12)
    np.testing.assert_array_equal(made.teacher_v, np.eye(m))
    np.testing.assert_array_equal(made.w[:, m:].T @ made.w[:, m:], np.eye(rest))
    np.testing.assert_array_equal(made.w[:, m:].T @ made.teacher_w, np.zeros((rest, m)))
    apart = np.linalg.norm(made.v[:m] - np.eye(m), axis=1)
    np.testing.assert_allclose(apart, spread, atol=1e-12)
    np.testing.assert_allclose(np.linalg.norm(made.v[m:], axis=1), size, atol=1e-12)
    if more is None:
        overlap = made.w[:, :m].T @ made.w[:, m:]
        np.testing.assert_array_equal(overlap, 0), "they turn away from all others"


@pytest.mark.parametrize("tilt", [np.pi / 2, -1e-9, np.nan, np.inf])
def test_an_instance_needs_an_acute_angle(tilt: float) -> None:
    with pytest.raises(BadInput, match=r"θ₀ must be a finite angle in \[0, π/2\)"):
        separated(
            2,
            3,
            angle=tilt,
            bias=0.0,
            spread=0.1,
            size=0.1,
            draw=np.random.default_rng(0),
        )


@pytest.mark.parametrize(("m", "n", "dim"), [(3, 2, None), (2, 5, 4)])
def test_an_instance_needs_room(m: int, n: int, dim: int | None) -> None:
    with pytest.raises(BadInput, match="m ≤ n and at least n dimensions"):
        separated(
            m, n, angle=0.1, bias=0.0, spread=0.1, size=0.1, dim=dim,
            draw=np.random.default_rng(0),
        )  # fmt: skip


def test_a_random_student_knows_nothing_of_its_teacher() -> None:
    pair = random_pair(5, 3, 4, 6, np.random.default_rng(0), bias=0.2)
    sides = (pair.teacher_w, pair.teacher_v, pair.w, pair.v)
    assert [side.shape for side in sides] == [(5, 3), (3, 4), (5, 6), (6, 4)]
    for side in (pair.teacher_w, pair.w, pair.teacher_v, pair.v):
        np.testing.assert_allclose(np.linalg.norm(side, axis=0), 1, rtol=1e-12)
    cosines = np.abs((pair.w[:, :3] * pair.teacher_w).sum(axis=0))
    assert cosines.max() < 0.95 and pair.bias == 0.2


def test_a_perturbed_student_is_its_teacher_and_noise() -> None:
    still = random_pair(5, 3, 4, 3, np.random.default_rng(0), noise=0.0)
    np.testing.assert_allclose(still.w, still.teacher_w, rtol=1e-12)
    np.testing.assert_array_equal(still.v, still.teacher_v)
    draw = np.random.default_rng(1)
    near = random_pair(400, 2, 300, 4, draw, noise=0.01)
    # Noise of variance 1e-4 in 400 entries turns by 0.2; the others are all noise.
    np.testing.assert_allclose(np.tan(np.arcsin(near.sines())), 0.2, rtol=0.2)
    apart = near.v[:2] - near.teacher_v
    assert np.std(apart) == pytest.approx(0.01, rel=0.1)
    assert np.std(near.v[2:]) == pytest.approx(0.01, rel=0.1)


def made(values: np.ndarray, steps: list[int], rate: float = 0.1) -> Suppression:
    """A course of one student of each set whose fan-outs are ``values``."""
    last = random_pair(3, 1, 2, 2, np.random.default_rng(0))
    nothing = np.zeros((len(steps), 1))
    fan_out = np.stack([np.ones_like(values), values], axis=1)
    return Suppression(np.array(steps), nothing, nothing, fan_out, nothing, last, rate)


@given(st.floats(1e-4, 1.0), st.floats(0.01, 0.5), st.integers(1, 50))
def test_a_decay_is_of_a_step_however_seldom_one_looks(
    r: float, rate: float, every: int
) -> None:
    steps = [every * k for k in range(9)]
    values = (1 - rate * r) ** np.array(steps)
    found = made(values, steps, rate)
    if values[-2] > 1e-13:
        assert found.decay(found.irrelevant[:, 0]) == pytest.approx(
            r, rel=1e-6, abs=1e-9
        )


def test_a_decay_is_of_the_last_share() -> None:
    """First flat, then halved at every step: half of the course is flat."""
    values = np.array([1.0, 1, 1, 1, 1, 0.5, 0.25, 0.125, 0.0625])
    found = made(values, list(range(9)), 0.5)
    assert found.decay(values) == pytest.approx(1.0), "steps 4 to 8, both counted"
    assert found.decay(values, share=0.25) == pytest.approx(1.0)
    whole = found.decay(values, share=1.0)
    assert whole == pytest.approx((1 - 0.0625 ** (1 / 8)) / 0.5)
    tail = np.where(np.arange(9) < 8, values, 1e-14)
    assert found.decay(tail) == pytest.approx(1.0), "what is nothing is left out"
    assert found.decay(np.where(np.arange(9) < 8, 0.0, 1.0)) is None


def test_a_course_is_split_anew() -> None:
    found = made(np.array([3.0, 2.0]), [0, 10])
    parts = split(found, np.array([False, True]))
    assert parts.relevant.tolist() == [[3], [2]] and parts.irrelevant.tolist() == [
        [1],
        [1],
    ]
    assert parts.steps.tolist() == [0, 10]
    assert found.relevant.tolist() == [[1], [1]] and found.irrelevant.tolist() == [
        [3],
        [2],
    ]


def test_a_course_begins_at_its_start_and_has_every_step() -> None:
    start = random_pair(3, 1, 2, 2, np.random.default_rng(0))
    seen = list(course(start, steps=3, rate=0.1))
    assert len(seen) == 4 and seen[0] is start
    np.testing.assert_array_equal(seen[3].v, seen[2].step(0.1).v)
    assert list(course(start, steps=0, rate=0.1)) == [start]


@pytest.mark.parametrize(
    ("steps", "every", "looks"),
    [(6, 2, [0, 2, 4, 6]), (7, 3, [0, 3, 6, 7]), (2, 5, [0, 2]), (0, 1, [0])],
)
def test_one_looks_every_so_many_steps_and_at_the_end(
    steps: int, every: int, looks: list[int]
) -> None:
    told: list[int] = []
    start = random_pair(3, 1, 2, 2, np.random.default_rng(0))
    found = suppress(start, steps=steps, rate=0.1, every=every, advance=told.append)
    assert found.steps.tolist() == looks and sum(told) == steps
    assert found.rate == 0.1
    here = start
    for _ in range(steps):
        here = here.step(0.1)
    np.testing.assert_array_equal(found.last.v, here.v)
    np.testing.assert_allclose(found.fan_out[-1], np.linalg.norm(here.v, axis=1))
    gone = here.w[:, 1:] - start.w[:, 1:]
    np.testing.assert_allclose(found.moved[-1], np.linalg.norm(gone, axis=0))


def test_a_rate_that_is_too_large_is_told_with_its_step() -> None:
    start = random_pair(3, 2, 2, 4, np.random.default_rng(0))
    with pytest.raises(Diverged, match=r"at step \d+: use a smaller rate") as caught:
        suppress(start, steps=200, rate=50.0, frozen=True)
    here = start
    for _ in range(caught.value.step):
        assert np.abs(here.v).max() < TOO_LARGE
        here = here.step(50.0, frozen=True)
    assert np.abs(here.v).max() >= TOO_LARGE
    edge = replace(start, v=np.full_like(start.v, TOO_LARGE))
    with pytest.raises(Diverged) as caught:
        suppress(edge, steps=1, rate=0.1)
    assert caught.value.step == 0


def test_pairs_need_as_many_students_and_one_teacher_node() -> None:
    w, v = np.eye(3)[:, :2], np.eye(2)
    TwoLayer(w, v, w, v)
    none = np.zeros((3, 0)), np.zeros((0, 2))
    for arrays in (
        (w, v, w[:, :1], v[:1]),
        (*none, w, v),
        (w, v, w[:2], v),
        (w, v[:1], w, v),
        (w, v, w, v[:, :1]),
    ):
        with pytest.raises(BadInput, match="at least as many students"):
            TwoLayer(*arrays)
    for index, bad in enumerate((w, v, w, v)):
        given = [w, v, w, v]
        given[index] = np.where(bad == 1, np.inf, bad)
        with pytest.raises(BadInput, match="finite"):
            TwoLayer(*given)
    with pytest.raises(BadInput, match="finite"):
        TwoLayer(w, v, w, v, float("nan"))


@given(seeds, st.floats(-0.5, 1.0))
def test_a_student_belongs_to_its_most_similar_teacher_node(
    seed: int, least: float
) -> None:
    likeness = np.random.default_rng(seed).uniform(-1, 1, size=(3, 6)).round(1)
    found = group_by_teacher(likeness, least)
    for j, owner in enumerate(found):
        best = max(likeness[i, j] for i in range(3))
        if best < least:
            assert owner == -1
        else:
            assert likeness[owner, j] == best
            assert not any(likeness[i, j] == best for i in range(owner))


def test_the_threshold_itself_is_enough() -> None:
    assert group_by_teacher(np.array([[0.95, 0.9499]]), 0.95).tolist() == [0, -1]


@given(seeds)
def test_grouped_fan_outs_add_up(seed: int) -> None:
    draw = np.random.default_rng(seed)
    v, owner = draw.normal(size=(8, 2)), draw.integers(-1, 3, size=8)
    found = grouped_fan_out(v, owner, 4)
    for i in range(4):
        own = sum((v[j] for j in range(8) if owner[j] == i), start=np.zeros(2))
        np.testing.assert_allclose(found[i], own, atol=1e-12)
    np.testing.assert_allclose(found.sum(axis=0), v[owner >= 0].sum(axis=0), atol=1e-12)
