"""Where the final winners stood before they had won (paper 1, section 4.2, M-rank)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tfluck.analysis.correlation import best_match

Array = NDArray[np.float64]


def winner_ranks(history: Sequence[Array]) -> Array:
    """Return the rank of each final winner at every evaluation, ``[times, m]``.

    The winner of a teacher node is its most correlated student in the last matrix of
    ``history`` (each ``[m, n]``). Its rank is the share of the n students that are
    strictly better correlated with that teacher node: 0 is best, and 0 at the end by
    definition; a student picked blindly has rank ½ on average.
    """
    winner = best_match(history[-1]).winner
    nodes = np.arange(len(winner))
    return np.stack(
        [(rho > rho[nodes, winner][:, None]).mean(axis=1) for rho in history]
    )
