"""Claims about how much nodes overlap: D2, Eq. 7, Assumptions 2 and 3."""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.special import ndtr

from tfluck.analysis.lipschitz import angles, smallest_constant
from tfluck.analysis.overlap import Gram, overlap
from tfluck.foundations.seeds import generator
from tfluck.theory.checks.registry import (
    Finding,
    at_most,
    claim,
    equal,
    vacuous,
)
from tfluck.theory.kernels import (
    angles_between,
    gaussian_gram,
    lipschitz_constant,
    psi_d,
    psi_l,
    unit_columns,
)
from tfluck.theory.nets import separated_net

Array = NDArray[np.float64]
SAMPLES = 200_000
KERNELS: dict[str, Callable[..., Array]] = {"d": psi_d, "l": psi_l}


@claim("D2.plane", "Regions of two nodes in the plane overlap in a wedge of π − t.")
def _plane() -> Finding:
    x = generator(0, "theory", "plane").normal(size=(SAMPLES, 2))
    t = 1.0
    w = np.array([[1, np.cos(t)], [0, np.sin(t)]])
    seen = Gram.of(np.maximum(x @ w, 0)).regions[0, 1] / SAMPLES
    exact = (np.pi - t) / (2 * np.pi)
    return equal(
        float(seen), exact, 5 * (exact / SAMPLES) ** 0.5, f"{SAMPLES} samples."
    )


def _sampled(which: str, bias: float) -> Finding:
    """Return the largest difference in standard errors over some angles."""
    z = generator(0, "theory", "kernels").normal(size=(2, SAMPLES))
    scores = []
    for t in (0.3, 1.0, np.pi / 2, 2.2):
        pair = z[0] + bias, np.cos(t) * z[0] + np.sin(t) * z[1] + bias
        f, g = (np.maximum(side, 0) for side in pair)
        values = f * g if which == "l" else ((f > 0) & (g > 0)).astype(float)
        error = values.std() / SAMPLES**0.5
        scores.append(abs(values.mean() - float(KERNELS[which](t, bias))) / error)
    return at_most(float(max(scores)), 4.5, f"Standard errors, {SAMPLES} samples.")


for _which in KERNELS:
    for _bias in (0.0, -1.0):
        claim(
            f"Eq7.{_which}{_bias:g}", f"ψ_{_which} in closed form at bias {_bias:g}."
        )(partial(_sampled, _which, _bias))


@claim("Eq7.bivariate", "ψ_d with two biases is the bivariate normal distribution.")
def _bivariate() -> Finding:
    worst = 0.0
    for t, a, b in ((0.7, -1.0, 0.5), (2.0, -2.0, -1.0), (1.5, 1.0, -2.0)):
        worst = max(worst, abs(float(psi_d(t, a, b)) - _quadrature(t, a, b)))
    return at_most(worst, 1e-9, "Against quadrature.")


def _quadrature(t: float, a: float, b: float) -> float:
    def density(z: float) -> float:
        chance = ndtr((np.cos(t) * z + b) / np.sin(t))
        return float(np.exp(-z * z / 2) / np.sqrt(2 * np.pi) * chance)

    return float(quad(density, -a, 12, epsabs=1e-12)[0])


def _triples() -> tuple[Array, Array, Array]:
    """Return ∠(w, w₁), ∠(w, w₂) and |w₁ − w₂| of random unit vectors in 10 dimensions."""
    draw = generator(0, "theory", "triples")
    w, one, two = (unit_columns(draw.normal(size=(10, 20_000))) for _ in range(3))
    first, second = (np.arccos((w * v).sum(axis=0)) for v in (one, two))
    return first, second, np.linalg.norm(one - two, axis=0)


def _printed(which: str) -> Finding:
    """Count how often Eq. 8 as printed holds with K = 0."""
    first, second, _ = _triples()
    psi = KERNELS[which]
    share = float((np.abs(psi(first) - psi(second)) <= psi(first)).mean())
    note = "Share of random triples for which Eq. 8 as printed holds with K = 0."
    return vacuous(share, None, note)


def _table(which: str, limit: int, expected: float) -> Finding:
    found = smallest_constant(KERNELS[which](angles(limit)), limit)
    return equal(found or 0.0, expected, 6e-3 * expected, f"Angles up to {limit}°.")


TABLE = {
    "d": {45: 0.471, 90: 0.7071, 120: 1.06, 135: 1.41},
    "l": {45: 0.760, 90: 1.794, 120: 5.0, 135: 10.4},
}
for _which, _row in TABLE.items():
    claim(
        f"A2.printed-{_which}",
        f"ψ_{_which} is Lipschitz as printed, |Δψ| ≤ ψ (1 + K |Δw|).",
        "vacuous",
    )(partial(_printed, _which))
    for _limit, _value in _row.items():
        claim(
            f"A2.k-{_which}-{_limit}",
            f"|Δψ_{_which}| ≤ K ψ |Δw| up to {_limit}° with K = {_value:g}.",
        )(partial(_table, _which, _limit, _value))


@claim("A2.global", "One K serves all angles.", "violated")
def _global() -> Finding:
    ends = np.deg2rad([160, 170, 179])
    grown = [lipschitz_constant(psi_d, end, 0.05) for end in ends]
    note = "K_d up to 160°, 170°, 179°: " + ", ".join(f"{k:.3g}" for k in grown)
    return at_most(grown[2] / grown[0], 2.0, note + "; it diverges at 180°.")


def _with_bias(bias: float) -> Finding:
    small, quarter = 1e-4, np.pi / 2
    k = [
        float(abs(psi(quarter + small, bias) - psi(quarter - small, bias)))
        / (4 * np.sin(small / 2) * float(psi(quarter, bias)))
        for psi in KERNELS.values()
    ]
    density = np.exp(-bias * bias / 2) / np.sqrt(2 * np.pi)
    exact = float(density / ndtr(bias)) ** 2
    note = f"Orthogonal nodes; K_l = {k[1]:.3g}. Less overlap costs a larger K."
    return equal(k[0], exact, 1e-4 * exact, note)


for _bias in (-1, -2, -3):
    claim(f"A2.bias{_bias}", f"At bias {_bias} K_d is (φ/Φ)² for small turns at 90°.")(
        partial(_with_bias, float(_bias))
    )


def _orthogonal(bias: float) -> Finding:
    found = overlap(gaussian_gram(np.eye(4), bias))
    note = f"ε_l = {found.eps_l.max:.4f}."
    return equal(found.eps_d.max or 0.0, float(ndtr(bias)), 1e-12, note)


for _bias in (0.0, -0.5, -1.0, -2.0, -3.0):
    claim(
        f"A3.orthogonal{_bias:g}",
        f"Orthogonal nodes of bias {_bias:g} have ε_d = Φ(b).",
    )(partial(_orthogonal, _bias))


@claim(
    "A3.teacher", "The paper's random teachers have ε_d, ε_l ≤ 0.1 in L0.", "violated"
)
def _teacher() -> Finding:
    net = separated_net([20, 50, 10], generator(0, "theory", "teacher"))
    layer = net.layers[0]
    found = overlap(gaussian_gram(layer.kernel, layer.bias / 10))
    note = (
        f"50 nodes, input std 10: mean ε_d {found.eps_d.mean:.3f}, ε_l "
        f"{found.eps_l.mean:.3f}, largest {found.eps_d.max:.2f} and {found.eps_l.max:.2f}."
    )
    return at_most(found.eps_d.median or 0.0, 0.1, note)


@claim("A3.gaussian-rows", "Random directions are nearly orthogonal: ε_d ≈ Φ(b).")
def _random_rows() -> Finding:
    draw, bias = generator(0, "theory", "rows"), -2.0
    w = unit_columns(draw.normal(size=(400, 30)))
    t = angles_between(w, w)[~np.eye(30, dtype=bool)]
    found = float(np.median(psi_d(t, bias))) / float(ndtr(bias))
    note = "Median of 30 nodes in 400 dimensions at bias −2."
    return equal(found, float(ndtr(bias)), 0.1 * float(ndtr(bias)), note)


@claim("A3.trade", "A bias that makes ε small makes ε K_d small too.")
def _trade() -> Finding:
    products = []
    for bias in (0.0, -1.0, -2.0, -3.0):
        k = lipschitz_constant(lambda t, b=bias: psi_d(t, b), np.pi / 2, 0.01)  # type: ignore[misc]
        products.append(float(ndtr(bias)) * k)
    note = "ε K_d at b = 0, −1, −2, −3: " + ", ".join(f"{p:.3g}" for p in products)
    return at_most(products[-1], products[0], note)
