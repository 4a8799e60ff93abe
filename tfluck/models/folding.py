"""From a Keras model to the bare arrays of a ReLU network, BatchNorm folded away."""

from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tfluck.analysis.relu_net import Affine, ReluNet
from tfluck.errors import BadInput
from tfluck.models.batch_norm import EPSILON, BatchNorm

Array = NDArray[np.float64]
#: Layers that change nothing in evaluation mode.
_IDLE = (keras.layers.InputLayer, keras.layers.Flatten, keras.layers.Dropout)


def relu_net(model: keras.Model, *, ignore_batch_norm: bool = False) -> ReluNet:
    """Return ``model``, a chain of layers in evaluation mode, as a :class:`ReluNet`.

    BatchNorm in front of a ReLU is folded into the layer before, behind it into the
    layer after; both are exact.

    Args:
        model: Dense and Conv2D (stride 1, no padding) layers, each but the last with a
            ReLU and at most one BatchNorm on either side of it.
        ignore_batch_norm: let Jacobians pass as if there were no BatchNorm, as the
            authors' code does; gates still follow what the ReLU sees.

    Raises:
        BadInput: another kind of layer.
    """
    folded = tuple(_Folding().fold(model))
    if not ignore_batch_norm:
        return ReluNet(folded)
    return ReluNet(folded, tuple(_Folding(keep_norms=False).fold(model)))


class _Folding:
    """Walks up a chain, holding the affine layer that no ReLU has followed yet."""

    def __init__(self, keep_norms: bool = True) -> None:
        self.keep_norms = keep_norms
        self.done: list[Affine] = []
        self.open: Affine | None = None
        #: Scale and shift between the last ReLU and the next affine layer.
        self.behind: tuple[Array, Array] | None = None

    def fold(self, model: keras.Model) -> list[Affine]:
        for layer in model.layers:
            self._add(layer)
        if self.open is None or self.behind is not None:
            raise BadInput(f"The last layer of '{model.name}' is not a linear one.")
        return [*self.done, self.open]

    def _add(self, layer: keras.layers.Layer) -> None:
        if isinstance(layer, (keras.layers.Dense, keras.layers.Conv2D)):
            self._linear(layer)
        elif isinstance(layer, BatchNorm | keras.layers.BatchNormalization):
            if self.keep_norms:
                self._norm(*norm_affine(layer))
        elif _is_relu(layer):
            self._relu(layer)
        elif not isinstance(layer, _IDLE):
            kind = type(layer).__name__
            raise BadInput(f"Layer '{layer.name}' ({kind}) is no part of a ReLU chain.")

    def _linear(self, layer: Any) -> None:
        if self.open is not None:
            raise BadInput(
                f"No ReLU stands between '{layer.name}' and the layer before."
            )
        if not _is_plain(layer):
            raise BadInput(f"'{layer.name}' must have stride 1 and no padding.")
        kernel = np.asarray(layer.kernel.numpy(), np.float64)
        bias = np.zeros(kernel.shape[-1])
        if layer.use_bias:
            bias = np.asarray(layer.bias.numpy(), np.float64)
        if self.behind is not None:
            kernel, bias = _fold_below(kernel, bias, *self.behind)
            self.behind = None
        self.open = Affine(kernel, bias)
        activation = keras.activations.serialize(layer.activation)
        if activation == "relu":
            self._relu(layer)
        elif activation != "linear":
            raise BadInput(f"'{layer.name}' has activation {activation}, not ReLU.")

    def _norm(self, scale: Array, shift: Array) -> None:
        if self.open is not None:
            kernel, bias = self.open.kernel * scale, self.open.bias * scale + shift
            self.open = Affine(kernel, bias)
        elif self.done and self.behind is None:
            self.behind = scale, shift
        else:
            raise BadInput("A BatchNorm stands on the input, or two behind one ReLU.")

    def _relu(self, layer: keras.layers.Layer) -> None:
        if self.open is None:
            raise BadInput(f"'{layer.name}' follows no linear layer.")
        self.done.append(self.open)
        self.open = None


def _fold_below(
    kernel: Array, bias: Array, scale: Array, shift: Array
) -> tuple[Array, Array]:
    """Return W and b of x ↦ W (scale · x + shift) + b; channels are the last input."""
    nodes = kernel.shape[-1]
    by_channel = kernel.reshape(-1, len(scale), nodes)
    moved = np.einsum("c,pcn->n", shift, by_channel)
    return (by_channel * scale[:, None]).reshape(kernel.shape), bias + moved


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


def _is_plain(layer: Any) -> bool:
    if isinstance(layer, keras.layers.Dense):
        return True
    return bool(
        layer.padding == "valid"
        and layer.groups == 1
        and set(layer.strides) | set(layer.dilation_rate) == {1}
        and layer.data_format == "channels_last"
    )
