"""A ReLU network as bare arrays, and its stacked Jacobians (E2, T1, E2b).

The network is h ↦ W h + b after W h + b with ReLU between them; BatchNorm in evaluation
mode is affine, so it is folded into the W and b in front of it (BatchNorm → ReLU) or
behind it (ReLU → BatchNorm). A *node* is the output f of a ReLU. On the piece of input
space where x lies the network is linear above every layer:

    y(x) = J(x) f(x) + j(x),

with J = ∂y/∂f and j what all biases above contribute; j is the Jacobian of the
*augmented node*, whose activation is 1. All arrays are float64.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Affine:
    """x ↦ W x + b: dense, or a convolution with stride 1 and no padding.

    Attributes:
        kernel: ``[in, out]``, or ``[height, width, in, out]`` for images.
        bias: ``[out]``.
    """

    kernel: Array
    bias: Array

    def __call__(self, x: Array) -> Array:
        """Apply to ``[samples, …]``; a dense kernel flattens images, channels last."""
        if self.kernel.ndim == 2:
            return np.asarray(x.reshape(len(x), -1) @ self.kernel + self.bias)
        height, width = (
            size - taps + 1
            for size, taps in zip(x.shape[1:3], self.kernel.shape[:2], strict=True)
        )
        out = np.zeros((len(x), height, width, len(self.bias))) + self.bias
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
        taps = self.kernel.shape[:2]
        windows = np.lib.stride_tricks.sliding_window_view(x, taps, axis=(1, 2))
        return np.moveaxis(windows, 3, -1).reshape(-1, self.kernel[..., 0].size)

    def pull(self, rows: Array, shape: tuple[int, ...]) -> Array:
        """Turn rows ∂y/∂(W x + b), ``[rows, …]``, into ∂y/∂x, ``[rows, *shape]``."""
        if self.kernel.ndim == 2:
            return np.asarray((rows @ self.kernel.T).reshape(len(rows), *shape))
        out = np.zeros((len(rows), *shape))
        height, width = rows.shape[1:3]
        for row, column in np.ndindex(*self.kernel.shape[:2]):
            place = out[:, row : row + height, column : column + width]
            place += _times(rows, self.kernel[row, column].T)
        return out


def _times(x: Array, matrix: Array) -> Array:
    flat = x.reshape(-1, x.shape[-1]) @ matrix
    return np.asarray(flat.reshape(*x.shape[:-1], -1))


@dataclass(frozen=True)
class ReluNet:
    """Affine layers with ReLU between them, the lowest first, the last one linear.

    Attributes:
        layers: what the network computes.
        bare: what Jacobians pass through, if not ``layers``: the same layers without
            their BatchNorm, as the authors' code has it. Gates always follow ``layers``.
    """

    layers: tuple[Affine, ...]
    bare: tuple[Affine, ...] | None = None

    def activations(self, x: Array) -> list[Array]:
        """Return every ReLU's output and the network's, ``[samples, …, nodes]``."""
        out = []
        for affine in self.layers[:-1]:
            x = np.maximum(affine(x), 0)
            out.append(x)
        return [*out, self.layers[-1](x)]


@dataclass(frozen=True)
class Jacobian:
    """How the outputs depend on the nodes of one layer, sample by sample.

    Attributes:
        nodes: J, ``[samples, outputs, positions, nodes]``; a dense layer has one
            position.
        bias: j, ``[samples, outputs]``.
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
    above = (net.bare or net.layers)[1:]
    for affine, active in zip(reversed(above), reversed(hidden), strict=True):
        bias = bias + _through(rows, affine.bias).reshape(samples, outputs)
        pulled = affine.pull(rows, active.shape[1:])
        gates = (active > 0).reshape(samples, -1, active.shape[-1])
        found = Jacobian(
            pulled.reshape(samples, outputs, *gates.shape[1:]), bias, gates
        )
        yield found
        rows = found.gated.nodes.reshape(-1, *active.shape[1:])


def _through(rows: Array, bias: Array) -> Array:
    """Sum over positions and nodes what ``bias`` adds to the outputs, ``[rows]``."""
    flat = rows.reshape(len(rows), -1, rows.shape[-1]).sum(axis=1)
    return np.asarray(flat @ bias)
