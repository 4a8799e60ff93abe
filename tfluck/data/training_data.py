"""What a training of given settings reads: its streams and its evaluation set."""

import dataclasses
import math
from pathlib import Path

import tensorflow as tf

from tfluck.data.batches import BatchStream, ImageStream, Stream
from tfluck.data.images import ImageSet
from tfluck.data.sources.law import Law
from tfluck.data.stateless import BLOCK
from tfluck.experiment.config import RunConfig
from tfluck.experiment.cost import piece
from tfluck.experiment.inputs import spectrum
from tfluck.experiment.sources import Source, find_source
from tfluck.foundations.errors import BadInput
from tfluck.foundations.seeds import generator


def open_images(config: RunConfig) -> ImageSet | None:
    """Read the image set of a run; None for unlabelled data.

    With ``samples`` below the set's size a random subset is kept, the same for every
    student.

    Raises:
        BadInput: the set is smaller than the run asks for.
        TfluckError: the set is not there.
    """
    source = find_source(config.dataset)
    if not source.labelled:
        return None
    folder = Path(config.data_dir) if config.data_dir else None
    images = source.load(folder, config.data_digest)
    size, wanted = len(images.x_train), config.samples or len(images.x_train)
    if wanted > size or config.eval_samples > len(images.x_test):
        raise BadInput(
            f"{config.dataset} has {size} training and {len(images.x_test)} test samples; "
            f"the run asks for {wanted} and {config.eval_samples}."
        )
    return subset(images, wanted, config.seed)


def subset(images: ImageSet, wanted: int, seed: int) -> ImageSet:
    """Keep ``wanted`` random training samples, always the same ones for one ``seed``."""
    size = len(images.x_train)
    if wanted == size:
        return images
    kept = generator(seed, "data", "subset").permutation(size)[:wanted]
    return dataclasses.replace(
        images, x_train=images.x_train[kept], y_train=images.y_train[kept]
    )


def open_stream(
    config: RunConfig, seed: int, name: str, images: ImageSet | None
) -> BatchStream:
    """Open the training stream ``name`` of the student ``seed``."""
    if images is None:
        return _unlabelled(config, seed, name, config.batch_size, config.samples)
    labelled = config.targets == "labels"
    return ImageStream(seed, name, images, config.batch_size, config.augment, labelled)


def _unlabelled(
    config: RunConfig, seed: int, name: str, batch_size: int, samples: int | None = None
) -> Stream:
    """Open a stream of the law that the run's inputs follow."""
    source, shape = find_source(config.dataset), config.input_shape
    scales = deviations(config.data_std, config.covariance, shape)
    draw = as_law(source).sampler(config.seed)
    return Stream(seed, name, shape, batch_size, scales, samples, draw)


def as_law(source: Source) -> Law:
    """Return ``source`` as the law that it is.

    Raises:
        BadInput: it is a labelled set.
    """
    if isinstance(source, Law):
        return source
    raise BadInput(f"{source.name} is a labelled set, not a law to draw from.")


def deviations(
    std: float, covariance: str, shape: tuple[int, ...]
) -> float | tuple[float, ...]:
    """Return the deviation of every coordinate, one number if it is the same for all.

    Raises:
        BadInput: ``covariance`` is none, or the samples are no vectors.
    """
    if covariance == "identity":
        return std
    return tuple(std * part for part in spectrum(covariance, *shape))


def evaluation_set(
    config: RunConfig, images: ImageSet | None
) -> tuple[list[tf.Tensor], list[tf.Tensor] | None]:
    """Cut the fixed evaluation set into batches, the same for every student of a run.

    Returns:
        Inputs float32 ``[n, *input_shape]`` each, and their classes ``[n]``; None in
        place of the classes for unlabelled data.
    """
    size, end = piece(config), config.eval_samples
    cuts = [slice(at, min(at + size, end)) for at in range(0, end, size)]
    if images is None:
        # Four samples fill whole blocks of the generator: the set is one sequence,
        # whatever its size and however large the batches of the training are.
        stream = _unlabelled(config, config.seed, "eval", BLOCK)
        batches = stream.batches(0, math.ceil(end / BLOCK))
        data = tf.reshape(batches, (-1, *config.input_shape))
        return [data[cut] for cut in cuts], None
    order = generator(config.seed, "data", "eval").permutation(len(images.x_test))[:end]
    data = tf.constant(images.normalize(images.x_test[order]))
    labels = tf.constant(images.y_test[order])
    return [data[cut] for cut in cuts], [labels[cut] for cut in cuts]
