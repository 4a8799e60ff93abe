"""Blocks of a symmetric matrix that is known by its products with vectors alone.

For two sets of indices, I and J, the block H_IJ maps what stands at J to what it adds at
I. H_II is symmetric, and has a trace and eigenvalues of its own; of a cross term, I ≠ J,
the size is told: its Frobenius norm, from tr H_JI H_IJ = ‖H_IJ‖², and its largest
singular value.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfluck.analysis.lanczos import Array, Extremes, Product, extremes
from tfluck.analysis.trace import Trace, hutch_plus_plus

Indices = NDArray[np.intp]


def block(product: Product, size: int, rows: Indices, columns: Indices) -> Product:
    """Return v ↦ H_IJ v for I = ``rows`` and J = ``columns`` of ``size`` indices."""

    def part(vector: Array) -> Array:
        whole = np.zeros(size)
        whole[columns] = vector
        return np.asarray(product(whole)[rows])

    return part


@dataclass(frozen=True)
class Block:
    """The curvature within one set of parameters.

    Attributes:
        name: of the set.
        parameters: that it has.
        trace: of H_II.
        per_parameter: the trace over the number of parameters, the mean curvature.
        extremes: the largest eigenvalues of H_II, and the smallest.
    """

    name: str
    parameters: int
    trace: Trace
    per_parameter: float
    extremes: Extremes

    def to_row(self) -> dict[str, Any]:
        """Return the fields as plain dicts and lists."""
        row = asdict(self)
        row["extremes"] |= {
            key: row["extremes"][key].tolist() for key in ("top", "errors")
        }
        return row


@dataclass(frozen=True)
class Cross:
    """How strongly two sets of parameters act upon each other's gradient.

    Attributes:
        first, second: names of I and J.
        norm: Frobenius norm of H_IJ.
        low, high: its 95 % interval, from that of its square.
        top: largest singular value of H_IJ.
        top_error: of ``top``, from the bound for its square.
    """

    first: str
    second: str
    norm: float
    low: float
    high: float
    top: float
    top_error: float

    def to_row(self) -> dict[str, Any]:
        """Return the fields as a plain dict, in order."""
        return asdict(self)


@dataclass(frozen=True)
class Slice:
    """The loss along one direction within a block: L(θ + s·d), d as long as the weights."""

    block: str
    steps: Array
    loss: Array


def measure_block(
    product: Product,
    size: int,
    name: str,
    indices: Indices,
    draw: np.random.Generator,
    *,
    top: int,
    products: int,
    tolerance: float = 1e-8,
) -> Block:
    """Measure H_II for I = ``indices``, which are some of ``size``."""
    own = block(product, size, indices, indices)
    count = len(indices)
    trace = hutch_plus_plus(own, count, products, draw)
    ends = extremes(own, count, top, draw, tolerance=tolerance)
    return Block(name, count, trace, trace.value / count, ends)


def measure_cross(
    product: Product,
    size: int,
    first: tuple[str, Indices],
    second: tuple[str, Indices],
    draw: np.random.Generator,
    *,
    products: int,
) -> Cross:
    """Measure H_IJ for the named sets I = ``first`` and J = ``second``."""
    (one, rows), (other, columns) = first, second
    there = block(product, size, rows, columns)
    back = block(product, size, columns, rows)

    def square(vector: Array) -> Array:
        return back(there(vector))

    trace = hutch_plus_plus(square, len(columns), products, draw)
    ends = extremes(square, len(columns), 1, draw, tolerance=1e-6)
    top = math.sqrt(max(float(ends.top[0]), 0.0))
    reach = float(ends.errors[0]) / top if top > 0 else math.sqrt(ends.errors[0])
    norm, low, high = (
        math.sqrt(max(value, 0.0)) for value in (trace.value, trace.low, trace.high)
    )
    return Cross(one, other, norm, low, high, top, reach)
