"""Keras models built from a stranger's description by our own hands.

Keras' deserialiser is not asked: constructors are taken from a table, arguments are
checked plain values, and every variable is born with the tensor the file holds for it,
so a shape that is claimed and not there is refused before memory is asked for.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfluck.networks.normalization import BatchNorm
from tfluck.weightfiles.keras_layers import OUR_BATCH_NORM, Layer
from tfluck.weightfiles.keras_model import Input, Key, Model, Node
from tfluck.weightfiles.npz import free_memory
from tfluck.weightfiles.tensors import Refused, TensorFile

#: Numbers one sample may become inside a network: a gigabyte.
MAX_NUMBERS = 2**28
#: What Keras raises on arguments that are plain, in range, and still make no layer.
_NO_LAYER = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    NotImplementedError,
    RuntimeError,
    TypeError,
    ValueError,
    tf.errors.OpError,
)


def rebuild(model: Model, weights: TensorFile) -> keras.Model:
    """Build ``model``; ``weights`` are its tensors by their path in the file.

    Raises:
        Refused: the layers do not fit one another, or the weights not the layers.
    """
    claimed = sum(8 * math.prod(shape) for shape in weights.shapes.values())
    if claimed > free_memory():
        raise Refused(f"Its weights take {claimed:,} bytes, more than memory is free.")
    builder = _Builder(weights)
    built = builder.model(model)
    if unused := sorted(set(weights.shapes) - builder.used):
        raise Refused(f"No layer has use for the tensor '{unused[0]}'.")
    return built


class _Builder:
    def __init__(self, weights: TensorFile) -> None:
        self.weights = weights
        self.used: set[str] = set()

    def model(self, model: Model) -> keras.Model:
        try:
            return self._graph(model) if model.inputs else self._chain(model)
        except _NO_LAYER as error:
            reason = (str(error).strip() or type(error).__name__).splitlines()[0]
            raise Refused(f"'{model.name}' cannot be built: {reason}") from error

    def _chain(self, model: Model) -> keras.Model:
        built = keras.Sequential(name=model.name)
        for node in model.nodes:
            built.add(self.node(node))
            if not isinstance(node.what, Input):
                _check_sizes(built.outputs)
        return built

    def _graph(self, model: Model) -> keras.Model:
        tensors: dict[Key, Any] = {}
        waiting: list[tuple[Node, Any, int]] = []
        for node in model.nodes:
            layer = self.node(node)
            if isinstance(node.what, Input):
                tensors[node.what.name, 0, 0] = layer
                continue
            waiting += [(node, layer, call) for call in range(len(node.calls))]
        while waiting:
            late = [item for item in waiting if not _call(*item, tensors)]
            if len(late) == len(waiting):
                raise Refused(f"In '{model.name}' layers wait for one another.")
            waiting = late
        # Where a model ends, and only there, Keras counts the making of a graph inside
        # it as that graph's first call.
        graphs = {
            node.what.name
            for node in model.nodes
            if isinstance(node.what, Model) and node.what.inputs
        }
        ends = [
            [
                tensors[name, call - (name in graphs), index]
                for name, call, index in keys
            ]
            for keys in (model.inputs, model.outputs)
        ]
        inputs, outputs = (end[0] if len(end) == 1 else end for end in ends)
        return keras.Model(inputs, outputs, name=model.name)

    def node(self, node: Node) -> Any:
        what = node.what
        if isinstance(what, Input):
            return keras.Input(what.shape, name=what.name, dtype=what.dtype)
        if isinstance(what, Model):
            return self.model(what)
        return self._layer(what, node.path)

    def _layer(self, layer: Layer, path: str) -> Any:
        common = {"name": layer.name, "dtype": layer.dtype}
        # A variable the layer has not gets an initialiser too: none is Keras' to find.
        born = {
            f"{variable}_initializer": self._birth(layer, f"{path}/vars/{number}")
            for variable, number in layer.variables.items()
        }
        if layer.kind == OUR_BATCH_NORM:
            there = [
                b
                for b, n in zip(born.values(), layer.variables.values(), strict=True)
                if n is not None
            ]
            return _FilledBatchNorm(there, **common, **layer.arguments)
        constructor = getattr(keras.layers, layer.kind)
        return constructor(**common, **layer.arguments, **born)

    def _birth(self, layer: Layer, name: str) -> Callable[..., Any]:
        """Return an initialiser that gives the file's tensor, or refuses the shape."""

        def initializer(shape: Iterable[int], dtype: Any = None) -> Any:
            wanted, found = tuple(shape), self.weights.shapes.get(name)
            if found != wanted:
                raise Refused(
                    f"Layer '{layer.name}' needs a tensor of shape {wanted}; the file "
                    f"has {found or 'none'} for it."
                )
            self.used.add(name)
            value = self.weights.read(name)
            if not np.isfinite(value).all():
                raise Refused(f"'{name}' holds numbers that are not finite.")
            return keras.ops.convert_to_tensor(value, dtype)

        return initializer


class _FilledBatchNorm(BatchNorm):
    """tfluck's BatchNorm, born with the vectors of a file."""

    def __init__(self, born: list[Callable[..., Any]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._born = born

    def build(self, input_shape: tuple[int, ...]) -> None:
        super().build(input_shape)
        for start, variable in zip(
            self._born,
            (*self.trainable_variables, *self.non_trainable_variables),
            strict=True,
        ):
            variable.assign(start(variable.shape, variable.dtype))


def _flat(arguments: Iterable[Any]) -> Iterable[Key]:
    for item in arguments:
        yield from item if isinstance(item[0], tuple) else (item,)


def _call(node: Node, layer: Any, call: int, tensors: dict[Key, Any]) -> bool:
    """Make one call of a layer if what feeds it is there; tell whether it was."""
    if not all(key in tensors for key in _flat(node.calls[call])):
        return False
    arguments = [
        [tensors[key] for key in item] if isinstance(item[0], tuple) else tensors[item]
        for item in node.calls[call]
    ]
    outputs = tf.nest.flatten(layer(*arguments))
    _check_sizes(outputs)
    for index, output in enumerate(outputs):
        tensors[node.what.name, call, index] = output
    return True


def _check_sizes(outputs: Iterable[Any]) -> None:
    for output in outputs:
        if math.prod(n for n in output.shape if n is not None) > MAX_NUMBERS:
            raise Refused(
                f"A sample becomes {tuple(output.shape[1:])}; that is too many."
            )
