"""The hidden activations of Keras models, batch by batch."""

from typing import Any

import keras
import tensorflow as tf
from numpy.typing import NDArray

from tfluck.analysis.comparing import Hidden


def hidden_function(model: keras.Model) -> Hidden:
    """Compile what ``model`` returns in inference mode, as a list."""

    def hidden(x: tf.Tensor) -> list[tf.Tensor]:
        return list(tf.nest.flatten(model(x, training=False)))

    return tf.function(hidden, reduce_retracing=True, autograph=False)


def below_output(model: keras.Model) -> Hidden:
    """Return what gives the hidden activations of one of our networks, uncompiled."""
    return lambda x: model(x, training=False)[:-1]


def batched(x: NDArray[Any], size: int) -> list[tf.Tensor]:
    """Cut ``x`` into batches of at most ``size``."""
    return [tf.constant(x[at : at + size]) for at in range(0, len(x), size)]
