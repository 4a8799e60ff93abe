"""Open a run's streams: batches that are a pure function of (seed, stream name, step)."""

import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import tensorflow as tf

from tfluck.data.augmentation import NUMBERS, crop_and_flip
from tfluck.data.gaussian import Stream
from tfluck.data.images import ImageSet
from tfluck.data.registry import load_images
from tfluck.data.sampling import sampler
from tfluck.data.stateless import (
    BLOCK,
    Starts,
    as_dataset,
    bit_batches,
    sample_order,
)
from tfluck.experiment.cost import piece
from tfluck.experiment.experiment import Experiment
from tfluck.experiment.inputs import InputLaw, spectrum
from tfluck.foundations.errors import BadInput
from tfluck.foundations.seeds import child, generator

#: Inputs ``[count, batch, …]``, or those and targets ``[count, batch, classes]``.
Batches = Any


class BatchStream(Protocol):
    """What training needs of its data."""

    def batches(self, first: tf.Tensor | int, count: int) -> Batches:
        """Return batches ``first … first + count − 1``."""

    def chunks(self, starts: Starts, length: int) -> tf.data.Dataset:
        """Return a pipeline of ``length`` batches from each of the ``starts``."""


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


def open_images(experiment: Experiment, data_dir: str | None = None) -> ImageSet | None:
    """Read the image set of a run from ``data_dir``; None for unlabelled data.

    With ``samples`` below the set's size a random subset is kept, the same for every
    student. Shuffled labels are those of the training split, dealt out anew.

    Raises:
        BadInput: the set is smaller than the run asks for.
        TfluckError: the set is not there.
    """
    if not experiment.data.labelled:
        return None
    folder = Path(data_dir) if data_dir else None
    images = load_images(experiment.data.dataset, folder, experiment.data.data_digest)
    size, wanted = len(images.x_train), experiment.data.samples or len(images.x_train)
    if wanted > size or experiment.watch.eval_samples > len(images.x_test):
        raise BadInput(
            f"{experiment.data.dataset} has {size} training and {len(images.x_test)} test "
            f"samples; the run asks for {wanted} and {experiment.watch.eval_samples}."
        )
    if wanted < size:
        kept = generator(experiment.seed, "data", "subset").permutation(size)[:wanted]
        images = dataclasses.replace(
            images, x_train=images.x_train[kept], y_train=images.y_train[kept]
        )
    if experiment.data.labels == "true":
        return images
    dealt = generator(experiment.seed, "data", "shuffled-labels").permutation(wanted)
    return dataclasses.replace(images, y_train=images.y_train[dealt])


def open_stream(
    experiment: Experiment, seed: int, name: str, images: ImageSet | None
) -> BatchStream:
    """Open the training stream ``name`` of the student ``seed``."""
    if images is None:
        return _unlabelled(
            experiment,
            seed,
            name,
            experiment.training.batch_size,
            experiment.data.samples,
        )
    labelled = experiment.training.targets == "labels"
    return ImageStream(
        seed,
        name,
        images,
        experiment.training.batch_size,
        experiment.data.augment,
        labelled,
    )


def _unlabelled(
    experiment: Experiment,
    seed: int,
    name: str,
    batch_size: int,
    samples: int | None = None,
) -> Stream:
    """Open a stream of the law that the run's inputs follow."""
    law, shape, std = (
        experiment.data.law or InputLaw("gaus"),
        experiment.input_shape,
        experiment.data.data_std,
    )
    scales: float | tuple[float, ...] = std
    if experiment.data.covariance != "identity":
        scales = tuple(
            std * part for part in spectrum(experiment.data.covariance, *shape)
        )
    draw = sampler(law, experiment.seed, shape)
    return Stream(seed, name, shape, batch_size, scales, samples, draw)


def evaluation_set(
    experiment: Experiment, images: ImageSet | None
) -> tuple[list[tf.Tensor], list[tf.Tensor] | None]:
    """Cut the fixed evaluation set into batches, the same for every student of a run.

    Returns:
        Inputs float32 ``[n, *input_shape]`` each, and their classes ``[n]``; None in
        place of the classes for unlabelled data.
    """
    size, end = piece(experiment), experiment.watch.eval_samples
    cuts = [slice(at, min(at + size, end)) for at in range(0, end, size)]
    if images is None:
        # Four samples fill whole blocks of the generator: the set is one sequence,
        # whatever its size and however large the batches of the training are.
        stream = _unlabelled(experiment, experiment.seed, "eval", BLOCK)
        batches = stream.batches(0, math.ceil(end / BLOCK))
        data = tf.reshape(batches, (-1, *experiment.input_shape))
        return [data[cut] for cut in cuts], None
    order = generator(experiment.seed, "data", "eval").permutation(len(images.x_test))[
        :end
    ]
    data = tf.constant(images.normalize(images.x_test[order]))
    labels = tf.constant(images.y_test[order])
    return [data[cut] for cut in cuts], [labels[cut] for cut in cuts]
