"""Theorem 5's induction hypotheses and Lemmas 5 to 7, watched at every step.

All inequalities are those of :mod:`tfluck.theory.feasibility`: a student of the r-set has
the targets w_j(0) and 0. A ratio is left over right side; up to 1 the inequality holds.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tfluck.theory.feasibility import Feasibility, Premises
from tfluck.theory.kernels import angles_between, psi_d, psi_l
from tfluck.theory.suppression import TwoLayer, course

Array = NDArray[np.float64]
#: Angles are known to 1e-8, the square root of rounding: ratios to 1e-6, and sizes below
#: the second number not well enough to be compared.
ROUNDING = 1e-6
NOTHING = 1e-8


@dataclass(frozen=True)
class Watched:
    """The worst ratio of each hypothesis and lemma, and the first step above 1, if any.

    Keys: ``separation_d``, ``separation_l`` (W-separation, Lemma 7), ``weights`` (W_u-
    contraction), ``fan_out`` (V-contraction, u), ``irrelevant`` (V-contraction, r),
    ``drift`` (W_r-bound), ``own`` (Eq. 55), ``lemma_5``, ``lemma_6``.
    """

    worst: dict[str, float]
    first: dict[str, int | None]

    @property
    def holds(self) -> bool:
        """Tell whether nothing was broken."""
        return all(step is None for step in self.first.values())


def watch(
    start: TwoLayer, known: Premises, promise: Feasibility, steps: int
) -> Watched:
    """Follow the dynamics and compare every step with what was promised."""
    worst: dict[str, float] = {}
    first: dict[str, int | None] = {}
    targets = np.hstack([start.teacher_w, start.w[:, start.relevant :]])
    before: dict[str, Array] | None = None
    for at, here in enumerate(course(start, steps=steps, rate=known.rate)):
        state = _State.of(here, targets)
        ratios = _hypotheses(state, known, promise, at) | _separation(state, known)
        if before is not None:
            ratios |= _lemmas(state, before)
        before = _next_bounds(state, known)
        for name, ratio in ratios.items():
            worst[name] = max(worst.get(name, 0.0), ratio)
            broken = ratio > 1 + ROUNDING
            if first.setdefault(name) is None and broken:
                first[name] = at
    return Watched(worst, first)


@dataclass(frozen=True)
class _State:
    """Everything the inequalities speak of; n students, the first m of the u-set."""

    m: int
    d: Array  # ψ_d(w_j, w*_j′), [n, n]
    l: Array  # noqa: E741  (ψ_l, [n, n])
    delta: Array  # |w_j − w*_j|, [n]
    sine: Array  # [m]
    error: Array  # |v_j − v*_j|, [n]
    size: Array  # |v_j|, [n]
    along: Array  # cos θ_j v_j·v*_j, [m]

    @classmethod
    def of(cls, here: TwoLayer, targets: Array) -> "_State":
        m, n = here.relevant, here.w.shape[1]
        between = angles_between(here.w, targets)
        aims = np.vstack([here.teacher_v, np.zeros((n - m, here.v.shape[1]))])
        cosine = (here.w[:, :m] * here.teacher_w).sum(axis=0)
        return cls(
            m,
            psi_d(between, here.bias),
            psi_l(between, here.bias),
            np.linalg.norm(here.w - targets, axis=0),
            here.sines(),
            np.linalg.norm(here.v - aims, axis=1),
            np.linalg.norm(here.v, axis=1),
            cosine * (here.v[:m] * here.teacher_v).sum(axis=1),
        )


def _ratio(left: Array, right: Array | float) -> float:
    """Return the largest left/right; what is nothing but rounding does not count."""
    left, right = np.broadcast_arrays(left, right)
    seen = left > NOTHING
    if not seen.any():
        return 0.0
    with np.errstate(divide="ignore"):
        return float((left[seen] / right[seen]).max())


def _hypotheses(
    state: _State, known: Premises, promise: Feasibility, at: int
) -> dict[str, float]:
    m = state.m
    shrunk = (1 - known.rate * promise.promised) ** at
    own = np.minimum(np.diag(state.d) / known.least_d, np.diag(state.l) / known.least_l)
    return {
        "weights": _ratio(state.sine, shrunk * np.sin(known.angle)),
        "fan_out": _ratio(state.error[:m], shrunk * promise.spread),
        "irrelevant": _ratio(state.size[m:], shrunk * known.size),
        "drift": _ratio(state.delta[m:], promise.drift),
        "own": float(1 / own[:m].min()),
    }


def _separation(state: _State, known: Premises) -> dict[str, float]:
    """Return d*_jj′ over ε (1 + Kδ_j)² d*_jj, and the same of l, for all pairs."""
    found = {}
    off = ~np.eye(len(state.d), dtype=bool)
    for name, psi, eps, k in (
        ("d", state.d, known.eps_d, known.k_d),
        ("l", state.l, known.eps_l, known.k_l),
    ):
        bound = eps * (1 + k * state.delta) ** 2 * np.diag(psi)
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = psi / bound[:, None]
        found[f"separation_{name}"] = float(ratios[off].max()) if off.any() else 0.0
    return found


def _next_bounds(state: _State, known: Premises) -> dict[str, Array]:
    """Return what Lemmas 5 and 6 allow at the next step."""
    k_l, k_d, m = known.k_l, known.k_d, state.m
    own_l, own_d = np.diag(state.l), np.diag(state.d)
    pushes_l = state.error + k_l * state.size * state.delta
    pushes_d = state.error + (1 + k_d) * state.size * state.delta
    near_l = known.eps_l * (1 + k_l * state.delta) ** 2
    near_d = known.eps_d * (1 + k_d * state.delta) ** 2
    shrink = 1 - known.rate * own_l
    curved = (
        known.c0 * np.square(state.delta) * state.size * (np.arange(len(own_l)) < m)
    )
    others = near_l * (pushes_l.sum() - pushes_l)
    error = shrink * state.error + known.rate * own_l * (curved + others)
    turn = known.rate * own_d * state.size * near_d * (pushes_d.sum() - pushes_d)
    sine = (1 - known.rate * own_d[:m] * state.along) * state.sine + turn[:m]
    return {"error": error, "sine": sine, "moved": state.delta[m:] + turn[m:]}


def _lemmas(state: _State, allowed: dict[str, Array]) -> dict[str, float]:
    m = state.m
    return {
        "lemma_5": _ratio(state.error, allowed["error"]),
        "lemma_6": max(
            _ratio(state.sine, allowed["sine"]),
            _ratio(state.delta[m:], allowed["moved"]),
        ),
    }
