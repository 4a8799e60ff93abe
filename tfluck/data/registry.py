"""The labelled image sets tfluck knows, what is known of them before they are read, and
how to read them.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from tfluck.data.images import ImageSet, standardization
from tfluck.data.npz import describe_npz, read_npz
from tfluck.experiment.inputs import parse_law
from tfluck.foundations.errors import BadInput, TfluckError
from tfluck.foundations.files import digest_of
from tfluck.foundations.seeds import generator

#: Samples of digits kept for testing, the same ones in every run.
DIGITS_TEST = 500
NO_DIGITS = (
    "The digits ship with scikit-learn, which is not installed; run "
    "pip install 'tfluck[digits]'."
)


@dataclass(frozen=True)
class Source:
    """A labelled image set before it is read.

    Attributes:
        title: how people call it.
        shape: of one sample.
        classes: how many.
        train: number of training samples.
        test: number of test samples.
        mean: of each channel on the scale 0 … 1, as the original normalised it; None
            measures it on the training samples.
        std: likewise.
        augment: train on random crops and mirror images by default.
        published: lies in a TFDS directory, made from published archives.
    """

    title: str
    shape: tuple[int, ...]
    classes: int
    train: int
    test: int
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    augment: bool = False
    published: bool = True


DATASETS = {
    "cifar10": Source(
        "CIFAR-10",
        (32, 32, 3),
        10,
        50_000,
        10_000,
        mean=(0.4914, 0.4822, 0.4465),
        std=(0.2023, 0.1994, 0.2010),
        augment=True,
    ),
    "cifar100": Source(
        "CIFAR-100",
        (32, 32, 3),
        100,
        50_000,
        10_000,
        mean=(0.5071, 0.4867, 0.4408),
        std=(0.2675, 0.2565, 0.2761),
        augment=True,
    ),
    "mnist": Source("MNIST", (28, 28, 1), 10, 60_000, 10_000, mean=(0.5,), std=(0.5,)),
    "fashion_mnist": Source(
        "Fashion-MNIST", (28, 28, 1), 10, 60_000, 10_000, mean=(0.5,), std=(0.5,)
    ),
    "digits": Source(
        "scikit-learn's digits",
        (8, 8, 1),
        10,
        1797 - DIGITS_TEST,
        DIGITS_TEST,
        published=False,
    ),
}


def describe(dataset: str) -> dict[str, Any]:
    """Return what ``dataset`` decides of a run's settings; {} for a law of inputs.

    Published sets need not be there for this.

    Returns:
        ``sample_shape, outputs, samples, eval_samples, augment, data_digest``.

    Raises:
        BadInput: the set is unknown, or its npz file does not fit.
    """
    if parse_law(dataset) is not None:
        return {}
    digest, augment = "", False
    if dataset.startswith("npz:"):
        found = describe_npz(npz_path(dataset))
        shape, classes = found["shape"], found["classes"]
        train, test, digest = found["train"], found["test"], found["digest"]
    else:
        source = source_of(dataset)
        shape, classes, augment = source.shape, source.classes, source.augment
        train, test = source.train, source.test
    return {
        "sample_shape": shape,
        "outputs": classes,
        "samples": train,
        "eval_samples": test,
        "augment": augment,
        "data_digest": digest[:12],
    }


def load_images(
    dataset: str, data_dir: Path | None = None, digest: str = ""
) -> ImageSet:
    """Read a labelled image set; nothing is ever fetched.

    Args:
        dataset: ``cifar10``, ``cifar100``, ``mnist``, ``fashion_mnist``, ``digits`` or
            ``npz:PATH``.
        data_dir: where published sets lie; TFDS's own directory if not given.
        digest: of an npz file when the run began; "" asks for none.

    Raises:
        BadInput: the set is unknown, or its file does not fit or has changed.
        TfluckError: the set is not there; the message says how to get it.
    """
    if dataset.startswith("npz:"):
        path = npz_path(dataset)
        images = read_npz(path)
        if digest and not digest_of(path).startswith(digest):
            raise BadInput(
                f"{path} has changed since this run began; start another run on it."
            )
        return images
    source = source_of(dataset)
    if not source.published:
        return _read_digits()
    from tfluck.data.published import read_published

    return read_published(dataset, source, data_dir)


def npz_path(dataset: str) -> Path:
    """Return PATH of ``npz:PATH``."""
    return Path(dataset.removeprefix("npz:")).expanduser()


def source_of(dataset: str) -> Source:
    """Look ``dataset`` up.

    Raises:
        BadInput: there is none of this name.
    """
    if dataset not in DATASETS:
        raise BadInput(
            f"There is no image set {dataset!r}; choose {', '.join(DATASETS)} or npz:PATH."
        )
    return DATASETS[dataset]


def require_data(dataset: str, data_dir: Path | str | None = None) -> None:
    """Fail at once, and without TensorFlow, if ``dataset`` cannot be read.

    Raises:
        TfluckError: as :func:`load_images`.
    """
    if dataset == "digits":
        if find_spec("sklearn") is None:
            raise TfluckError(NO_DIGITS)
    elif dataset in DATASETS:
        from tfluck.data.published import require_published

        require_published(dataset, Path(data_dir) if data_dir else None)


def _read_digits() -> ImageSet:
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise TfluckError(NO_DIGITS) from None
    bunch = load_digits()
    order = generator(0, "digits", "split").permutation(len(bunch.target))
    x = bunch.images[order, :, :, None].astype(np.float32)
    y = bunch.target[order].astype(np.int64)
    mean, std = standardization(x[:-DIGITS_TEST])
    return ImageSet(
        x[:-DIGITS_TEST],
        y[:-DIGITS_TEST],
        x[-DIGITS_TEST:],
        y[-DIGITS_TEST:],
        tuple(str(name) for name in bunch.target_names),
        mean,
        std,
    )
