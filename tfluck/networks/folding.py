"""From a Keras model to the bare arrays of a ReLU network, BatchNorm folded away."""

from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tfluck.analysis.relu_net import Affine, ReluNet, Skip
from tfluck.foundations.errors import BadInput
from tfluck.networks.normalization import EPSILON, BatchNorm

Array = NDArray[np.float64]
#: Layers that change nothing in evaluation mode.
_IDLE = (keras.layers.Flatten, keras.layers.Dropout)


@dataclass(frozen=True)
class _Nodes:
    """scale · f + shift of the ReLU ``layer``, −1 for the input."""

    layer: int
    scale: Array | float = 1.0
    shift: Array | float = 0.0


@dataclass(frozen=True)
class _Open:
    """An affine layer, and what is added to it, that no ReLU has followed yet."""

    affine: Affine
    skips: tuple[_Nodes, ...] = ()


def relu_net(model: keras.Model, *, ignore_batch_norm: bool = False) -> ReluNet:
    """Return ``model`` in evaluation mode as a :class:`ReluNet`.

    BatchNorm in front of a ReLU is folded into the layer before, behind it into the
    layer after, and into what is added; all are exact.

    Args:
        model: Dense and Conv2D layers (stride 1), each but the last with a ReLU and at
            most one BatchNorm on either side of it; in front of a ReLU the nodes of
            lower layers may be added.
        ignore_batch_norm: let Jacobians pass as if there were no BatchNorm, as the
            authors' code does; gates still follow what the ReLU sees.

    Raises:
        BadInput: another kind of layer, or a layer that reads not the one below it.
    """
    folded = _Folding().fold(model)
    if not ignore_batch_norm:
        return folded
    return replace(folded, bare=_Folding(keep_norms=False).fold(model).layers)


class _Folding:
    """Walks up a model, knowing of every tensor what it is in terms of ReLU nodes."""

    def __init__(self, keep_norms: bool = True) -> None:
        self.keep_norms = keep_norms
        self.done: list[_Open] = []
        self.known: dict[int, _Nodes | _Open] = {}

    def fold(self, model: keras.Model) -> ReluNet:
        found: _Nodes | _Open = _Nodes(-1)
        for tensor in model.inputs:
            self.known[id(tensor)] = found
        for layer in model.layers:
            if isinstance(layer, keras.layers.InputLayer):
                continue
            read = [self._value(layer, t) for t in _tensors(layer, "input")]
            found = self._value_of(layer, read)
            self.known |= {id(t): found for t in _tensors(layer, "output")}
        if not isinstance(found, _Open) or found.skips:
            raise BadInput(f"The last layer of '{model.name}' is not a linear one.")
        skips = [
            Skip(nodes.layer, target, *_arrays(nodes, open_.affine))
            for target, open_ in enumerate(self.done)
            for nodes in open_.skips
        ]
        layers = [*(open_.affine for open_ in self.done), found.affine]
        return ReluNet(tuple(layers), skips=tuple(skips))

    def _value(self, layer: Any, tensor: Any) -> _Nodes | _Open:
        if id(tensor) not in self.known:
            raise BadInput(f"'{layer.name}' reads what no layer of the model gives.")
        return self.known[id(tensor)]

    def _value_of(self, layer: Any, read: list[_Nodes | _Open]) -> _Nodes | _Open:
        if isinstance(layer, keras.layers.Add):
            return self._sum(layer, read)
        (below,) = read
        if isinstance(layer, (keras.layers.Dense, keras.layers.Conv2D)):
            return self._linear(layer, below)
        if isinstance(layer, BatchNorm | keras.layers.BatchNormalization):
            return self._norm(layer, below) if self.keep_norms else below
        if _is_relu(layer):
            return self._relu(layer, below)
        if not isinstance(layer, _IDLE):
            kind = type(layer).__name__
            raise BadInput(f"Layer '{layer.name}' ({kind}) is no part of a ReLU net.")
        return below

    def _linear(self, layer: Any, below: _Nodes | _Open) -> _Nodes | _Open:
        if isinstance(below, _Open):
            raise BadInput(
                f"No ReLU stands between '{layer.name}' and the layer before."
            )
        if isinstance(layer, keras.layers.Dense) and len(layer.input.shape) > 2:
            raise BadInput(f"'{layer.name}' reads positions one by one; flatten first.")
        if below.layer != len(self.done) - 1:
            raise BadInput(f"'{layer.name}' does not read the layer just below it.")
        kernel = np.asarray(layer.kernel.numpy(), np.float64)
        bias = np.zeros(kernel.shape[-1])
        if layer.use_bias:
            bias = np.asarray(layer.bias.numpy(), np.float64)
        found = _Open(
            _fold_below(Affine(kernel, bias, _is_padded(layer)), below, layer)
        )
        activation = keras.activations.serialize(layer.activation)
        if activation == "relu":
            return self._relu(layer, found)
        if activation != "linear":
            raise BadInput(f"'{layer.name}' has activation {activation}, not ReLU.")
        return found

    def _norm(self, layer: Any, below: _Nodes | _Open) -> _Nodes | _Open:
        scale, shift = norm_affine(layer)
        if isinstance(below, _Nodes):
            if below.layer < 0 or isinstance(below.scale, np.ndarray):
                raise BadInput(
                    "A BatchNorm stands on the input, or two behind one ReLU."
                )
            return _moved(below, scale, shift)
        affine = below.affine
        moved = Affine(
            affine.kernel * scale, affine.bias * scale + shift, affine.padded
        )
        # The shift of a BatchNorm behind a sum is the affine layer's alone.
        return _Open(moved, tuple(_moved(s, scale, 0 * shift) for s in below.skips))

    def _sum(self, layer: Any, read: list[_Nodes | _Open]) -> _Open:
        branches = [value for value in read if isinstance(value, _Open)]
        nodes = [value for value in read if isinstance(value, _Nodes)]
        if len(branches) != 1 or any(value.layer < 0 for value in nodes):
            raise BadInput(
                f"'{layer.name}' must add one linear layer and nodes of lower layers."
            )
        return _Open(branches[0].affine, (*branches[0].skips, *nodes))

    def _relu(self, layer: Any, below: _Nodes | _Open) -> _Nodes:
        if isinstance(below, _Nodes):
            raise BadInput(f"'{layer.name}' follows no linear layer.")
        self.done.append(below)
        return _Nodes(len(self.done) - 1)


def _tensors(layer: Any, end: str) -> list[Any]:
    try:
        found = getattr(layer, end)
    except (AttributeError, ValueError):
        raise BadInput(
            f"'{layer.name}' is used more than once, or not at all."
        ) from None
    return found if isinstance(found, list) else [found]


def _moved(nodes: _Nodes, scale: Array, shift: Array) -> _Nodes:
    return _Nodes(nodes.layer, nodes.scale * scale, nodes.shift * scale + shift)


def _arrays(nodes: _Nodes, affine: Affine) -> tuple[Array, Array]:
    """Return scale and shift of what is added to ``affine``, each ``[nodes]``."""
    one = np.ones(affine.kernel.shape[-1])
    return nodes.scale * one, nodes.shift * one


def _fold_below(affine: Affine, below: _Nodes, layer: Any) -> Affine:
    """Return W and b of x ↦ W (scale · x + shift) + b; channels are the last input."""
    if not isinstance(below.scale, np.ndarray):
        return affine
    kernel, scale, shift = affine.kernel, below.scale, np.asarray(below.shift)
    nodes = kernel.shape[-1]
    by_channel = kernel.reshape(-1, len(scale), nodes)
    moved = np.einsum("c,pcn->n", shift, by_channel)
    if affine.padded:
        # At its borders an image sees zeros, not the shift: the bias has positions.
        image = np.broadcast_to(shift, (1, *layer.input.shape[1:]))
        moved = Affine(kernel, np.zeros(nodes), padded=True)(image)[0]
    scaled = (by_channel * scale[:, None]).reshape(kernel.shape)
    return Affine(scaled, affine.bias + moved, affine.padded)


def norm_affine(layer: Any) -> tuple[Array, Array]:
    """Return scale and shift of a BatchNorm in evaluation mode, each ``[nodes]``."""
    if isinstance(layer, BatchNorm):
        mean, variance, epsilon = layer.running_mean, layer.running_variance, EPSILON
        gamma, beta = (layer.gamma, layer.beta) if layer.affine else (None, None)
    else:
        mean, variance, epsilon = (
            layer.moving_mean,
            layer.moving_variance,
            layer.epsilon,
        )
        gamma, beta = layer.gamma, layer.beta

    def array(variable: Any, absent: float) -> Array:
        nodes = mean.shape
        given = np.full(nodes, absent) if variable is None else variable.numpy()
        return np.asarray(given, np.float64)

    scale = array(gamma, 1.0) / np.sqrt(array(variance, 1.0) + epsilon)
    return scale, array(beta, 0.0) - array(mean, 0.0) * scale


def _is_relu(layer: Any) -> bool:
    if isinstance(layer, keras.layers.Activation):
        return bool(keras.activations.serialize(layer.activation) == "relu")
    return isinstance(layer, keras.layers.ReLU) and (
        layer.max_value is None and not layer.negative_slope and not layer.threshold
    )


def _is_padded(layer: Any) -> bool:
    """Tell whether a layer with stride 1 keeps an image's size.

    Raises:
        BadInput: it does something else with positions.
    """
    if isinstance(layer, keras.layers.Dense):
        return False
    plain = (
        layer.groups == 1
        and set(layer.strides) | set(layer.dilation_rate) == {1}
        and layer.data_format == "channels_last"
    )
    padded = layer.padding == "same" and all(k % 2 for k in layer.kernel_size)
    if not plain or not (padded or layer.padding == "valid"):
        raise BadInput(
            f"'{layer.name}' must have stride 1, and no padding or an odd filter."
        )
    return padded
