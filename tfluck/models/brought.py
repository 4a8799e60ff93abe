"""Keras models that a user brings: read without running code, looked into by layer."""

import json
import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import keras

from tfluck.errors import BadInput
from tfluck.foreign.keras_file import MAX_CONFIG_BYTES
from tfluck.models.batch_norm import BatchNorm

#: Layers that carry a program of their own.
_PROGRAMS = {"Lambda", "__lambda__", "function", "TFSMLayer", "TorchModuleWrapper",
             "JaxLayer", "FlaxLayer"}  # fmt: skip
#: Where Keras keeps what a network is made of; its tools lie elsewhere.
_OWN = (
    r"keras(\.src)?"
    r"(\.(layers|models|initializers|regularizers|constraints|dtype_policies|random)"
    r"[\w.]*)?"
)
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
    """Read a ``.keras`` file in Keras' safe mode.

    A file whose description names a Lambda, or any function or class that is not
    Keras' own (or tfluck's BatchNorm), is refused before Keras sees it. What remains is
    as trustworthy as Keras' reader and HDF5's: bring files from people you trust.

    Raises:
        BadInput: the file is missing, of another kind, damaged, or names a program.
    """
    if not path.exists():
        raise BadInput(f"There is no file {path}.")
    if path.suffix != ".keras" or not zipfile.is_zipfile(path):
        raise BadInput(
            f"{path} is no .keras file; save the model with model.save('name.keras')."
        )
    for part in _parts(_config(path)):
        _check_part(path, part)
    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except (OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise BadInput(f"Keras cannot read {path}: {reason}") from error
    return model


def _config(path: Path) -> Any:
    try:
        with zipfile.ZipFile(path) as archive, archive.open("config.json") as member:
            text = member.read(MAX_CONFIG_BYTES + 1)
        if len(text) > MAX_CONFIG_BYTES:
            raise BadInput(f"The description in {path} is too long to be a network's.")
        return json.loads(text)
    except (KeyError, ValueError, OSError, RecursionError, zipfile.BadZipFile) as error:
        raise BadInput(f"{path} holds no readable description of a network.") from error


def _parts(config: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of the description; training settings are never built."""
    waiting = [config]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            if "class_name" in item:
                yield item
            waiting += [v for k, v in item.items() if k != "compile_config"]
        elif isinstance(item, list):
            waiting += item


def _check_part(path: Path, part: dict[str, Any]) -> None:
    name, module = str(part["class_name"]), str(part.get("module") or "keras")
    own = re.fullmatch(_OWN, module)
    ours = part.get("registered_name") == "tfluck>BatchNorm"
    if name in _PROGRAMS or not (own or ours):
        raise BadInput(
            f"{path} names {name} ({module}), which may run code that came with the "
            "file; tfluck reads layers of Keras only. Rebuild the model without it."
        )


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
