"""Claims about over-parameterised students: Theorem 5, its γ, its induction."""

from functools import cache, partial

import numpy as np
from numpy.typing import NDArray

from tfluck.foundations.seeds import generator
from tfluck.theory.checks.registry import (
    Finding,
    at_least,
    at_most,
    claim,
    equal,
)
from tfluck.theory.kernels import unit_columns
from tfluck.theory.perturbed import PerturbedCourse, perturbed_course
from tfluck.theory.suppression import (
    TwoLayer,
    separated,
    suppress,
)

Array = NDArray[np.float64]


def _frozen(bias: float, rate: float, steps: int) -> Finding:
    """Hold W at [W*, W_r] and let V move."""
    start = separated(
        5,
        10,
        angle=0.0,
        bias=bias,
        spread=0.3,
        size=1.0,
        draw=generator(0, "theory", "frozen"),
    )
    found = suppress(start, steps=steps, rate=rate, frozen=True)
    measured = found.decay(found.irrelevant.max(axis=1)) or 0.0
    slowest = start.slowest()
    note = f"Bias {bias:g}; smallest eigenvalue of L {slowest:.5f}."
    return equal(measured, slowest, 0.02 * slowest, note)


for _bias, _rate, _steps in ((0.0, 0.05, 1500), (-1.0, 0.5, 700)):
    claim(
        f"T5.frozen{_bias:+g}",
        f"With W held at W*, V_r → 0 at the rate of L's smallest eigenvalue (bias {_bias:g}).",
    )(partial(_frozen, _bias, _rate, _steps))


def _moving(bias: float, rate: float) -> Finding:
    start = separated(
        5,
        10,
        angle=0.3,
        bias=bias,
        spread=0.3,
        size=1.0,
        draw=generator(0, "theory", "moving"),
    )
    found = suppress(start, steps=3000, rate=rate, every=250)
    note = (
        f"m 5, n 10, θ₀ = 0.3, bias {bias:g}: sin θ {found.sines[-1].max():.1e}, V_u error "
        f"{found.errors[-1].max():.1e}, W_r moved {found.moved[-1].max():.2f}."
    )
    return at_most(float(found.irrelevant[-1].max()), 1e-4, note)


for _bias in (0.0, -1.0):
    claim(
        f"T5.orthogonal{_bias:+g}",
        f"V_r → 0 for orthogonal W_r far outside the theorem too (bias {_bias:g}).",
    )(partial(_moving, _bias, 0.1))


@claim("T5.crowded", "V_r → 0 for random W_r at n = 50 as well.", "violated")
def _crowded() -> Finding:
    draw = generator(0, "theory", "crowded")
    teacher = separated(
        5, 5, angle=0.3, bias=0.0, spread=0.3, size=1.0, draw=draw, dim=10
    )
    w_r = unit_columns(draw.normal(size=(10, 45)))
    v_r = unit_columns(draw.normal(size=(5, 45))).T
    start = TwoLayer(
        teacher.teacher_w,
        teacher.teacher_v,
        np.hstack([teacher.w, w_r]),
        np.vstack([teacher.v, v_r]),
    )
    found = suppress(start, steps=4000, rate=0.05, every=500)
    note = (
        f"Smallest eigenvalue of L at the end {found.last.slowest():.1e}: some nodes are near-"
        f"copies of others. sin θ {found.sines[-1].max():.1e}."
    )
    return at_most(float(found.irrelevant[-1].max()), 1e-2, note)


@cache
def readme() -> PerturbedCourse:
    """Run the authors' README command: 10-20-30, ×2, perturbed, 20,000 steps."""
    draw = generator(0, "theory", "readme")
    return perturbed_course((10, 20, 30), draw, steps=20_000, every=1000)


@claim(
    "T5.readme",
    "At the authors' own setting irrelevant rows fall below 1 % of relevant.",
)
def _readme() -> Finding:
    found = readme()
    means = found.irrelevant.mean(axis=1) / found.relevant.mean(axis=1)
    note = (
        f"10-20-30, ×2, perturbed, lr 0.05: relevant rows {found.relevant[-1].mean():.2f} "
        f"(least {found.relevant[-1].min():.2f}), irrelevant {found.irrelevant[0].mean():.2f} → "
        f"{found.irrelevant[-1].mean():.4f} (largest {found.irrelevant[-1].max():.3f})."
    )
    return at_most(float(means[-1]), 0.01, note)


@claim("T5.readme-separates", "Every relevant row is larger than every irrelevant one.")
def _separates() -> Finding:
    found = readme()
    return at_least(float(found.relevant[-1].min() / found.irrelevant[-1].max()), 1.0)
