"""The networks that statements are tried on, and what backpropagation says of them.

A network is a :class:`tfluck.analysis.relu_net.ReluNet`: BatchNorm in evaluation mode is
folded away. J = ½ mean over samples of ‖y_t − y_s‖² (Eq. 1), so the negative gradient at
the outputs is g_c = f_c° − f_c; the paper writes ∂J/∂f_c for it, a slip of the sign.
"""

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tfluck.analysis.relu_net import Affine, ReluNet

Array = NDArray[np.float64]


def dense_net(widths: Sequence[int], draw: np.random.Generator) -> ReluNet:
    """Draw a dense student as the runs do: weights and biases U(±1/√fan_in).

    ``widths`` are inputs, hidden layers and outputs.
    """
    layers = []
    for fan_in, nodes in itertools.pairwise(widths):
        limit = fan_in**-0.5
        layers.append(
            Affine(
                draw.uniform(-limit, limit, (fan_in, nodes)),
                draw.uniform(-limit, limit, nodes),
            )
        )
    return ReluNet(tuple(layers))


def conv_net(
    size: int, channels: Sequence[int], outputs: int, draw: np.random.Generator
) -> ReluNet:
    """Draw 3×3 convolutions on a square image of side ``size``, then a dense layer.

    ``channels`` are those of the image and of the hidden layers.
    """
    layers = [
        Affine(draw.normal(size=(3, 3, inner, outer)) / 3, draw.normal(size=outer) / 3)
        for inner, outer in itertools.pairwise(channels)
    ]
    flat = (size - 2 * len(layers)) ** 2 * channels[-1]
    top = Affine(
        draw.normal(size=(flat, outputs)) / flat**0.5, draw.normal(size=outputs)
    )
    return ReluNet((*layers, top))


def separated_net(widths: Sequence[int], draw: np.random.Generator) -> ReluNet:
    """Draw a teacher as paper 1 does: entries from {0, ±¼, ±½}, rows of length 1.

    Biases are U(−½, ½) divided by the same lengths. No node is all zeros; equal nodes
    are not excluded here.
    """
    layers = []
    for fan_in, nodes in itertools.pairwise(widths):
        kernel = draw.integers(-2, 3, (fan_in, nodes)) / 4
        kernel[0, ~kernel.any(axis=0)] = 0.5
        lengths = np.linalg.norm(kernel, axis=0)
        layers.append(
            Affine(kernel / lengths, draw.uniform(-0.5, 0.5, nodes) / lengths)
        )
    return ReluNet(tuple(layers))


def is_chain(net: ReluNet) -> bool:
    """Tell whether every layer reads the one below only, as the theorems have it."""
    return not net.skips


def backpropagation(
    net: ReluNet, activations: Sequence[Array], top: Array
) -> list[Array]:
    """Return g at the pre-activations of every layer, lowest first, outputs last.

    Args:
        net: the network.
        activations: what ``net.activations`` returned.
        top: g at the outputs, ``[samples, outputs]``.
    """
    found, rows = [top], top
    for affine, active in zip(net.layers[:0:-1], activations[-2::-1], strict=True):
        rows = affine.pull(rows, active.shape[1:]) * (active > 0)
        found.append(rows)
    return found[::-1]


def weight_gradients(net: ReluNet, x: Array, target: Array) -> list[Array]:
    """Return the negative gradient of J in [W; b] of every layer, ``[in + 1, out]``."""
    activations = net.activations(x)
    rows = backpropagation(net, activations, target - activations[-1])
    found = []
    for affine, below, g in zip(net.layers, [x, *activations], rows, strict=False):
        seen = affine.patches(below)
        seen = np.concatenate([seen, np.ones((len(seen), 1))], axis=1)
        found.append(seen.T @ g.reshape(len(seen), -1) / len(x))
    return found
