"""Is H* near the identity once students stand by their teachers? (M-diag, F10)

Row i of the square matrix S is the student that matches teacher node i best. If the
student has learned its teacher's structure, |S| is large on its diagonal. The null is
the same matrix with its students permuted: it keeps all sizes and loses only who is whose.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfluck.analysis.correlation import Array, best_match

#: Random permutations of the null.
PERMUTATIONS = 1000


@dataclass(frozen=True)
class Dominance:
    """How much the diagonal of |S| stands out.

    Attributes:
        nodes: live teacher nodes, the size of S.
        ratio: mean on the diagonal over mean off it.
        hits: share of students whose largest entry is at their own teacher node.
        null_ratio, null_hits: means of both over the permutations.
        p_value: share of permutations (the one found counted in) whose ratio is at
            least as large.

    What one node alone, or a zero matrix, cannot tell is None.
    """

    nodes: int
    ratio: float | None
    hits: float | None
    null_ratio: float | None
    null_hits: float | None
    p_value: float | None

    def to_row(self) -> dict[str, Any]:
        """Return the fields as a plain dict, in order."""
        return asdict(self)


def matched(matrix: Array, rho: Array, live: NDArray[np.bool_]) -> Array:
    """Return S, students by live teacher nodes.

    Args:
        matrix: β* or H* without or with the bias node, ``[≥ n, ≥ m]``.
        rho: correlations, ``[m, n]``.
        live: teacher nodes that count, ``[m]``.
    """
    winner = best_match(rho)[0]
    return np.asarray(matrix[np.ix_(winner[live], np.flatnonzero(live))])


def dominance(square: Array, generator: np.random.Generator) -> Dominance:
    """Measure ``square``, S, against its permuted null."""
    size = np.abs(square)
    nodes = len(size)
    if nodes < 2 or not size.any():
        return Dominance(nodes, None, None, None, None, None)
    total, top = float(size.sum()), size.argmax(axis=1)
    orders = generator.permuted(np.tile(np.arange(nodes), (PERMUTATIONS, 1)), axis=1)
    columns = np.arange(nodes)
    ratios = _ratio(size[orders, columns].sum(axis=1), total, nodes)
    ratio = float(_ratio(np.trace(size), total, nodes))
    reached = int((ratios >= ratio * (1 - 1e-12)).sum())
    finite = np.isfinite(ratio)
    return Dominance(
        nodes=nodes,
        ratio=ratio if finite else None,
        hits=float((top == columns).mean()),
        null_ratio=float(ratios[np.isfinite(ratios)].mean()) if finite else None,
        null_hits=float((top[orders] == columns).mean()),
        p_value=(1 + reached) / (1 + PERMUTATIONS),
    )


def _ratio(diagonal: Any, total: float, nodes: int) -> Any:
    """Return mean on the diagonal over mean off it; infinite if nothing is off it."""
    off = np.maximum(total - np.asarray(diagonal), 0)
    with np.errstate(divide="ignore"):
        return (
            np.asarray(diagonal) * (nodes - 1) / np.where(off > 1e-15 * total, off, 0)
        )
