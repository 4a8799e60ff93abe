"""Claims about Theorem 5 where γ > 0: Eq. 41 to 54, the induction, Lemmas 5 to 7."""

from functools import cache, partial

import numpy as np

from tfluck.foundations.seeds import generator
from tfluck.theory.checks.registry import (
    Finding,
    at_least,
    at_most,
    claim,
    vacuous,
)
from tfluck.theory.feasibility import Feasibility, premises, printed, solve
from tfluck.theory.induction import Watched, watch
from tfluck.theory.suppression import Suppression, TwoLayer, separated, suppress

DESIGNED = {"m": 2, "n": 4, "angle": 0.05, "bias": -3.0, "spread": 0.05, "size": 0.2}
RATE, STEPS = 200.0, 1500


def designed() -> TwoLayer:
    """Return the instance on which the mended γ is positive."""
    return separated(**DESIGNED, draw=generator(0, "theory", "designed"))  # type: ignore[arg-type]


@cache
def watched() -> tuple[Feasibility, Watched, Suppression]:
    """Follow it once for all claims about it."""
    start = designed()
    known = premises(start, RATE)
    promise = solve(known)
    return (
        promise,
        watch(start, known, promise, STEPS),
        suppress(start, steps=STEPS, rate=RATE),
    )


@claim("Eq41-54.designed", "A γ > 0 exists for separated W_r (mended equations).")
def _feasible() -> Finding:
    known, found = premises(designed(), RATE), watched()[0]
    note = (
        f"m 2, n 4, bias −3, θ₀ = 0.05: ε_d {known.eps_d:.2g}, K_d {known.k_d:.3g}; bounds "
        f"{found.gamma_u:.2f}, {found.gamma_r:.2f}, {found.gamma_w:.2f}; W_r may move "
        f"{found.drift:.4f}."
    )
    return at_least(found.gamma, 1e-6, note)


@claim("T5.designed", "There W_u → W*, V_u → V*, V_r → 0, all below (1 − ηλ̄γ)^t.")
def _designed() -> Finding:
    promise, seen, course = watched()
    end = max(
        course.sines[-1].max(), course.errors[-1].max(), course.irrelevant[-1].max()
    )
    note = (
        f"η = {RATE:g}, {STEPS} steps, promised rate {promise.promised:.2e}; largest of sin θ, "
        f"|δv| and |v_r| at the end {end:.1e}. Largest value over its bound."
    )
    if end > 1e-6:
        return Finding(float(end), 1e-6, None, "violated", note)
    worst = max(seen.worst[name] for name in ("weights", "fan_out", "irrelevant"))
    return at_most(worst, 1 + 1e-6, note)


def _hypothesis(names: tuple[str, ...]) -> Finding:
    seen = watched()[1]
    words = ", ".join(f"{name} {seen.worst[name]:.4f}" for name in names)
    note = f"Largest left over right side in {STEPS} steps: {words}."
    return at_most(max(seen.worst[name] for name in names), 1 + 1e-6, note)


for _name, _parts, _words in (
    (
        "IH.separation",
        ("separation_d", "separation_l"),
        "W-separation holds at every step.",
    ),
    (
        "IH.contraction",
        ("weights", "fan_out", "irrelevant"),
        "W_u and V contract every step.",
    ),
    (
        "IH.bound",
        ("drift", "own"),
        "W_r stays within C_r, and Eq. 55 holds, every step.",
    ),
    ("L5.step", ("lemma_5",), "One step of V obeys Eq. 61 and 62 (mended)."),
    ("L6.step", ("lemma_6",), "One step of W obeys Eq. 66 and 68 (mended)."),
    (
        "L7.step",
        ("separation_d", "separation_l", "drift"),
        "Separation survives each step.",
    ),
):
    claim(_name, _words)(partial(_hypothesis, _parts))


def _first_break(m: int, n: int, angle: float, bias: float) -> Finding:
    """Watch an instance outside the theorem against the promise of γ = 0.05 all the same."""
    start = separated(
        m,
        n,
        angle=angle,
        bias=bias,
        spread=0.3,
        size=1.0,
        draw=generator(0, "theory", "break"),
    )
    known = premises(start, 0.1)
    found = solve(known)
    note = f"m {m}, n {n}, θ₀ = {angle:g}: ε_d {known.eps_d:.2g}, K_d {known.k_d:.3g}."
    if found.feasible:
        return at_least(found.gamma, 0.0, note)
    end = suppress(start, steps=3000, rate=0.1, every=100)
    left = end.irrelevant[-1].max(), end.sines[-1].max()
    note += f" Yet V_r falls to {left[0]:.1e}, sin θ to {left[1]:.1e}."
    return vacuous(found.gamma, 0.0, note)


for _bias in (0.0, -1.0):
    claim(
        f"Eq41-54.note{_bias:+g}",
        f"γ > 0 for m = 5, n = 10, θ₀ = 0.3, orthogonal, bias {_bias:g}.",
        "vacuous",
    )(partial(_first_break, 5, 10, 0.3, _bias))


def lone() -> TwoLayer:
    """Return one student of one teacher node: no neighbours, the plainest instance."""
    draw = generator(0, "theory", "lone")
    return separated(1, 1, angle=0.3, bias=0.0, spread=0.1, size=0.0, dim=3, draw=draw)


def _direction(ours: bool) -> Finding:
    """With γ ≥ right side, γ = 10 is allowed; then sin θ would have to fall that fast."""
    start, rate = lone(), 0.05
    known = premises(start, rate)
    bound = min(printed(known))
    gamma = bound if ours else 10.0
    found = suppress(start, steps=200, rate=rate, every=1)
    promised = np.sin(known.angle) * (1 - rate * known.slowest * gamma) ** found.steps
    excess = float((found.sines.max(axis=1) / promised)[1:].max())
    note = (
        f"m = n = 1, θ₀ = 0.3: right sides' minimum {bound:.3f}, tried γ = {gamma:.3f}."
    )
    return at_most(excess, 1.0, note)


claim("Eq41-54.sense-printed", "Eq. 41 and 42 read γ ≥ right side.", "violated")(
    partial(_direction, False)
)
claim("Eq41-54.sense-corrected", "Eq. 41 and 42 read γ ≤ right side.")(
    partial(_direction, True)
)


@claim("Eq41-54.gamma-one", "γ = 1 is feasible if ε is small.", "violated")
def _gamma_one() -> Finding:
    """Send ε to 0: no neighbours at all."""
    return at_least(
        min(printed(premises(lone(), 0.05))),
        1.0,
        "ε = 0; cos θ₀ < 1 and κ > 0 keep γ below 1.",
    )


@claim(
    "Eq41-54.drift",
    "Eq. 48 to 54 as printed close for the designed instance.",
    "violated",
)
def _printed_drift() -> Finding:
    right = printed(premises(designed(), RATE), watched()[0].gamma)
    note = (
        "Eq. 69 forgets the factor d*_jj ≤ Φ(b) of Eq. 65, so C_{d,r} is 1/Φ(b) times too "
        "large and has no fixed point here; mended, γ = "
        f"{watched()[0].gamma:.2f}."
    )
    return at_least(min(right), 0.0, note)


@claim("L5.printed", "Eq. 57: |Δq_jj′| ≤ ε_l M l*_jj |δv_j′|.", "violated")
def _eq57() -> Finding:
    """Take v_j′ = v*_j′ but w_j′ ≠ w*_j′: the right side is 0, the left is not."""
    start = separated(
        2,
        2,
        angle=0.3,
        bias=0.0,
        spread=0.0,
        size=0.0,
        draw=generator(0, "theory", "eq57"),
    )
    _, _, l_cross, l_own = start.kernels()
    change = abs(float(l_cross[0, 1] - l_own[0, 1])) * float(np.linalg.norm(start.v[1]))
    return at_most(change, 0.0, "V = V*, θ = 0.3; |Δq| needs K_l |v||δw| as well.")


@claim(
    "L6.residue-printed",
    "Eq. 64, right: |p̃_jj′| ≤ ε_d M d*_jj |δw_j′||v_j||v_j′|.",
    "violated",
)
def _eq64() -> Finding:
    """At the start δw = 0 in the r-set, so the right side is 0; the left is not."""
    start = designed()
    own, m = start.kernels()[1], start.relevant
    pushes = own[:m, m:] * np.abs(start.v[:m] @ start.v[m:].T)
    return at_most(
        float(pushes.max()), 0.0, "Start of the designed instance; drop |δw_j′|."
    )


@claim(
    "L6.set-printed", "Eq. 68: a node of the u-set stays within C_{d,r}.", "violated"
)
def _eq68() -> Finding:
    start, end = designed(), watched()[2].last
    m = start.relevant
    moved = np.linalg.norm((end.w - start.w)[:, :m], axis=0).max()
    return at_most(
        float(moved), watched()[0].drift, "It is the r-set that does (IH.bound)."
    )


@claim(
    "IH.sides-printed",
    "W-separation: d*_jj′ ≤ ε_d M d*_jj′, the same on both sides.",
    "violated",
)
def _sides() -> Finding:
    """With ε M below 1 that is false of any positive number."""
    known = premises(designed(), RATE)
    factor = known.eps_d * (1 + known.k_d * known.turn) ** 2
    note = f"ε_d M = {factor:.4f}; on the right d*_jj is meant (IH.separation)."
    return at_least(factor, 1.0, note)


def _exponent(shift: int) -> Finding:
    """Follow v alone, w = w*, one node: each step is one factor 1 − η l*, no more."""
    draw = generator(0, "theory", "exponent")
    start = separated(1, 1, angle=0.0, bias=0.0, spread=0.1, size=0.0, dim=3, draw=draw)
    rate = 0.1
    found = suppress(start, steps=5, rate=rate, every=1, frozen=True)
    factor = 1 - rate * float(start.kernels()[2][0, 0])
    # The hypothesis bounds step t by factor^(t − 1) B; the step ends at t + 1.
    bound = factor ** (found.steps[1:] - 1 + shift) * found.errors[1, 0]
    ratio = float((found.errors[1:, 0] / bound)[1:].max())
    return at_most(
        ratio, 1 + 1e-12, "m = n = 1, w = w*, γ = 1: largest |δv| over the bound."
    )


claim("L5.exponent-printed", "Eq. 61: |δv^{t+1}| ≤ (1 − ηl̄γ)^{t+1} B_δv.", "violated")(
    partial(_exponent, 1)
)
claim(
    "L5.exponent-corrected", "|δv^{t+1}| ≤ (1 − ηl̄γ)^t B_δv, as the hypothesis has it."
)(partial(_exponent, 0))
