"""Image sets in a user's npz file, read without trusting it.

What the headers say is checked first, so that a set which cannot be trained on is told
before its pixels are read. See :mod:`tfluck.weightfiles.npz` for the file itself.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from tfluck.data.images import (
    ImageSet,
    Labels,
    Pixels,
    check_labels,
    check_shapes,
    standardization,
)
from tfluck.foundations.errors import BadInput
from tfluck.foundations.files import digest_of
from tfluck.weightfiles.npz import Arrays, open_npz

ARRAYS = ("x_train", "y_train", "x_test", "y_test")
#: No image set has more; a label above it is a damaged one, or no label.
MAX_CLASSES = 2**16


def describe_file(path: Path) -> dict[str, Any]:
    """Return shape, classes, sizes and digest of the set in ``path``.

    Only the labels are read.

    Raises:
        BadInput: the file is missing or damaged, lacks an array, holds objects, or
            what it holds does not fit; the sentence says how.
    """
    with _explained(path), _open(path) as arrays:
        train, test = (_x_shape(arrays, split) for split in ("train", "test"))
        check_shapes(train, test)
        classes, _, _ = _labels(arrays)
    return {
        "shape": train[1:],
        "classes": classes,
        "train": train[0],
        "test": test[0],
        "digest": digest_of(path),
    }


@contextmanager
def _open(path: Path) -> Iterator[Arrays]:
    with open_npz(path) as arrays:
        if missing := [name for name in ARRAYS if name not in arrays.headers]:
            raise BadInput(
                f"{path} has no {', '.join(missing)}; it needs {', '.join(ARRAYS)}."
            )
        for name in ARRAYS:
            kinds = "iu" if name.startswith("y") else "iuf"
            dtype = arrays.plain(name).dtype
            if dtype.kind not in kinds:
                wanted = "class numbers" if kinds == "iu" else "numbers"
                raise BadInput(f"{name} in {path} must hold {wanted}, not {dtype}.")
        yield arrays


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Name the file in front of a failure that does not."""
    try:
        yield
    except BadInput as error:
        if str(path) in str(error):
            raise
        raise BadInput(f"{path}: {error}") from None


def _labels(arrays: Arrays) -> tuple[int, Labels, Labels]:
    """Return the number of classes, and the labels of both splits."""
    train, test = arrays.read("y_train"), arrays.read("y_test")
    if not train.size:
        raise BadInput("There are no training samples.")
    if train.max() >= MAX_CLASSES:
        raise BadInput(
            f"y_train holds the label {train.max()}; with classes counted from 0 that "
            f"are more than {MAX_CLASSES:,} classes."
        )
    classes = max(1, int(train.max()) + 1)
    for split, y in (("train", train), ("test", test)):
        check_labels(split, _x_shape(arrays, split)[0], y, classes)
    return classes, train.astype(np.int64), test.astype(np.int64)


def read_file(path: Path) -> ImageSet:
    """Read the set in ``path``; its classes are 0 … the largest training label.

    Samples may be uint8, any other whole numbers or floats; ``[n, height, width]``
    gets one channel. Mean and deviation of each channel are the training split's.

    Raises:
        BadInput: the file or what it holds does not fit; the sentence says how.
    """
    with _explained(path), _open(path) as arrays:
        check_shapes(_x_shape(arrays, "train"), _x_shape(arrays, "test"))
        classes, y_train, y_test = _labels(arrays)
        x_train, x_test = (_pixels(arrays, split) for split in ("train", "test"))
        mean, std = standardization(x_train)
        names = tuple(map(str, range(classes)))
        return ImageSet(x_train, y_train, x_test, y_test, names, mean, std)


def _pixels(arrays: Arrays, split: str) -> Pixels:
    x = arrays.read(f"x_{split}")
    kept = x if x.dtype == np.uint8 else x.astype(np.float32)
    return kept.reshape(_x_shape(arrays, split))


def _x_shape(arrays: Arrays, split: str) -> tuple[int, ...]:
    """Return the shape of a split's samples; grey images get one channel."""
    shape = arrays.headers[f"x_{split}"].shape
    return (*shape, 1) if len(shape) == 3 else shape
