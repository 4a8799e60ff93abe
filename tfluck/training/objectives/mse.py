"""The mean squared error."""

import tensorflow as tf


def mean_squared_error(target: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Average the squared difference over batch *and* outputs.

    Against paper 1's Eq. 1, ½ E‖·‖², gradients are 2/C times as large for C outputs.
    """
    return tf.reduce_mean(tf.math.squared_difference(target, logits))
