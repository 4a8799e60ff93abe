"""Claims about BatchNorm: Lemma 1, Eq. 17 and Theorem 3."""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from tfluck.foundations.seeds import generator
from tfluck.theory.agreement import Agreement
from tfluck.theory.batch_norm import (
    Conservation,
    Growth,
    NormNet,
    Order,
    backward,
    conservation,
    growth,
    leftover,
    normalize,
    parameter_gradient,
    projected,
    weight_flow,
)
from tfluck.theory.checks.registry import Finding, at_least, at_most, claim, equal
from tfluck.theory.nets import dense_net, separated_net

Array = NDArray[np.float64]
WORDS: dict[Order, str] = {
    "relu-bn": "Linear → ReLU → BN",
    "bn-relu": "Linear → BN → ReLU",
}


def _batch() -> tuple[Array, Array, Array]:
    draw = generator(0, "theory", "batch-norm")
    f, g = draw.normal(size=(2, 64, 5))
    return 2 * f + draw.normal(size=5), g, draw.uniform(-2, 2, 5)


@claim("L1.jacobian", "BatchNorm's gradient is c₀/σ times a projection off {f, 1}.")
def _jacobian() -> Finding:
    f, g, scale = _batch()
    found = Agreement.of(projected(f, g, scale), _by_differences(f, g, scale))
    exact = Agreement.of(projected(f, g, scale), backward(f, g, scale, 0.0))
    note = f"Against central differences; against the closed form {exact.error:.1e}."
    return at_most(found.error, 1e-7, note)


def _by_differences(f: Array, g: Array, scale: Array) -> Array:
    """Return the gradient of Σ g · BN(f) at f by central differences."""
    found, step = np.empty_like(f), 1e-5

    def value(batch: Array) -> float:
        return float((g * scale * normalize(batch, 0.0).values).sum())

    for at in np.ndindex(*f.shape):
        bump = np.zeros_like(f)
        bump[at] = step
        found[at] = (value(f + bump) - value(f - bump)) / (2 * step)
    return found


@claim("L1.parameters", "The gradient at (c₀, c₁) is S(f)ᵀ g, S(f) = [f̃, 1].")
def _parameters() -> Finding:
    f, g, scale = _batch()
    step, found = 1e-5, []
    for c0, c1 in ((step, 0.0), (0.0, step)):
        sides = [
            (g * ((scale + s * c0) * normalize(f, 0.0).values + s * c1)).sum(axis=0)
            for s in (1, -1)
        ]
        found.append((sides[0] - sides[1]) / (2 * step))
    error = Agreement.of(parameter_gradient(f, g, 0.0), np.stack(found)).error
    return at_most(error, 1e-8, "Against central differences.")


def _removed(epsilon: float) -> Finding:
    f, g, scale = _batch()
    inner = (f * backward(f, g, scale, epsilon)).mean(axis=0)
    sizes = np.linalg.norm(f, axis=0) * np.linalg.norm(g, axis=0) / len(f)
    return at_most(float(np.abs(inner / sizes).max()), 1e-12, f"ε = {epsilon:g}.")


claim("L1.orthogonal", "Without ε the gradient is perpendicular to f.")(
    partial(_removed, 0.0)
)
claim("L1.orthogonal-epsilon", "With ε = 1e-3 it still is.", "violated")(
    partial(_removed, 1e-3)
)


@claim("L1.leftover", "What ε leaves along f is c₀ mean(f̂ g) ε/(σ² + ε), exactly.")
def _leftover() -> Finding:
    f, g, scale = _batch()
    inner = (f * backward(f, g, scale, 1e-3)).mean(axis=0)
    return at_most(Agreement.of(leftover(f, g, scale, 1e-3), inner).error, 1e-10)


def tried(order: Order, epsilon: float, std: float) -> list[Conservation]:
    """Return Theorem 3's directions in two hidden layers, means over ten batches."""
    draw = generator(0, "theory", "conserved")
    teacher = separated_net([20, 10, 15, 100], draw)
    net = NormNet(dense_net([20, 20, 30, 100], draw).layers, order, epsilon)
    found = []
    for _ in range(10):
        x = std * draw.normal(size=(64, 20))
        flow = weight_flow(net, x, teacher.activations(x)[-1])
        found.append(conservation(net, flow))
    return [
        Conservation(*np.mean([list(vars(one).values()) for one in layer], axis=0))
        for layer in zip(*found, strict=True)
    ]


def _energy(order: Order) -> Finding:
    found = tried(order, 0.0, 10.0)
    size = max(one.with_bias for one in found)
    note = f"ε = 0, std 10; bias gradient {found[0].bias_share:.1e} of the weights'."
    return at_most(size, EXACT, note)


EXACT = 1e-11
for _order in WORDS:
    claim(f"Eq17.{_order}", f"E[f_lin g_lin] = w·ẇ + b ḃ = 0 for {WORDS[_order]}.")(
        partial(_energy, _order)
    )


def _weights_alone(order: Order) -> Finding:
    found = tried(order, 0.0, 10.0)
    size = max(one.weights for one in found)
    note = "|w·ẇ| / |w||ẇ| of the layers " + ", ".join(
        f"{c.weights:.1e}" for c in found
    )
    return at_most(size, EXACT, note + "; ε = 0, std 10.")


claim("T3.bn-relu", "Linear → BN → ReLU conserves ‖w‖ (no ε, gradient flow).")(
    partial(_weights_alone, "bn-relu")
)
claim(
    "T3.relu-bn-printed",
    "Linear → ReLU → BN conserves ‖w‖ when there is a bias.",
    "violated",
)(partial(_weights_alone, "relu-bn"))
claim("T3.relu-bn-corrected", "Linear → ReLU → BN conserves ‖w‖² + b².")(
    partial(_energy, "relu-bn")
)


def _with_epsilon(order: Order, epsilon: float, std: float) -> Finding:
    found = tried(order, epsilon, std)
    layers = ", ".join(f"{one.with_bias:.1e}" for one in found)
    return at_most(
        found[0].with_bias, 1e-4, f"Layers {layers}; ε = {epsilon:g}, std {std:g}."
    )


for _order in WORDS:
    claim(
        f"T3.{_order}-epsilon",
        f"ε = 1e-5 at std 10 costs under 1e-4 ({WORDS[_order]}).",
    )(partial(_with_epsilon, _order, 1e-5, 10.0))
    claim(
        f"T3.{_order}-small",
        f"ε = 1e-3 at std 0.1 costs under 1e-4 ({WORDS[_order]}).",
        "violated",
    )(partial(_with_epsilon, _order, 1e-3, 0.1))


def grown(order: Order, rate: float, steps: int) -> list[Growth]:
    """Train a small net from a fixed start."""
    draw = generator(0, "theory", "growth")
    teacher = separated_net([20, 10, 15, 30], draw)
    net = NormNet(dense_net([20, 20, 30, 30], draw).layers, order, 1e-5)
    return growth(net, teacher, draw, steps=steps, rate=rate, std=10.0)


def _accounted(order: Order) -> Finding:
    found = grown(order, 3e-3, 500)
    share = max(one.residual / one.relative for one in found)
    words = ", ".join(f"{100 * g.relative:.1f} % − {g.residual:.0e}" for g in found)
    return at_most(share, 1e-2, f"Growth and what is not accounted for: {words}.")


for _order in WORDS:
    claim(
        f"T3.growth-{_order}",
        f"A discrete step adds η²‖g‖² to ‖w‖² + b² ({WORDS[_order]}).",
    )(partial(_accounted, _order))


@claim(
    "T3.discrete",
    "Under gradient descent the norm stays constant (to 1 %).",
    "violated",
)
def _discrete() -> Finding:
    found = grown("bn-relu", 3e-3, 500)
    return at_most(max(one.relative for one in found), 0.01, "500 steps of η = 0.003.")


@claim("T3.flow", "The growth is proportional to η at fixed ηt, so gone in the flow.")
def _flow() -> Finding:
    sizes = [grown("bn-relu", 1e-3 / part, 200 * part)[0].relative for part in (1, 4)]
    note = f"Growth {sizes[0]:.2e} at η = 1e-3, {sizes[1]:.2e} at a quarter of it."
    return equal(float(np.log(sizes[0] / sizes[1]) / np.log(4)), 1.0, 0.1, note)


@claim("T3.bias-rest", "With BN before ReLU the bias receives no gradient.")
def _bias_rest() -> Finding:
    found = tried("bn-relu", 1e-5, 10.0)
    return at_most(max(one.bias_share for one in found), 1e-12, "|ḃ| / ‖ẇ‖.")


@claim("T3.no-norm", "It is BatchNorm that conserves: without it |w·ẇ| is not small.")
def _no_norm() -> Finding:
    from tfluck.theory.nets import weight_gradients

    draw = generator(0, "theory", "conserved")
    teacher, student = separated_net([20, 10, 30], draw), dense_net([20, 20, 30], draw)
    x = 10 * draw.normal(size=(64, 20))
    flow = weight_gradients(student, x, teacher.activations(x)[-1])[0]
    w = np.vstack([student.layers[0].kernel, student.layers[0].bias])
    inner = np.abs((w * flow).sum(axis=0))
    sizes = np.linalg.norm(w, axis=0) * np.linalg.norm(flow, axis=0)
    return at_least(float((inner / sizes).mean()), 0.05)
