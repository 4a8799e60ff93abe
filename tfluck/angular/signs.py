"""Certified signs of z = min_i det M_i for many sets of angles at once.

Float64 with a bound on its own error decides nearly all; ball arithmetic the rest.

The bound. Let M*, b* be exact, M, b computed with entry error at most δ, R a computed
inverse, x a computed solution. If ‖I − R M*‖_∞ ≤ q < 1 then M* is nonsingular and,
componentwise, |M*⁻¹b* − x| ≤ e + q/(1 − q) max e with e = |R| |b* − M* x|. Every term is
bounded by its computed value plus the rounding it can have suffered. For a positive
semidefinite kernel q < 1 also proves det M* > 0, so det M_i has the sign of ρ_i.
"""

from dataclasses import dataclass

import numpy as np

from .balls import certified, degenerate
from .engine import UNIT
from .functions import AngularFunction, Array
from .matrices import (
    associated,
    determinants_by_definition,
    rounding_noise,
    sweep,
)
from .verdicts import sign_verdict

#: Covers the rounding of the bounds themselves, which are sums of nonnegative terms.
SLACK = 1 + 1e-10

HOLDS, VIOLATED, ZERO, UNDECIDED, DEGENERATE = range(5)
_CODES = {
    "holds": HOLDS,
    "violated": VIOLATED,
    "zero": ZERO,
    "undecided": UNDECIDED,
    "degenerate": DEGENERATE,
}


@dataclass(frozen=True)
class Solved:
    """One batch solved in float64: ρ, its error bound (inf where none), and det M.

    Shapes: ``weights`` and ``error`` (m, n), ``determinant`` (n,).
    """

    weights: Array
    error: Array
    determinant: Array

    @property
    def z(self) -> Array:
        """Return min_i det M_i = det M · min_i ρ_i, shape (n,)."""
        dets: Array = self.determinant * self.weights.min(axis=0)
        return dets


@dataclass(frozen=True)
class Signs:
    """The signs of a batch.

    Attributes:
        z: min_i det M_i in float64, shape (n,).
        verdicts: HOLDS, VIOLATED, ZERO, UNDECIDED or DEGENERATE, shape (n,).
        by_ball: how many of them ball arithmetic decided.
    """

    z: Array
    verdicts: np.ndarray
    by_ball: int


def _times(matrix: Array, vector: Array) -> Array:
    """Return M x for batches (m, m, n) and (m, n)."""
    product = matrix[:, 0] * vector[0]
    for k in range(1, len(vector)):
        product += matrix[:, k] * vector[k]
    return product


def _residual_norm(inverse: Array, matrix: Array) -> Array:
    """Return the computed ‖I − R M‖_∞, shape (n,)."""
    work = np.zeros_like(matrix)
    scratch = np.empty_like(matrix)
    work[np.arange(len(work)), np.arange(len(work))] = 1.0
    for k in range(len(work)):
        np.multiply(inverse[:, k, None], matrix[k][None], out=scratch)
        work -= scratch
    np.abs(work, out=work)
    norm: Array = work.sum(axis=1).max(axis=0)
    return norm


def solve(function: AngularFunction, angles: Array) -> Solved:
    """Solve M ρ = b for ``angles`` (m, n) and bound the error of ρ (see the module).

    The bound is infinite where float64 cannot give one, and everywhere if the function
    states no error of its float64 values.
    """
    with np.errstate(all="ignore"):
        matrix, right = associated(function, angles)
        inverse, determinant = sweep(matrix)
        weights = _times(inverse, right)
        error = _error(function, matrix, right, inverse, weights)
    return Solved(weights, error, determinant)


def _error(
    function: AngularFunction,
    matrix: Array,
    right: Array,
    inverse: Array,
    weights: Array,
) -> Array:
    """Bound |ρ − computed ρ| componentwise, shape (m, n)."""
    if function.float_error is None:
        return np.full_like(weights, np.inf)
    m = len(weights)
    delta = function.float_error
    size = np.maximum(np.abs(matrix).max(axis=(0, 1)), np.abs(right).max(axis=0))
    absolute = np.abs(inverse)
    mass = np.abs(weights).sum(axis=0) + 1
    # |b* − M* x| ≤ |fl(b − M x)| + rounding of that + δ(1 + |x|₁).
    residual = np.abs(right - _times(matrix, weights))
    residual += ((m + 3) * UNIT * size + delta) * mass
    base = _times(absolute, residual) * SLACK
    norm = absolute.sum(axis=1).max(axis=0)
    entry = m * ((m + 3) * UNIT * size + delta)
    q = (_residual_norm(inverse, matrix) + norm * entry + (m + 3) * UNIT) * SLACK
    bound: Array = (base + q / (1 - q) * base.max(axis=0)) * SLACK + 1e-300
    return np.where((q < 1) & np.isfinite(bound), bound, np.inf)


def certified_signs(function: AngularFunction, angles: Array) -> Signs:
    """Certify the sign of z for every column of ``angles`` (m, n).

    For a plain Python callable nothing can be certified: the verdicts are those of
    float64, with values inside the noise left undecided.
    """
    if not function.certifiable:
        return _guess(function, angles)
    solved = solve(function, angles)
    z = solved.z
    verdicts = np.full(angles.shape[1], UNDECIDED, dtype=np.int8)
    if function.is_known_ad and function.float_error is not None:
        with np.errstate(invalid="ignore"):
            negative = (solved.weights + solved.error < 0).any(axis=0)
            positive = (solved.weights - solved.error > 0).all(axis=0)
        verdicts[negative] = HOLDS
        verdicts[positive] = VIOLATED
    if not function.provable:
        return Signs(z, verdicts, 0)
    open_ones = np.flatnonzero(verdicts == UNDECIDED)
    for index in open_ones.tolist():
        verdicts[index], z[index] = _decide(function, angles[:, index])
    return Signs(z, verdicts, int((verdicts[open_ones] != UNDECIDED).sum()))


def _decide(function: AngularFunction, theta: Array) -> tuple[int, float]:
    """Decide one set of angles in ball arithmetic: its verdict and its z."""
    found = certified(function, theta.tolist())
    z = min(float(ball.mid()) for ball in found.dets)
    return (
        DEGENERATE if degenerate(theta.tolist()) else _CODES[sign_verdict(found)]
    ), z


def _guess(function: AngularFunction, angles: Array) -> Signs:
    """Judge by float64 alone, with determinants by their definition; nothing certified."""
    dets = determinants_by_definition(function, angles)[1]
    noise = rounding_noise(function, angles)
    least: Array = dets.min(axis=0)
    verdicts = np.full(angles.shape[1], UNDECIDED, dtype=np.int8)
    verdicts[(dets < -noise).any(axis=0)] = HOLDS
    verdicts[(dets > noise).all(axis=0)] = VIOLATED
    verdicts[degenerate_columns(angles)] = DEGENERATE
    return Signs(least, verdicts, 0)


def degenerate_columns(angles: Array) -> np.ndarray:
    """Tell which columns of ``angles`` (m, n) have two equal angles, or a 0; shape (n,)."""
    ordered = np.sort(np.vstack([np.zeros(angles.shape[1]), angles]), axis=0)
    equal: np.ndarray = (np.diff(ordered, axis=0) == 0).any(axis=0)
    return equal
