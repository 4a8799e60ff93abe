"""Is there a γ for which Theorem 5's induction closes? Eq. 41 to 54, mended and as printed.

Give a student j of the r-set the target w*_j = w_j(0), v*_j = 0. Then with ε, K of the
kernels over all targets, δ_j = |w_j − w*_j| and P = (1 + Kδ_j)², Lemmas 2 and 3 give

    d*_jj′ ≤ ε_d P d*_jj,  l*_jj′ ≤ ε_l P l*_jj                         (W-separation)

for *all* students, and with v ≤ V the one-step inequalities

    |δv_j|  ← (1 − η l*_jj)|δv_j| + η l*_jj [C₀δ_j²V + ε_l P Σ (|δv_j′| + K_l V δ_j′)]
    sin θ_j ← (1 − η d*_jj cos θ_j v_j·v*_j) sin θ_j
              + η d*_jj |v_j| ε_d P Σ (|δv_j′| + (1 + K_d) V δ_j′).

With |δv| ≤ B_δv, |v_r| ≤ B_r, sin θ ≤ s₀ at the start, all shrink as (1 − η λ̄ γ)^t if
γ is at most each of γ_u, γ_r (fan-outs of the two sets) and γ_w (weights) below, where
C_r, how far the r-set may move, itself depends on γ: solved as a fixed point.

As printed, Eq. 41 and 42 read γ ≥ … (any large γ would do; the proof needs ≤), Eq. 41 uses
B_v, an upper bound of |v|, where a lower one is needed, and forgets the outer |v_j|;
Eq. 57 forgets that Δq also changes with δw.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tfluck.theory.kernels import angles_between, lipschitz_constant, psi_d, psi_l
from tfluck.theory.suppression import TwoLayer

Array = NDArray[np.float64]
#: Rounds of the fixed point, and trial values of B_δv.
ROUNDS = 200
#: A printed C_{d,r} above this has no fixed point.
DIVERGED = 1e6
TRIALS = 60


@dataclass(frozen=True)
class Premises:
    """What an instance brings along; angles in radians.

    Attributes:
        m, n: teacher nodes and students.
        angle: θ₀.
        eps_d, eps_l: largest overlaps of two targets over a node's own.
        k_d, k_l: Lipschitz constants on the angles that can occur.
        own_d, own_l: ψ of a node with itself.
        least_d, least_l: ψ at θ₀.
        c0: Lemma 4's constant up to θ₀.
        spread: largest |δv_j| of the u-set at the start.
        size: largest |v_j| of the r-set at the start, B_r.
        v_min, v_max: of |v*_j|.
        rate: η.
    """

    m: int
    n: int
    angle: float
    eps_d: float
    eps_l: float
    k_d: float
    k_l: float
    own_d: float
    own_l: float
    least_d: float
    least_l: float
    c0: float
    spread: float
    size: float
    v_min: float
    v_max: float
    rate: float

    @property
    def turn(self) -> float:
        """Return the largest |δw_j| of the u-set, 2 sin(θ₀/2)."""
        return float(2 * np.sin(self.angle / 2))

    @property
    def slowest(self) -> float:
        """Return λ̄ = min(d̄, l̄); angles only shrink, so ψ(θ₀) bounds both."""
        return min(self.least_d, self.least_l)


@dataclass(frozen=True)
class Feasibility:
    """The largest γ found, and what it rests on.

    Attributes:
        gamma: min(γ_u, γ_r, γ_w); the induction closes if it is positive.
        gamma_u, gamma_r, gamma_w: the three bounds.
        drift: C_r, how far a node of the r-set may move.
        spread: the B_δv that was best.
        promised: λ̄γ, the decay per unit of time.
    """

    gamma: float
    gamma_u: float
    gamma_r: float
    gamma_w: float
    drift: float
    spread: float
    promised: float

    @property
    def feasible(self) -> bool:
        """Tell whether the theorem promises anything."""
        return self.gamma > 0


def premises(start: TwoLayer, rate: float) -> Premises:
    """Measure what the theorem assumes of an instance."""
    m, n, b = start.relevant, start.w.shape[1], start.bias
    angle = float(np.arcsin(min(1.0, start.sines().max())))
    targets = np.hstack([start.teacher_w, start.w[:, m:]])
    between = angles_between(targets, targets)[~np.eye(n, dtype=bool)]
    own_d, own_l = float(psi_d(0.0, b)), float(psi_l(0.0, b))
    lengths = np.linalg.norm(start.teacher_v, axis=1)
    widest = min(np.pi, (between.max() if n > 1 else 0.0) + angle)
    turn = max(angle, 1e-3)
    small = max(angle, 1e-3)
    return Premises(
        m=m,
        n=n,
        angle=angle,
        eps_d=float(psi_d(between, b).max() / own_d) if n > 1 else 0.0,
        eps_l=float(psi_l(between, b).max() / own_l) if n > 1 else 0.0,
        k_d=lipschitz_constant(lambda t: psi_d(t, b), widest, turn),
        k_l=lipschitz_constant(lambda t: psi_l(t, b), widest, turn),
        own_d=own_d,
        own_l=own_l,
        least_d=float(psi_d(angle, b)),
        least_l=float(psi_l(angle, b)),
        c0=fall_off(small, b),
        spread=float(np.linalg.norm(start.v[:m] - start.teacher_v, axis=1).max()),
        size=float(np.linalg.norm(start.v[m:], axis=1).max(initial=0.0)),
        v_min=float(lengths.min()),
        v_max=float(lengths.max()),
        rate=rate,
    )


def fall_off(angle: float, bias: float = 0.0) -> float:
    """Return Lemma 4's C₀ up to ``angle``: the largest |l* − l| / (l* |δw|²) (Eq. 32).

    At small angles the quotient falls before it grows, from ψ_d(0) / 2ψ_l(0) at 0.
    """
    t = np.linspace(angle / 200, angle, 200)
    l_cross, own = psi_l(t, bias), psi_l(0.0, bias)
    if l_cross.min() <= 0:
        return float("inf")
    change = np.abs(l_cross - own)
    ratio = (change / (l_cross * np.square(2 * np.sin(t / 2)))).max()
    return float(max(ratio, psi_d(0.0, bias) / (2 * own)))


def solve(known: Premises) -> Feasibility:
    """Return the best γ over the bounds B_δv that may be chosen."""
    low = max(known.spread, 1e-9)
    trials = np.linspace(low, max(low, known.v_min), TRIALS)
    return max((_fixed_point(known, b) for b in trials), key=lambda one: one.gamma)


def _fixed_point(known: Premises, spread: float) -> Feasibility:
    """Iterate γ → C_r → γ from C_r = 0; γ only falls on the way."""
    drift, found = 0.0, _bounds(known, spread, 0.0)
    for _ in range(ROUNDS):
        if not found.feasible:
            break
        further = _drift(known, spread, found)
        if further > known.turn:  # K was taken for turns up to θ₀ only
            return replace(found, gamma=-np.inf, drift=further)
        settled = abs(further - drift) <= 1e-12
        drift, found = further, _bounds(known, spread, further)
        if settled:
            break
    return found


def _bounds(known: Premises, spread: float, drift: float) -> Feasibility:
    p, others, rest = known, known.m - 1, known.n - known.m
    v = p.v_max + spread
    sine = np.sin(p.angle)
    delta = p.turn
    near_d, near_l = (1 + p.k_d * delta) ** 2, (1 + p.k_l * delta) ** 2
    far_d, far_l = 1 + p.k_d * drift, 1 + p.k_l * drift
    u_l = spread + p.k_l * v * delta
    u_d = spread + (1 + p.k_d) * v * delta
    pushed = near_l * p.eps_l * (others * u_l + rest * far_l * p.size)
    gamma_u = 1 - (p.c0 * delta**2 * v + pushed) / spread
    pulled = far_l**2 * p.eps_l * (p.m * u_l + max(rest - 1, 0) * far_l * p.size)
    gamma_r = 1 - pulled / p.size if p.size > 0 and rest else 1.0
    turned = v * p.eps_d * near_d * (others * u_d + rest * far_d * p.size)
    steady = np.cos(p.angle) * p.v_min * (p.v_min - spread)
    gamma_w = steady - turned / sine if sine > 0 else steady
    gamma = float(min(gamma_u, gamma_r, gamma_w))
    gamma = gamma if np.isfinite(gamma) else -np.inf
    return Feasibility(
        gamma,
        float(gamma_u),
        float(gamma_r),
        float(gamma_w),
        float(drift),
        float(spread),
        p.slowest * gamma,
    )


def _drift(known: Premises, spread: float, found: Feasibility) -> float:
    """Sum the steps of a node of the r-set (Eq. 68 to 70, mended), from the last drift."""
    p, rest = known, known.n - known.m
    far = 1 + p.k_d * found.drift
    u_d = spread + (1 + p.k_d) * (p.v_max + spread) * p.turn
    push = p.size * p.eps_d * p.own_d * far**2
    push *= p.m * u_d + max(rest - 1, 0) * far * p.size
    decay = found.promised
    return float(push / (decay * (2 - p.rate * decay)))


def printed(known: Premises, gamma: float = 1.0) -> tuple[float, float]:
    """Return the right sides of Eq. 41 and 42 as printed, C_{d,r} taken at ``gamma``.

    B_v is the largest |v*| and B_δv the largest |δv| at the start.
    """
    p, rest = known, known.n - known.m
    half = np.cos(p.angle / 2)
    spread, v = p.spread, p.v_max
    u_d, u_l = p.k_d * p.turn, p.k_l * p.turn
    decay = p.slowest * gamma
    big: list[float] = []
    for k, u, eps in ((p.k_d, u_d, p.eps_d), (p.k_l, u_l, p.eps_l)):
        r = 0.0
        for _ in range(ROUNDS):
            b_u = (p.m - 1) * (1 + k) * (1 + u) ** 2 / half
            b_u += rest * (1 + k) * (1 + u) * (1 + r)
            b_r = (p.m - 1) * (1 + k) * (1 + u) * (1 + r) / half
            b_r += rest * (1 + k) * (1 + r) ** 2
            r = eps * k * b_r * (v + spread) * v / (decay * (2 - p.rate * decay))
            if r > DIVERGED:
                return -np.inf, -np.inf
        big.append(max(b_u, b_r))
    right_d = (v - spread) * np.cos(p.angle) - p.eps_d * (v + spread) * big[0]
    kappa = p.c0 * p.turn * (1 + spread)
    return float(right_d), float(1 - p.eps_l * big[1] - kappa)
