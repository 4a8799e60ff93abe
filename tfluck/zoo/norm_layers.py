"""BatchNorm layers of Keras models: filled from a file, and read with their roles."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tfluck.foundations.errors import BadInput
from tfluck.weightfiles import NormLayer, roles

if TYPE_CHECKING:
    import keras


def shifted_batch_norms(model: "keras.Model") -> list[Any]:
    """Return the BatchNorms of ``model`` that have a bias, lowest first."""
    import keras

    return [
        layer
        for layer in model.layers
        if isinstance(layer, keras.layers.BatchNormalization) and layer.center
    ]


def fill_batch_norms(model: "keras.Model", layers: Sequence[NormLayer]) -> None:
    """Give the BatchNorms of ``model``, lowest first, the vectors of ``layers``.

    Convolutions and dense layers keep their weights.

    Raises:
        BadInput: the numbers of layers or of channels differ.
    """
    slots = shifted_batch_norms(model)
    if len(slots) != len(layers):
        raise BadInput(
            f"{model.name} has {len(slots)} BatchNorm layers, the file {len(layers)}."
        )
    for slot, layer in zip(slots, layers, strict=True):
        same_parts = slot.scale == (layer.scale is not None)
        if not same_parts or slot.beta.shape != layer.shift.shape:
            raise BadInput(f"'{layer.name}' does not fit {model.name}'s '{slot.name}'.")
        scale = [] if layer.scale is None else [layer.scale]
        slot.set_weights([*scale, layer.shift, layer.mean, layer.variance])


def batch_norms_of(model: "keras.Model") -> tuple[NormLayer, ...]:
    """Read the BatchNorms of a Keras model, with the role each has in its graph."""
    known = roles(model.get_config())
    layers = []
    for layer in shifted_batch_norms(model):
        # Keras keeps scale (if any), shift, mean, variance in this order.
        *scale, shift, mean, variance = layer.get_weights()
        layers.append(
            NormLayer(
                name=layer.name,
                shift=shift.astype(np.float64),
                scale=scale[0].astype(np.float64) if scale else None,
                mean=mean.astype(np.float64),
                variance=variance.astype(np.float64),
                role=known[layer.name],
            )
        )
    return tuple(layers)
