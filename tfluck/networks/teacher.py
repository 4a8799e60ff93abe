"""The teacher: a small network whose rows are separated and have norm one."""

from functools import partial

import keras
import tensorflow as tf

from tfluck.networks.initializers import default_start, teacher_start
from tfluck.networks.network import Network, linear_layers

#: Added to a row's norm before dividing by it, as in the original.
NORM_GUARD = 1e-5


def normalized(kernel: tf.Tensor, bias: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Divide every row by (its weight norm + 1e-5), and its bias by the same number.

    Args:
        kernel: ``[..., nodes]``; everything but the last axis feeds a node.
        bias: ``[nodes]``; not part of the norm.
    """
    fan_in = list(range(len(kernel.shape) - 1))
    norm = tf.sqrt(tf.reduce_sum(tf.square(kernel), axis=fan_in)) + NORM_GUARD
    return kernel / norm, bias / norm


def normalize_rows(model: keras.Model) -> None:
    """Apply :func:`normalized` to every linear layer, the output layer included."""
    for layer in linear_layers(model):
        kernel, bias = normalized(layer.kernel.value, layer.bias.value)
        layer.kernel.assign(kernel)
        layer.bias.assign(bias)


def build_teacher(
    network: Network, seed: int, *, init: str = "separated", bias_shift: float = 0.0
) -> keras.Model:
    """Make a teacher; a pure function of its arguments.

    Args:
        network: its shape.
        seed: decides every weight.
        init: ``separated`` draws entries from {−½, −¼, 0, ¼, ½} with no zero row and no
            two equal rows in a layer and biases from U[−½, ½], then normalises the rows
            (paper 1, section 4.2); ``default`` draws U(±1/√fan_in).
        bias_shift: added to every hidden bias at the end; negative values make nodes
            active less often, which is how Assumption 3 can be made to hold.
    """
    start = teacher_start if init == "separated" else default_start
    model = network.build(partial(start, seed), name="teacher")
    if init == "separated":
        normalize_rows(model)
    for layer in linear_layers(model)[:-1]:
        layer.bias.assign(layer.bias.value + bias_shift)
    model.trainable = False
    return model
