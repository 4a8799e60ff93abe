"""A ReLU network as a Keras functional model whose outputs are all its activations.

Hidden layer i is ``layer{i}_linear`` → ReLU → BatchNorm (or BatchNorm → ReLU, or no
BatchNorm). ``model(x)`` returns ``[h₀, …, h_{L−1}, logits]``: what each hidden layer
hands to the next, and the linear output.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras

from tfluck.architectures import BatchNormPlace, Graph, Vertex, draw
from tfluck.architectures.graph import LINEAR, TAPS
from tfluck.networks.convolution import Conv2D
from tfluck.networks.normalization import BatchNorm

#: (layer name, fan-in) → keyword arguments with the layer's two initialisers.
Start = Callable[[str, int], dict[str, Any]]


@dataclass(frozen=True)
class Network:
    """The shape of a network; everything but its weights.

    Args:
        arch: a name in :data:`tfluck.architectures.ARCHITECTURES`.
        input_shape: ``(features,)`` or ``(height, width, channels)``.
        widths: nodes (channels) of each hidden layer, the lowest first.
        outputs: nodes of the linear output layer.
        batch_norm: where BatchNorm stands.
        affine: whether it learns a scale and a shift.
    """

    arch: str
    input_shape: tuple[int, ...]
    widths: tuple[int, ...]
    outputs: int
    batch_norm: BatchNormPlace = "none"
    affine: bool = False

    @property
    def graph(self) -> Graph:
        """What reads what."""
        return draw(
            self.arch, self.input_shape, self.widths, self.outputs, self.batch_norm
        )

    def build(self, start: Start, name: str, dtype: str = "float32") -> keras.Model:
        """Make the Keras model; ``start`` gives each layer its initialisers."""
        graph = self.graph
        made: dict[str, Any] = {}
        for vertex in graph.vertices:
            if vertex.kind == "input":
                made[vertex.name] = keras.Input(vertex.shape, name="x", dtype=dtype)
                continue
            initial = {}
            if vertex.kind in LINEAR:
                initial = start(vertex.name, graph.fan_in(vertex))
            layer = self._layer(vertex)(name=vertex.name, dtype=dtype, **initial)
            below = [made[read] for read in vertex.reads]
            made[vertex.name] = layer(below if vertex.kind == "add" else below[0])
        outputs = [made[layer.handed] for layer in graph.hidden]
        return keras.Model(made["x"], [*outputs, made["output"]], name=name)

    def restart(self, model: keras.Model, start: Start) -> None:
        """Give ``model`` the weights that :meth:`build` gives; a model costs far more."""
        graph = self.graph
        for vertex in graph.linear:
            layer = model.get_layer(vertex.name)
            initial = start(vertex.name, graph.fan_in(vertex))
            for weight in (layer.kernel, layer.bias):
                draw = initial[f"{weight.name}_initializer"]
                weight.assign(draw(weight.shape, weight.dtype))
        for layer in model.layers:
            if isinstance(layer, BatchNorm):
                layer.restart()

    def _layer(self, vertex: Vertex) -> Callable[..., keras.layers.Layer]:
        """Return what makes the Keras layer of ``vertex``."""
        layers = keras.layers
        if vertex.kind == "conv":
            padding = "same" if vertex.padded else "valid"
            return partial(Conv2D, vertex.nodes, TAPS, padding=padding)
        if vertex.kind == "dense":
            return partial(layers.Dense, vertex.nodes)
        if vertex.kind == "norm":
            return partial(BatchNorm, self.affine)
        plain = {"relu": layers.ReLU, "add": layers.Add, "flatten": layers.Flatten}
        return plain[vertex.kind]


def linear_layers(model: keras.Model) -> list[Any]:
    """Return the Dense and Conv2D layers, the lowest first."""
    kinds = (keras.layers.Dense, keras.layers.Conv2D)
    return [layer for layer in model.layers if isinstance(layer, kinds)]
