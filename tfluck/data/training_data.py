"""What a training of given settings reads: its streams and its evaluation set."""

import dataclasses
import math
from pathlib import Path

import tensorflow as tf

from tfluck.data.batches import BatchStream, ImageStream, Stream
from tfluck.data.images import ImageSet
from tfluck.data.sources.law import Law
from tfluck.data.stateless import BLOCK
from tfluck.experiment.cost import piece
from tfluck.experiment.experiment import Experiment
from tfluck.experiment.inputs import spectrum
from tfluck.experiment.sources import Source
from tfluck.foundations.errors import BadInput
from tfluck.foundations.seeds import generator


def open_images(experiment: Experiment, data_dir: str | None = None) -> ImageSet | None:
    """Read the image set of a run from ``data_dir``; None for unlabelled data.

    With ``samples`` below the set's size a random subset is kept, the same for every
    student. Shuffled labels are those of the training samples, dealt out anew.

    Raises:
        BadInput: the set is smaller than the run asks for.
        TfluckError: the set is not there.
    """
    about = experiment.data
    if not about.labelled:
        return None
    folder = Path(data_dir) if data_dir else None
    images = about.source.load(folder, about.data_digest)
    size, wanted = len(images.x_train), about.samples or len(images.x_train)
    if wanted > size or experiment.watch.eval_samples > len(images.x_test):
        raise BadInput(
            f"{about.dataset} has {size} training and {len(images.x_test)} test samples; "
            f"the run asks for {wanted} and {experiment.watch.eval_samples}."
        )
    images = subset(images, wanted, experiment.seed)
    if about.labels == "true":
        return images
    dealt = generator(experiment.seed, "data", "shuffled-labels").permutation(wanted)
    return dataclasses.replace(images, y_train=images.y_train[dealt])


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
    experiment: Experiment, seed: int, name: str, images: ImageSet | None
) -> BatchStream:
    """Open the training stream ``name`` of the student ``seed``."""
    data, size = experiment.data, experiment.training.batch_size
    if images is None:
        return _unlabelled(experiment, seed, name, size, data.samples)
    labelled = experiment.training.targets == "labels"
    return ImageStream(seed, name, images, size, data.augment, labelled)


def _unlabelled(
    experiment: Experiment,
    seed: int,
    name: str,
    batch_size: int,
    samples: int | None = None,
) -> Stream:
    """Open a stream of the law that the run's inputs follow."""
    data, shape = experiment.data, experiment.input_shape
    scales = deviations(data.data_std, data.covariance, shape)
    draw = as_law(data.source).sampler(experiment.seed)
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
