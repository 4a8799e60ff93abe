"""The loss of a network as a function of one flat vector of all its trainable weights.

Gradients, exact second derivatives along a direction, and the whole Hessian where it
fits. BatchNorm is in inference mode: its running statistics are constants, and the batch
does not couple samples, so the loss is a mean over samples. ReLU's second derivative is
0 everywhere, as TensorFlow has it.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tfluck.architectures import Graph
from tfluck.architectures.graph import LINEAR
from tfluck.foundations.errors import BadInput
from tfluck.networks.initializers import default_start
from tfluck.networks.network import Network

Array = NDArray[np.float64]
Codes = NDArray[np.uint8]
Loss = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
#: What a weight touches: a chosen node, another one, both, or no hidden node at all.
NEITHER, CHOSEN, OTHER, BETWEEN = 0, 1, 2, 3
#: Rows of a Hessian that is written out; in float64 half a gigabyte.
LARGEST = 8000


def in_float64(network: Network, model: keras.Model) -> keras.Model:
    """Build ``model``, whose shape is ``network``, again in float64."""
    twin = network.build(
        lambda name, fan_in: default_start(0, name, fan_in), model.name, "float64"
    )
    twin.set_weights(model.get_weights())
    return twin


class Surface:
    """L(θ), the mean loss over fixed samples, around the weights of a float64 model.

    Args:
        model: float64; the last of its outputs is what the loss sees. Only read.
        loss: of (targets, outputs), a mean over samples.
        inputs: ``[samples, …]``.
        targets: ``[samples, outputs]``.
        piece: samples that are looked at together.
    """

    def __init__(
        self,
        model: keras.Model,
        loss: Loss,
        inputs: Array,
        targets: Array,
        piece: int = 1000,
    ) -> None:
        self.model = model
        self.loss = loss
        self.variables = list(model.trainable_variables)
        self.shapes = [tuple(variable.shape) for variable in self.variables]
        self.sizes = [int(np.prod(shape)) for shape in self.shapes]
        self.fixed = [v.value for v in model.non_trainable_variables]
        self.theta = np.concatenate([v.numpy().ravel() for v in self.variables])
        cuts = [slice(at, at + piece) for at in range(0, len(inputs), piece)]
        self.pieces = [
            (tf.constant(inputs[cut]), tf.constant(targets[cut])) for cut in cuts
        ]
        self.samples = len(inputs)
        # With any number of samples, so that the last piece is not compiled anew.
        point = tf.TensorSpec(self.theta.shape, tf.float64)
        data = [
            tf.TensorSpec((None, *array.shape[1:]), tf.float64)
            for array in (inputs, targets)
        ]

        def compiled(function: Callable[..., tf.Tensor], points: int) -> Any:
            signature = [point] * points + data
            return tf.function(function, input_signature=signature, autograph=False)

        self._loss = compiled(self._loss_of, 1)
        self._gradient = compiled(self._gradient_of, 1)
        self._product = compiled(self._product_of, 2)
        self._hessian = compiled(self._hessian_of, 1)

    @property
    def parameters(self) -> int:
        """Entries of θ."""
        return len(self.theta)

    def value(self, theta: Array | None = None) -> float:
        """Return L(θ), at the model's own weights unless given."""
        return float(self._mean(self._loss, self._at(theta)))

    def gradient(self, theta: Array | None = None) -> Array:
        """Return ∂L/∂θ, ``[parameters]``."""
        return self._mean(self._gradient, self._at(theta))

    def product(self, vector: Array) -> Array:
        """Return ∂²L/∂θ² times ``vector``, forward over reverse, ``[parameters]``.

        It costs about three gradients and no memory for the matrix.
        """
        direction = tf.constant(np.asarray(vector, np.float64))
        return self._mean(self._product, self._at(None), direction)

    def hessian(self) -> Array:
        """Return ∂²L/∂θ² entry by entry, reverse over reverse: the products' oracle.

        Raises:
            BadInput: it does not fit.
        """
        if self.parameters > LARGEST:
            raise BadInput(
                f"The Hessian of {self.parameters:,} parameters is not written out; "
                f"that is done up to {LARGEST:,}."
            )
        return self._mean(self._hessian, self._at(None))

    def _at(self, theta: Array | None) -> tf.Tensor:
        return tf.constant(self.theta if theta is None else theta)

    def _mean(self, function: Callable[..., tf.Tensor], *arguments: tf.Tensor) -> Any:
        """Average over all samples what is a mean over each piece."""
        total: Any = 0.0
        for x, target in self.pieces:
            total = total + len(x) * function(*arguments, x, target).numpy()
        return total / self.samples

    def _loss_of(self, theta: tf.Tensor, x: tf.Tensor, target: tf.Tensor) -> tf.Tensor:
        parts = tf.split(theta, self.sizes)
        weights = [
            tf.reshape(part, shape)
            for part, shape in zip(parts, self.shapes, strict=True)
        ]
        outputs, _ = self.model.stateless_call(weights, self.fixed, x, training=False)
        return self.loss(target, outputs[-1])

    def _gradient_of(
        self, theta: tf.Tensor, x: tf.Tensor, target: tf.Tensor
    ) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(theta)
            loss = self._loss_of(theta, x, target)
        return tape.gradient(loss, theta)

    def _product_of(
        self, theta: tf.Tensor, direction: tf.Tensor, x: tf.Tensor, target: tf.Tensor
    ) -> tf.Tensor:
        with tf.autodiff.ForwardAccumulator(theta, direction) as forward:
            gradient = self._gradient_of(theta, x, target)
        return forward.jvp(gradient, tf.UnconnectedGradients.ZERO)

    def _hessian_of(
        self, theta: tf.Tensor, x: tf.Tensor, target: tf.Tensor
    ) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(theta)
            gradient = self._gradient_of(theta, x, target)
        return tape.jacobian(gradient, theta, experimental_use_pfor=False)


def touched_codes(
    graph: Graph, model: keras.Model, chosen: Sequence[NDArray[np.bool_]]
) -> Codes:
    """Tell of every entry of θ which hidden nodes it touches.

    A weight touches the node it feeds and the node it reads; a bias, a scale and a shift
    touch their own. So a node's incoming weights, bias and outgoing weights touch it, and
    a weight from a chosen node to another one is ``BETWEEN`` them.

    Args:
        graph: what ``model`` consists of.
        model: its trainable variables are θ, in their order.
        chosen: per hidden layer ``[nodes]``.

    Returns:
        ``CHOSEN``, ``OTHER``, ``BETWEEN`` or ``NEITHER``, ``[parameters]``.
    """
    bits = [np.where(nodes, CHOSEN, OTHER).astype(np.uint8) for nodes in chosen]
    fed = {layer.linear: bits[i] for i, layer in enumerate(graph.hidden)}
    codes: dict[str, Codes] = {}
    for vertex in graph.vertices:
        if vertex.kind not in (*LINEAR, "norm"):
            continue
        own = fed.get(_made_by(graph, vertex.name), np.zeros(vertex.nodes, np.uint8))
        for variable in model.get_layer(vertex.name).trainable_variables:
            shape = tuple(variable.shape)
            code = np.broadcast_to(own, shape)
            if len(shape) > 1:
                read = graph.layer_read_by(vertex)
                below = np.zeros(1, np.uint8) if read is None else bits[read]
                # Channels are last among the inputs of a node, whatever the places.
                flat = code.reshape(-1, len(below), shape[-1]) | below[:, None]
                code = flat.reshape(shape)
            codes[variable.path] = code.ravel()
    return np.concatenate([codes[v.path] for v in model.trainable_variables])


def _made_by(graph: Graph, name: str) -> str:
    """Return the linear vertex whose nodes the vertex ``name`` holds."""
    vertex = graph.by_name[name]
    while vertex.kind not in (*LINEAR, "input"):
        vertex = graph.by_name[vertex.reads[0]]
    return vertex.name


def filter_direction(
    surface: Surface, mask: NDArray[np.bool_], draw: np.random.Generator
) -> Array:
    """Draw a random direction within ``mask`` that is as long as the weights, row by row.

    Every row (all that feeds a node) of a kernel gets Gaussian entries where the mask is,
    scaled to the norm that the row itself has there; biases, scales and shifts do not
    move. Rescaling a node and what reads it rescales the direction likewise (Li et al.
    2018, filter normalisation).

    Returns:
        ``[parameters]``.
    """
    direction = np.zeros(surface.parameters)
    at = 0
    for shape, size in zip(surface.shapes, surface.sizes, strict=True):
        here = slice(at, at + size)
        at += size
        if len(shape) < 2:
            continue
        rows = (-1, shape[-1])
        inside = mask[here].reshape(rows)
        weights = np.where(inside, surface.theta[here].reshape(rows), 0)
        drawn = np.where(inside, draw.standard_normal(inside.shape), 0)
        length = np.linalg.norm(drawn, axis=0)
        scale = np.linalg.norm(weights, axis=0) / np.where(length > 0, length, 1)
        direction[here] = (drawn * scale).ravel()
    return direction


def along(surface: Surface, direction: Array, steps: Array) -> Array:
    """Return L(θ + s · direction) for every s of ``steps``."""
    return np.array([surface.value(surface.theta + s * direction) for s in steps])
