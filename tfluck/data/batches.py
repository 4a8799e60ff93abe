"""Batches whose step t is a pure function of (seed, stream name, t).

A stream of a law is one endless Philox sequence; batch t is its t-th block. Labelled
images are walked in an order that is such a function too. So nothing has to be saved to
resume, a chunk of K batches is one random op, and any step can be replayed.
"""

from dataclasses import dataclass
from typing import Any, Protocol

import tensorflow as tf

from tfluck.data.augmentation import NUMBERS, crop_and_flip
from tfluck.data.images import ImageSet
from tfluck.data.sources.law import Draw
from tfluck.data.stateless import (
    Starts,
    as_dataset,
    bit_batches,
    gaussian_batches,
    sample_order,
)
from tfluck.foundations.seeds import child

#: Inputs ``[count, batch, …]``, or those and targets ``[count, batch, classes]``.
Batches = Any


class BatchStream(Protocol):
    """What training needs of its data."""

    def batches(self, first: tf.Tensor | int, count: int) -> Batches:
        """Return batches ``first … first + count − 1``."""

    def chunks(self, starts: Starts, length: int) -> tf.data.Dataset:
        """Return a pipeline of ``length`` batches from each of the ``starts``."""


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
    draw: Draw = gaussian_batches

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


@dataclass(frozen=True, eq=False)
class ImageStream:
    """Batches of labelled images, walked in a new order each pass.

    Args:
        seed: the run's seed.
        name: of the stream; two names give independent orders and augmentations.
        images: the training split is what is walked.
        batch_size: samples of a batch.
        augment: random crops and mirror images, new ones at each step.
        labelled: yield (inputs, one-hot classes) in place of inputs alone.
    """

    seed: int
    name: str
    images: ImageSet
    batch_size: int
    augment: bool = False
    labelled: bool = False

    def batches(self, first: tf.Tensor | int, count: int) -> Batches:
        """Return batches ``first …`` as float32 ``[count, batch, *sample_shape]``."""
        return self._pick(self._arrays(), first, count)

    def chunks(self, starts: Starts, length: int) -> tf.data.Dataset:
        """Return a pipeline of ``length`` batches from each of the ``starts``."""
        arrays = self._arrays()
        firsts = as_dataset(starts)
        return firsts.map(lambda at: self._pick(arrays, at, length)).prefetch(2)

    def _arrays(self) -> tuple[tf.Tensor, tf.Tensor]:
        return tf.constant(self.images.x_train), tf.constant(self.images.y_train)

    def _pick(
        self, arrays: tuple[tf.Tensor, tf.Tensor], first: tf.Tensor | int, count: int
    ) -> Batches:
        pixels, labels = arrays
        size = len(self.images.x_train)
        order = sample_order(self._child("order"), size, first, count, self.batch_size)
        x = tf.gather(pixels, order)
        if self.augment:
            shape = (self.batch_size, NUMBERS)
            x = crop_and_flip(
                x, bit_batches(self._child("augment"), first, count, shape)
            )
        x = (tf.cast(x, tf.float32) - self.images.mean) / self.images.std
        if not self.labelled:
            return x
        return x, tf.one_hot(tf.gather(labels, order), len(self.images.classes))

    def _child(self, part: str) -> int:
        return child(self.seed, "data", self.name, part)
