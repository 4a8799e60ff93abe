"""Keras models that a user brings: read without running code, looked into by layer."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras

from tfluck.foundations.errors import BadInput
from tfluck.networks.normalization import BatchNorm
from tfluck.weightfiles.keras_model import open_keras
from tfluck.zoo.rebuilding import rebuild

_LINEAR = (
    keras.layers.Dense,
    keras.layers.Conv1D,
    keras.layers.Conv2D,
    keras.layers.Conv3D,
)
#: What may stand between a linear layer and the end of its nodes' work.
_NODEWISE = (
    BatchNorm,
    keras.layers.BatchNormalization,
    keras.layers.Activation,
    keras.layers.ReLU,
    keras.layers.LeakyReLU,
    keras.layers.PReLU,
    keras.layers.ELU,
)


def load_keras(path: Path) -> keras.Model:
    """Build the model of a ``.keras`` file from its description and its tensors.

    Nothing of the file reaches Keras but checked plain arguments of known layers, and
    arrays that a child process has read; see :mod:`tfluck.zoo.rebuilding`.

    Raises:
        BadInput: the file is missing, of another kind, damaged, or has a layer that is
            not among those known.
    """
    with open_keras(path) as (model, weights):
        return rebuild(model, weights)


def hidden_layers(model: keras.Model, names: Sequence[str] = ()) -> keras.Model:
    """Return the model that computes the hidden activations of ``model``.

    Args:
        model: a functional or sequential model with one input, built.
        names: the layers to watch; by default, after every Dense or Conv layer but the
            last, what its BatchNorm and activation make of it.

    Raises:
        BadInput: a name is not there, or there is no hidden layer.
    """
    if len(getattr(model, "inputs", None) or ()) != 1:
        raise BadInput(
            f"'{model.name}' must be a functional or sequential model with one input."
        )
    known = {layer.name: layer for layer in model.layers}
    if missing := [name for name in names if name not in known]:
        raise BadInput(f"'{model.name}' has no layer {missing[0]}; {_listed(known)}")
    chosen = [known[name] for name in names] or _ends_of_groups(model)
    if not chosen:
        raise BadInput(f"'{model.name}' has no hidden layer; {_listed(known)}")
    try:
        return keras.Model(model.inputs[0], [layer.output for layer in chosen])
    except (AttributeError, ValueError) as error:
        raise BadInput(
            f"'{model.name}' uses a layer more than once; name others to watch."
        ) from error


def check_inputs(model: keras.Model, shape: tuple[int, ...]) -> None:
    """Refuse samples of ``shape`` if ``model`` takes others.

    Raises:
        BadInput: it does.
    """
    wanted = tuple(model.inputs[0].shape[1:])
    fits = len(wanted) == len(shape) and all(
        size in (None, given) for size, given in zip(wanted, shape, strict=True)
    )
    if not fits:
        raise BadInput(
            f"The model takes samples of shape {wanted}, the data has {shape}."
        )


def _ends_of_groups(model: keras.Model) -> list[keras.layers.Layer]:
    """Find the last nodewise layer behind every linear layer but the last."""
    ends: list[keras.layers.Layer] = []
    grows = False
    for layer in model.layers:
        if isinstance(layer, _LINEAR):
            ends.append(layer)
            grows = True
        elif grows and isinstance(layer, _NODEWISE):
            ends[-1] = layer
        else:
            grows = False
    return ends[:-1]


def _listed(known: dict[str, Any]) -> str:
    return f"its layers are {', '.join(known)}."
