"""More ways to say how well a student covers its teacher than the best ρ (M-rhobar).

The best student of two teacher nodes may be the same one; the one-to-one assignment
forbids that. Linear CKA compares whole layers and does not see single nodes.
"""

from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from tfluck.analysis.correlation import Array, Moments, best_match, coverage

Indices = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Assignment:
    """Teacher node ``teacher[i]`` goes with student node ``student[i]``, at ρ ``rho[i]``.

    All are ``[min(m, n)]``; with fewer students than teacher nodes some stay alone.
    """

    teacher: Indices
    student: Indices
    rho: Array


def one_to_one(rho: Array) -> Assignment:
    """Pair nodes so that no two share a partner and Σρ is largest; ``rho`` is [m, n]."""
    teacher, student = linear_sum_assignment(rho, maximize=True)
    return Assignment(teacher, student, np.asarray(rho[teacher, student], np.float64))


def linear_cka(cross: Moments, teacher: Moments, student: Moments) -> float | None:
    """Return linear CKA, ‖C_ts‖² / (‖C_tt‖ ‖C_ss‖) with centred products C.

    1 if the layers are equal up to rotation and scale, in [0, 1] always; None if a
    layer never changes.

    Args:
        cross: moments of (teacher, student) activations.
        teacher: of (teacher, teacher).
        student: of (student, student).
    """
    sizes = [float(np.linalg.norm(m.covariance())) for m in (cross, teacher, student)]
    scale = sizes[1] * sizes[2]
    return sizes[0] ** 2 / scale if scale > 0 else None


class BestSummary(NamedTuple):
    """Best ρ of several teacher nodes summed up; None and empty if there are none."""

    mean: float | None
    median: float | None
    min: float | None
    covered: dict[float, float]

    @classmethod
    def of(cls, best_rho: Array) -> "BestSummary":
        """Sum up ``best_rho``, ``[nodes]``."""
        if not best_rho.size:
            return cls(None, None, None, {})
        return cls(
            float(best_rho.mean()),
            float(np.median(best_rho)),
            float(best_rho.min()),
            coverage(best_rho),
        )


@dataclass(frozen=True)
class LayerMatch:
    """How one layer of a student covers its teacher's.

    ``*_live`` counts only teacher nodes that change over the data, None if there are
    none; ``mean_best_correlation_live`` is ρ̄. ``students_used``: different students
    that are some live node's best. ``dead_student_nodes``: students that never change
    over the data, known by ρ = 0 with every live node; None without live nodes.
    ``covered``: share of live teacher nodes whose best ρ is above each threshold.
    ``cka`` is None where activations are not at hand.
    """

    layer: int
    teacher_nodes: int
    live_teacher_nodes: int
    student_nodes: int
    dead_student_nodes: int | None
    mean_best_correlation: float
    mean_best_correlation_live: float | None
    median_best_correlation_live: float | None
    min_best_correlation_live: float | None
    mean_one_to_one_live: float | None
    students_used: int
    covered: dict[str, float]
    cka: float | None

    def to_row(self) -> dict[str, Any]:
        """Return the fields as a plain dict, in order."""
        return asdict(self)


def layer_match(
    layer: int, rho: Array, live: Mask, cka: float | None = None
) -> LayerMatch:
    """Sum up the correlations ``rho``, ``[m, n]``; ``live`` tells which of m count."""
    best = best_match(rho)
    chosen = BestSummary.of(best.rho[live])
    some = live.any()
    return LayerMatch(
        layer=layer,
        teacher_nodes=len(rho),
        live_teacher_nodes=int(live.sum()),
        student_nodes=rho.shape[1],
        dead_student_nodes=int((~rho[live].any(axis=0)).sum()) if some else None,
        mean_best_correlation=float(best.rho.mean()),
        mean_best_correlation_live=chosen.mean,
        median_best_correlation_live=chosen.median,
        min_best_correlation_live=chosen.min,
        mean_one_to_one_live=float(one_to_one(rho[live]).rho.mean()) if some else None,
        students_used=len(np.unique(best.winner[live])),
        covered={str(k): v for k, v in chosen.covered.items()},
        cka=cka,
    )


def reordered(rho: Array) -> Indices:
    """Return the students, ``[n]``, by the teacher node they match best, best first.

    Students that match nobody (ρ ≤ 0 throughout, dead ones among them) come last.
    """
    best = rho.max(axis=0)
    return np.lexsort((-best, np.where(best > 0, rho.argmax(axis=0), len(rho))))
