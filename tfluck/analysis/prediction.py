"""How well initial ranks tell the final winners, against blind picks (X12, M-rank, M-chance)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from tfluck.analysis.intervals import proportion

Array = NDArray[np.float64]
#: Of each student: initial ρ of the live teacher nodes, ``[m, n]``, and their winners.
Pairs = Sequence[tuple[Array, NDArray[np.int64]]]
#: Initial ranks between two of these fall together; the first band is the very best.
EDGES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
PERMUTATIONS = 2000


def rank_shares(rho: Array) -> Array:
    """Return the share of students strictly better than each one, ``[m, n]``; 0 is best."""
    return (rankdata(-rho, "min", axis=1) - 1) / rho.shape[1]


def winner_auc(rho: Array, winner: NDArray[np.int64]) -> Array:
    """Return P(the winner has the larger ρ of it and another student), ``[m]``.

    Equal ones count half. It is ½ if ``rho``, ``[m, n]``, says nothing about the winner.
    """
    own = rho[np.arange(len(rho)), winner][:, None]
    above, equal = (rho > own).sum(axis=1), (rho == own).sum(axis=1) - 1
    return np.asarray(1 - (above + equal / 2) / max(1, rho.shape[1] - 1))


def shuffled_auc(pairs: Pairs, draw: np.random.Generator) -> Array:
    """Return the mean AUC for :data:`PERMUTATIONS` shuffles of each student's nodes.

    All teacher nodes of a student see the same shuffle, so winners that are one student
    stay one.
    """
    total = np.zeros(PERMUTATIONS)
    for rho, winner in pairs:
        count = rho.shape[1]
        above = rankdata(rho, axis=1) - 1
        order = draw.permuted(np.tile(np.arange(count), (PERMUTATIONS, 1)), axis=1)
        chosen = order[:, winner]
        auc = above[np.arange(len(rho)), chosen] / max(1, count - 1)
        total += auc.mean(axis=1)
    return total / len(pairs)


def other_node_auc(pairs: Pairs) -> float | None:
    """Average the AUC of each node's winner over the initial ρ to all other nodes."""
    nodes = len(pairs[0][0])
    if nodes < 2:
        return None
    total = 0.0
    for rho, winner in pairs:
        above = (rankdata(rho, axis=1) - 1)[:, winner] / max(1, rho.shape[1] - 1)
        total += (above.sum() - np.trace(above)) / (nodes * (nodes - 1))
    return float(total / len(pairs))


@dataclass(frozen=True)
class Band:
    """Students whose initial rank is in [low, high), and how often they win.

    Attributes:
        low, high: of the rank, a share; the first band is the best student alone.
        candidates: pairs of a teacher node and a student in the band.
        winners: of them.
        rate: share of the candidates that win; ``rate_low``, ``rate_high`` its 95 %
            interval (Wilson's), as if teacher nodes were independent.
        blind: the rate of a blind pick, one of n.
        share: of all winners that come from the band.
    """

    low: float
    high: float
    candidates: int
    winners: int
    rate: float
    rate_low: float | None
    rate_high: float | None
    blind: float
    share: float


def _band_of(rho: Array) -> NDArray[np.intp]:
    """Return which band every student's initial rank is in, ``[m, n]``."""
    rank = rank_shares(rho)
    inner = np.digitize(rank, EDGES[1:-1]) + 1
    return np.where(rank == 0, 0, inner)


def _counts(pairs: Pairs) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return candidates and winners of every band, ``[students, bands]``."""
    candidates, winners = [], []
    for rho, winner in pairs:
        band = _band_of(rho)
        candidates.append(np.bincount(band.ravel(), minlength=len(EDGES)))
        own = band[np.arange(len(rho)), winner]
        winners.append(np.bincount(own, minlength=len(EDGES)))
    return np.array(candidates), np.array(winners)


def bands(pairs: Pairs) -> list[Band]:
    """Count, band by band of initial rank, who wins; bands that are empty are left out."""
    candidates, winners = (counts.sum(axis=0) for counts in _counts(pairs))
    lows = (0.0, *EDGES[:-1])
    highs = (0.0, *EDGES[1:])
    found = []
    for low, high, among, won in zip(lows, highs, candidates, winners, strict=True):
        if not among:
            continue
        rate = proportion(int(won), int(among))
        found.append(
            Band(
                low,
                high,
                int(among),
                int(won),
                *rate,
                1 / pairs[0][0].shape[1],
                float(won / winners.sum()),
            )
        )
    return found


def prediction_bits(pairs: Pairs) -> float | None:
    """Score each student's winners by the bands of the others, against a blind pick."""
    if len(pairs) < 2:
        return None
    candidates, winners = _counts(pairs)
    gains = []
    for out in range(len(pairs)):
        won = winners.sum(axis=0) - winners[out] + 0.5
        among = candidates.sum(axis=0) - candidates[out]
        # A band's chance is its winners' share, spread over a teacher node's candidates.
        mean = among.sum() / won.sum() * won / np.maximum(among, 1)
        here = candidates[out] > 0
        # What a teacher node's n students are given sums to one.
        mean /= (mean * candidates[out])[here].sum() / candidates[out].sum()
        gains.append((winners[out] * np.log2(np.maximum(mean, 1e-300)))[here].sum())
    return float(sum(gains) / winners.sum())
