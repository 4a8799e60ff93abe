"""The trace of a matrix that is known by its products with vectors alone: Hutch++.

Meyer, Musco, Musco and Woodruff (2021): with Q an orthonormal basis of AS for a random S,

    tr A = tr QᵀAQ + tr (I − QQᵀ) A (I − QQᵀ),

where the first term holds what is large and is computed exactly, and the second is
averaged over random signs g, E gᵀBg = tr B. Given Q the estimate is unbiased, and the
spread of the averaged terms gives its error.
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import qr

from tfluck.analysis.lanczos import Array, Product
from tfluck.foundations.errors import BadInput

#: Products for an estimate: a third each for S, for QᵀAQ and for the averaged rest.
FEWEST = 6


@dataclass(frozen=True)
class Trace:
    """An estimated trace.

    Attributes:
        value: of the trace.
        error: its standard error; 0 where it was summed up entry by entry.
        low, high: the 95 % interval, of Student's t.
        products: that were made.
    """

    value: float
    error: float
    low: float
    high: float
    products: int


def hutch_plus_plus(
    product: Product, size: int, products: int, draw: np.random.Generator
) -> Trace:
    """Estimate tr A from at most ``products`` products with A, ``[size, size]``.

    A matrix with no more rows than that is summed up exactly.

    Raises:
        BadInput: too few products for an error.
    """
    if products < FEWEST:
        raise BadInput(f"A trace needs at least {FEWEST} products, not {products}.")
    if size <= products:
        exact = float(sum(product(row)[i] for i, row in enumerate(np.eye(size))))
        return Trace(exact, 0.0, exact, exact, size)
    third = products // 3
    sketch = _images(product, _signs(draw, size, third))
    basis = qr(sketch, mode="economic")[0]
    head = float(np.sum(basis * _images(product, basis)))
    probes = _signs(draw, size, third)
    probes -= basis @ (basis.T @ probes)
    rest = np.sum(probes * _images(product, probes), axis=0)
    error = float(rest.std(ddof=1) / np.sqrt(third))
    value = head + float(rest.mean())
    reach = _quantile(third - 1) * error
    return Trace(value, error, value - reach, value + reach, 3 * third)


def _images(product: Product, columns: Array) -> Array:
    return np.stack([product(column) for column in columns.T], axis=1)


def _signs(draw: np.random.Generator, size: int, count: int) -> Array:
    return draw.choice([-1.0, 1.0], (size, count))


def _quantile(freedom: int) -> float:
    # scipy.stats takes half a second to import.
    from scipy.stats import t

    return float(t.ppf(0.975, freedom))
