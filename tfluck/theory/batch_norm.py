"""BatchNorm's Jacobian (Lemma 1) and what it conserves (Theorem 3, Eq. 17).

For one node over a batch, f̂ = (f − μ)/√(σ² + ε) and y = c₀ f̂ + c₁. With the gradient g
at y, and without ε, the gradient at f is

    J g = c₀/σ P⊥ g,   P⊥ projecting off both f and 1                  (Lemma 1, Eq. 16)

and (Σ g f̂, Σ g) at (c₀, c₁). With ε the constant direction is still removed, but
mean(f Jg) = c₀ mean(f̂ g) ε/(σ² + ε) is left.

Hence w·ẇ + b ḃ = E[f_lin g_lin] = 0 per batch (Eq. 17). For Linear → BN → ReLU the bias
gets no gradient, and ‖w‖ alone is conserved; for Linear → ReLU → BN, the paper's own
runs, only ‖w‖² + b² is. A discrete step adds exactly η²‖g‖² to it.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from tfluck.analysis.relu_net import Affine, ReluNet

Array = NDArray[np.float64]
Order = Literal["relu-bn", "bn-relu"]


@dataclass(frozen=True)
class Normalized:
    """A batch after normalisation: f̂ ``[samples, nodes]`` and √(σ² + ε) ``[nodes]``."""

    values: Array
    deviation: Array


def normalize(f: Array, epsilon: float) -> Normalized:
    """Whiten every column of ``f``, ``[samples, nodes]``, with the biased variance."""
    centred = f - f.mean(axis=0)
    deviation = np.sqrt(np.square(centred).mean(axis=0) + epsilon)
    return Normalized(centred / deviation, deviation)


def backward(f: Array, g: Array, scale: Array, epsilon: float) -> Array:
    """Return the exact gradient at f, ``[samples, nodes]``, ε included."""
    found = normalize(f, epsilon)
    along = (g * found.values).mean(axis=0)
    return (scale / found.deviation) * (g - g.mean(axis=0) - found.values * along)


def projected(f: Array, g: Array, scale: Array) -> Array:
    """Return Lemma 1's c₀/σ P⊥_{f,1} g by projecting off an orthonormal basis."""
    found = np.empty_like(g)
    for node in range(f.shape[1]):
        basis, _ = np.linalg.qr(np.stack([np.ones(len(f)), f[:, node]], axis=1))
        g_j = g[:, node]
        found[:, node] = (
            scale[node] / f[:, node].std() * (g_j - basis @ (basis.T @ g_j))
        )
    return found


def parameter_gradient(f: Array, g: Array, epsilon: float) -> Array:
    """Return g_c = S(f)ᵀ g at (c₀, c₁), ``[2, nodes]``; S(f) = [f̂, 1] (Eq. 16)."""
    return np.stack([(normalize(f, epsilon).values * g).sum(axis=0), g.sum(axis=0)])


def leftover(f: Array, g: Array, scale: Array, epsilon: float) -> Array:
    """Return mean(f Jg) in closed form: what ε keeps alive of the f direction."""
    found = normalize(f, epsilon)
    variance = np.square(found.deviation) - epsilon
    along = (found.values * g).mean(axis=0)
    return np.asarray(scale * along * epsilon / (variance + epsilon))


@dataclass(frozen=True)
class NormNet:
    """A dense ReLU net with BatchNorm (c₀ = 1, c₁ = 0) in training mode.

    Attributes:
        layers: the linear layers, the lowest first.
        order: Linear → ReLU → BN or Linear → BN → ReLU.
        epsilon: BatchNorm's ε.
    """

    layers: tuple[Affine, ...]
    order: Order
    epsilon: float

    def forward(self, x: Array) -> tuple[list[Array], list[Array], Array]:
        """Return what each layer reads, each hidden pre-activation, and the outputs."""
        inputs, linear = [x], []
        for affine in self.layers[:-1]:
            linear.append(affine(inputs[-1]))
            first, second = self._parts(linear[-1])
            inputs.append(second(first))
        return inputs, linear, self.layers[-1](inputs[-1])

    def _parts(self, z: Array):  # type: ignore[no-untyped-def]
        def norm(f: Array) -> Array:
            return normalize(f, self.epsilon).values

        def relu(f: Array) -> Array:
            return np.maximum(f, 0)

        return (relu(z), norm) if self.order == "relu-bn" else (norm(z), relu)


def pre_activation_gradients(net: NormNet, x: Array, target: Array) -> list[Array]:
    """Return −∂J/∂z per sample, J = ½ Σ ‖y − target‖², lowest first, outputs last."""
    _, linear, output = net.forward(x)
    found, g = [target - output], target - output
    for affine, z in zip(net.layers[:0:-1], reversed(linear), strict=True):
        g = g @ affine.kernel.T
        ones = np.ones(z.shape[1])
        if net.order == "relu-bn":
            g = backward(np.maximum(z, 0), g, ones, net.epsilon) * (z > 0)
        else:
            on = normalize(z, net.epsilon).values > 0
            g = backward(z, g * on, ones, net.epsilon)
        found.append(g)
    return found[::-1]


def weight_flow(net: NormNet, x: Array, target: Array) -> list[Affine]:
    """Return the negative gradient of the batch mean of J in every W and b."""
    inputs, _, _ = net.forward(x)
    rows = pre_activation_gradients(net, x, target)
    return [
        Affine(f.T @ g / len(x), g.mean(axis=0))
        for f, g in zip(inputs, rows, strict=True)
    ]


def step(net: NormNet, flow: list[Affine], rate: float) -> NormNet:
    """Take one step of gradient descent."""
    return replace(
        net,
        layers=tuple(
            Affine(a.kernel + rate * d.kernel, a.bias + rate * d.bias)
            for a, d in zip(net.layers, flow, strict=True)
        ),
    )


@dataclass(frozen=True)
class Conservation:
    """Theorem 3 at one hidden layer and one batch, means over nodes.

    Attributes:
        weights: |w·ẇ| / (‖w‖‖ẇ‖), the weights alone.
        with_bias: |w·ẇ + b ḃ| over the lengths of (w, b) and of its gradient.
        bias_share: |ḃ| / ‖ẇ‖.
    """

    weights: float
    with_bias: float
    bias_share: float


def conservation(net: NormNet, flow: list[Affine]) -> list[Conservation]:
    """Measure every hidden layer; nodes without any gradient do not count."""
    return [
        _conserved(affine, change)
        for affine, change in zip(net.layers[:-1], flow, strict=False)
    ]


def _conserved(affine: Affine, change: Affine) -> Conservation:
    live = change.kernel.any(axis=0)
    w, b = affine.kernel[:, live], affine.bias[live]
    dw, db = change.kernel[:, live], change.bias[live]
    along = (w * dw).sum(axis=0)
    sizes = np.linalg.norm(w, axis=0), np.linalg.norm(dw, axis=0)
    whole = np.hypot(sizes[0], b) * np.hypot(sizes[1], db)
    return Conservation(
        float((np.abs(along) / (sizes[0] * sizes[1])).mean()),
        float((np.abs(along + b * db) / whole).mean()),
        float((np.abs(db) / sizes[1]).mean()),
    )


@dataclass(frozen=True)
class Growth:
    """‖w‖² + b² of one hidden layer over a finite run of gradient descent.

    Attributes:
        relative: growth over the start, summed over nodes.
        residual: |growth − Σ η²‖g‖²| over the start.
    """

    relative: float
    residual: float


def growth(
    net: NormNet,
    teacher: ReluNet,
    draw: np.random.Generator,
    *,
    steps: int,
    rate: float,
    std: float = 1.0,
    batch: int = 64,
) -> list[Growth]:
    """Train ``net`` on fresh Gaussian batches and account for the growth of its norms."""
    start = _squares(net)
    added = np.zeros_like(start)
    inputs = len(net.layers[0].kernel)
    for _ in range(steps):
        x = std * draw.normal(size=(batch, inputs))
        flow = weight_flow(net, x, teacher.activations(x)[-1])
        added = added + rate**2 * _squares(replace(net, layers=tuple(flow)))
        net = step(net, flow, rate)
    grown = _squares(net) - start
    return [
        Growth(float(g / s), float(abs(g - a) / s))
        for g, a, s in zip(grown, added, start, strict=True)
    ]


def _squares(net: NormNet) -> Array:
    return np.array(
        [np.square(a.kernel).sum() + np.square(a.bias).sum() for a in net.layers[:-1]]
    )


def folded(net: NormNet, x: Array) -> ReluNet:
    """Return the net with the statistics of this very batch folded into its layers.

    It computes the same outputs on ``x``, as if the statistics did not depend on it.
    """
    _inputs, linear, _ = net.forward(x)
    layers = list(net.layers)
    for at, z in enumerate(linear):
        seen = np.maximum(z, 0) if net.order == "relu-bn" else z
        scale = 1 / normalize(seen, net.epsilon).deviation
        shift = -seen.mean(axis=0) * scale
        here, above = layers[at], layers[at + 1]
        if net.order == "relu-bn":
            moved = above.bias + shift @ above.kernel
            layers[at + 1] = Affine(above.kernel * scale[:, None], moved)
        else:
            layers[at] = Affine(here.kernel * scale, here.bias * scale + shift)
    return ReluNet(tuple(layers))
