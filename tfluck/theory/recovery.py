"""Theorem 4: as many students as teacher nodes, each starting close to its own.

Unit columns w_j of W (students) and w*_j of W*, m of each, whitened inputs, all β = 1:

    ẇ_j = P⊥_{w_j} (W* d*_j − W d_j),   d*_jj′ = ψ_d(w_j, w*_j′),  d_jj′ = ψ_d(w_j, w_j′)

(h = d there). With θ_j = ∠(w_j, w*_j) ≤ θ₀, K = K_d, ε = ε_d and |δw| ≤ 2 sin(θ₀/2), the
theorem wants γ > 0 and promises sin θ_j^t ≤ (1 − η d̄ γ)^t sin θ₀:

    γ   = cos θ₀ − (m − 1) ε M,   M = (1 + K)(1 + 2K sin(θ₀/2))² / cos(θ₀/2)      (Eq. 39)
    d̄  = (1 − 2K sin(θ₀/2)) min_j d*_jj(0)

The paper prints d̄ with a plus; then the bound is broken even for one student. (Its
exponent t − 1 is weaker than our t by one step.)
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tfluck.foundations.errors import BadInput
from tfluck.theory.kernels import (
    angles_between,
    lipschitz_constant,
    psi_d,
    unit_columns,
)

Array = NDArray[np.float64]
#: Angles below this are not resolved well enough to take ratios of.
ROUNDING = 1e-11


@dataclass(frozen=True)
class Constants:
    """What Theorem 4 says about an instance.

    Attributes:
        m: teacher nodes.
        angle: θ₀ in radians.
        eps_d: largest overlap of two teacher nodes over the smaller one's own.
        k_d: Lipschitz constant on all angles the nodes can form within θ₀.
        m_d: M.
        gamma: γ; the theorem is silent unless it is positive.
        d_bar: d̄ with the minus sign; useless unless positive.
        d_printed: d̄ as printed.
    """

    m: int
    angle: float
    eps_d: float
    k_d: float
    m_d: float
    gamma: float
    d_bar: float
    d_printed: float

    @property
    def applies(self) -> bool:
        """Tell whether the theorem promises anything."""
        return self.gamma > 0 and self.d_bar > 0

    def rate(self, *, printed: bool = False) -> float:
        """Return the promised decay of log sin θ per unit of time η t, d̄ γ."""
        return (self.d_printed if printed else self.d_bar) * self.gamma


def constants(teacher: Array, angle: float, bias: float = 0.0) -> Constants:
    """Return Theorem 4's constants for N(0, I) inputs.

    Args:
        teacher: unit columns W*, ``[d, m]``.
        angle: θ₀ in [0, π/2).
        bias: of every node.

    Raises:
        BadInput: no teacher node, or an angle that is not in [0, π/2).
    """
    m = teacher.shape[1]
    if m < 1:
        raise BadInput("γ is defined for at least one teacher node, m ≥ 1, not m = 0.")
    if not 0 <= angle < np.pi / 2:
        raise BadInput(f"θ₀ must be a finite angle in [0, π/2), not {angle!r}.")
    between = angles_between(teacher, teacher)
    np.fill_diagonal(between, 0)
    own = float(psi_d(0.0, bias))
    others = between[~np.eye(m, dtype=bool)]
    eps_d = float(psi_d(others, bias).max()) / own if m > 1 else 0.0
    # Overlaps are compared with that of angles up to here, and turn by θ₀ at most.
    widest = min(np.pi, (others.max() if m > 1 else 0.0) + angle)
    k_d = lipschitz_constant(lambda t: psi_d(t, bias), widest, max(angle, 1e-4))
    return assembled(m, angle, eps_d, k_d, float(psi_d(angle, bias)))


def assembled(
    m: int, angle: float, eps_d: float, k_d: float, least: float
) -> Constants:
    """Put the formulas together; ``least`` is the smallest d*_jj at the start.

    Without a finite K nothing is promised: γ and d̄ are −∞.
    """
    if not np.isfinite(k_d):
        none = (np.inf, -np.inf, -np.inf, np.inf)
        return Constants(m, angle, eps_d, k_d, *none)
    change = 2 * k_d * np.sin(angle / 2)
    m_d = (1 + k_d) * (1 + change) ** 2 / np.cos(angle / 2)
    return Constants(
        m=m,
        angle=angle,
        eps_d=eps_d,
        k_d=k_d,
        m_d=float(m_d),
        gamma=float(np.cos(angle) - (m - 1) * eps_d * m_d),
        d_bar=float((1 - change) * least),
        d_printed=float((1 + change) * least),
    )


def start_at(teacher: Array, angle: float, draw: np.random.Generator) -> Array:
    """Return students at exactly ``angle`` from their teachers, in random directions."""
    if teacher.shape[0] < 2:
        raise BadInput("Angles need at least two dimensions.")
    across = draw.normal(size=teacher.shape)
    across = unit_columns(across - teacher * (across * teacher).sum(axis=0))
    return np.asarray(np.cos(angle) * teacher + np.sin(angle) * across)


def orthogonal(m: int, dim: int | None = None) -> Array:
    """Return m orthonormal teacher nodes, ``[dim, m]``; dim is max(m, 2) unless given."""
    inputs = max(m, 2) if dim is None else dim
    if inputs < m:
        raise BadInput(
            f"{m} orthogonal nodes need at least {m} dimensions, not {inputs}."
        )
    return np.eye(inputs)[:, : max(m, 0)]


def random_unit(m: int, dim: int, draw: np.random.Generator) -> Array:
    """Return m random teacher nodes, ``[dim, m]``."""
    return unit_columns(draw.normal(size=(dim, m)))


@dataclass(frozen=True)
class Recovery:
    """A simulated course.

    Attributes:
        steps: at which the angles were looked at.
        sines: sin θ_j there, ``[times, m]``.
        rate: η.
    """

    steps: NDArray[np.int64]
    sines: Array
    rate: float

    @property
    def worst(self) -> Array:
        """Return max_j sin θ_j, ``[times]``."""
        return np.asarray(self.sines.max(axis=1))

    def local_rates(self) -> tuple[Array, Array]:
        """Return max sin θ and the rate r, sin θ ← (1 − η r) sin θ, there (T4-r1)."""
        worst = self.worst[self.worst > ROUNDING]
        ratio = worst[1:] / worst[:-1]
        per_step = ratio ** (1 / np.diff(self.steps[: len(worst)]))
        return worst[:-1], (1 - per_step) / self.rate

    def asymptotic_rate(self) -> float | None:
        """Return r while max sin θ is in [1e-11, 1e-8]; None if it never was."""
        seen = np.flatnonzero((self.worst < 1e-8) & (self.worst > ROUNDING))
        if len(seen) < 2:
            return None
        first, last = seen[[0, -1]]
        ratio = self.worst[last] / self.worst[first]
        per_step = ratio ** (1 / (self.steps[last] - self.steps[first]))
        return float((1 - per_step) / self.rate)

    def excess(self, promised: float, sine: float) -> float:
        """Return the largest max sin θ over the bound (1 − η · promised)^t · sine."""
        bound = sine * np.exp(self.steps * np.log1p(-self.rate * promised))
        return float((self.worst / bound)[1:].max())


def recover(
    teacher: Array,
    student: Array,
    *,
    steps: int,
    rate: float = 0.05,
    bias: float = 0.0,
    every: int = 1,
    project: bool = True,
    renormalize: bool = True,
    advance: Callable[[int], object] = lambda count: None,
) -> Recovery:
    """Follow Theorem 4's dynamics by Euler steps of size η = ``rate``.

    Args:
        teacher: unit columns W*, ``[d, m]``.
        student: unit columns W at the start, ``[d, m]``.
        steps: how many.
        rate: η.
        bias: of every node, teacher and student.
        every: steps between looks.
        project: apply P⊥.
        renormalize: scale columns to length 1 after each step.
        advance: is told of every step.

    Raises:
        BadInput: shapes differ, or a number is not finite.
    """
    if teacher.shape != student.shape or not teacher.size:
        raise BadInput(
            "Theorem 4 needs as many students as teacher nodes, at least one."
        )
    if not (np.isfinite(teacher).all() and np.isfinite(student).all()):
        raise BadInput("Weights must be finite numbers.")
    w, looks, sines = student.copy(), [0], [_sines(student, teacher)]
    for at in range(1, steps + 1):
        flow = pull(w, teacher, bias)
        if project:
            flow = flow - w * (w * flow).sum(axis=0) / np.square(w).sum(axis=0)
        w = w + rate * flow
        if renormalize:
            w = unit_columns(w)
        advance(1)
        if at % every == 0 or at == steps:
            looks.append(at)
            sines.append(_sines(w, teacher))
    return Recovery(np.array(looks), np.array(sines), rate)


def pull(w: Array, teacher: Array, bias: float) -> Array:
    """Return W* d*_j − W d_j of every j, ``[d, m]``."""
    unit = w / np.linalg.norm(w, axis=0)
    cross = psi_d(angles_between(unit, teacher), bias)
    own = psi_d(angles_between(unit, unit), bias)
    return np.asarray(teacher @ cross.T - w @ own.T)


def _sines(w: Array, teacher: Array) -> Array:
    """Return sin θ_j as the length of P⊥_{w*} w, precise near 0."""
    unit = unit_columns(w)
    return np.asarray(
        np.linalg.norm(unit - teacher * (unit * teacher).sum(axis=0), axis=0)
    )
