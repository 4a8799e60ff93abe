"""Which students lead in matching teacher nodes, and which nodes a smaller net keeps (X5).

A lottery ticket of figure 3 is the set of *winners*: of every teacher node the best
student. With K a teacher node it is the set of all students among some teacher node's K
best. All ways to choose nodes here give sets of the same size, so that what they are
worth can be compared.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tfluck.foundations.errors import BadInput

Array = NDArray[np.float64]
Nodes = NDArray[np.int64]


@dataclass(frozen=True)
class Evidence:
    """What is known of the n students of one layer, or of layers that share their nodes.

    Attributes:
        initial: ρ before training, ``[m, n]``, live teacher nodes only (of all the
            layers, one below the other).
        final: ρ after training, likewise.
        fan_out: norm of the outgoing weights after training, ``[n]``.
    """

    initial: Array
    final: Array
    fan_out: Array


def ranks(rho: Array) -> Nodes:
    """Return how many students each teacher node puts before each, ``[m, n]``.

    Of equally correlated students the first comes first.
    """
    order = np.argsort(-rho, axis=1, kind="stable")
    return np.argsort(order, axis=1, kind="stable")


def leaders(rho: Array) -> Nodes:
    """Return all students, ``[n]``, in the order in which teacher nodes name them.

    First every teacher node's best, then every second best who was not named before,
    and so on; within a round by ρ. Without teacher nodes, as they stand.
    """
    if not len(rho):
        return np.arange(rho.shape[1])
    rank = ranks(rho)
    named = rank.min(axis=0)
    best = np.where(rank == named, rho, -np.inf).max(axis=0)
    return np.lexsort((-best, named))


def leading(rho: Array, keep: int) -> int:
    """Count the students among some teacher node's ``keep`` best; at least one.

    Raises:
        BadInput: ``keep`` is below one.
    """
    if keep < 1:
        raise BadInput(f"Keep at least one student a teacher node, not {keep}.")
    if not len(rho):
        return min(keep, rho.shape[1])
    return int((ranks(rho).min(axis=0) < keep).sum())


def lucky(evidence: Evidence, count: int, draw: np.random.Generator) -> Nodes:
    """Return the final winners (figure 3 b)."""
    return leaders(evidence.final)[:count]


def first(evidence: Evidence, count: int, draw: np.random.Generator) -> Nodes:
    """Return the best correlated before training, which nobody has to train to know."""
    return leaders(evidence.initial)[:count]


def twin(evidence: Evidence, count: int, draw: np.random.Generator) -> Nodes:
    """Return the winners' nearest rivals: who would have won had there been no winners.

    Raises:
        BadInput: fewer than ``count`` students have not won.
    """
    others = np.sort(leaders(evidence.final)[count:])
    if len(others) < count:
        raise BadInput(
            f"A layer has {count} winners and {len(others)} other nodes; there is not a "
            "twin for each. Leave out the arm twin, or keep fewer nodes."
        )
    return others[leaders(evidence.final[:, others])[:count]]


def magnitude(evidence: Evidence, count: int, draw: np.random.Generator) -> Nodes:
    """Return the nodes of the largest fan-out after training (X6)."""
    return np.argsort(-evidence.fan_out, kind="stable")[:count]


def blind(evidence: Evidence, count: int, draw: np.random.Generator) -> Nodes:
    """Return any nodes."""
    return draw.permutation(len(evidence.fan_out))[:count]


#: How an arm of the lottery-ticket study chooses its nodes.
CHOOSE: dict[str, Callable[[Evidence, int, np.random.Generator], Nodes]] = {
    "lucky": lucky,
    "reinit": lucky,
    "reinit-full": lucky,
    "random": blind,
    "first": first,
    "magnitude": magnitude,
    "twin": twin,
}
