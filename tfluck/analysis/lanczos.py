"""Eigenvalues of a symmetric matrix that is known by its products with vectors alone.

Lanczos' recursion from a start q₁ gives an orthonormal basis Q of the Krylov space, in
which the matrix A is tridiagonal, T = QᵀAQ. Every new vector is made orthogonal to *all*
before it, twice, so that rounding brings no copies of eigenvalues. For an eigenpair
(θ, s) of T some eigenvalue of A lies within |β s_k| of θ, where β is the length of the
vector that would come next (Parlett, The symmetric eigenvalue problem, 13.2).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh_tridiagonal

from tfluck.foundations.errors import BadInput

Array = NDArray[np.float64]
#: v ↦ Av, both ``[size]``.
Product = Callable[[Array], Array]
#: A new vector shorter than this share of what the matrix did to the last one is rounding.
ROUNDING = 1e-13
#: Steps between two looks at what has converged.
LOOK = 5


class Lanczos:
    """The recursion, a step at a time; ``most`` steps at the most are made room for."""

    def __init__(self, product: Product, start: Array, most: int) -> None:
        self.product = product
        self.basis = np.empty((most + 1, len(start)))
        self.basis[0] = start / np.linalg.norm(start)
        self.diagonal: list[float] = []
        self.off: list[float] = []
        #: Step at which the space was last left for a fresh direction.
        self.begun = 0

    @property
    def steps(self) -> int:
        """Products made so far."""
        return len(self.diagonal)

    def step(self) -> float:
        """Make one product and return the length β of what it adds; 0 if nothing."""
        k = self.steps
        image = np.asarray(self.product(self.basis[k]), np.float64)
        size = float(np.linalg.norm(image))
        self.diagonal.append(float(self.basis[k] @ image))
        beta = self._append(image, k + 1, max(size, *map(abs, self.off), 0.0))
        self.off.append(beta)
        return beta

    def go_on(self, vector: Array) -> None:
        """Leave an exhausted space in the direction of ``vector``."""
        self.begun = self.steps
        self._append(vector, self.steps, float(np.linalg.norm(vector)))

    def _append(self, vector: Array, known: int, scale: float) -> float:
        """Take out what is known, keep the rest as the next vector, return its length."""
        basis = self.basis[:known]
        for _ in range(2):
            vector = vector - (basis @ vector) @ basis
        length = float(np.linalg.norm(vector))
        if length <= ROUNDING * scale or known >= self.basis.shape[1]:
            self.basis[known] = 0
            return 0.0
        self.basis[known] = vector / length
        return length

    def ritz(self, first: int = 0) -> tuple[Array, Array]:
        """Return the eigenvalues θ of T, ascending, and its eigenvectors' columns.

        From the row ``first`` on, where the space must have begun or begun anew.
        """
        values, vectors = eigh_tridiagonal(self.diagonal[first:], self.off[first:-1])
        return values, vectors


@dataclass(frozen=True)
class Extremes:
    """Both ends of a spectrum.

    Attributes:
        top: the largest eigenvalues, descending, ``[count]``. Of equal ones there may be
            but one, unless the Krylov space closed.
        errors: some eigenvalue is within this of each of them, ``[count]``.
        lowest, lowest_error: the same of the smallest, as far as it came by the way.
        steps: products that were made.
        converged: whether ``errors`` are as small as was asked.
    """

    top: Array
    errors: Array
    lowest: float
    lowest_error: float
    steps: int
    converged: bool


def extremes(
    product: Product,
    size: int,
    count: int,
    draw: np.random.Generator,
    *,
    tolerance: float = 1e-8,
    most: int = 300,
) -> Extremes:
    """Return the ``count`` largest eigenvalues of A, ``[size, size]``, and the smallest.

    Args:
        product: v ↦ Av.
        size: rows of A; with fewer than ``count`` all of its eigenvalues come.
        count: how many.
        draw: gives the start.
        tolerance: wanted error over the largest absolute eigenvalue.
        most: products to make at the most.

    Raises:
        BadInput: there is nothing to look for.
    """
    if size < 1 or count < 1:
        raise BadInput(f"No {count} eigenvalues of a matrix of {size} rows.")
    count, most = min(count, size), min(size, max(most, count))
    space = Lanczos(product, draw.standard_normal(size), most)
    while True:
        beta = space.step()
        k = space.steps
        if k >= count and (beta == 0 or k % LOOK == 0 or k == most):
            found = _look(space, beta, count, tolerance)
            if found.converged or k == most:
                return found
        if beta == 0:
            space.go_on(draw.standard_normal(size))


def _look(space: Lanczos, beta: float, count: int, tolerance: float) -> Extremes:
    """Sum up the space, and judge whether there is no more to find in it.

    Where it closed before, the latest part of it shows what the rest of the matrix has at
    the most: that must be no more than what was found.
    """
    values, vectors = space.ritz()
    errors = np.abs(beta * vectors[-1])
    top, near = values[::-1][:count], errors[::-1][:count]
    allowed = tolerance * float(np.abs(values).max())
    done = bool(near.max() <= allowed)
    if space.begun or beta == 0:
        rest, ends = space.ritz(space.begun)
        done &= bool(rest[-1] <= top[-1] + allowed)
        done &= bool(abs(beta * ends[-1, -1]) <= allowed)
    done |= space.steps == len(space.basis[0])
    return Extremes(top, near, float(values[0]), float(errors[0]), space.steps, done)


@dataclass(frozen=True)
class Density:
    """The distribution of eigenvalues, as one quadrature a probe.

    Gauss' rule of k points for a random unit vector v integrates every polynomial p of
    degree 2k − 1 against v's spectral measure exactly, and E vᵀp(A)v = tr p(A)/size.

    ``nodes`` and ``weights`` are ``[probes, k]``; the weights of a probe sum to 1.
    """

    nodes: Array
    weights: Array

    def integral(self, function: Callable[[Array], Array]) -> tuple[float, float]:
        """Return the mean of ``function`` over eigenvalues, and its standard error."""
        each = (self.weights * function(self.nodes)).sum(axis=1)
        if len(each) < 2:
            return float(each.mean()), float("nan")
        return float(each.mean()), float(each.std(ddof=1) / np.sqrt(len(each)))

    def share(self, low: float, high: float) -> tuple[float, float]:
        """Return the share of eigenvalues in [low, high], and its standard error."""
        return self.integral(lambda t: ((t >= low) & (t <= high)).astype(np.float64))

    def smoothed(self, grid: Array, width: float) -> Array:
        """Return the density over ``grid`` with a Gaussian of ``width`` for each node."""
        distance = (grid[:, None] - self.nodes.ravel()) / width
        bumps = np.exp(-np.square(distance) / 2) / (width * np.sqrt(2 * np.pi))
        return np.asarray(bumps @ self.weights.ravel() / len(self.nodes))


def density(
    product: Product, size: int, draw: np.random.Generator, *, probes: int, steps: int
) -> Density:
    """Estimate the density of the eigenvalues by Lanczos quadrature from random starts."""
    steps = min(steps, size)
    nodes, weights = np.zeros((probes, steps)), np.zeros((probes, steps))
    for probe in range(probes):
        space = Lanczos(product, draw.standard_normal(size), steps)
        while space.steps < steps and space.step() > 0:
            pass
        values, vectors = space.ritz()
        nodes[probe, : len(values)] = values
        weights[probe, : len(values)] = np.square(vectors[0])
    return Density(nodes, weights)
