"""Remove the nodes of a trained network that the layer above hardly reads."""

import dataclasses
import itertools
import math
from collections.abc import Sequence

import keras
import numpy as np
from numpy.typing import NDArray

from tfluck.analysis.weights import fan_out_sizes
from tfluck.models.batch_norm import BatchNorm
from tfluck.models.initializers import default_start
from tfluck.models.network import Network, linear_layers

Nodes = NDArray[np.int64]


def surviving_nodes(model: keras.Model, shares: Sequence[float]) -> list[Nodes]:
    """Choose the nodes to keep in each hidden layer, in their old order.

    Of n nodes the ⌊share · n⌋ with the smallest mean absolute fan-out weight go, at
    least one stays. The original masked the same nodes.
    """
    kept = []
    pairs = itertools.pairwise(linear_layers(model))
    for share, (layer, above) in zip(shares, pairs, strict=True):
        nodes = layer.kernel.shape[-1]
        sizes = fan_out_sizes(above.kernel.numpy(), nodes)
        gone = min(math.floor(share * nodes), nodes - 1)
        kept.append(np.sort(np.argsort(sizes, kind="stable")[gone:]))
    return kept


def prune(
    network: Network, model: keras.Model, shares: Sequence[float]
) -> tuple[Network, keras.Model]:
    """Return a smaller network: ``model`` without its least-read nodes.

    It computes what ``model`` would with the outgoing weights of those nodes at zero,
    so no mask has to be carried along and every statistic is over surviving nodes.

    Args:
        network: the shape of ``model``.
        model: trained; left as it is.
        shares: to remove of each hidden layer; one number serves all.
    """
    if len(shares) == 1:
        shares = [shares[0]] * len(network.widths)
    kept = surviving_nodes(model, shares)
    smaller = dataclasses.replace(network, widths=tuple(len(nodes) for nodes in kept))
    pruned = smaller.build(
        lambda name, fan_in: default_start(0, name, fan_in), model.name
    )
    for layer in pruned.layers:
        if weights := model.get_layer(layer.name).get_weights():
            layer.set_weights(_remaining(layer, weights, kept))
    return smaller, pruned


def _remaining(
    layer: keras.layers.Layer, weights: list[np.ndarray], kept: list[Nodes]
) -> list[np.ndarray]:
    """Cut one layer's arrays down; hidden layers are named ``layer{i}_…``."""
    output = layer.name == "output"
    index = len(kept) if output else int(layer.name.split("_")[0].removeprefix("layer"))
    if isinstance(layer, BatchNorm):
        return [array[kept[index]] for array in weights]
    kernel, bias = weights
    if index > 0:
        kernel = _read(kernel, kept[index - 1], layer.kernel.shape)
    return [kernel, bias] if output else [kernel[..., kept[index]], bias[kept[index]]]


def _read(kernel: np.ndarray, below: Nodes, wanted: tuple[int, ...]) -> np.ndarray:
    """Keep the inputs that come from surviving nodes; channels are last in a place."""
    if kernel.ndim == 4:
        return kernel[:, :, below]
    places = wanted[0] // len(below)
    grouped = kernel.reshape(places, -1, kernel.shape[-1])[:, below]
    return grouped.reshape(-1, kernel.shape[-1])
