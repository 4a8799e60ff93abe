"""Remove the nodes of a trained network that the layers above hardly read."""

import dataclasses
import math
from collections.abc import Sequence

import keras
import numpy as np
from numpy.typing import NDArray

from tfluck.analysis.weights import fan_out_sizes
from tfluck.architectures import Graph, Vertex
from tfluck.foundations.errors import BadInput
from tfluck.networks.initializers import default_start
from tfluck.networks.network import Network

Nodes = NDArray[np.int64]


def surviving_nodes(
    graph: Graph, model: keras.Model, shares: Sequence[float]
) -> list[Nodes]:
    """Choose the nodes to keep in each hidden layer, in their old order.

    Of n nodes the ⌊share · n⌋ with the smallest mean absolute fan-out weight go, at
    least one stays. The original masked the same nodes. Layers that are added to each
    other lose the same nodes, those whose fan-out is smallest over all of them.

    Raises:
        BadInput: such layers are given different shares.
    """
    sizes = [_fan_out(graph, model, layer) for layer in range(len(graph.hidden))]
    kept: list[Nodes] = []
    for layer, group in enumerate(graph.tied()):
        if len({shares[member] for member in group}) > 1:
            names = ", ".join(map(str, sorted(group)))
            raise BadInput(
                f"Layers {names} are added to each other and lose the same nodes; "
                "give them the same share."
            )
        together = np.mean([sizes[member] for member in sorted(group)], axis=0)
        gone = min(math.floor(shares[layer] * len(together)), len(together) - 1)
        kept.append(np.sort(np.argsort(together, kind="stable")[gone:]))
    return kept


def _fan_out(graph: Graph, model: keras.Model, layer: int) -> NDArray[np.float64]:
    """Return the mean absolute weight with which each node of ``layer`` is read."""
    nodes = graph.by_name[graph.hidden[layer].linear].nodes
    kernels = [model.get_layer(v.name).kernel.numpy() for v in graph.readers(layer)]
    return np.mean([fan_out_sizes(kernel, nodes) for kernel in kernels], axis=0)


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
    graph = network.graph
    kept = surviving_nodes(graph, model, shares)
    smaller = dataclasses.replace(network, widths=tuple(len(nodes) for nodes in kept))
    pruned = smaller.build(
        lambda name, fan_in: default_start(0, name, fan_in), model.name
    )
    left = _surviving(graph, kept)
    for vertex in graph.vertices:
        if vertex.kind == "norm":
            arrays = model.get_layer(vertex.name).get_weights()
            cut = [array[left[vertex.name]] for array in arrays]
        elif vertex in graph.linear:
            kernel, bias = model.get_layer(vertex.name).get_weights()
            below, own = left[vertex.reads[0]], left[vertex.name]
            cut = [kernel[..., below, :][..., own], bias[own]]
        else:
            continue
        pruned.get_layer(vertex.name).set_weights(cut)
    return smaller, pruned


def _surviving(graph: Graph, kept: Sequence[Nodes]) -> dict[str, Nodes]:
    """Return what is left of every vertex' last axis."""
    made = {
        layer.linear: nodes for layer, nodes in zip(graph.hidden, kept, strict=True)
    }
    left: dict[str, Nodes] = {}
    for vertex in graph.vertices:
        left[vertex.name] = made.get(vertex.name, _passed(graph, vertex, left))
    return left


def _passed(graph: Graph, vertex: Vertex, left: dict[str, Nodes]) -> Nodes:
    """Return what ``vertex`` hands on of what it reads, if it has no nodes of its own."""
    if not vertex.reads or vertex.name == graph.vertices[-1].name:
        return np.arange(vertex.nodes)
    below = left[vertex.reads[0]]
    if vertex.kind != "flatten":
        return below
    channels = graph.by_name[vertex.reads[0]].nodes
    # Channels are last in a place.
    return np.arange(vertex.nodes).reshape(-1, channels)[:, below].ravel()
