"""Does zero loss force every student neuron onto a teacher neuron?

σ(z) = (z + |z|)/2, so the networks agree when Σ|w_j·x| = Σ|t_k·x| and Σw_j = Σt_k. Hence
students lie on the teachers' lines, with length p_k along t_k and n_k along −t_k,
p_k + n_k = |t_k|, and Σ n_k t_k/|t_k| = 0. Alignment is forced exactly when this has only
the solution n = 0: when 0 is outside the convex hull of the teacher directions.
"""

import numpy as np

from tfluck.foundations.errors import BadInput

from .geometry import Array, angles_between, checked_size, directions, norms

#: Teachers closer than this to one line count as parallel.
_PARALLEL = 1e-9


def is_alignment_forced(teachers: Array) -> bool:
    """Tell whether zero loss forces alignment with teachers (k, d) of positive outputs.

    Solved as a linear program: maximise Σ n_k, 0 ≤ n_k ≤ 1, Σ n_k t_k/|t_k| = 0. Where
    teachers lie on both rays of one line, students there are aligned in either direction,
    so that line's share of the sum is free.

    Raises:
        BadInput: no teacher, or a teacher that is zero or not finite.
    """
    from scipy.optimize import linprog

    if teachers.ndim != 2 or len(teachers) == 0 or not np.isfinite(teachers).all():
        raise BadInput("The teachers must be a finite matrix of shape (k, d), k ≥ 1.")
    if (norms(teachers) == 0).any():
        raise BadInput("A teacher neuron is zero; it teaches nothing, so remove it.")
    unit = directions(teachers)
    opposed = np.asarray(
        (angles_between(unit, unit).supplement < _PARALLEL).any(axis=1)
    )
    bounds = [(-1.0, 1.0) if both else (0.0, 1.0) for both in opposed.tolist()]
    answer = linprog(
        c=-np.where(opposed, 0.0, 1.0),
        A_eq=unit.T,
        b_eq=np.zeros(unit.shape[1]),
        bounds=bounds,
        method="highs",
    )
    return bool(-answer.fun < 1e-9)


def spread_teachers(count: int) -> Array:
    """Return ``count`` unit vectors at equal angles round the circle, shape (count, 2)."""
    if count < 1:
        raise BadInput(f"At least one teacher is needed; {count} were asked for.")
    checked_size(count, 2)
    return polar(2 * np.pi * np.arange(count) / count)


def separate_teachers(count: int, dimension: int, seed: int = 0) -> Array:
    """Return ``count`` unit vectors in dimension d: orthonormal, or Gaussian if too many.

    In the plane they are those of :func:`spread_teachers`.
    """
    if dimension == 2:
        return spread_teachers(count)
    if min(count, dimension) < 1:
        raise BadInput(
            f"At least one teacher and one dimension are needed: {count}, {dimension}."
        )
    checked_size(count, dimension)
    if count <= dimension:
        return np.eye(count, dimension)
    random = np.random.default_rng([seed, 2])
    return directions(random.standard_normal((count, dimension)))


def polar(angles: Array) -> Array:
    """Return the unit vectors (cos θ, sin θ), shape (len(angles), 2)."""
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)
