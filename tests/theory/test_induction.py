"""Theorem 5's hypotheses and lemmas at one step, written out pair by pair."""

import math
from dataclasses import replace

import numpy as np
import pytest

from tfluck.theory.feasibility import Feasibility, Premises, premises, solve
from tfluck.theory.induction import Watched, watch
from tfluck.theory.kernels import psi_d, psi_l
from tfluck.theory.suppression import TwoLayer, random_pair, separated

NAMES = {
    *(
        "separation_d",
        "separation_l",
        "weights",
        "fan_out",
        "irrelevant",
        "drift",
        "own",
    ),
    *("lemma_5", "lemma_6"),
}
PROMISE = Feasibility(0.5, 0.5, 0.5, 0.5, 0.01, 0.2, 0.004)


def start() -> TwoLayer:
    """Nothing orthogonal, a bias, fan-outs of all sizes: no term is 0 or 1."""
    pair = random_pair(6, 2, 3, 4, np.random.default_rng(4), bias=-0.5)
    near = pair.w.copy()
    near[:, :2] = pair.teacher_w + 0.1 * near[:, :2]
    near /= np.linalg.norm(near, axis=0)
    v = 0.3 * pair.v
    v[:2] += pair.teacher_v
    return replace(pair, w=near, v=v)


def known_of(pair: TwoLayer, rate: float) -> Premises:
    # Constants of our own: what is watched must use each of them.
    return replace(
        premises(pair, rate),
        eps_d=0.4, eps_l=0.3, k_d=0.7, k_l=0.9, c0=0.8, least_d=0.25, least_l=0.2,
    )  # fmt: skip


def angle(one: np.ndarray, other: np.ndarray) -> float:
    return math.acos(max(-1.0, min(1.0, float(one @ other))))


class Pairs:
    """All that the inequalities speak of, by loops."""

    def __init__(self, here: TwoLayer, first: TwoLayer) -> None:
        n, m = here.w.shape[1], here.relevant
        aims = [*first.teacher_w.T, *first.w.T[m:]]
        goals = [*first.teacher_v, *np.zeros((n - m, here.v.shape[1]))]
        self.n, self.m = n, m
        table = [[angle(here.w[:, j], aims[k]) for k in range(n)] for j in range(n)]
        self.d = [[float(psi_d(t, here.bias)) for t in row] for row in table]
        self.l = [[float(psi_l(t, here.bias)) for t in row] for row in table]
        self.moved = [math.dist(here.w[:, j], aims[j]) for j in range(n)]
        self.error = [math.dist(here.v[j], goals[j]) for j in range(n)]
        self.size = [math.hypot(*here.v[j]) for j in range(n)]
        self.sine = [math.sin(table[j][j]) for j in range(m)]
        self.along = [
            math.cos(table[j][j]) * float(here.v[j] @ here.teacher_v[j])
            for j in range(m)
        ]


def test_every_hypothesis_at_the_start_by_loops() -> None:
    first = start()
    known = known_of(first, 0.1)
    seen, p = watch(first, known, PROMISE, 0), Pairs(first, first)
    others = [(j, k) for j in range(4) for k in range(4) if j != k]
    expected = {
        "weights": max(p.sine) / math.sin(known.angle),
        "fan_out": max(p.error[:2]) / PROMISE.spread,
        "irrelevant": max(p.size[2:]) / known.size,
        "drift": 0.0,
        "own": 1 / min(min(p.d[j][j] / 0.25, p.l[j][j] / 0.2) for j in range(2)),
        "separation_d": max(
            p.d[j][k] / (0.4 * (1 + 0.7 * p.moved[j]) ** 2 * p.d[j][j])
            for j, k in others
        ),
        "separation_l": max(
            p.l[j][k] / (0.3 * (1 + 0.9 * p.moved[j]) ** 2 * p.l[j][j])
            for j, k in others
        ),
    }
    assert seen.worst == pytest.approx(expected, rel=1e-6)
    assert set(seen.first) == NAMES - {"lemma_5", "lemma_6"}, "one step has no before"
    broken = {name for name, ratio in expected.items() if ratio > 1 + 1e-6}
    assert {name for name, step in seen.first.items() if step == 0} == broken
    assert broken and len(broken) < 7 and not seen.holds


def test_lemmas_5_and_6_after_one_step_by_loops() -> None:
    first, rate = start(), 0.2
    known = known_of(first, rate)
    # A drift allowed for, so that the other ratios are those of the start.
    seen = watch(first, known, replace(PROMISE, drift=1e9, spread=1e9), 1)
    p, after = Pairs(first, first), Pairs(first.step(rate), first)
    fives, sixes = [], []
    for j in range(4):
        l_jj, d_jj = p.l[j][j], p.d[j][j]
        others = [k for k in range(4) if k != j]
        push_l = sum(p.error[k] + 0.9 * p.size[k] * p.moved[k] for k in others)
        push_d = sum(p.error[k] + 1.7 * p.size[k] * p.moved[k] for k in others)
        curved = 0.8 * p.moved[j] ** 2 * p.size[j] if j < 2 else 0.0
        bound = (1 - rate * l_jj) * p.error[j]
        bound += rate * l_jj * (curved + 0.3 * (1 + 0.9 * p.moved[j]) ** 2 * push_l)
        fives.append(after.error[j] / bound)
        turn = rate * d_jj * p.size[j] * 0.4 * (1 + 0.7 * p.moved[j]) ** 2 * push_d
        if j < 2:
            allowed = (1 - rate * d_jj * p.along[j]) * p.sine[j] + turn
            sixes.append(after.sine[j] / allowed)
        else:
            sixes.append(after.moved[j] / (p.moved[j] + turn))
    assert seen.worst["lemma_5"] == pytest.approx(max(fives), rel=1e-6)
    assert seen.worst["lemma_6"] == pytest.approx(max(sixes), rel=1e-6)


def test_bounds_shrink_with_every_step() -> None:
    """(1 − η λ̄γ)^t: halved bounds after one step are missed by twice as much."""
    first = start()
    known = known_of(first, 3e-9)
    fast = replace(PROMISE, promised=0.5 / 3e-9, drift=1.0, spread=10.0)
    worst = [watch(first, known, fast, steps).worst for steps in (0, 1, 3)]
    for name in ("weights", "fan_out", "irrelevant"):
        assert worst[1][name] == pytest.approx(2 * worst[0][name], rel=1e-4), name
        assert worst[2][name] == pytest.approx(8 * worst[0][name], rel=1e-4), name
    assert worst[2]["separation_d"] == pytest.approx(worst[0]["separation_d"], rel=1e-4)


def test_the_first_step_that_breaks_is_kept_and_the_worst_goes_on() -> None:
    first = start()
    known = known_of(first, 3e-9)
    promise = replace(PROMISE, promised=0.5 / 3e-9, drift=1.0, spread=10.0)
    # |δv| is 1/4 of what is allowed: broken when the bound has been halved three times.
    quarter = replace(promise, spread=4.001 * max(Pairs(first, first).error[:2]))
    seen = watch(first, known, quarter, 5)
    assert seen.first["fan_out"] == 3 and seen.first["weights"] == 1
    assert seen.worst["fan_out"] == pytest.approx(8, rel=1e-2)
    assert watch(first, known, quarter, 2).first["fan_out"] is None


def test_what_is_still_is_never_broken() -> None:
    """At the thesis all left sides are 0, though some right sides are 0 as well."""
    still = separated(
        2, 4, angle=0.0, bias=-0.5, spread=0.0, size=0.0, draw=np.random.default_rng(0)
    )
    known = premises(still, 0.1)
    seen = watch(still, known, replace(PROMISE, drift=0.0, spread=0.0), 4)
    assert set(seen.worst) == NAMES
    for name in ("weights", "fan_out", "irrelevant", "drift", "lemma_5", "lemma_6"):
        assert seen.worst[name] == 0.0, name
    assert seen.holds
    assert seen.worst["own"] == pytest.approx(1)
    for name in ("separation_d", "separation_l"):
        assert seen.worst[name] == pytest.approx(1), (
            "orthogonal: all pairs overlap alike"
        )


def test_one_node_has_no_pairs() -> None:
    alone = separated(
        1, 1, angle=0.2, bias=0.0, spread=0.1, size=0.0, draw=np.random.default_rng(0)
    )
    known = premises(alone, 0.1)
    seen = watch(alone, known, solve(known), 5)
    assert seen.worst["separation_d"] == seen.worst["separation_l"] == 0.0
    assert seen.worst["irrelevant"] == seen.worst["drift"] == 0.0


def test_it_holds_only_if_nothing_broke() -> None:
    assert Watched({}, {"a": None, "b": None}).holds
    assert not Watched({}, {"a": None, "b": 0}).holds, "step 0 is a step"
