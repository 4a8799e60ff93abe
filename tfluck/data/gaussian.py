"""Unlabelled inputs whose batch at step t is a pure function of (seed, stream name, t).

A stream is one endless Philox sequence; batch t is its t-th block. So nothing has to be
saved to resume, a chunk of K batches is one random op, and any step can be replayed.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

from tfluck.data.stateless import (
    BLOCK,
    PHILOX,
    Starts,
    as_dataset,
    blocks_of,
    counter,
    sample_order,
)
from tfluck.foundations.seeds import child


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


@dataclass(frozen=True)
class Stream:
    """Batches of unlabelled inputs, endless or drawn from a finite set.

    Args:
        seed: the run's seed.
        name: of the stream; two names give independent streams.
        sample_shape: of one sample.
        batch_size: samples of a batch.
        std: standard deviation of the inputs, mean 0; one for every coordinate if not
            the same for all.
        samples: size of the finite set, None for endless fresh samples. A finite set
            is walked in a new order each pass; passes follow each other without a
            gap, so every batch is full and no sample is left out.
        draw: gives batches of variance 1 of the law that the inputs follow.
    """

    seed: int
    name: str
    sample_shape: tuple[int, ...]
    batch_size: int
    std: float | tuple[float, ...]
    samples: int | None = None
    draw: Callable[..., tf.Tensor] = gaussian_batches

    def batches(self, first: tf.Tensor | int, count: int) -> tf.Tensor:
        """Return batches ``first …`` as float32 ``[count, batch, *sample_shape]``."""
        if self.samples is not None:
            order = self._order(first, count)
            return tf.gather(self._finite_set(), order)
        shape = (self.batch_size, *self.sample_shape)
        return self.std * self.draw(self._child("fresh"), first, count, shape)

    def chunks(self, starts: Starts, length: int) -> tf.data.Dataset:
        """Return a pipeline of ``length`` batches from each of the ``starts``."""
        firsts = as_dataset(starts)
        if self.samples is not None:
            data = self._finite_set()
            found = firsts.map(lambda at: tf.gather(data, self._order(at, length)))
        else:
            found = firsts.map(lambda at: self.batches(at, length))
        return found.prefetch(2)

    def _finite_set(self) -> tf.Tensor:
        shape = (self.samples or 0, *self.sample_shape)
        return self.std * self.draw(self._child("set"), 0, 1, shape)[0]

    def _order(self, first: tf.Tensor | int, count: int) -> tf.Tensor:
        size = self.samples or 1
        return sample_order(self._child("order"), size, first, count, self.batch_size)

    def _child(self, part: str) -> int:
        return child(self.seed, "data", self.name, part)
