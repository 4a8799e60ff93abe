"""What a ReLU network computes without some of its nodes, exactly (X7).

To remove a node is to hold its f, what its ReLU gives, at 0. Its BatchNorm, if one
follows, is folded into the layer above, where its constant is part of the bias; so a node
that is dead anyway can go and nothing changes.
"""

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from tfluck.analysis.losses import Objective
from tfluck.analysis.relu_net import Affine, ReluNet
from tfluck.foundations.errors import BadInput

Array = NDArray[np.float64]
Nodes = NDArray[np.int64]
#: Bytes of activations that are held at once while nodes are removed one by one.
PIECE = 128 * 2**20


def check_chain(net: ReluNet) -> None:
    """Refuse a network whose nodes are read in two places.

    Raises:
        BadInput: it has skips.
    """
    if net.skips:
        raise BadInput(
            "A residual net adds the nodes of one layer to those of another, so that none "
            "goes alone; its nodes are not removed here. Prune a net without branches."
        )


def widths(net: ReluNet) -> tuple[int, ...]:
    """Return the nodes of each hidden layer."""
    return tuple(affine.kernel.shape[-1] for affine in net.layers[:-1])


def count_kept(nodes: int, share: float) -> int:
    """Return ⌈share · nodes⌉, at least 1: how many of a layer's nodes stay."""
    # 0.3 · 10 is a little above 3.
    return max(1, math.ceil(share * nodes - 1e-9))


def best(scores: Sequence[Array], share: float) -> list[Nodes]:
    """Return the ``share`` of each layer's nodes with the largest score, ascending.

    Of equal ones the first stays.
    """
    return [
        np.sort(np.argsort(-score, kind="stable")[: count_kept(len(score), share)])
        for score in scores
    ]


def without(net: ReluNet, kept: Sequence[Nodes]) -> ReluNet:
    """Return the smaller network of the nodes ``kept`` in each hidden layer.

    Raises:
        BadInput: the network is no chain.
    """
    check_chain(net)
    layers, below = [], None
    ends = [*kept, np.arange(net.layers[-1].kernel.shape[-1])]
    for index, (affine, own) in enumerate(zip(net.layers, ends, strict=True)):
        kernel = affine.kernel
        if below is not None:
            kernel = _rows(kernel, widths(net)[index - 1], below)
        layers.append(Affine(kernel[..., own], affine.bias[..., own], affine.padded))
        below = own
    return ReluNet(tuple(layers))


def _rows(kernel: Array, nodes: int, below: Nodes) -> Array:
    """Keep what is read of the nodes ``below``; a dense kernel may read positions."""
    if kernel.ndim > 2:
        return kernel[:, :, below]
    places = kernel.reshape(-1, nodes, kernel.shape[-1])[:, below]
    return places.reshape(-1, kernel.shape[-1])


def loss_and_accuracy(
    net: ReluNet, x: Array, objective: Objective
) -> tuple[float, float]:
    """Return mean loss and share of right answers on ``x``, ``[samples, …]``."""
    losses, right = [], []
    size = _samples_at_once(net, x)
    for at in range(0, len(x), size):
        part = slice(at, at + size)
        outputs = net.activations(x[part])[-1]
        losses.append(objective.part(part).each(outputs))
        right.append(objective.part(part).right(outputs))
    return float(np.concatenate(losses).mean()), float(np.concatenate(right).mean())


def removal_costs(net: ReluNet, x: Array, objective: Objective) -> list[Array]:
    """Return by how much the loss rises when a node alone is removed, ``[nodes]`` a layer.

    Exact, for every node of every hidden layer: of the layers above all are computed
    anew, many nodes at a time.

    Raises:
        BadInput: the network is no chain.
    """
    check_chain(net)
    totals = [np.zeros(nodes) for nodes in widths(net)]
    size = _samples_at_once(net, x)
    for at in range(0, len(x), size):
        part = slice(at, at + size)
        here = objective.part(part)
        active = net.activations(x[part])
        base = here.each(active[-1])
        for layer, total in enumerate(totals):
            for nodes, outputs in _removed(net, layer, active):
                total[nodes] += (here.each(outputs) - base).sum(axis=-1)
    return [total / len(x) for total in totals]


def _samples_at_once(net: ReluNet, x: Array) -> int:
    """Return how many samples' activations, twenty times over, fit in :data:`PIECE`."""
    numbers = max(layer.size for layer in net.activations(x[:1]))
    return max(1, PIECE // (160 * numbers))


def _removed(
    net: ReluNet, layer: int, active: Sequence[Array]
) -> Iterator[tuple[slice, Array]]:
    """Yield nodes of a layer and the outputs without each, ``[nodes, samples, outputs]``."""
    above, f = net.layers[layer + 1], active[layer]
    whole = above(f)
    widest = max(a.size for a in (whole, *active[layer + 1 :]))
    size = max(1, PIECE // (8 * widest))
    for at in range(0, f.shape[-1], size):
        nodes = slice(at, min(at + size, f.shape[-1]))
        z = whole - _contributions(above, f, nodes)
        for affine in net.layers[layer + 2 :]:
            hidden = np.maximum(z, 0)
            flat = affine(hidden.reshape(-1, *hidden.shape[2:]))
            z = flat.reshape(*hidden.shape[:2], *flat.shape[1:])
        yield nodes, z


def _contributions(affine: Affine, f: Array, nodes: slice) -> Array:
    """Return what each of the ``nodes`` adds to the layer above, ``[nodes, samples, …]``."""
    if affine.kernel.ndim == 2:
        kernel = affine.kernel.reshape(-1, f.shape[-1], affine.kernel.shape[-1])
        seen = f.reshape(len(f), -1, f.shape[-1])[..., nodes]
        return np.einsum("spn,pno->nso", seen, kernel[:, nodes], optimize=True)
    none = np.zeros(affine.kernel.shape[-1])
    return np.stack(
        [
            Affine(affine.kernel[:, :, [node]], none, affine.padded)(f[..., [node]])
            for node in range(nodes.start, nodes.stop)
        ]
    )
