"""Kernels and biases out of our weights files, without Keras."""

import io
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
from numpy.typing import NDArray

from tfluck.architectures import Graph
from tfluck.foundations.errors import Damaged
from tfluck.runs.store import RESTORE, read

Array = NDArray[np.float64]


class Linear(NamedTuple):
    """One linear layer as it was kept, nothing folded: kernel and bias, float64."""

    kernel: Array
    bias: Array


def read_linear(path: Path, graph: Graph, sealed: bool = True) -> list[Linear]:
    """Read the linear layers of the network ``graph``, the lowest first, the output last.

    Keras writes the variables of a layer under ``layers/…/vars``, which says the layer's
    name as an attribute.

    Raises:
        Damaged: the file has lost its seal, or does not hold such a network.
    """
    raw = read("weights", path, sealed)
    try:
        with h5py.File(io.BytesIO(raw), "r") as file:
            groups = [file["layers"][name]["vars"] for name in file["layers"]]
            kept = {
                group.attrs.get("name"): [np.asarray(group[i]) for i in ("0", "1")]
                for group in groups
                if len(group) >= 2
            }
        found = [Linear(*map(_wide, kept[vertex.name])) for vertex in graph.linear]
    # Whatever a damaged file makes HDF5 raise: half a dozen kinds.
    except Exception as error:
        reason = (str(error).strip() or "damaged").splitlines()[0]
        raise Damaged(
            path, f"does not hold the run's linear layers: {reason}"
        ) from error
    for vertex, layer in zip(graph.linear, found, strict=True):
        size = graph.fan_in(vertex) * vertex.nodes
        if layer.kernel.size != size or layer.bias.shape != (vertex.nodes,):
            raise Damaged(path, f"holds another layer in the place of {vertex.name}.")
        if not all(np.isfinite(array).all() for array in layer):
            raise Damaged(path, f"holds weights that are not finite. {RESTORE}")
    return found


def _wide(array: NDArray[np.generic]) -> Array:
    return np.asarray(array, np.float64)
