"""An endless tf.data pipeline of any source, for a training loop of one's own."""

import math
from pathlib import Path
from typing import Any

import tensorflow as tf

from tfluck.data.batches import BatchStream, ImageStream, Stream
from tfluck.data.images import ImageSet
from tfluck.data.training_data import as_law, deviations, subset
from tfluck.experiment.sources import Source, find_source
from tfluck.foundations.errors import BadInput


def stream(
    source: str = "gaus",
    *,
    shape: tuple[int, ...] = (20,),
    batch_size: int = 64,
    std: float = 10.0,
    covariance: str = "identity",
    seed: int = 1,
    name: str = "train",
    start: int = 0,
    samples: int | None = None,
    labelled: bool | None = None,
    augment: bool | None = None,
    data_dir: Path | str | None = None,
) -> tf.data.Dataset:
    """Return an endless ``tf.data.Dataset`` of batches of ``source``.

    Batch i is a pure function of (``seed``, ``name``, i): ``stream(start=k)`` is
    ``stream().skip(k)``, bit for bit and at no cost, so a training that stopped goes on
    with its data by the number of its step. A run of the same settings whose first student
    has this seed trains on exactly these batches. Keras takes it as
    ``model.fit(stream().map(lambda x: (x, teacher(x))), steps_per_epoch=…, shuffle=False)``.

    For a law x = ``std`` · diag(√λ) z: z follows the law, with mean 0 and variance 1 in
    every coordinate (of ``mixture:K`` on average over them), independent from sample to
    sample; λ = 1 for ``identity``, and λᵢ ∝ i^−DECAY with mean 1 for
    ``spectrum:DECAY``. A labelled set is walked in a new random order each pass;
    pixels are (x − mean) / std, in the units of each channel's deviation.

    Args:
        source: as ``--dataset`` takes it: ``gaus``, ``uniform``, ``rademacher``,
            ``student-t:NU``, ``mixture:K``, ``cifar10``, ``digits``, ``npz:PATH``, …
        shape: of one sample of a law, ``(features,)`` or ``(height, width, channels)``;
            a labelled set has its own.
        batch_size: samples of a batch.
        std: deviation of a law's inputs, in their units; images do not read it.
        covariance: ``identity``, or for vectors of a law ``spectrum:DECAY``.
        seed: two seeds are independent.
        name: of the stream; two names are independent.
        start: the first batch.
        samples: size of a finite set, walked in a new order each pass; None for fresh
            samples for ever, or for all of a labelled set.
        labelled: give pairs (x, y); where the source has labels if None.
        augment: random crops and mirror images; as the set has it if None.
        data_dir: where published sets lie; TFDS's own directory if not given.

    Returns:
        x float32 ``[batch_size, *shape]``, or (x, y) with the one-hot classes y float32
        ``[batch_size, classes]``.

    Raises:
        BadInput: the source is unknown, or an argument has no meaning for it.
        TfluckError: a labelled set is not there; the sentence says how to get it.
    """
    found = find_source(source)
    _check(shape, batch_size, std, seed, start, samples)
    if not found.labelled:
        _refuse_for_laws(found, covariance, shape, labelled, augment)
        _fits(batch_size, samples)
        scales = deviations(std, covariance, shape)
        draw = as_law(found).sampler(seed)
        law = Stream(seed, name, shape, batch_size, scales, samples, draw)
        return _one_by_one(law, start)
    if covariance != "identity":
        raise BadInput(f"covariance scales vectors of a law; {source} has images.")
    images = _read(found, samples, seed, data_dir)
    _fits(batch_size, len(images.x_train))
    crops = found.describe()["augment"] if augment is None else augment
    if crops and len(images.sample_shape) != 3:
        raise BadInput("Only images can be augmented.")
    pairs = labelled is None or labelled
    walk = ImageStream(seed, name, images, batch_size, crops, pairs)
    return _one_by_one(walk, start)


def _read(
    source: Source, samples: int | None, seed: int, data_dir: Path | str | None
) -> ImageSet:
    """Read all of a set, or as many of its samples as are wanted."""
    source.require(data_dir)
    images = source.load(Path(data_dir) if data_dir else None)
    there = len(images.x_train)
    if samples is not None and samples > there:
        raise BadInput(f"{source.name} has {there} training samples, not {samples}.")
    return subset(images, samples or there, seed)


def _one_by_one(whole: BatchStream, start: int) -> tf.data.Dataset:
    def first(*chunk: tf.Tensor) -> Any:
        parts = tuple(part[0] for part in chunk)
        return parts if len(parts) > 1 else parts[0]

    return whole.chunks(tf.data.Dataset.counter(start), 1).map(first)


def _check(
    shape: tuple[int, ...],
    batch_size: int,
    std: float,
    seed: int,
    start: int,
    samples: int | None,
) -> None:
    sizes = (
        ("batch_size", batch_size),
        ("samples", samples),
        ("shape", min(shape, default=0)),
    )
    for what, count in sizes:
        if count is not None and count < 1:
            raise BadInput(f"{what} must be at least 1, not {count}.")
    for what, value in (("seed", seed), ("start", start), ("std", std)):
        if not (math.isfinite(value) and value >= 0):
            raise BadInput(
                f"{what} must be a finite number of at least 0, not {value}."
            )


def _refuse_for_laws(
    source: Source,
    covariance: str,
    shape: tuple[int, ...],
    labelled: bool | None,
    augment: bool | None,
) -> None:
    if labelled:
        raise BadInput(f"{source.name} has no labels; use an image set.")
    if augment:
        raise BadInput("Only images can be augmented.")
    if covariance != "identity" and len(shape) != 1:
        raise BadInput(f"covariance scales the coordinates of vectors, not of {shape}.")


def _fits(batch_size: int, samples: int | None) -> None:
    if samples is not None and batch_size > samples:
        raise BadInput(
            f"A batch of {batch_size} does not fit a data set of {samples} samples; lower "
            "batch_size or raise samples."
        )
