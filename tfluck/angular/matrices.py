"""The associated matrices M and M_i (Definition 5.3), for one set of angles or many.

For teacher angle 0 and student angles θ_1 … θ_m: M = [K(θ_i, θ_j)], b = (K(θ_i, 0)), and
M_i is M with column i replaced by b. Cramer's rule gives det M_i = ρ_i det M with
ρ = M⁻¹ b, so one factorisation yields all m determinants. Batches put the samples last
(arrays of shape (m, m, n)): every step of the elimination is then one long vector operation.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfluck.foundations.errors import BadInput

from .asking import MOST_DRAWN, MOST_STUDENTS
from .functions import AngularFunction, Array

TURN = 2 * math.pi
#: Relative error, in rows, that a float64 matrix of a callable and its factorisation are
#: taken to have for each student.
NOISE = 256 * 2.0**-53


def checked_angles(angles: Sequence[Any] | Array) -> Array:
    """Return ``angles`` as a float64 vector, refusing what is not m ≥ 1 angles in [0, 2π).

    Raises:
        BadInput: no angle or too many, an angle that is not finite or not in [0, 2π).
    """
    theta = np.asarray(angles, dtype=np.float64)
    if theta.ndim != 1 or theta.size == 0:
        raise BadInput("At least one student angle is needed (m ≥ 1).")
    if theta.size > MOST_STUDENTS:
        raise BadInput(
            f"{theta.size} angles are more than can be judged: the work grows as m⁴ and "
            f"the determinants shrink faster than any precision; at most {MOST_STUDENTS}."
        )
    for value in theta.tolist():
        if not math.isfinite(value):
            raise BadInput(f"Angles must be finite numbers, and one is {value!r}.")
        if not 0 <= value < TURN:
            raise BadInput(f"Angles must lie in [0, 2π), and one is {value!r}.")
    return theta


def checked_students(m: int, least: int = 1) -> None:
    """Refuse a number of students too small for the question, or too large for many sets.

    Raises:
        BadInput: m is not between ``least`` and ``MOST_DRAWN``.
    """
    if not least <= m <= MOST_DRAWN:
        raise BadInput(
            f"The number of students m must be {least} to {MOST_DRAWN} here; it is {m}."
        )


def distance(x: Array, y: Array | float) -> Array:
    """Return min(|x − y|, 2π − |x − y|), the angle in [0, π] between directions."""
    gap = np.abs(x - y)
    return np.minimum(gap, TURN - gap)


def least_gap(angles: Array) -> Array:
    """Return the least distance between two of the students and the teacher, shape (n,)."""
    ordered = np.sort(np.vstack([np.zeros(angles.shape[1]), angles]), axis=0)
    gaps = np.diff(ordered, axis=0, append=ordered[:1] + TURN)
    least: Array = gaps.min(axis=0)
    return least


def associated(function: AngularFunction, angles: Array) -> tuple[Array, Array]:
    """Return M of shape (m, m, n) and b of shape (m, n) for ``angles`` of shape (m, n).

    f is evaluated once for each unordered pair.
    """
    m, n = angles.shape
    extended = np.concatenate([np.zeros((1, n)), angles])
    rows, columns = np.triu_indices(m + 1, 1)
    values = function.values(distance(extended[columns], extended[rows]))
    matrix = np.empty((m, m, n))
    diagonal = float(function.values(np.zeros(1))[0])
    matrix[np.arange(m), np.arange(m)] = diagonal
    inner_rows, inner_columns = rows[m:] - 1, columns[m:] - 1
    matrix[inner_rows, inner_columns] = values[m:]
    matrix[inner_columns, inner_rows] = values[m:]
    return matrix, values[:m]


def sweep(matrix: Array) -> tuple[Array, Array]:
    """Invert symmetric positive definite matrices (m, m, n) by Gauss–Jordan sweeps.

    No pivoting: that is stable for positive definite matrices, and the caller bounds the
    error afterwards in any case. Returns the inverses and the determinants (n,), which are
    not finite, or meaningless, where a matrix is singular.
    """
    work = matrix.copy()
    determinant = np.ones(matrix.shape[2])
    scratch = np.empty_like(work)
    for k in range(len(work)):
        pivot = work[k, k].copy()
        determinant *= pivot
        column = work[:, k].copy()
        work[k] /= pivot
        work[:, k] = 0.0
        work[k, k] = 1.0 / pivot
        column[k] = 0.0
        np.multiply(column[:, None], work[k][None], out=scratch)
        work -= scratch
    return work, determinant


def determinants_by_definition(
    function: AngularFunction, angles: Array
) -> tuple[Array, Array]:
    """Return det M (n,) and every det M_i (m, n) in float64 for ``angles`` (m, n).

    m + 1 factorisations a sample, no proof of any sign: for plain callables, and to
    compare with.
    """
    matrix, right = associated(function, angles)
    stack, b = np.moveaxis(matrix, 2, 0), right.T
    dets = np.empty(angles.shape)
    for i in range(len(angles)):
        replaced = stack.copy()
        replaced[:, :, i] = b
        dets[i] = np.linalg.det(replaced)
    return np.linalg.det(stack), dets


def rounding_noise(function: AngularFunction, angles: Array) -> Array:
    """Return how large float64 may make a vanishing det M_i, shape (m, n).

    Rows that are off by a share ε of their length move a determinant by at most m ε
    times Hadamard's bound Π |row|, whatever the determinant itself is.
    """
    matrix, right = associated(function, angles)
    squares = np.square(matrix)
    rows = squares.sum(axis=1) + np.square(right)
    m = len(angles)
    noise = np.empty(angles.shape)
    for i in range(m):
        lengths = np.sqrt(np.maximum(rows - squares[:, i], 0.0))
        noise[i] = m * m * NOISE * lengths.prod(axis=0)
    return noise


def antipodal_pairs(angles: Sequence[float] | Array, tolerance: float = 1e-12) -> int:
    """Count pairs of students that are opposite up to ``tolerance`` radians.

    For the paper's f, M is singular exactly when there are three or more.
    """
    theta = checked_angles(angles)
    rows, columns = np.triu_indices(len(theta), 1)
    return int((math.pi - distance(theta[rows], theta[columns]) <= tolerance).sum())
