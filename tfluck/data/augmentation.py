"""The original's augmentation of CIFAR: pad 4, crop at random, mirror every other one."""

import tensorflow as tf

#: Black pixels added on every side before cropping.
PAD = 4
#: Random numbers one sample needs: row, column, mirror.
NUMBERS = 3


def crop_and_flip(images: tf.Tensor, bits: tf.Tensor) -> tf.Tensor:
    """Shift each image by up to ±4 pixels and mirror half of them.

    Args:
        images: raw ``[..., height, width, channels]``; raw 0 is black.
        bits: uint32 ``[..., 3]``; row offset and column offset are the first two
            modulo 9, and the lowest bit of the third mirrors.

    Returns:
        Like ``images``.
    """
    height, width, channels = images.shape[-3:]
    flat = tf.reshape(images, (-1, height, width, channels))
    numbers = tf.reshape(bits, (-1, NUMBERS))
    offsets = tf.cast(numbers[:, :2] % (2 * PAD + 1), tf.int32)
    padded = tf.pad(flat, [[0, 0], [PAD, PAD], [PAD, PAD], [0, 0]])
    rows = offsets[:, :1] + tf.range(height)
    mirrored = numbers[:, 2:] % 2 == 1
    across = tf.where(mirrored, tf.range(width)[::-1], tf.range(width))
    columns = offsets[:, 1:] + across
    cropped = tf.gather(padded, rows, axis=1, batch_dims=1)
    # One gather a direction: batch, then the column axis behind it.
    cropped = tf.gather(
        tf.transpose(cropped, (0, 2, 1, 3)), columns, axis=1, batch_dims=1
    )
    return tf.reshape(tf.transpose(cropped, (0, 2, 1, 3)), tf.shape(images))
