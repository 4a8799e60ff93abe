"""Claims about bounds: Lemmas 2, 3 and 4."""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from tfluck.foundations.seeds import generator
from tfluck.theory.checks.registry import Finding, at_most, claim, equal
from tfluck.theory.feasibility import fall_off
from tfluck.theory.kernels import lipschitz_constant, psi_d, psi_l
from tfluck.theory.lemmas import Quadruples, bottom_ratio, overlap_ratio, top_ratio

Array = NDArray[np.float64]
QUARTER = np.pi / 2
K = {
    which: lipschitz_constant(psi, QUARTER, QUARTER)
    for which, psi in (("d", psi_d), ("l", psi_l))
}


def sampled(capped: bool) -> Quadruples:
    """Draw quadruples; capped: every angle that K is taken over is at most 90°."""
    found = Quadruples.near(60_000, 5, QUARTER, generator(0, "theory", "lemmas"))
    if not capped:
        return found
    t = found.angles()
    return found.where((t["cross"] <= QUARTER) & (t["targets"] <= QUARTER))


@claim("L2.bottom", "Eq. 19 holds with K_d = 0.7071 where angles are at most 90°.")
def _bottom() -> Finding:
    worst = float(bottom_ratio(sampled(True), K["d"]).max())
    return at_most(worst, 1.0, "Largest left over right side of random quadruples.")


@claim("L2.all-angles", "Eq. 19 holds with that K_d at every angle.", "violated")
def _all_angles() -> Finding:
    ratios = bottom_ratio(sampled(False), K["d"])
    note = f"{100 * float((ratios > 1).mean()):.2f} % of random quadruples break it."
    return at_most(float(ratios.max()), 1.0, note)


def lone_turn(turn: float) -> Quadruples:
    """Return orthogonal targets; only w_j has turned, straight towards w*_j′."""
    one, two = np.eye(2)[:, :1], np.eye(2)[:, 1:]
    return Quadruples(np.cos(turn) * one + np.sin(turn) * two, two, one, two)


def _pairs(which: str, printed: bool) -> Finding:
    ratios = overlap_ratio(sampled(True), K[which], which=which, printed=printed)
    alone = overlap_ratio(lone_turn(0.3), K[which], which=which, printed=printed)
    note = (
        f"Random quadruples {float(ratios.max()):.3f}; w_j alone turned by 0.3 towards "
        f"w*_j′: {float(alone[0]):.3f}."
    )
    return at_most(max(float(ratios.max()), float(alone[0])), 1.0, note)


for _which, _lemma, _equation in (("d", "L2", "20"), ("l", "L3", "31")):
    claim(
        f"{_lemma}.overlap-printed",
        f"Eq. {_equation}: {_which}*_jj′ ≤ ε (1 + K|δw_j′|)(1 + K|δw_j|) {_which}*_jj.",
        "violated",
    )(partial(_pairs, _which, True))
    claim(
        f"{_lemma}.overlap-corrected",
        f"{_which}*_jj′ ≤ ε (1 + K|δw_j|)² {_which}*_jj, angles up to 90°.",
    )(partial(_pairs, _which, False))


def _top(printed: bool) -> Finding:
    q = sampled(True)
    draw = generator(0, "theory", "fan-out")
    target = draw.normal(size=(3, q.w.shape[1]))
    v = target + draw.normal(size=target.shape) * draw.uniform(size=q.w.shape[1])
    random = float(top_ratio(q, v, target, K["l"], printed=printed).max())
    still = Quadruples(q.w, q.other_target, q.target, q.other_target)
    alone = float(top_ratio(still, v, target, K["l"], printed=printed).max())
    note = f"Random {random:.3g}; with w fixed and v moved {alone:.3g}."
    return at_most(max(random, alone), 1.0 + 1e-9, note)


claim("L3.top-printed", "Eq. 30: |Δq| ≤ (1 + K_l) l*_jj′ |δw_j′|.", "violated")(
    partial(_top, True)
)
claim("L3.top-corrected", "|Δq| ≤ l*_jj′ (|δv_j′| + K_l |v_j′||δw_j′|).")(
    partial(_top, False)
)


def _slope(bias: float) -> Finding:
    delta = np.geomspace(1e-3, 0.5, 30)
    t = 2 * np.arcsin(delta / 2)
    change = np.log(np.abs(psi_l(0.0, bias) - psi_l(t, bias)) / psi_l(t, bias))
    found = float(np.polyfit(np.log(delta), change, 1)[0])
    note = f"|δw| from 0.001 to 0.5 at bias {bias:g}; a first-order bound has slope 1."
    return equal(found, 2.0, 0.1, note)


for _bias in (0.0, -1.0):
    claim(f"L4.slope{_bias:g}", f"l falls off quadratically in |δw| (bias {_bias:g}).")(
        partial(_slope, _bias)
    )


@claim("L4.limit", "|l* − l| / (l* |δw|²) tends to ½ as w → w* (no bias).")
def _limit() -> Finding:
    return equal(fall_off(1e-3), 0.5, 1e-3, "Angles up to 0.001.")


for _degrees, _value in ((45, 0.553), (90, 1.072), (120, 2.7)):
    claim(f"L4.c0-{_degrees}", f"C₀ = {_value:g} serves angles up to {_degrees}°.")(
        lambda degrees=_degrees, value=_value: equal(  # type: ignore[misc]
            fall_off(float(np.deg2rad(degrees))), value, 0.01 * value
        )
    )


@claim("L4.bias", "With a bias C₀ tends to ψ_d(0) / 2ψ_l(0).")
def _bias_limit() -> Finding:
    found, exact = fall_off(1e-3, -2.0), float(psi_d(0.0, -2.0) / psi_l(0.0, -2.0) / 2)
    return equal(found, exact, 0.01 * exact, "Bias −2.")


@claim("L4.opposite", "One C₀ serves all angles.", "violated")
def _opposite() -> Finding:
    grown = [fall_off(float(np.deg2rad(degrees))) for degrees in (150, 175)]
    note = (
        f"C₀ up to 150° is {grown[0]:.3g}, up to 175° {grown[1]:.3g}; infinite at 180°."
    )
    return at_most(grown[1] / grown[0], 2.0, note)
