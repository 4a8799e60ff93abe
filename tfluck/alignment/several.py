"""Several teachers: stationary points of positive loss (C1), and what survives (C2)."""

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from flint import arb, ctx

from tfluck.foundations.errors import BadInput

from .geometry import Array, angles_between, directions, norms
from .loss import population_gradient, population_loss
from .theorem import gap_function, slope_ratio, weight_factor

Interval: TypeAlias = tuple[float, float]
#: sup G_α/α² for α ≤ 1 is below this (Theorem C2).
GAP = 4.1


def interval(ball: arb) -> Interval:
    """Return doubles lo ≤ hi that enclose the ball."""
    low, high = float(ball.lower().mid()), float(ball.upper().mid())
    return math.nextafter(low, -math.inf), math.nextafter(high, math.inf)


@dataclass(frozen=True)
class Bisector:
    """Proposition C1 for k orthonormal teachers: all students on the ray of their sum.

    Attributes:
        length: ρ = (k/π) f(arccos k^{−1/2}), the students' total length.
        loss: ℓ = (kπ + k(k − 1) − πρ²)/4π > 0.
        slope: the gradient along the ray at that length, which is 0; all other
            components vanish by symmetry.
        bend: for k = 2, Σ r_i δ_i² times this is how rotating students by δ_i with
            Σ r_i δ_i = 0 changes ℓ: −√2/2π, so a saddle as soon as m ≥ 2.
        angle: of the students with each teacher.
        bound: C2's (4.1/4π) k(k − 1) α², where α ≤ 1.
    """

    k: int
    length: Interval
    loss: Interval
    slope: Interval
    bend: Interval | None
    angle: Interval
    bound: Interval | None


def bisector(k: int, bits: int = 128) -> Bisector:
    """Enclose the stationary point of Proposition C1.

    Raises:
        BadInput: k is not 2 to 1000.
    """
    if not 2 <= k <= 1000:
        raise BadInput(f"C1 is about 2 to 1000 teachers; {k} were asked for.")
    with ctx.workprec(bits):
        pi, root = arb.pi(), arb(k).sqrt()
        angle = (1 / root).acos()
        # sin α = √(1 − 1/k)
        value = (1 - arb(1) / k).sqrt() + (pi - angle) / root
        length = k * value / pi
        loss = (k * pi + k * (k - 1) - pi * length**2) / (4 * pi)
        # From (1/2π) Σ c_q [(π − t)X_q + |X_q| sin t u], in vectors, along the ray.
        slope = (pi * length - (pi - angle) * root - k * angle.sin()) / (2 * pi)
        bend = -arb(2).sqrt() / (2 * pi) if k == 2 else None
        bound = arb(GAP) / (4 * pi) * k * (k - 1) * angle**2 if angle < 1 else None
        return Bisector(
            k,
            interval(length),
            interval(loss),
            interval(slope),
            None if bend is None else interval(bend),
            interval(angle),
            None if bound is None else interval(bound),
        )


@dataclass(frozen=True)
class Survival:
    """Both sides of C2 at one configuration.

    Attributes:
        loss: ℓ.
        right: the right side of the inequality 2ℓ ≤ …, with every gap G_α evaluated.
        crude: (4.1/4π) Σ_{k≠l} |v_k||v_l| α_k², which bounds ℓ at stationary points;
            None unless all α_k ≤ 1.
        angles: α_k, how far each teacher's nearest student is.
    """

    loss: float
    right: float
    crude: float | None
    angles: Array


def survival(students: Array, teachers: Array) -> Survival:
    """Evaluate C2 at ``students`` (m, d), ``teachers`` (k, d), with the nearest students.

    Raises:
        BadInput: a zero neuron, or a teacher with every student exactly opposite.
    """
    lengths, sizes = norms(students), norms(teachers)
    if (lengths == 0).any() or (sizes == 0).any():
        raise BadInput("C2 is about nonzero students and teachers.")
    between = angles_between(students, teachers)
    nearest = between.angle.argmin(axis=0)
    alpha = between.angle.min(axis=0)
    away = between.supplement[nearest, np.arange(len(teachers))]
    if (away == 0).any():
        raise BadInput("Every student is exactly opposite a teacher.")
    gradient = population_gradient(students, teachers).weights
    b, ratio = weight_factor(alpha, away), slope_ratio(alpha, away)
    units = directions(students)[nearest]
    probes = b[:, None] * (teachers - (ratio * sizes)[:, None] * units)
    among = angles_between(teachers, teachers).angle
    to_student = angles_between(teachers, units).angle
    # gap[l, k] = G_{α_k}(∠(e_l, e_k), ∠(e_l, u_{i_k})).
    gap = gap_function(alpha[None], among, to_student)
    np.fill_diagonal(gap, 0.0)
    crossed = float(sizes @ gap @ sizes) / (2 * math.pi)
    right = float((students * gradient).sum() - (probes * gradient[nearest]).sum())
    pairs = float(sizes.sum() * (sizes @ alpha**2) - sizes**2 @ alpha**2)
    return Survival(
        loss=population_loss(students, teachers),
        right=right + crossed,
        crude=GAP / (4 * math.pi) * pairs if (alpha <= 1).all() else None,
        angles=alpha,
    )
