"""How well each student node matches each teacher node (paper 1, section 4.2, M-rho).

For activations f of a teacher node and h of a student node over N samples, centred,
ρ = ⟨f, h⟩ / (√(⟨f, f⟩ + ε) √(⟨h, h⟩ + ε)) with ε = 1e-10. A node that never changes
therefore has ρ = 0 with everybody. Every position of an image counts as a sample.
"""

from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

#: Added to the centred sums of squares, as in the original.
EPSILON = 1e-10
#: Coverage is reported at these correlations.
COVERED = (0.5, 0.8, 0.9, 0.95)


@dataclass(frozen=True)
class Moments:
    """Sums over samples, enough for the correlation; add them to join batches.

    Activations must be shifted by the same numbers in every batch (by those of one
    sample, say): then a node that never changes has sums of exactly 0.

    Shapes: ``teacher_*`` [m], ``student_*`` [n], ``product`` [m, n].
    """

    count: float
    teacher_sum: Array
    student_sum: Array
    teacher_square: Array
    student_square: Array
    product: Array

    @classmethod
    def of(cls, teacher: Array, student: Array) -> "Moments":
        """Sum up activations ``[samples, m]`` and ``[samples, n]``."""
        return cls(
            len(teacher),
            teacher.sum(0),
            student.sum(0),
            np.square(teacher).sum(0),
            np.square(student).sum(0),
            teacher.T @ student,
        )

    def __add__(self, other: "Moments") -> "Moments":
        return Moments(
            *(getattr(self, f.name) + getattr(other, f.name) for f in fields(self))
        )

    def live(self) -> NDArray[np.bool_]:
        """Tell which teacher nodes change at all over the samples, ``[m]``."""
        return np.asarray(self.teacher_square > 0)

    def covariance(self) -> Array:
        """Return the centred product, summed over samples, ``[m, n]``."""
        means = np.outer(self.teacher_sum, self.student_sum) / self.count
        return np.asarray(self.product - means)

    def correlation(self) -> Array:
        """Return ρ, ``[m, n]``."""
        teacher = self.teacher_square - np.square(self.teacher_sum) / self.count
        student = self.student_square - np.square(self.student_sum) / self.count
        norms = np.outer(_root(teacher), _root(student))
        return np.asarray(self.covariance() / norms)


def _root(squares: Array) -> Array:
    return np.sqrt(np.maximum(squares, 0) + EPSILON)


def correlation(teacher: ArrayLike, student: ArrayLike) -> Array:
    """Return ρ between all pairs of nodes, float64 ``[m, n]``.

    Args:
        teacher: activations ``[samples, m]`` or ``[samples, height, width, m]``.
        student: activations of the same samples, n nodes last.
    """
    return Moments.of(*(_shifted(array) for array in (teacher, student))).correlation()


def live_nodes(activations: ArrayLike) -> NDArray[np.bool_]:
    """Tell which nodes change at all over the samples.

    A node that never changes has no correlation with anybody; ρ̄ is reported with and
    without such teacher nodes.
    """
    return np.asarray(_shifted(activations).any(axis=0))


def _shifted(activations: ArrayLike) -> Array:
    array = np.asarray(activations, np.float64)
    flat = array.reshape(-1, array.shape[-1])
    return flat - flat[:1]


class BestMatch(NamedTuple):
    """For every teacher node: its best student and their ρ; both ``[m]``."""

    winner: NDArray[np.int64]
    rho: Array


def best_match(rho: Array) -> BestMatch:
    """Return each teacher node's most correlated student (signed, M-rhobar)."""
    winner = rho.argmax(axis=1)
    return BestMatch(winner, rho[np.arange(len(rho)), winner])


def coverage(best_rho: Array) -> dict[float, float]:
    """Return the share of teacher nodes whose best ρ is above each threshold."""
    return {level: float(np.mean(best_rho > level)) for level in COVERED}
