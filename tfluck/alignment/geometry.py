"""Angles between vectors, to full precision at 0 and at π, and the paper's f of them."""

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tfluck.foundations.errors import BadInput

Array: TypeAlias = NDArray[np.float64]

#: Angles between all pairs of neurons are held at once, some ten arrays of them.
MOST_PAIRS = 10_000_000
#: Below this angle to the antipode, f = e³/3 − e⁵/30 + … replaces the closed formula.
_SERIES_BELOW = 0.3


def checked_size(neurons: int, dimension: int) -> None:
    """Refuse networks whose pairs of neurons would not fit into memory.

    In the plane a pair costs one number an array, in space one for each coordinate.

    Raises:
        BadInput: too many neurons, or too many dimensions for so many.
    """
    if neurons * neurons * (1 if dimension == 2 else dimension) > MOST_PAIRS:
        most = math.isqrt(MOST_PAIRS // (1 if dimension == 2 else max(dimension, 1)))
        raise BadInput(
            f"{neurons} neurons in dimension {dimension} are too many: all pairs of them "
            f"are held in memory; at most {most} fit."
        )


def norms(vectors: Array) -> Array:
    """Return the Euclidean lengths of the rows, shape (n,)."""
    lengths: Array = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    return lengths


def directions(vectors: Array) -> Array:
    """Return the rows divided by their lengths; a zero row stays zero."""
    lengths = norms(vectors)
    unit: Array = vectors / np.where(lengths > 0, lengths, 1.0)[:, None]
    return unit


@dataclass(frozen=True)
class Angles:
    """All angles between two families of directions, each of shape (p, q).

    Attributes:
        angle: t ∈ [0, π].
        supplement: π − t, computed by itself, so accurate near 0 as well.
        sine: sin t.
    """

    angle: Array
    supplement: Array
    sine: Array


def angles_between(left: Array, right: Array) -> Angles:
    """Return the angles between the rows of ``left`` (p, d) and ``right`` (q, d).

    t = 2 atan2(|u − v|, |u + v|) for unit u, v; arccos(u·v) would lose half the digits
    at 0 and at π. With a zero row the angle is 0 and means nothing.
    """
    u, v = directions(left), directions(right)
    if left.shape[1] == 2:
        return _angles_in_the_plane(u, v)
    u, v = u[:, None], v[None]
    apart = np.sqrt(np.square(u - v).sum(axis=-1))
    together = np.sqrt(np.square(u + v).sum(axis=-1))
    return Angles(
        angle=2 * np.arctan2(apart, together),
        supplement=2 * np.arctan2(together, apart),
        sine=apart * together / 2,
    )


def _angles_in_the_plane(u: Array, v: Array) -> Angles:
    """Return the same by t = atan2(|u × v|, u·v): as accurate, and faster."""
    cross = np.abs(np.outer(u[:, 0], v[:, 1]) - np.outer(u[:, 1], v[:, 0]))
    dot = u @ v.T
    return Angles(np.arctan2(cross, dot), np.arctan2(cross, -dot), cross)


def kernel(angles: Angles) -> Array:
    """Return f(t) = sin t + (π − t) cos t, to full relative precision near t = π."""
    e = angles.supplement
    square = e * e
    # sin e − e cos e = Σ_{n ≥ 1} (−1)^{n+1} 2n/(2n + 1)! e^{2n+1}
    series = (
        e
        * square
        * (
            1 / 3
            - square
            * (
                1 / 30
                - square
                * (
                    1 / 840
                    - square * (1 / 45360 - square * (1 / 3991680 - square / 518918400))
                )
            )
        )
    )
    value: Array = np.where(e < _SERIES_BELOW, series, np.sin(e) - e * np.cos(e))
    return value
