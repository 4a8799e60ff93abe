"""A ReLU network as a small graph: what reads what, and in which shape.

Nothing here holds weights or needs TensorFlow. Building a Keras model, counting its
cost, placing a teacher inside a student, pruning and folding all walk these nodes, so an
architecture is written down once. A *node* of the papers (a neuron, a channel) is one
entry of the last axis of a vertex here.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from tfluck.foundations.errors import BadInput

BatchNormPlace = Literal["none", "after-relu", "before-relu"]
Kind = Literal["input", "dense", "conv", "relu", "norm", "add", "flatten"]
#: Vertices with a kernel and a bias.
LINEAR = ("dense", "conv")
#: A filter's height and width.
TAPS = 3


@dataclass(frozen=True)
class Vertex:
    """One operation and the shape of what it hands on.

    Attributes:
        name: of the Keras layer too.
        kind: ``conv`` is 3×3 with stride 1; ``padded`` tells whether it keeps the size.
        reads: the vertices it reads; two for ``add``.
        shape: of one sample, nodes (channels) last.
    """

    name: str
    kind: Kind
    reads: tuple[str, ...]
    shape: tuple[int, ...]
    padded: bool = False

    @property
    def nodes(self) -> int:
        """Channels of an image, entries of a vector."""
        return self.shape[-1]


@dataclass(frozen=True)
class HiddenLayer:
    """One hidden layer: the vertices that make it, by name.

    Attributes:
        linear: whose rows feed its nodes.
        relu: whose outputs are the nodes f of the theorems.
        handed: what the layers above read: the ReLU, or the BatchNorm behind it.
    """

    linear: str
    relu: str
    handed: str


@dataclass(frozen=True)
class Graph:
    """Vertices in the order in which they are computed; the last one is the output."""

    vertices: tuple[Vertex, ...]
    hidden: tuple[HiddenLayer, ...]

    @cached_property
    def by_name(self) -> dict[str, Vertex]:
        """The vertices by their names."""
        return {vertex.name: vertex for vertex in self.vertices}

    @property
    def linear(self) -> Iterator[Vertex]:
        """The vertices with weights, the lowest first, the output layer last."""
        return (vertex for vertex in self.vertices if vertex.kind in LINEAR)

    def source(self, linear: Vertex) -> Vertex:
        """Return what ``linear`` reads, seen before flattening: its channels are nodes."""
        below = self.by_name[linear.reads[0]]
        return self.by_name[below.reads[0]] if below.kind == "flatten" else below

    def layer_read_by(self, linear: Vertex) -> int | None:
        """Return the hidden layer that ``linear`` reads, None for the input."""
        name = self.source(linear).name
        return next((i for i, h in enumerate(self.hidden) if h.handed == name), None)

    def readers(self, layer: int) -> list[Vertex]:
        """Return the linear vertices that read hidden layer ``layer``.

        What an addition passes on is read by the layer that it belongs to; the identity
        it consists of has no weight.
        """
        return [v for v in self.linear if self.layer_read_by(v) == layer]

    def fan_in(self, linear: Vertex) -> int:
        """Count the inputs of one node of ``linear``."""
        below = self.by_name[linear.reads[0]]
        return below.nodes * (TAPS**2 if linear.kind == "conv" else 1)

    @property
    def multiply_adds(self) -> int:
        """Multiply-adds of one sample's forward pass."""
        return sum(self.fan_in(v) * math.prod(v.shape) for v in self.linear)

    @property
    def weights(self) -> int:
        """Entries of all kernels; biases and BatchNorm are small beside them."""
        return sum(self.fan_in(v) * v.nodes for v in self.linear)

    def tied(self) -> list[set[int]]:
        """Group the hidden layers whose nodes are added to each other, one by one."""
        groups = [{index} for index in range(len(self.hidden))]
        layer_of = {layer.handed: i for i, layer in enumerate(self.hidden)}
        for index, layer in enumerate(self.hidden):
            for skip in self._skips(layer):
                one, other = groups[index], groups[layer_of[skip]]
                joined = one | other
                for member in joined:
                    groups[member] = joined
        return groups

    def _skips(self, layer: HiddenLayer) -> Iterator[str]:
        """Yield what is added to the layer below its ReLU, its own branch left out."""
        below = self.by_name[self.by_name[layer.relu].reads[0]]
        if below.kind == "add":
            yield from below.reads[1:]


class Draft:
    """Draws a graph from the input upwards; every method returns the new vertex' name.

    Args:
        shape: of one sample.
        batch_norm: where BatchNorm stands in every hidden layer.
    """

    def __init__(self, shape: tuple[int, ...], batch_norm: BatchNormPlace) -> None:
        self.vertices = [Vertex("x", "input", (), shape)]
        self.batch_norm = batch_norm
        self.hidden: list[HiddenLayer] = []

    @property
    def top(self) -> Vertex:
        """The newest vertex."""
        return self.vertices[-1]

    def dense(self, width: int, skip: str | None = None) -> str:
        """Add a hidden dense layer on top; an image below is flattened."""
        self._flatten()
        return self._hidden("dense", (width,), skip)

    def conv(self, width: int, skip: str | None = None, *, padded: bool = False) -> str:
        """Add a hidden 3×3 convolution on top, without padding unless ``padded``.

        Raises:
            BadInput: nothing is left of the image.
        """
        below = self.top.shape
        if len(below) != 3:
            raise BadInput(f"A convolution needs images, not samples of shape {below}.")
        shrink = 0 if padded else TAPS - 1
        sides = [side - shrink for side in below[:2]]
        if min(sides) < 1:
            depth, size = len(self.hidden) + 1, self.vertices[0].shape[:2]
            raise BadInput(
                f"{depth} convolutions of 3×3 without padding need an image-size above "
                f"{2 * depth}, not {min(size)}; use larger images or fewer layers."
            )
        return self._hidden("conv", (*sides, width), skip, padded)

    def finish(self, outputs: int) -> Graph:
        """Put the linear output layer on top."""
        self._flatten()
        self._add("output", "dense", (outputs,))
        return Graph(tuple(self.vertices), tuple(self.hidden))

    def _hidden(
        self,
        kind: Kind,
        shape: tuple[int, ...],
        skip: str | None,
        padded: bool = False,
    ) -> str:
        """Add linear → (+ skip) → ReLU with BatchNorm in its place.

        BatchNorm before ReLU normalises the layer's own branch, not the sum.
        """
        layer = f"layer{len(self.hidden)}"
        linear = self._add(f"{layer}_linear", kind, shape, padded=padded)
        if self.batch_norm == "before-relu":
            self._add(f"{layer}_batch_norm", "norm", shape)
        if skip is not None:
            self._add(f"{layer}_add", "add", shape, skip)
        relu = handed = self._add(f"{layer}_relu", "relu", shape)
        if self.batch_norm == "after-relu":
            handed = self._add(f"{layer}_batch_norm", "norm", shape)
        self.hidden.append(HiddenLayer(linear, relu, handed))
        return handed

    def _flatten(self) -> None:
        shape = self.top.shape
        if len(shape) > 1:
            self._add("flatten", "flatten", (math.prod(shape),))

    def _add(
        self,
        name: str,
        kind: Kind,
        shape: tuple[int, ...],
        *others: str,
        padded: bool = False,
    ) -> str:
        """Put a vertex on top of the newest one, reading ``others`` too."""
        reads = (self.top.name, *others)
        self.vertices.append(Vertex(name, kind, reads, shape, padded))
        return name
