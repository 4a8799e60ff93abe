"""A stranger's Keras model as plain data: layers, what feeds which, where weights lie.

The counterpart of Keras' deserialiser, without its power: it looks nothing up and makes
nothing, and what it does not know it refuses. See :mod:`tfluck.weightfiles.keras_layers`.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from tfluck.foundations.errors import BadInput
from tfluck.foundations.files import open_regular
from tfluck.weightfiles.keras_layers import (
    MODELS,
    Layer,
    class_of,
    name_of,
    read_layer,
)
from tfluck.weightfiles.opening import read_tensors
from tfluck.weightfiles.tensors import Refused, TensorFile, shape_of

MAX_LAYERS = 4096
_MAX_DEPTH = 8

#: One tensor: the layer it comes from, which call of that layer, which output.
Key = tuple[str, int, int]


@dataclass(frozen=True)
class Input:
    """Where samples enter: their shape without the batch, None where any size fits."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str


@dataclass(frozen=True)
class Node:
    """A layer or a model inside a model.

    ``calls`` are the tensors of each call, one for each argument or, for a layer that
    merges, a tuple of them. ``path`` is the group of its weights in the file.
    """

    what: "Layer | Input | Model"
    calls: tuple[tuple[Key | tuple[Key, ...], ...], ...]
    path: str


@dataclass(frozen=True)
class Model:
    """A functional graph, or a chain of layers (``inputs`` and ``outputs`` empty)."""

    name: str
    nodes: tuple[Node, ...]
    inputs: tuple[Key, ...] = ()
    outputs: tuple[Key, ...] = ()


def check_keras(path: Path) -> None:
    """Refuse a ``.keras`` file by its description alone, before Keras is imported.

    Raises:
        BadInput: as :func:`open_keras`, but for what the weights alone tell.
    """
    from tfluck.weightfiles.keras_file import read_description

    with open_regular(path) as stream, _explained(path, stream):
        read_model(read_description(stream))


@contextmanager
def open_keras(path: Path) -> Iterator[tuple[Model, TensorFile]]:
    """Open a ``.keras`` file: its model, and its tensors by their path in the file.

    Raises:
        BadInput: it is missing, of another kind or damaged, or describes what is not
            known; failures on the way out, of who uses the tensors, are told so too.
    """
    with (
        open_regular(path) as stream,
        _explained(path, stream),
        read_tensors(stream, by_path=True) as file,
    ):
        yield read_model(file.config), _of_layers(file)


@contextmanager
def _explained(path: Path, stream: BinaryIO) -> Iterator[None]:
    if path.suffix != ".keras" or stream.read(4) != b"PK\x03\x04":
        raise BadInput(
            f"{path} is no .keras file; save the model with model.save('name.keras')."
        )
    try:
        yield
    except Refused as error:
        raise BadInput(f"{path} cannot be read. {error}") from error


def _of_layers(file: TensorFile) -> TensorFile:
    """Leave out what belongs to training: the optimiser's tensors, and seeds."""
    other = re.compile(r"(.*/)?(optimizer|seed_generator)/.*")
    shapes = {name: s for name, s in file.shapes.items() if not other.fullmatch(name)}
    return replace(file, shapes=shapes)


def read_model(config: Mapping[str, Any]) -> Model:
    """Read the description of a whole model.

    Raises:
        Refused: something in it is not known or not plain.
    """
    if class_of(config) not in MODELS:
        raise Refused(
            f"It is a {str(config.get('class_name'))[:80]}; expected a functional or "
            "sequential model."
        )
    return _model(config, "", 0)


def _model(row: Mapping[str, Any], path: str, depth: int) -> Model:
    config = row.get("config")
    config = config if isinstance(config, dict) else {}
    rows = config.get("layers")
    if not isinstance(rows, list) or not rows or depth > _MAX_DEPTH:
        raise Refused("A model in the file has no layers, or models too deep in it.")
    if len(rows) > MAX_LAYERS or not all(isinstance(item, dict) for item in rows):
        raise Refused(f"A model has more than {MAX_LAYERS:,} layers, or none at all.")
    nodes = tuple(_nodes(rows, path, depth))
    if class_of(row) == "Sequential":
        return Model(name_of(config), _with_input(nodes, config))
    inputs, outputs = (
        tuple(_keys(config.get(f"{w}_layers"))) for w in ("input", "output")
    )
    if not inputs or not outputs:
        raise Refused("A model in the file has no inputs or no outputs.")
    return Model(name_of(config), nodes, inputs, outputs)


def _nodes(rows: list[dict[str, Any]], path: str, depth: int) -> Iterator[Node]:
    """Read the layers; a group is named by class, and numbered from the second on."""
    used: dict[str, int] = {}
    for row in rows:
        kind = class_of(row)
        group = snake_case(kind.removeprefix("tfluck>"))
        used[group] = number = used.get(group, -1) + 1
        where = f"{path}layers/{group}" + (f"_{number}" if number else "")
        yield Node(_what(row, kind, where, depth), _calls(row), where)


def _what(row: Mapping[str, Any], kind: str, where: str, depth: int) -> Any:
    if kind in MODELS:
        return _model(row, f"{where}/", depth + 1)
    if kind != "InputLayer":
        return read_layer(row)
    config = row.get("config")
    if not isinstance(config, dict) or config.get("sparse") or config.get("ragged"):
        raise Refused("An input of the model is sparse or ragged.")
    shape, dtype = config.get("batch_shape"), config.get("dtype") or "float32"
    if dtype not in ("float32", "float64"):
        raise Refused(f"An input takes numbers of type {str(dtype)[:80]!r}.")
    return Input(name_of(config), _sample_shape(shape), dtype)


def _sample_shape(batch_shape: Any) -> tuple[int | None, ...]:
    if not isinstance(batch_shape, list) or not 1 <= len(batch_shape) <= 6:
        raise Refused("An input of the model has no shape.")
    known = shape_of([n for n in batch_shape[1:] if n is not None])
    if any(n > 2**24 for n in known):
        raise Refused("An input of the model is larger than any sample.")
    return tuple(batch_shape[1:])


def _with_input(nodes: tuple[Node, ...], config: Mapping[str, Any]) -> tuple[Node, ...]:
    """Put an input in front of a chain that keeps its shape elsewhere."""
    if isinstance(nodes[0].what, Input):
        return nodes
    shape = _sample_shape(config.get("build_input_shape"))
    return (Node(Input("input", shape, "float32"), (), "none"), *nodes)


def snake_case(kind: str) -> str:
    """Write a class's name as Keras names its group in the file of weights."""
    border = r"(?<=.)(?=[A-Z][a-z])|(?<=[a-z])(?=[A-Z])"
    return re.sub(border, "_", kind).lower()


def _calls(row: Mapping[str, Any]) -> tuple[tuple[Key | tuple[Key, ...], ...], ...]:
    nodes = row.get("inbound_nodes") or []
    if not isinstance(nodes, list) or len(nodes) > MAX_LAYERS:
        raise Refused("The file does not say in order what feeds a layer.")
    return tuple(_call(node) for node in nodes)


def _call(node: Any) -> tuple[Key | tuple[Key, ...], ...]:
    if not isinstance(node, dict) or not isinstance(node.get("args"), list):
        raise Refused(
            "The file tells what feeds a layer as older versions of Keras did; open "
            "and save it once with Keras 3."
        )
    options = node.get("kwargs") or {}
    if not isinstance(options, dict):
        raise Refused("A layer is called with options that are none.")
    for key, value in options.items():
        if key not in ("training", "mask") or value not in (None, False):
            raise Refused(f"A layer is called with {str(key)[:80]}; that is not known.")
    return tuple(
        tuple(_tensor(item) for item in argument)
        if isinstance(argument, list)
        else _tensor(argument)
        for argument in node["args"]
    )


def _tensor(value: Any) -> Key:
    config = value.get("config") if isinstance(value, dict) else None
    if not isinstance(config, dict) or value.get("class_name") != "__keras_tensor__":
        raise Refused("A layer is called with something that is no tensor.")
    return _key(config.get("keras_history"))


def _key(value: Any) -> Key:
    if isinstance(value, list) and len(value) == 3:
        name, call, output = value
        if type(name) is str and type(call) is int and type(output) is int:
            return name, call, output
    raise Refused("The file names a tensor by something that is no layer.")


def _keys(value: Any) -> Iterator[Key]:
    """Read a list of tensors, or one alone."""
    if not isinstance(value, list):
        raise Refused("A model's inputs and outputs must be a list.")
    alone = len(value) == 3 and isinstance(value[0], str)
    yield from map(_key, [value] if alone else value)
