"""How fast overlaps change when a weight vector turns (A2, Eq. 8).

Assumption 2 asks for a constant K with

    |ψ(w, w₁) − ψ(w, w₂)| ≤ K ψ(w, w₁) ‖w₁ − w₂‖

(the form the proofs use; as printed there is a 1 more, which makes it empty). No K
serves all angles, because ψ(w, w₁) tends to 0 as w₁ turns away from w. So K is always
of a stated range: angle(w, w₁) ≤ limit, and w₂ at most 90° from w₁, of the same length.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
#: ψ at angles, ``[angles]``.
Psi = Callable[[Array], Array]
#: Degrees: of the ranges reported, and between the angles tried.
LIMITS = (45, 90, 120)
STEP = 5
#: ψ below this share of its largest value is zero but for rounding.
ROUNDING = 1e-12
#: Planes tried in a layer, and samples that must have both nodes on at every angle.
PLANES = 64
ENOUGH = 100


@dataclass(frozen=True)
class Lipschitz:
    """Smallest K_d and K_l seen, for angle(w, w₁) up to ``limit`` degrees.

    ``planes`` of those tried had enough samples; without any the constants are None.
    """

    limit: int
    planes: int
    k_d: float | None
    k_l: float | None


def smallest_constant(psi: ArrayLike, limit: int, step: int = STEP) -> float | None:
    """Return the largest |ψ(a) − ψ(b)| / (ψ(a) · 2 sin(|a − b|/2)).

    Args:
        psi: at the angles −90°, −90° + step, …, limit + 90° between w and the turned
            vector, both of length 1.
        limit: a runs from 0 to here, b from a − 90° to a + 90°.
        step: degrees.

    Returns:
        None if ψ is zero somewhere on the range: no constant exists.
    """
    values = np.asarray(psi, np.float64)
    quarter = 90 // step
    here = np.arange(quarter, quarter + limit // step + 1)
    if np.any(values[here] <= ROUNDING * values.max()):
        return None
    turn = np.concatenate([np.arange(-quarter, 0), np.arange(1, quarter + 1)])
    change = np.abs(values[here[:, None] + turn] - values[here, None])
    length = 2 * np.sin(np.deg2rad(np.abs(turn) * step) / 2)
    return float((change / (values[here, None] * length)).max())


def angles(limit: int, step: int = STEP) -> Array:
    """Return −90°, …, limit + 90° in radians."""
    return np.deg2rad(np.arange(-90, limit + 90 + step, step))


def layer_constants(
    inputs: Array, kernel: Array, bias: Array, generator: np.random.Generator
) -> list[Lipschitz]:
    """Measure K_d and K_l of a layer on the inputs it sees.

    w is a node, and w₁ and w₂ turn in the plane of w and another node of the layer,
    keeping w's length and bias; up to :data:`PLANES` such planes. The result is a lower
    estimate of the true constants. A plane in which fewer than :data:`ENOUGH` samples
    have both nodes on, at some angle of the range, does not count: its ψ is not known.

    Args:
        inputs: ``[samples, in]``.
        kernel: ``[in, nodes]``.
        bias: ``[nodes]``.
        generator: chooses the pairs.
    """
    turned = angles(max(LIMITS))
    curves = [
        _curves(inputs, kernel, bias, pair, turned)
        for pair in _pairs(kernel, generator)
    ]
    found = [_constants(curves, limit) for limit in LIMITS]
    # A wider range contains the narrower ones, though fewer planes may be known on it.
    return [
        known if not known.planes else replace(known, **_largest(found[: at + 1]))
        for at, known in enumerate(found)
    ]


def _largest(found: list[Lipschitz]) -> dict[str, Any]:
    return {
        name: max(value for one in found if (value := getattr(one, name)) is not None)
        for name in ("k_d", "k_l")
    }


def _constants(curves: list[tuple[Array, Array, Array]], limit: int) -> Lipschitz:
    """Take the largest constants over the planes that are known up to ``limit``."""
    quarter, span = len(angles(0)) // 2, len(angles(limit))
    pairs = [
        tuple(smallest_constant(psi[:span], limit) for psi in both)
        for count, *both in curves
        if count[quarter : span - quarter].min() >= ENOUGH
    ]
    known = [pair for pair in pairs if None not in pair]
    if not known:
        return Lipschitz(limit, 0, None, None)
    return Lipschitz(limit, len(known), *(max(k) for k in zip(*known, strict=True)))


def _pairs(kernel: Array, generator: np.random.Generator) -> list[tuple[int, int]]:
    """Choose ordered pairs of nodes that span a plane."""
    norms = np.linalg.norm(kernel, axis=0)
    products = np.outer(norms, norms)
    plane = np.abs(kernel.T @ kernel) < (1 - 1e-9) * products
    np.fill_diagonal(plane, False)
    pairs = np.argwhere(plane)
    chosen = generator.permutation(len(pairs))[:PLANES]
    return [(int(j), int(k)) for j, k in pairs[chosen]]


def _curves(
    inputs: Array, kernel: Array, bias: Array, pair: tuple[int, int], turned: Array
) -> tuple[Array, Array, Array]:
    """Return at the angles ``turned`` how many samples have both on, ψ_d and ψ_l."""
    w, v, own = kernel[:, pair[0]], kernel[:, pair[1]], bias[pair[0]]
    length = np.linalg.norm(w)
    other = v - w * (v @ w) / length**2
    along = inputs @ w
    seen = along + own > 0
    along = along[seen]
    across = inputs[seen] @ other * (length / np.linalg.norm(other))
    rotated = np.cos(turned)[:, None] * along + np.sin(turned)[:, None] * across
    f = np.maximum(rotated + own, 0)
    count = (f > 0).sum(axis=1)
    return count, count / len(inputs), f @ (along + own) / len(inputs)
