"""Hunting for a counterexample to Conjecture 5.5: exact candidates, draws, then ascent.

Exact candidates are regular polygons and nodes close to the teacher on both sides, which
no uniform draw comes near (``clusters``).

A counterexample is returned only with its signs certified, or marked as uncertified.
"""

from dataclasses import dataclass, replace

import numpy as np

from tfluck.foundations.errors import BadInput
from tfluck.foundations.seeds import generator

from .angle import AnyAngle
from .clusters import hunt_exactly
from .functions import AngularFunction, Array
from .matrices import TURN, checked_students, least_gap
from .signs import solve
from .verdicts import Check, check

#: Candidates whose signs are put to the proof after each stage.
CANDIDATES = 8
_BATCH = 4096


@dataclass(frozen=True)
class Hunt:
    """The outcome of a hunt.

    Attributes:
        found: whether angles with every det M_i > 0 were found.
        check: the counterexample, or the configuration that came closest.
        strategy: where it was found: regular polygons and clusters near the teacher
            (``exact``), random draws, or the ascent from the best of them.
        nodes: the exact nodes, where floats would not tell them apart.
        tried: how many configurations were evaluated.
    """

    found: bool
    check: Check
    tried: int
    strategy: str = "random"
    nodes: tuple[AnyAngle, ...] = ()


def merit(function: AngularFunction, angles: Array) -> Array:
    """Return min_j ρ_j Π_{i≠j} sin(|θ_i − θ_j|/2) / sin(θ_i/2) for ``angles`` (m, n).

    It is positive exactly at counterexamples, and the product divides out the zeros of
    ρ_j at degenerate angles, where an ascent on ρ itself would only find noise.
    """
    weights = solve(function, angles).weights
    half = np.sin(np.abs(angles[:, None] - angles[None]) / 2)
    half[np.arange(len(angles)), np.arange(len(angles))] = 1.0
    with np.errstate(all="ignore"):
        spread = (
            half.prod(axis=1) * np.sin(angles / 2) / np.sin(angles / 2).prod(axis=0)
        )
        least: Array = (weights * spread).min(axis=0)
    return np.where(np.isfinite(least), least, -np.inf)


def hunt(
    function: AngularFunction,
    m: int,
    seed: int = 0,
    draws: int = 50_000,
    rounds: int = 120,
    gap: float = 0.0,
) -> Hunt:
    """Look for angles 0 < θ_1 < … < θ_m < 2π where every det M_i is positive.

    Only configurations whose gaps, to the teacher too, are at least ``gap`` count; with a
    gap, there are no exact candidates.

    Raises:
        BadInput: m < 3, where the conjecture makes no claim, or no angles with such gaps.
    """
    checked_students(m, least=3)
    if not gap * (m + 1) < TURN:
        raise BadInput(f"No {m} students and a teacher have gaps of {gap:g} all round.")

    def within(angles: Array, scores: Array) -> Array:
        return np.where(least_gap(angles) >= gap, scores, -np.inf)

    before = 0
    if function.provable and not gap:
        found, before = hunt_exactly(function, m)
        if found is not None:
            return Hunt(True, found.check, before, "exact", found.nodes)
    random = generator(seed, "ad-search", m)
    pool, scores = np.empty((m, 0)), np.empty(0)
    for _ in range(0, draws, _BATCH):
        angles = random.random((m, _BATCH)) * TURN
        pool = np.hstack([pool, angles])
        fresh = solve(function, angles).weights.min(axis=0)
        scores = np.append(scores, within(angles, fresh))
        pool, scores = _best(pool, scores, 512)
    tried = before - (-draws // _BATCH) * _BATCH
    hunted = _prove(function, pool, scores, tried)
    if hunted.found:
        return hunted
    scores = within(pool, merit(function, pool))
    for round_number in range(rounds):
        step = 0.5 * 0.95**round_number
        moved = (pool + step * random.standard_normal(pool.shape)) % TURN
        fresh = within(moved, merit(function, moved))
        better = fresh > scores
        pool[:, better], scores[better] = moved[:, better], fresh[better]
    tried += rounds * pool.shape[1]
    return replace(
        _prove(function, *_best(pool, scores, 512), tried), strategy="ascent"
    )


def _best(pool: Array, scores: Array, keep: int) -> tuple[Array, Array]:
    order = np.argsort(-scores)[:keep]
    return pool[:, order], scores[order]


def _prove(function: AngularFunction, pool: Array, scores: Array, tried: int) -> Hunt:
    """Put the best candidates to the proof; pool and scores are sorted, best first."""
    hopeful = [n for n in range(min(CANDIDATES, len(scores))) if scores[n] > 0] or [0]
    checks = [check(function, np.sort(pool[:, n])) for n in hopeful]
    hits = [found for found in checks if found.verdict == "violated"]
    return Hunt(bool(hits), (hits or checks)[0], tried)
