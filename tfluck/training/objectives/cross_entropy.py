"""The cross-entropy with the most probable class of the target."""

import tensorflow as tf


def cross_entropy(target: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Average the cross-entropy against the teacher's most probable class."""
    labels = tf.argmax(target, axis=-1)
    return tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    )
