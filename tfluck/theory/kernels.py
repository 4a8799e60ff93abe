"""ψ_d and ψ_l: how often two nodes are on together, and how strongly (Eq. 7).

For unit weights w, w′ at angle t, inputs x ~ N(0, I) and biases a, b, the two
pre-activations are normal with correlation ρ = cos t, and

    ψ_d = P(w·x + a > 0, w′·x + b > 0)
    ψ_l = E[σ(w·x + a) σ(w′·x + b)]
        = (ρ + ab) ψ_d + b φ(a) Φ(A) + a φ(b) Φ(B) + (s/2π) exp(−q/2),

with s = sin t, A = (b − ρa)/s, B = (a − ρb)/s and q = (a² − 2ρab + b²)/s². ψ_d is the
bivariate normal distribution, written with Owen's T. Without biases they are
(π − t)/2π and (sin t + (π − t) cos t)/2π, paper 2's f but for the factor 1/2π.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, owens_t

from tfluck.analysis.overlap import Gram

Array = NDArray[np.float64]
#: ψ as a function of the angle.
Psi = Callable[[Array], Array]


def psi_d(
    angle: ArrayLike, bias: ArrayLike = 0.0, other: ArrayLike | None = None
) -> Array:
    """Return P(both on) for unit weights at ``angle`` (radians), N(0, I) inputs.

    ``bias`` is a, ``other`` is b (the same unless given); all three broadcast.
    """
    t, a, b = _arguments(angle, bias, other)
    if not (a.any() or b.any()):
        return np.asarray((np.pi - t) / (2 * np.pi))
    if other is None:
        return np.asarray(ndtr(a) - 2 * owens_t(a, np.tan(t / 2)))
    return _both_positive(t, a, b)


def psi_l(
    angle: ArrayLike, bias: ArrayLike = 0.0, other: ArrayLike | None = None
) -> Array:
    """Return E[ReLU ReLU] for unit weights at ``angle`` (radians), N(0, I) inputs.

    ``bias`` is a, ``other`` is b (the same unless given); all three broadcast.
    """
    t, a, b = _arguments(angle, bias, other)
    sine, cosine = np.sin(t), np.cos(t)
    if not (a.any() or b.any()):
        return np.maximum(sine + (np.pi - t) * cosine, 0) / (2 * np.pi)
    both = psi_d(t, a, None if other is None else b)
    if other is None:
        reach = ndtr(a * np.tan(t / 2))
        rest = 2 * a * _phi(a) * reach + _wedge(sine, np.square(a / np.cos(t / 2)) / 2)
    else:
        left, right = _steps(t, a, b)
        # q = a² + A², the same from either side.
        rest = b * _phi(a) * ndtr(left) + a * _phi(b) * ndtr(right)
        rest = rest + _wedge(sine, (a * a + left * left) / 2)
    return np.maximum((cosine + a * b) * both + rest, 0)


def _wedge(sine: Array, exponent: Array) -> Array:
    return np.asarray(sine * np.exp(-exponent) / (2 * np.pi))


def _phi(z: Array) -> Array:
    return np.asarray(np.exp(-z * z / 2) / np.sqrt(2 * np.pi))


def _arguments(
    angle: ArrayLike, bias: ArrayLike, other: ArrayLike | None
) -> tuple[Array, Array, Array]:
    """Fold the angle into [0, π]; the second bias defaults to the first."""
    t = np.asarray(angle, np.float64)
    if t.size and not (t.min() >= 0 and t.max() <= np.pi):
        t = np.arccos(np.cos(t))
    a = _bias(bias)
    return t, a, a if other is None else _bias(other)


def _bias(value: ArrayLike) -> Array:
    """Take what is next to nothing as nothing: quotients of two such would overflow."""
    b = np.asarray(value, np.float64)
    return np.where(np.abs(b) < 1e-100, 0.0, b)


def _steps(t: Array, a: Array, b: Array) -> tuple[Array, Array]:
    """Return A and B; where the weights are parallel they are ±∞ but for rounding."""
    sine = np.maximum(np.sin(t), 1e-150)
    return (b - np.cos(t) * a) / sine, (a - np.cos(t) * b) / sine


def _both_positive(t: Array, a: Array, b: Array) -> Array:
    """Return Φ₂(a, b; cos t) = ½Φ(a) + ½Φ(b) − T(a, A/a) − T(b, B/b) − ½[ab < 0]."""
    left, right = _steps(t, a, b)
    value = (ndtr(a) + ndtr(b)) / 2 - _owen(a, left) - _owen(b, right)
    apart = (a * b < 0) | ((a * b == 0) & (a + b < 0))
    neither = (a == 0) & (b == 0)
    return np.where(
        neither, (np.pi - t) / (2 * np.pi), np.maximum(value - apart / 2, 0)
    )


def _owen(h: Array, step: Array) -> Array:
    """Return T(h, step/h); at h = 0 its limit, ± a quarter."""
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.where(h == 0, np.copysign(np.inf, step), step / h)
    return np.asarray(owens_t(h, slope))


def angles_between(left: Array, right: Array) -> Array:
    """Return the angles between the unit columns of ``left`` and ``right``, ``[n, m]``."""
    return np.arccos(np.clip(left.T @ right, -1, 1))


def unit_columns(weights: ArrayLike) -> Array:
    """Divide the columns of ``weights``, ``[in, nodes]``, by their lengths."""
    w = np.asarray(weights, np.float64)
    return np.asarray(w / np.linalg.norm(w, axis=0))


def gaussian_gram(kernel: ArrayLike, bias: ArrayLike = 0.0) -> Gram:
    """Return d and l of a layer in closed form for inputs x ~ N(0, I).

    Scaling all inputs by a number changes neither ε if there are no biases.

    Args:
        kernel: ``[inputs, nodes]``; no node may have zero weights.
        bias: ``[nodes]``, or one for all.
    """
    w = np.asarray(kernel, np.float64)
    norms = np.linalg.norm(w, axis=0)
    own = np.broadcast_to(np.asarray(bias, np.float64), norms.shape) / norms
    angle = angles_between(w / norms, w / norms)
    np.fill_diagonal(angle, 0)
    biases = (own[:, None], own[None, :]) if own.any() else (0.0, None)
    scale = np.outer(norms, norms)
    return Gram(
        1,
        _symmetric(psi_d(angle, *biases)),
        _symmetric(scale * psi_l(angle, *biases)),
    )


def _symmetric(found: Array) -> Array:
    """Take the mean of both roundings of ψ(t, a, b) = ψ(t, b, a)."""
    return (found + found.T) / 2


def lipschitz_constant(
    psi: Psi, widest: float, turn: float, points: int = 200
) -> float:
    """Return the smallest K with |ψ(t) − ψ(t′)| ≤ K ψ(t) |w₁ − w₂| (Assumption 2).

    t = ∠(w, w₁) runs over [0, ``widest``] and w₂ turns by at most ``turn`` from w₁; for
    a given chord |w₁ − w₂| = 2 sin(turn/2) a turn in the plane of w and w₁ changes ψ most.
    """
    t = np.linspace(0, widest, points)[:, None]
    by = np.linspace(0, turn, points // 2 + 1)[1:]
    by = np.concatenate([-by, by])
    value = psi(t)
    if value.min() <= 0:
        return float("inf")
    chord = 2 * np.sin(np.abs(by) / 2)
    return float((np.abs(psi(t + by) - value) / (value * chord)).max())
