"""Theorem 5: the flow against sampling, the mended γ against its own induction."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfluck.foundations.errors import BadInput
from tfluck.theory.feasibility import fall_off, premises, printed, solve
from tfluck.theory.induction import watch
from tfluck.theory.suppression import (
    TwoLayer,
    group_by_teacher,
    grouped_fan_out,
    random_pair,
    separated,
    suppress,
)


def instance(**given: Any) -> TwoLayer:
    settings = {
        "m": 2,
        "n": 4,
        "angle": 0.05,
        "bias": -3.0,
        "spread": 0.05,
        "size": 0.2,
    }
    return separated(**settings | given, draw=np.random.default_rng(0))


def test_the_flow_is_the_gradient_of_the_population_loss() -> None:
    """Against sampling: V̇ exactly E[f (f* V* − f V)], Ẇ its part under Theorem 2."""
    pair = random_pair(4, 2, 3, 5, np.random.default_rng(1), bias=-0.5)
    x = np.random.default_rng(2).normal(size=(300_000, 4))
    f, t = (np.maximum(x @ w + pair.bias, 0) for w in (pair.w, pair.teacher_w))
    on, teacher_on = (f > 0).astype(float), (t > 0).astype(float)
    _, change = pair.flow()
    sampled = f.T @ (t @ pair.teacher_v - f @ pair.v) / len(x)
    np.testing.assert_allclose(change, sampled, atol=1.2e-2)
    h_cross = (on.T @ teacher_on / len(x)) * (pair.v @ pair.teacher_v.T)
    h = (on.T @ on / len(x)) * (pair.v @ pair.v.T)
    pull = pair.teacher_w @ h_cross.T - pair.w @ h.T
    pull -= pair.w * (pair.w * pull).sum(axis=0)
    np.testing.assert_allclose(pair.flow()[0], pull, atol=1.2e-2)


def test_nothing_moves_at_the_thesis() -> None:
    still = instance(angle=0.0, spread=0.0, size=0.0, bias=-0.5)
    pull, change = still.flow()
    assert np.abs(pull).max() < 1e-15 and np.abs(change).max() < 1e-15
    assert still.sines().max() == 0


def test_nothing_moves_where_all_students_are_teacher_nodes() -> None:
    """Nothing is orthogonal here, so every H and L counts."""
    pair = random_pair(4, 3, 5, 3, np.random.default_rng(3), bias=-0.5)
    same = TwoLayer(
        pair.teacher_w, pair.teacher_v, pair.teacher_w, pair.teacher_v, -0.5
    )
    for change in same.flow():
        np.testing.assert_allclose(change, 0, atol=1e-8)


@pytest.mark.parametrize("bias", [0.0, -1.0])
def test_frozen_weights_decay_at_the_smallest_eigenvalue(bias: float) -> None:
    start = instance(angle=0.0, bias=bias, n=6)
    found = suppress(start, steps=100, rate=0.5, frozen=True)
    slowest = start.slowest()
    late = found.decay(found.irrelevant.max(axis=1))
    assert late == pytest.approx(slowest, rel=2e-2)
    np.testing.assert_array_equal(found.last.w, start.w)


def test_looks_are_what_they_say() -> None:
    start = instance(bias=-0.5)
    found = suppress(start, steps=25, rate=0.1, every=10)
    assert found.steps.tolist() == [0, 10, 20, 25]
    assert found.relevant.shape == (4, 2) and found.irrelevant.shape == (4, 2)
    np.testing.assert_allclose(found.sines[0], np.sin(0.05), rtol=1e-9)
    np.testing.assert_allclose(found.errors[0], 0.05, rtol=1e-9)
    np.testing.assert_allclose(found.irrelevant[0], 0.2, rtol=1e-9)
    assert found.moved[0].max() == 0 and found.moved[-1].max() > 0
    here = start
    for _ in range(25):
        here = here.step(0.1)
    np.testing.assert_array_equal(here.w, found.last.w)
    np.testing.assert_allclose(np.linalg.norm(here.w, axis=0), 1, rtol=1e-12)
    assert found.decay(np.zeros(4)) is None


@settings(max_examples=12)
@given(
    st.integers(1, 3),
    st.integers(0, 3),
    st.floats(0.01, 0.08),
    st.floats(-3.5, -2.5),
    st.floats(0.01, 0.3),
    st.floats(0.05, 1.0),
    st.integers(0, 2**32 - 1),
)
def test_what_the_mended_theorem_promises_is_kept(
    m: int, rest: int, angle: float, bias: float, spread: float, size: float, seed: int
) -> None:
    """A property: wherever γ > 0, every hypothesis holds at every step."""
    start = separated(
        m,
        m + rest,
        angle=angle,
        bias=bias,
        spread=spread,
        size=size,
        draw=np.random.default_rng(seed),
    )
    known = premises(start, 100.0)
    promise = solve(known)
    if promise.feasible:
        seen = watch(start, known, promise, 60)
        assert seen.holds, seen


def test_the_property_is_not_empty() -> None:
    for rest in (0, 2):
        start = instance(n=2 + rest)
        promise = solve(premises(start, 100.0))
        assert promise.feasible
        assert promise.promised == pytest.approx(
            promise.gamma * premises(start, 100.0).slowest
        )


def test_a_promise_that_is_too_good_is_seen_to_break() -> None:
    from dataclasses import replace

    start = instance()
    known = premises(start, 200.0)
    promise = solve(known)
    greedy = replace(promise, promised=40 * promise.promised)
    seen = watch(start, known, greedy, 60)
    assert not seen.holds
    assert seen.first["weights"] is not None or seen.first["irrelevant"] is not None
    for change, name in (
        ({"eps_d": known.eps_d / 2}, "separation_d"),
        ({"eps_l": known.eps_l / 2}, "separation_l"),
        ({"least_l": 2 * known.least_l}, "own"),
    ):
        assert watch(start, replace(known, **change), promise, 3).first[name] == 0
    # The neighbours' push is a thousandth of a step here: see that it is needed at all.
    alone = replace(known, eps_d=0.0, eps_l=0.0, c0=0.0)
    seen = watch(start, alone, promise, 20)
    assert seen.first["lemma_5"] is not None and seen.first["lemma_6"] is not None


@pytest.mark.parametrize("key", ["size", "spread", "angle", "n"])
def test_gamma_falls_with_everything_that_disturbs(key: str) -> None:
    values = {
        "size": (0.1, 0.4),
        "spread": (0.05, 0.2),
        "angle": (0.02, 0.06),
        "n": (3, 6),
    }
    better, worse = (solve(premises(instance(**{key: v}), 200.0)) for v in values[key])
    assert better.gamma > worse.gamma


def test_gamma_of_one_node_by_hand() -> None:
    """m = n = 1: no neighbours; γ_u = 1 − C₀δ²V/B, γ_w = cos θ₀ (1 − B)."""
    start = instance(m=1, n=1, angle=0.2, bias=0.0, spread=0.1, size=0.0, dim=3)
    known = premises(start, 0.1)
    found = solve(known)
    delta = 2 * np.sin(0.1)
    b = found.spread
    c0 = fall_off(0.2)
    assert found.gamma_u == pytest.approx(1 - c0 * delta**2 * (1 + b) / b)
    assert found.gamma_w == pytest.approx(np.cos(0.2) * (1 - b))
    right_d, right_l = printed(known)
    assert right_d == pytest.approx((1 - 0.1) * np.cos(0.2))
    assert right_l == pytest.approx(1 - c0 * delta * 1.1)


def test_gamma_of_three_nodes_by_hand() -> None:
    """m = 2, n = 3: sums over neighbours written out, C_r taken from the answer."""
    known = premises(instance(n=3), 200.0)
    found = solve(known)
    b, v = found.spread, 1 + found.spread
    delta, far_l = known.turn, 1 + known.k_l * found.drift
    near = 1 + known.k_l * delta
    push = b + known.k_l * v * delta + far_l * known.size
    gamma_u = 1 - (known.c0 * delta**2 * v + known.eps_l * near**2 * push) / b
    pull = 2 * (b + known.k_l * v * delta)
    gamma_r = 1 - known.eps_l * far_l**2 * pull / known.size
    far_d = 1 + known.k_d * found.drift
    turn = b + (1 + known.k_d) * v * delta + far_d * known.size
    turn *= v * known.eps_d * (1 + known.k_d * delta) ** 2
    gamma_w = np.cos(0.05) * (1 - b) - turn / np.sin(0.05)
    ours = (found.gamma_u, found.gamma_r, found.gamma_w)
    np.testing.assert_allclose(ours, (gamma_u, gamma_r, gamma_w), rtol=1e-9)
    step = known.size * known.eps_d * known.own_d * far_d**2
    step *= 2 * (b + (1 + known.k_d) * v * delta)
    rate = found.promised
    assert found.drift == pytest.approx(step / (rate * (2 - 200 * rate)), rel=1e-6)


def test_a_drift_beyond_the_range_of_k_promises_nothing() -> None:
    from dataclasses import replace

    known = premises(instance(), 200.0)
    assert solve(known).feasible
    gentle = replace(known, k_d=0.1, k_l=0.1)
    assert solve(gentle).feasible
    assert not solve(replace(gentle, own_d=200 * known.own_d)).feasible


def test_the_lemmas_are_nearly_tight_for_one_node() -> None:
    start = instance(m=1, n=1, angle=0.2, bias=0.0, spread=0.1, size=0.0, dim=3)
    known = premises(start, 0.1)
    seen = watch(start, known, solve(known), 20)
    assert 0.99 < seen.worst["lemma_6"] <= 1 + 1e-9
    assert 0.99 < seen.worst["lemma_5"] <= 1 + 1e-9


def test_without_biases_nothing_is_promised_and_yet_it_happens() -> None:
    start = instance(m=3, n=6, angle=0.3, bias=0.0, spread=0.1, size=0.5)
    assert not solve(premises(start, 0.1)).feasible
    assert printed(premises(start, 0.1)) == (-np.inf, -np.inf)
    found = suppress(start, steps=1500, rate=0.1, every=500)
    assert found.irrelevant[-1].max() < 1e-6 and found.sines[-1].max() < 1e-6


def test_grouping() -> None:
    likeness = np.array([[0.99, 0.2, 0.97, 0.5], [0.1, 0.96, 0.3, 0.6]])
    owner = group_by_teacher(likeness, 0.95)
    assert owner.tolist() == [0, 1, 0, -1]
    v = np.array([[1.0, 0], [0, 2], [3, 0], [9, 9]])
    np.testing.assert_array_equal(grouped_fan_out(v, owner, 2), [[4, 0], [0, 2]])


@pytest.mark.parametrize("change", ["few", "outputs", "nan"])
def test_pairs_that_are_none(change: str) -> None:
    pair = random_pair(3, 2, 2, 4, np.random.default_rng(0))
    w, v = pair.w, pair.v
    if change == "few":
        w, v = w[:, :1], v[:1]
    elif change == "outputs":
        v = v[:, :1]
    else:
        v = np.nan * v
    with pytest.raises(BadInput):
        TwoLayer(pair.teacher_w, pair.teacher_v, w, v)
    with pytest.raises(BadInput, match="Separated"):
        separated(
            2,
            5,
            angle=0.1,
            bias=0.0,
            spread=0.1,
            size=0.1,
            dim=4,
            draw=np.random.default_rng(0),
        )
