"""Remove the nodes of a trained network that the layers above hardly read."""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tfluck.analysis.weights import fan_out_sizes
from tfluck.architectures import Graph, Vertex
from tfluck.foundations.errors import BadInput
from tfluck.networks.folding import norm_affine
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
    return cut(network, model, surviving_nodes(network.graph, model, shares))


def cut(
    network: Network,
    model: keras.Model,
    kept: Sequence[Nodes],
    *,
    constants: bool = False,
) -> tuple[Network, keras.Model]:
    """Return the smaller network of the nodes ``kept`` in each hidden layer.

    It computes what ``model`` would with the outgoing weights of all other nodes at
    zero; with ``constants``, what it would (in evaluation mode) if their ReLU gave zero,
    for a BatchNorm behind it hands on a constant then, which goes into the bias above.

    Args:
        network: the shape of ``model``.
        model: left as it is.
        kept: ascending, at least one a layer; the same ones in layers that are added to
            each other.
        constants: whether removed nodes leave their constants behind.

    Raises:
        BadInput: ``constants``, and the constant is none: see :func:`left_behind`, or
            nodes are added.
    """
    graph = network.graph
    smaller = dataclasses.replace(network, widths=tuple(len(nodes) for nodes in kept))
    pruned = smaller.build(
        lambda name, fan_in: default_start(0, name, fan_in), model.name
    )
    left = _surviving(graph, kept)
    for vertex in graph.vertices:
        if vertex.kind == "norm":
            arrays = model.get_layer(vertex.name).get_weights()
            new = [array[left[vertex.name]] for array in arrays]
        elif vertex in graph.linear:
            kernel, bias = model.get_layer(vertex.name).get_weights()
            if constants:
                bias = bias + _constants(graph, model, vertex, kernel, left)
            below, own = left[vertex.reads[0]], left[vertex.name]
            new = [kernel[..., below, :][..., own], bias[own]]
        else:
            continue
        pruned.get_layer(vertex.name).set_weights(new)
    return smaller, pruned


def _constants(
    graph: Graph,
    model: keras.Model,
    vertex: Vertex,
    kernel: NDArray[np.floating[Any]],
    left: dict[str, Nodes],
) -> NDArray[np.floating[Any]]:
    """Return what the removed nodes that ``vertex`` reads add to its bias."""
    source = graph.source(vertex)
    shift = np.zeros(source.nodes)
    if source.kind == "norm":
        shift = norm_affine(model.get_layer(source.name))[1]
    gone = np.setdiff1d(np.arange(source.nodes), left[source.name])
    if len(gone) and any(v.kind == "add" for v in graph.vertices):
        raise BadInput("Nodes of a residual net are read in two places; keep them.")
    return left_behind(kernel, shift, gone, padded=vertex.padded)


def left_behind(
    kernel: NDArray[np.floating[Any]],
    shift: NDArray[np.floating[Any]],
    gone: Nodes,
    *,
    padded: bool,
) -> NDArray[np.floating[Any]]:
    """Return what nodes of constant value add to every node above, ``[out]``.

    Args:
        kernel: of the linear layer above; channels are last among its inputs.
        shift: the value of each node below, ``[nodes]``.
        gone: the nodes that are constant.
        padded: whether the layer above is a convolution that sees zeros at the border.

    Raises:
        BadInput: at a border the sum is another one: no bias can stand for it.
    """
    if padded and np.any(shift[gone]):
        raise BadInput(
            "A node that is removed leaves behind the constant of the BatchNorm after its "
            "ReLU, and the padded convolution above sees zeros in its place at the border: "
            "no smaller network computes that. Put BatchNorm before ReLU, or leave out "
            "the padding."
        )
    sources = kernel.reshape(-1, len(shift), kernel.shape[-1])[:, gone]
    added = np.einsum("c,pcn->n", np.asarray(shift, np.float64)[gone], sources)
    return np.asarray(added, kernel.dtype)


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
