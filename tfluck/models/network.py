"""A ReLU network as a Keras functional model whose outputs are all its activations.

Hidden layer i is ``layer{i}_linear`` → ReLU → BatchNorm (or BatchNorm → ReLU, or no
BatchNorm). ``model(x)`` returns ``[h₀, …, h_{L−1}, logits]``: what each hidden layer
hands to the next, and the linear output.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import keras

from tfluck.models.batch_norm import BatchNorm

BatchNormPlace = Literal["none", "after-relu", "before-relu"]
#: (layer name, fan-in) → keyword arguments with the layer's two initialisers.
Start = Callable[[str, int], dict[str, Any]]


@dataclass(frozen=True)
class Network:
    """The shape of a network; everything but its weights.

    Args:
        arch: ``fc`` (dense) or ``cnn`` (3×3 convolutions, stride 1, no padding, then
            one dense layer over all positions).
        input_shape: ``(features,)`` or ``(height, width, channels)``.
        widths: nodes (channels) of each hidden layer, the lowest first.
        outputs: nodes of the linear output layer.
        batch_norm: where BatchNorm stands.
        affine: whether it learns a scale and a shift.
    """

    arch: Literal["fc", "cnn"]
    input_shape: tuple[int, ...]
    widths: tuple[int, ...]
    outputs: int
    batch_norm: BatchNormPlace = "none"
    affine: bool = False

    def build(self, start: Start, name: str, dtype: str = "float32") -> keras.Model:
        """Make the Keras model; ``start`` gives each layer its initialisers."""
        make = _convolution if self.arch == "cnn" else _dense
        inputs = x = keras.Input(self.input_shape, name="x", dtype=dtype)
        if self.arch == "fc" and len(self.input_shape) > 1:
            x = keras.layers.Flatten(name="flatten", dtype=dtype)(x)
        activations = []
        for index, width in enumerate(self.widths):
            layer = f"layer{index}"
            x = make(x, width, f"{layer}_linear", start, dtype)
            x = self._nonlinearity(x, layer, dtype)
            activations.append(x)
        if self.arch == "cnn":
            x = keras.layers.Flatten(name="flatten", dtype=dtype)(x)
        logits = _dense(x, self.outputs, "output", start, dtype)
        return keras.Model(inputs, [*activations, logits], name=name)

    def _nonlinearity(self, x: Any, layer: str, dtype: str) -> Any:
        relu = keras.layers.ReLU(name=f"{layer}_relu", dtype=dtype)
        if self.batch_norm == "none":
            return relu(x)
        norm = BatchNorm(self.affine, name=f"{layer}_batch_norm", dtype=dtype)
        return norm(relu(x)) if self.batch_norm == "after-relu" else relu(norm(x))


def _dense(x: Any, units: int, name: str, start: Start, dtype: str) -> Any:
    initial = start(name, x.shape[-1])
    return keras.layers.Dense(units, name=name, dtype=dtype, **initial)(x)


def _convolution(x: Any, filters: int, name: str, start: Start, dtype: str) -> Any:
    initial = start(name, 9 * x.shape[-1])
    return keras.layers.Conv2D(filters, 3, name=name, dtype=dtype, **initial)(x)


def linear_layers(model: keras.Model) -> list[Any]:
    """Return the Dense and Conv2D layers, the lowest first."""
    kinds = (keras.layers.Dense, keras.layers.Conv2D)
    return [layer for layer in model.layers if isinstance(layer, kinds)]
