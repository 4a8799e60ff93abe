"""The loss-gradient inequality: every stationary point of one teacher is aligned.

For nonzero students w_1 … w_m ∈ R^d, one teacher w_0, g_j = ∂ℓ/∂w_j, α = ∠(w_i, w_0) < π,
k = sin α/(π − α) and b = π/((π − α)(1 − k²)):

    2ℓ ≤ Σ_j w_j·g_j − b (w_0 − k|w_0|u_i)·g_i,

and right minus left is exactly (|w_0|/2π) Σ_j |w_j| G_α(∠(w_j, w_0), ∠(w_j, w_i)) with
G_α ≥ 0. So g = 0 forces ℓ = 0, hence alignment. docs/alignment.md has the proof; it has
not been peer reviewed. This module evaluates every term, so that tests can try to break it.
"""

from dataclasses import dataclass

import numpy as np

from tfluck.foundations.errors import BadInput

from .geometry import Angles, Array, angles_between, kernel, norms
from .loss import population_gradient, population_loss


def slope_ratio(alpha: Array, supplement: Array | None = None) -> Array:
    """Return k = sin α/(π − α) ∈ [0, 1) for 0 ≤ α < π; ``supplement`` is π − α, if known."""
    a = np.pi - alpha if supplement is None else supplement
    return np.asarray(np.sin(a) / a)


def weight_factor(alpha: Array, supplement: Array | None = None) -> Array:
    """Return b = π/((π − α)(1 − k²)) = πa/(a² − sin² a), a = π − α."""
    a = np.pi - alpha if supplement is None else supplement
    return np.asarray(np.pi * a / ((a - np.sin(a)) * (a + np.sin(a))))


def gap_function(alpha: Array, p: Array, q: Array) -> Array:
    """Return G_α(p, q) = f(p) − A f(q) + b(π − q)(cos α cos q − cos p), A = b(cos α − k).

    Possible angles of one direction to teacher and student satisfy
    |q − α| ≤ p ≤ min(q + α, 2π − q − α); there G_α ≥ 0, and 0 only at p = 0, q = α (and
    identically, for α = 0).
    """

    def f(t: Array) -> Array:
        return kernel(Angles(t, np.pi - t, np.sin(t)))

    b, k = weight_factor(alpha), slope_ratio(alpha)
    bend = b * (np.pi - q) * (np.cos(alpha) * np.cos(q) - np.cos(p))
    result: Array = f(p) - b * (np.cos(alpha) - k) * f(q) + bend
    return result


@dataclass(frozen=True)
class Balance:
    """Both sides of the inequality for one student i.

    Attributes:
        loss: ℓ.
        slack: right minus left, from loss and gradients.
        identity: (|w_0|/2π) Σ_j |w_j| G_α, which equals ``slack``.
        scale: the size of the terms; errors are to be measured against it.
        gradient_bound: |∇ℓ| (|W| + b(1 + k)|w_0|) − 2ℓ, which is ≥ 0.
    """

    loss: float
    slack: float
    identity: float
    scale: float
    gradient_bound: float


def balance(students: Array, teacher: Array, i: int) -> Balance:
    """Evaluate the inequality at ``students`` (m, d) and ``teacher`` (d,) for student i.

    Raises:
        BadInput: a zero neuron, or student i exactly opposite the teacher.
    """
    lengths, length = norms(students), float(np.linalg.norm(teacher))
    if length == 0 or (lengths == 0).any():
        raise BadInput(
            "The inequality is about nonzero students and a nonzero teacher."
        )
    unit, own = teacher[None] / length, students[i] / lengths[i]
    to_teacher = angles_between(students, unit)
    supplement = to_teacher.supplement[i, 0]
    if supplement == 0:
        raise BadInput(
            "The student is exactly opposite the teacher, where b is infinite."
        )
    alpha = to_teacher.angle[i, 0]
    b = float(weight_factor(alpha, supplement))
    k = float(slope_ratio(alpha, supplement))
    loss = population_loss(students, teacher[None])
    gradient = population_gradient(students, teacher[None]).weights
    radial = np.einsum("ij,ij->i", students, gradient)
    probe = b * (teacher - k * length * own)
    slack = float(radial.sum() - probe @ gradient[i] - 2 * loss)
    terms = lengths * _gap_terms(students, teacher, i, b, k)
    size = np.linalg.norm(students) + b * (1 + k) * length
    return Balance(
        loss=loss,
        slack=slack,
        identity=float(length * terms.sum() / (2 * np.pi)),
        scale=float((length + lengths.sum()) * (lengths.sum() + b * length)),
        gradient_bound=float(np.linalg.norm(gradient) * size - 2 * loss),
    )


def _gap_terms(students: Array, teacher: Array, i: int, b: float, k: float) -> Array:
    """Return G_α at every student, from vectors; shape (m,).

    cos α cos q − cos p = (cos α u_i − e)·u_j, which keeps its precision near α = 0.
    """
    unit = students / norms(students)[:, None]
    e = teacher / np.linalg.norm(teacher)
    p, q = angles_between(unit, e[None]), angles_between(unit, unit[i][None])
    cosine = float(unit[i] @ e)
    bend = b * q.supplement[:, 0] * (unit @ (cosine * unit[i] - e))
    terms: Array = kernel(p)[:, 0] - b * (cosine - k) * kernel(q)[:, 0] + bend
    return terms
