"""When winners are decided and covered, and how many students share a teacher node."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from tfluck.analysis.correlation import best_match
from tfluck.analysis.intervals import Interval, median, proportion

Array = NDArray[np.float64]
#: Of one student: ρ of the live teacher nodes, ``[m, n]``, at every evaluation.
History = Sequence[Array]
#: Two students share a teacher node above these.
SHARING = (0.9, 0.95)
#: A teacher node is covered above this.
COVERED = 0.95
#: Who is so close to the best leads with it.
SLACK = 0.01


def decided(epochs: Sequence[int], history: History, slack: float = 0.0) -> Array:
    """Return the first epoch from which the final winner stays the best, ``[m]``.

    Args:
        epochs: of the evaluations, ascending.
        history: ρ at each of them, ``[m, n]``.
        slack: it stays so while nobody's ρ is larger by more than this.
    """
    winner = best_match(history[-1]).winner
    nodes = np.arange(len(winner))
    leads = np.stack([rho[nodes, winner] >= rho.max(axis=1) - slack for rho in history])
    stays = np.flip(np.cumprod(np.flip(leads, axis=0), axis=0), axis=0)
    return np.asarray(epochs, np.float64)[stays.argmax(axis=0)]


def covered_at(epochs: Sequence[int], history: History) -> Array:
    """Return the first epoch at which a node's best ρ exceeds :data:`COVERED`, ``[m]``.

    Infinite where it never does.
    """
    over = np.stack([rho.max(axis=1) > COVERED for rho in history])
    first = np.asarray(epochs, np.float64)[over.argmax(axis=0)]
    return np.where(over.any(axis=0), first, np.inf)


@dataclass(frozen=True)
class Decision:
    """When winners are decided, over all students and teacher nodes.

    ``before_training`` is the share decided at the first evaluation, with its 95 %
    interval (Wilson's); ``median_epoch`` has the binomial interval of order statistics,
    and ``by_epoch`` the share decided by each evaluation. Where the share is 1 only at
    the last one, winners still changed until the end.
    """

    before_training: Interval
    median_epoch: Interval
    by_epoch: tuple[float, ...]


@dataclass(frozen=True)
class Shared:
    """How often several students match one teacher node after training.

    ``covered``: teacher nodes with some student above ``level``; ``shared``: of these the
    share with two or more, and its 95 % interval (Wilson's); ``mean_students``: mean
    number of students above the level at a covered node. None where none is covered.
    """

    level: float
    covered: int
    shared: float | None
    shared_low: float | None
    shared_high: float | None
    mean_students: float | None


def decision(epochs: Sequence[int], at: Array) -> Decision:
    """Sum up the epochs ``at`` which winners were decided."""
    by = tuple(float((at <= epoch).mean()) for epoch in epochs)
    first = proportion(int((at <= epochs[0]).sum()), len(at))
    return Decision(first, median(at), by)


def sharing(finals: Sequence[Array]) -> list[Shared]:
    """Count the students above each level at every teacher node, ``[m, n]`` each."""
    found = []
    for level in SHARING:
        counts = np.concatenate([(rho > level).sum(axis=1) for rho in finals])
        counts = counts[counts > 0]
        if not len(counts):
            found.append(Shared(level, 0, None, None, None, None))
            continue
        several = int((counts > 1).sum())
        share = proportion(several, len(counts))
        found.append(Shared(level, len(counts), *share, float(counts.mean())))
    return found


def capture(
    epochs: Sequence[int], histories: Sequence[History]
) -> tuple[float, float] | None:
    """Correlate best initial ρ with the epoch of coverage; None if it cannot be told."""
    start = np.concatenate([history[0].max(axis=1) for history in histories])
    end = np.concatenate([covered_at(epochs, history) for history in histories])
    if len(start) < 3 or np.ptp(start) == 0 or len(set(end)) < 2:
        return None
    # Never is later than ever; only the order counts.
    found = spearmanr(start, np.where(np.isinf(end), 2.0 * epochs[-1] + 1, end))
    return float(found.statistic), float(found.pvalue)
