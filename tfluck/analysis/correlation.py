"""How well each student node matches each teacher node (paper 1, section 4.2, M-rho).

For activations f of a teacher node and h of a student node over N samples, centred,
ρ = ⟨f, h⟩ / (‖f‖ ‖h‖), whatever their scale: ρ(X, X) = 1 for activations of 1e-12 as of
1e12. A node that never changes has ρ = 0 with everybody. What changes by no more than
rounding of its own values does not change (:data:`ROUNDING`). The original adds
:data:`EPSILON` to ⟨f, f⟩ and ⟨h, h⟩ instead, which drowns activations of 1e-7. Every
position of an image counts as a sample.
"""

from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: Deviations of so many units in the last place of the activation are none.
ROUNDING = 2
#: What the original adds to the centred sums of squares, for parity with it.
EPSILON = 1e-10
#: Coverage is reported at these correlations.
COVERED = (0.5, 0.8, 0.9, 0.95)


@dataclass(frozen=True)
class Moments:
    """Sums over samples, enough for the correlation; add them to join batches.

    Activations must be :func:`deviations` from the same :func:`centre` in every batch:
    then a node that never changes has sums of exactly 0.

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

    def live(self) -> Mask:
        """Tell which teacher nodes change at all over the samples, ``[m]``."""
        return np.asarray(self.teacher_square > 0)

    def student_live(self) -> Mask:
        """Tell which student nodes change at all over the samples, ``[n]``."""
        return np.asarray(self.student_square > 0)

    def covariance(self) -> Array:
        """Return the centred product, summed over samples, ``[m, n]``."""
        means = np.outer(self.teacher_sum, self.student_sum) / self.count
        return np.asarray(self.product - means)

    def correlation(self, epsilon: float = 0.0) -> Array:
        """Return ρ, ``[m, n]``, in [−1, 1]; ``epsilon`` is added to the squares."""
        teacher = self.teacher_square - np.square(self.teacher_sum) / self.count
        student = self.student_square - np.square(self.student_sum) / self.count
        norms = np.outer(
            *(np.sqrt(np.maximum(s, 0) + epsilon) for s in (teacher, student))
        )
        rho = np.divide(
            self.covariance(), norms, out=np.zeros_like(norms), where=norms > 0
        )
        return np.asarray(rho.clip(-1, 1))


def flat(activations: ArrayLike) -> NDArray[Any]:
    """Return ``[samples · positions, nodes]``, nodes last as they were."""
    array = np.asarray(activations)
    return array.reshape(-1, array.shape[-1])


def centre(activations: ArrayLike) -> Array:
    """Return the mean of every node, ``[nodes]``; exactly its value if it never changes."""
    array = flat(activations).astype(np.float64)
    return np.asarray(array[0] + (array - array[0]).mean(axis=0))


def deviations(activations: ArrayLike, around: Array) -> Array:
    """Return activations minus ``around``, float64 ``[samples · positions, nodes]``.

    A difference within :data:`ROUNDING` units in the last place, in the precision that
    the activations come in, is 0.
    """
    array = flat(activations)
    unit = np.finfo(array.dtype if array.dtype.kind == "f" else np.float64).eps
    difference = array.astype(np.float64) - around
    difference[np.abs(difference) <= ROUNDING * unit * np.abs(around)] = 0
    return difference


def correlation(
    teacher: ArrayLike, student: ArrayLike, *, epsilon: float = 0.0
) -> Array:
    """Return ρ between all pairs of nodes, float64 ``[m, n]``.

    Args:
        teacher: activations ``[samples, m]`` or ``[samples, height, width, m]``.
        student: activations of the same samples, n nodes last.
        epsilon: added to the centred sums of squares; :data:`EPSILON` gives the
            original's numbers.
    """
    pair = (deviations(array, centre(array)) for array in (teacher, student))
    return Moments.of(*pair).correlation(epsilon)


def live_nodes(activations: ArrayLike) -> Mask:
    """Tell which nodes change at all over the samples.

    A node that never changes has no correlation with anybody; ρ̄ is over live teacher
    nodes.
    """
    return np.asarray(deviations(activations, centre(activations)).any(axis=0))


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
