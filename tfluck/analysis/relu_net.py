"""A ReLU network as bare arrays, and its stacked Jacobians (E2, T1, E2b).

The network is h ↦ W h + b after W h + b with ReLU between them, and in a residual net
nodes of a layer further down are added in front of a ReLU. BatchNorm in evaluation mode
is affine, so it is folded into the W and b in front of it (BatchNorm → ReLU) or behind
it (ReLU → BatchNorm), and into what is added. A *node* is the output f of a ReLU. On the
piece of input space where x lies the network is linear above every layer:

    y(x) = J(x) f(x) + j(x),

with J = ∂y/∂f and j what does not pass through the layer: all biases above, and what
skips past it. j is the Jacobian of the *augmented node*, whose activation is 1. All
arrays are float64.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Affine:
    """x ↦ W x + b: dense, or a convolution with stride 1.

    Attributes:
        kernel: ``[in, out]``, or ``[height, width, in, out]`` for images.
        bias: ``[out]``; ``[height, width, out]`` where a BatchNorm was folded into a
            padded convolution.
        padded: zeros around the image keep its size; odd filters only.
    """

    kernel: Array
    bias: Array
    padded: bool = False

    @property
    def margin(self) -> tuple[int, int]:
        """Zeros on each side of an image, up and down, left and right."""
        rows, columns = self.kernel.shape[:2] if self.padded else (1, 1)
        return rows // 2, columns // 2

    def _framed(self, x: Array) -> Array:
        up, left = self.margin
        return np.pad(x, ((0, 0), (up, up), (left, left), (0, 0)))

    def __call__(self, x: Array) -> Array:
        """Apply to ``[samples, …]``; a dense kernel flattens images, channels last."""
        if self.kernel.ndim == 2:
            return np.asarray(x.reshape(len(x), -1) @ self.kernel + self.bias)
        x = self._framed(x)
        height, width = (
            size - taps + 1
            for size, taps in zip(x.shape[1:3], self.kernel.shape[:2], strict=True)
        )
        out = np.zeros((len(x), height, width, self.kernel.shape[-1])) + self.bias
        for row, column in np.ndindex(*self.kernel.shape[:2]):
            seen = x[:, row : row + height, column : column + width]
            out += _times(seen, self.kernel[row, column])
        return out

    def patches(self, x: Array) -> Array:
        """Return what a node sees at every position, ``[samples · positions, in]``.

        ``in`` runs like ``kernel.reshape(-1, out)``.
        """
        if self.kernel.ndim == 2:
            return x.reshape(len(x), -1)
        windows = np.lib.stride_tricks.sliding_window_view(
            self._framed(x), self.kernel.shape[:2], axis=(1, 2)
        )
        return np.moveaxis(windows, 3, -1).reshape(-1, self.kernel[..., 0].size)

    def pull(self, rows: Array, shape: tuple[int, ...]) -> Array:
        """Turn rows ∂y/∂(W x + b), ``[rows, …]``, into ∂y/∂x, ``[rows, *shape]``."""
        if self.kernel.ndim == 2:
            return np.asarray((rows @ self.kernel.T).reshape(len(rows), *shape))
        (up, left), (height, width) = self.margin, rows.shape[1:3]
        out = np.zeros((len(rows), shape[0] + 2 * up, shape[1] + 2 * left, *shape[2:]))
        for row, column in np.ndindex(*self.kernel.shape[:2]):
            place = out[:, row : row + height, column : column + width]
            place += _times(rows, self.kernel[row, column].T)
        return out[:, up : up + shape[0], left : left + shape[1]]


def _times(x: Array, matrix: Array) -> Array:
    flat = x.reshape(-1, x.shape[-1]) @ matrix
    return np.asarray(flat.reshape(*x.shape[:-1], -1))


@dataclass(frozen=True)
class Skip:
    """Adds scale · f + shift, f the nodes of a lower layer, in front of a ReLU.

    Attributes:
        source: index of the layer that is read.
        target: index of the layer that is added to, at least two above.
        scale: ``[nodes]``; 1 unless a BatchNorm follows f or the sum.
        shift: ``[nodes]``.
    """

    source: int
    target: int
    scale: Array
    shift: Array


@dataclass(frozen=True)
class ReluNet:
    """Affine layers with ReLU between them, the lowest first, the last one linear.

    Attributes:
        layers: what the network computes.
        bare: what Jacobians pass through, if not ``layers``: the same layers without
            their BatchNorm, as the authors' code has it (a skip is the identity then).
            Gates always follow ``layers``.
        skips: what else is added to whom; empty for a chain.
    """

    layers: tuple[Affine, ...]
    bare: tuple[Affine, ...] | None = None
    skips: tuple[Skip, ...] = ()

    def activations(self, x: Array) -> list[Array]:
        """Return every ReLU's output and the network's, ``[samples, …, nodes]``."""
        out: list[Array] = []
        for index, affine in enumerate(self.layers[:-1]):
            z = affine(x)
            for skip in self.skips_to(index):
                z += out[skip.source] * skip.scale + skip.shift
            x = np.maximum(z, 0)
            out.append(x)
        return [*out, self.layers[-1](x)]

    def skips_to(self, layer: int) -> Iterator[Skip]:
        """Yield what is added in front of the ReLU of ``layer``."""
        return (skip for skip in self.skips if skip.target == layer)


@dataclass(frozen=True)
class Jacobian:
    """How the outputs depend on the nodes of one layer, sample by sample.

    Attributes:
        nodes: J, ``[samples, outputs, positions, nodes]``; a dense layer has one
            position.
        bias: j, ``[samples, outputs]``, with what skips past the layer.
        gates: which nodes are on, ``[samples, positions, nodes]``.
    """

    nodes: Array
    bias: Array
    gates: NDArray[np.bool_]

    @cached_property
    def gated(self) -> "Jacobian":
        """J with the nodes that are off struck out; the bias is always on."""
        on = self.gates[:, None].astype(np.float64)
        return Jacobian(self.nodes * on, self.bias, self.gates)


def jacobians(net: ReluNet, activations: Sequence[Array]) -> Iterator[Jacobian]:
    """Yield the Jacobian of each hidden layer, the highest first.

    Args:
        net: the network.
        activations: what ``net.activations`` returned.
    """
    hidden, output = activations[:-1], activations[-1]
    samples, outputs = output.shape
    rows = np.tile(np.eye(outputs), (samples, 1))
    bias = np.zeros((samples, outputs))
    past = _Past(net, hidden, outputs)
    above = (net.bare or net.layers)[1:]
    for layer in reversed(range(len(hidden))):
        affine, active = above[layer], hidden[layer]
        bias = bias + _through(rows, affine.bias).reshape(samples, outputs)
        bias = bias + past.add(layer + 1, rows)
        pulled = affine.pull(rows, active.shape[1:]) + past.take(layer)
        gates = (active > 0).reshape(samples, -1, active.shape[-1])
        nodes = pulled.reshape(samples, outputs, *gates.shape[1:])
        found = Jacobian(nodes, bias + past.contribution(), gates)
        yield found
        rows = found.gated.nodes.reshape(-1, *active.shape[1:])


class _Past:
    """What skips past the layer at hand: ∂y/∂f of layers further down, so far."""

    def __init__(self, net: ReluNet, hidden: Sequence[Array], outputs: int) -> None:
        self.net, self.hidden, self.outputs = net, hidden, outputs
        self.open: dict[int, Array] = {}

    def add(self, layer: int, rows: Array) -> Array:
        """Open the skips to ``layer``, ``rows`` being ∂y/∂z there; return their bias."""
        bias = np.zeros((len(self.hidden[0]), self.outputs))
        for skip in self.net.skips_to(layer):
            plain = self.net.bare is not None
            scaled = rows if plain else rows * skip.scale
            self.open[skip.source] = self.open.get(skip.source, 0) + scaled
            if not plain:
                bias += _through(rows, skip.shift).reshape(bias.shape)
        return bias

    def take(self, layer: int) -> Array | float:
        """Return what skips bring to ``layer``, which is no longer passed."""
        return self.open.pop(layer, 0.0)

    def contribution(self) -> Array | float:
        """Return what the passed layers contribute to y, ``[samples, outputs]``."""
        total: Array | float = 0.0
        for source, rows in self.open.items():
            f = self.hidden[source]
            each = rows.reshape(len(f), self.outputs, -1)
            total = total + np.einsum("sof,sf->so", each, f.reshape(len(f), -1))
        return total


def _through(rows: Array, bias: Array) -> Array:
    """Sum over positions and nodes what ``bias`` adds to the outputs, ``[rows]``."""
    everywhere = np.broadcast_to(bias, rows.shape[1:])
    return np.asarray(rows.reshape(len(rows), -1) @ everywhere.ravel())
