"""Claims about recovery: Theorem 4, its constants and its remarks."""

from functools import partial

import numpy as np
from scipy.stats import spearmanr

from tfluck.foundations.seeds import generator
from tfluck.theory.checks.registry import (
    Finding,
    at_least,
    at_most,
    claim,
    diagnostic,
    equal,
    vacuous,
)
from tfluck.theory.recovery import (
    Recovery,
    constants,
    orthogonal,
    random_unit,
    recover,
    start_at,
)

#: Asymptotic rates per unit of time, orthogonal teachers without bias, m + 2 dimensions.
RATES = {1: 0.5, 2: 0.25, 3: 0.25 - 1 / (2 * np.pi), 5: 0.25 - 1 / (2 * np.pi)}


def course(m: int, angle: float, steps: int, dim: int = 0, **how: float) -> Recovery:
    """Follow an orthogonal teacher of m nodes from θ₀ = ``angle``."""
    teacher = orthogonal(m, dim or m + 2)
    student = start_at(teacher, angle, generator(0, "theory", "recover", m))
    return recover(teacher, student, steps=steps, **how)  # type: ignore[arg-type]


def _asymptotic(m: int) -> Finding:
    found = course(m, 0.1, 5000, every=20).asymptotic_rate()
    note = "θ₀ = 0.1, zero bias, η = 0.05."
    return equal(found or 0.0, RATES[m], 1e-3, note)


for _m, _rate in RATES.items():
    claim(
        f"T4.rate-{_m}",
        f"With m = {_m} the angles shrink at rate {_rate:.4f} in the end.",
    )(partial(_asymptotic, _m))


def _gamma(m: int, bias: float, angle: float) -> Finding:
    found = constants(orthogonal(m), angle, bias)
    note = (
        f"Orthogonal, bias {bias:g}, θ₀ = {angle:g}: ε_d {found.eps_d:.3g}, "
        f"K_d {found.k_d:.3g}."
    )
    if not found.applies:
        return vacuous(found.gamma, 0.0, note)
    return at_least(found.gamma, 0.0, note)


for _m, _bias, _angle, _verdict in (
    (2, 0.0, 0.1, "holds"),
    (3, 0.0, 0.0, "vacuous"),
    (10, 0.0, 0.0, "vacuous"),
    (5, -2.5, 0.05, "holds"),
    (10, -3.0, 0.05, "holds"),
    (50, -3.0, 0.012, "vacuous"),
):
    claim(
        f"T4.gamma-{_m}{_bias:+g}",
        f"γ > 0 for {_m} orthogonal teacher nodes of bias {_bias:g}.",
        _verdict,  # type: ignore[arg-type]
    )(partial(_gamma, _m, _bias, _angle))


@claim(
    "T4.paper",
    "γ > 0 for the paper's own dense teacher (m = 50, bias near 0).",
    "vacuous",
)
def _paper() -> Finding:
    teacher = random_unit(50, 20, generator(0, "theory", "paper"))
    found = constants(teacher, 0.0)
    return vacuous(found.gamma, 0.0, f"ε_d = {found.eps_d:.2f}, at θ₀ = 0.")


def _designed(m: int, bias: float, angle: float, rate: float, steps: int) -> Finding:
    """Hold the whole course against the bound where γ is positive."""
    known = constants(orthogonal(m, m + 2), angle, bias)
    found = course(m, angle, steps, bias=bias, rate=rate, every=10)
    note = (
        f"m = {m}, bias {bias:g}, θ₀ = {angle:g}: γ = {known.gamma:.3f}, promised rate "
        f"{known.rate():.2e}, last sin θ {found.worst[-1]:.1e}. Largest sin θ over the bound."
    )
    if found.worst[-1] > 1e-6:
        return Finding(float(found.worst[-1]), 1e-6, None, "violated", note)
    return at_most(found.excess(known.rate(), np.sin(angle)), 1.0, note)


claim("T4.designed", "Where γ > 0, sin θ stays below the bound and goes to 0 (m = 5).")(
    partial(_designed, 5, -2.5, 0.05, 2.0, 2000)
)
claim(
    "T4.designed-10", "Where γ > 0, sin θ stays below the bound and goes to 0 (m = 10)."
)(partial(_designed, 10, -3.0, 0.05, 10.0, 2000))
claim("T4.designed-2", "The same without bias, where γ is barely positive (m = 2).")(
    partial(_designed, 2, 0.0, 0.1, 0.05, 2000)
)


def _constant_d(printed: bool, angle: float) -> Finding:
    known = constants(orthogonal(1), angle)
    found = course(1, angle, 20)
    measured = (1 - (found.worst[-1] / found.worst[0]) ** (1 / 20)) / 0.05
    note = f"m = 1, θ₀ = {angle:g}; the rate of the first 20 steps against the promised one."
    return at_least(float(measured), known.rate(printed=printed), note)


for _angle in (0.1, 0.5, 1.0):
    claim(
        f"T4.d-printed-{_angle:g}",
        f"The rate is at least d̄γ with d̄ as printed, 1 + 2K sin(θ₀/2) (θ₀ = {_angle:g}).",
        "violated",
    )(partial(_constant_d, True, _angle))
    claim(
        f"T4.d-corrected-{_angle:g}",
        f"The rate is at least d̄γ with d̄ = (1 − 2K sin(θ₀/2)) min d* (θ₀ = {_angle:g}).",
    )(partial(_constant_d, False, _angle))


def _outside(m: int, angle: float, dim: int) -> Finding:
    draw = generator(0, "theory", "outside")
    teacher = random_unit(m, dim, draw)
    found = recover(teacher, start_at(teacher, angle, draw), steps=3000, every=100)
    note = f"Random teacher, m = {m} in {dim} dimensions, θ₀ = {angle:g}, η = 0.05."
    return at_most(float(found.worst[-1]), 1e-3, note)


claim("T4.outside", "The weights are recovered far outside γ > 0 (m = 10, θ₀ = 1).")(
    partial(_outside, 10, 1.0, 20)
)
claim(
    "T4.outside-50", "The weights are recovered far outside γ > 0 (m = 50, θ₀ = 0.5)."
)(partial(_outside, 50, 0.5, 20))
claim("T4.too-far", "They are recovered from anywhere (m = 50, θ₀ = 1).", "violated")(
    partial(_outside, 50, 1.0, 20)
)


@claim("T4-r1.linear", "Near w* convergence is super-linear.", "violated")
def _linear() -> Finding:
    sine, rate = course(3, 0.5, 5000, every=20).local_rates()
    late = rate[(sine < 1e-6) & (sine > 1e-10)]
    first, last = float(late[0]), float(late[-1])
    note = f"Rate {first:.5f} at sin θ = 1e-6, {last:.5f} at 1e-10: linear."
    return at_least(last / first, 1.01, note)


@claim("T4-r1.faster", "The rate rises as θ falls.")
def _faster() -> Finding:
    sine, rate = course(1, 1.0, 400).local_rates()
    rises = float((np.diff(rate) > -1e-12).mean())
    note = f"m = 1: from {rate[0]:.2f} at sin θ = {sine[0]:.2f} to {rate[-1]:.2f}."
    return at_least(rises, 1.0, note)


@claim("T4-r2.order", "The larger the initial overlap, the earlier the capture.")
def _order() -> Finding:
    """Give every node its own initial angle and see when sin θ falls below 0.1."""
    m, draw = 12, generator(0, "theory", "winners")
    teacher = orthogonal(m, 40)
    angles = np.linspace(0.2, 1.0, m)
    across = start_at(teacher, np.pi / 2, draw)
    student = np.cos(angles) * teacher + np.sin(angles) * across
    found = recover(teacher, student, steps=2000, every=2)
    captured = (found.sines < 0.1).argmax(axis=0)
    order = float(spearmanr(angles, captured).statistic)
    return at_least(
        order, 0.587, "Rank correlation of 12 nodes; chance exceeds 0.587 in 5 %."
    )


def _freedom(project: bool, renormalize: bool) -> Finding:
    draw = generator(0, "theory", "freedom")
    teacher = random_unit(10, 20, draw)
    student = start_at(teacher, 0.5, draw)
    found = recover(
        teacher,
        student,
        steps=3000,
        every=100,
        project=project,
        renormalize=renormalize,
    )
    best = recover(teacher, student, steps=3000, every=100)
    note = f"Largest sin θ after 3000 steps; with both {best.worst[-1]:.1e}."
    return at_most(float(found.worst[-1]), 100 * float(best.worst[-1]), note)


claim("T4-r3.none", "Without projection and normalisation recovery is as good here.")(
    partial(_freedom, False, False)
)


@claim(
    "T4-r3.projection-only",
    "Projection without normalising slows it down.",
    "diagnostic",
)
def _projection_only() -> Finding:
    found = _freedom(True, False)
    return diagnostic(found.measured or 0.0, found.note + " Euler steps lengthen w.")
