"""A chain of Keras layers rebuilt from Keras' own, with fewer nodes if asked.

What comes out loads wherever Keras is, without tfluck, and in evaluation mode computes
what the model did whose removed nodes' ReLUs give zero.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tfluck.foundations.errors import BadInput
from tfluck.networks.folding import norm_affine
from tfluck.networks.normalization import EPSILON, MOMENTUM, BatchNorm
from tfluck.networks.pruning import Nodes, left_behind

_NORMS = (BatchNorm, keras.layers.BatchNormalization)
_LINEAR = (keras.layers.Dense, keras.layers.Conv2D)


@dataclass
class _Seen:
    """What a layer reads: which of its channels are left, and what the others are.

    Attributes:
        nodes: channels there were.
        kept: those that are left.
        constants: what every channel would be if it were removed, ``[nodes]``.
        places: positions that a Flatten has laid side by side.
    """

    nodes: int
    kept: Nodes
    constants: NDArray[np.float64]
    places: int = 1

    @property
    def inputs(self) -> Nodes:
        """Which entries of the last axis are left."""
        size = self.places * self.nodes
        return np.arange(size).reshape(self.places, -1)[:, self.kept].ravel()

    @property
    def gone(self) -> Nodes:
        return np.setdiff1d(np.arange(self.nodes), self.kept)


@dataclass
class _Rebuilt:
    layers: list[Any] = field(default_factory=list)
    weights: list[list[Any]] = field(default_factory=list)

    def add(self, layer: Any, weights: Sequence[Any] = ()) -> None:
        self.layers.append(layer)
        self.weights.append(list(weights))


def plain(
    model: keras.Model, kept: Sequence[Nodes] | None = None, *, ending: bool = True
) -> keras.Sequential:
    """Rebuild ``model``, a chain of known layers, of Keras' own layers.

    Args:
        model: Dense, Conv2D, BatchNorm, ReLU, Flatten and Dropout, one after the other;
            it may hand out hidden activations too, and end in a softmax.
        kept: the nodes to keep in each hidden layer, ascending; None keeps all.
        ending: keep a softmax at the end; without it the last layer is linear.

    Raises:
        BadInput: another kind of layer, a branch, a layer used twice, or a removed node
            that leaves behind what no bias can stand for.
    """
    layers = _chain(model)
    linear = [layer for layer in layers if isinstance(layer, _LINEAR)]
    shape = tuple(model.inputs[0].shape[1:])
    seen = _Seen(shape[-1], np.arange(shape[-1]), np.zeros(shape[-1]))
    made, depth = _Rebuilt(), 0
    for layer in layers:
        if isinstance(layer, _LINEAR):
            nodes = layer.kernel.shape[-1]
            own = np.arange(nodes)
            if kept is not None and layer is not linear[-1]:
                own = np.asarray(kept[depth])
            _linear(made, layer, seen, own, ending or layer is not linear[-1])
            seen, depth = _Seen(nodes, own, np.zeros(nodes)), depth + 1
        elif isinstance(layer, _NORMS):
            _norm(made, layer, seen)
        elif ending or not _is_softmax(layer):
            _other(made, layer, seen)
    dtype = layers[0].dtype
    return _joined(made, shape, model.name, dtype)


def _chain(model: keras.Model) -> list[Any]:
    """Return the layers in order.

    Raises:
        BadInput: one reads something else than what the one before it gives.
    """
    layers = [x for x in model.layers if not isinstance(x, keras.layers.InputLayer)]
    if not layers or len(getattr(model, "inputs", None) or ()) != 1:
        raise BadInput(
            f"'{model.name}' must be a built chain of layers with one input."
        )
    # A Sequential is a chain; one that grew by ``add`` has called its layers before.
    links = [] if isinstance(model, keras.Sequential) else layers
    read = model.inputs[0]
    for layer in links:
        try:
            found, given = layer.input, layer.output
        except (AttributeError, ValueError):
            found = given = None
        # Of a layer that is used twice Keras gives the first time.
        if found is not read:
            raise BadInput(
                f"'{layer.name}' does not read just the layer before it. Nodes that are "
                "read in two places are not removed: prune a net without branches and "
                "shared layers."
            )
        read = given
    return layers


def _linear(
    made: _Rebuilt, layer: Any, seen: _Seen, own: Nodes, activation: bool
) -> None:
    kernel = layer.kernel.numpy()
    padded = isinstance(layer, keras.layers.Conv2D) and layer.padding == "same"
    bias = layer.bias.numpy() if layer.use_bias else np.zeros(kernel.shape[-1], "f")
    bias = bias + left_behind(kernel, seen.constants, seen.gone, padded=padded)
    config = layer.get_config()
    width = "units" if isinstance(layer, keras.layers.Dense) else "filters"
    plain_names = (
        "name",
        "dtype",
        "kernel_size",
        "strides",
        "padding",
        "dilation_rate",
    )
    given = {name: config[name] for name in plain_names if name in config}
    kind = keras.layers.Dense if width == "units" else keras.layers.Conv2D
    called = keras.activations.serialize(layer.activation) if activation else None
    made.add(
        kind(**given, **{width: len(own)}, activation=called),
        [kernel[..., seen.inputs, :][..., own], bias[own]],
    )


def _norm(made: _Rebuilt, layer: Any, seen: _Seen) -> None:
    """Cut a BatchNorm, and follow what it makes of the constants.

    In front of a ReLU that does not matter: behind it they are zero.
    """
    ours = isinstance(layer, BatchNorm)
    if not ours and tuple(np.atleast_1d(layer.axis)) not in (
        (-1,),
        (len(layer.input.shape) - 1,),
    ):
        raise BadInput(f"'{layer.name}' normalises another axis than the last one.")
    scale, shift = norm_affine(layer)
    if seen.places > 1:
        raise BadInput(f"'{layer.name}' normalises positions one by one.")
    seen.constants = seen.constants * scale + shift
    given = (
        {"epsilon": EPSILON, "momentum": MOMENTUM}
        | dict.fromkeys(("scale", "center"), layer.affine)
        if ours
        else {n: getattr(layer, n) for n in ("epsilon", "momentum", "scale", "center")}
    )
    made.add(
        keras.layers.BatchNormalization(name=layer.name, dtype=layer.dtype, **given),
        [array[seen.kept] for array in layer.get_weights()],
    )


def _other(made: _Rebuilt, layer: Any, seen: _Seen) -> None:
    kinds = keras.layers
    common = {"name": layer.name, "dtype": layer.dtype}
    if isinstance(layer, kinds.Flatten):
        seen.places = int(np.prod(layer.input.shape[1:-1]))
        made.add(kinds.Flatten(**common))
    elif isinstance(layer, kinds.Dropout):
        made.add(kinds.Dropout(layer.rate, **common))
    elif _is_softmax(layer):
        made.add(kinds.Softmax(**common))
    elif isinstance(layer, kinds.ReLU) or (
        isinstance(layer, kinds.Activation)
        and keras.activations.serialize(layer.activation) == "relu"
    ):
        seen.constants = np.zeros_like(seen.constants)
        made.add(kinds.ReLU(**common))
    else:
        kind = type(layer).__name__
        raise BadInput(
            f"Layer '{layer.name}' ({kind}) is not among those whose nodes can be "
            "removed: Dense, Conv2D, BatchNormalization, ReLU, Flatten, Dropout."
        )


def _is_softmax(layer: Any) -> bool:
    if isinstance(layer, keras.layers.Activation):
        return bool(keras.activations.serialize(layer.activation) == "softmax")
    return isinstance(layer, keras.layers.Softmax)


def _joined(
    made: _Rebuilt, shape: tuple[int, ...], name: str, dtype: str
) -> keras.Sequential:
    model = keras.Sequential(
        [keras.Input(shape, dtype=dtype, name="x"), *made.layers], name=name
    )
    for layer, weights in zip(made.layers, made.weights, strict=True):
        if weights:
            layer.set_weights(weights)
    return model
