"""Randomness with no state: what step t draws is a function of (seed, t) alone."""

import math
from collections.abc import Iterable
from typing import TypeAlias

import tensorflow as tf

#: First steps of chunks: a list, or a dataset of int64, which may be endless.
Starts: TypeAlias = Iterable[int] | tf.data.Dataset

#: The counter-based generator of the raw ops.
PHILOX = 1
#: Numbers that one Philox counter yields.
BLOCK = 4


def blocks_of(size: int) -> int:
    """Return how many counters ``size`` numbers use up."""
    return math.ceil(size / BLOCK)


def counter(first: tf.Tensor | int, blocks: int) -> tf.Tensor:
    """Return the Philox counter at which row ``first`` of ``blocks`` blocks begins."""
    at = tf.cast(tf.cast(first, tf.int64) * blocks, tf.uint64)
    return tf.stack([at, tf.constant(0, tf.uint64)])


def as_dataset(starts: Starts) -> tf.data.Dataset:
    """Return ``starts`` as a dataset of int64."""
    if isinstance(starts, tf.data.Dataset):
        return starts
    return tf.data.Dataset.from_tensor_slices(tf.constant(list(starts), tf.int64))


def chunk_starts(
    first: int, epochs: int, steps_per_epoch: int, length: int
) -> tf.data.Dataset:
    """Return where chunks of ``length`` steps begin, from step ``first`` to the end.

    Each epoch begins a chunk, and none of them is written down beforehand.
    """

    def of_epoch(epoch: tf.Tensor) -> tf.data.Dataset:
        begin = epoch * steps_per_epoch
        end = begin + steps_per_epoch
        return tf.data.Dataset.range(tf.maximum(begin, first), end, length)

    return tf.data.Dataset.range(first // steps_per_epoch, epochs).flat_map(of_epoch)


def gaussian_batches(
    seed: int, first: tf.Tensor | int, count: int, shape: tuple[int, ...]
) -> tf.Tensor:
    """Return batches ``first … first + count − 1`` of the stream ``seed``, N(0, 1).

    Args:
        shape: of one batch.

    Returns:
        float32 ``[count, *shape]``; row k depends on ``first + k`` only.
    """
    size = math.prod(shape)
    blocks = blocks_of(size)
    numbers = tf.raw_ops.StatelessRandomNormalV2(
        shape=[count, blocks * BLOCK],
        key=tf.constant([seed], tf.uint64),
        counter=counter(first, blocks),
        alg=PHILOX,
    )
    return tf.reshape(numbers[:, :size], [count, *shape])


def bit_batches(
    seed: int, first: tf.Tensor | int, count: int, shape: tuple[int, ...]
) -> tf.Tensor:
    """Return uniform 32-bit numbers; row k depends on (seed, first + k) only.

    Returns:
        uint32 ``[count, *shape]``.
    """
    size = math.prod(shape)
    blocks = blocks_of(size)
    bits = tf.raw_ops.StatelessRandomUniformFullIntV2(
        shape=[count, blocks * BLOCK],
        key=tf.constant([seed], tf.uint64),
        counter=counter(first, blocks),
        alg=PHILOX,
        dtype=tf.uint32,
    )
    return tf.reshape(bits[:, :size], [count, *shape])


def sample_order(
    seed: int, size: int, first: tf.Tensor | int, count: int, batch_size: int
) -> tf.Tensor:
    """Return which of ``size`` samples make up batches ``first … first + count − 1``.

    The set is walked in a new order each pass; passes follow each other without a gap,
    so every batch is full and no sample is left out.

    Returns:
        int64 ``[count, batch_size]``.
    """
    start = tf.cast(first, tf.int64) * batch_size
    position = start + tf.range(count * batch_size, dtype=tf.int64)
    passes, index = tf.cast(position // size, tf.int32), position % size
    seeds = tf.stack(
        [tf.fill(tf.shape(passes), seed), passes, tf.zeros_like(passes)], axis=-1
    )
    order = tf.raw_ops.RandomIndexShuffle(
        index=index, seed=seeds, max_index=tf.constant(size - 1, tf.int64), rounds=4
    )
    return tf.reshape(order, [count, batch_size])
