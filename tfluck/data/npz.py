"""Image sets in a user's npz file, read without trusting it.

An npz file is a zip of arrays. Their headers are read first: an array of Python objects
is refused before anything could unpickle it, and one that claims more bytes than its
zip entry holds before memory is asked for.
"""

import hashlib
import math
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from tfluck.data.images import ImageSet, Pixels, standardization
from tfluck.errors import BadInput

ARRAYS = ("x_train", "y_train", "x_test", "y_test")


class Header(NamedTuple):
    """What a stored array says of itself."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]


def read_headers(path: Path) -> dict[str, Header]:
    """Return the headers of the four arrays without reading their values.

    Raises:
        BadInput: the file is missing, no whole npz, lacks an array, or holds objects.
    """
    with _whole(path), zipfile.ZipFile(path) as archive:
        members = {
            info.filename.removesuffix(".npy"): info for info in archive.infolist()
        }
        if missing := [name for name in ARRAYS if name not in members]:
            raise BadInput(
                f"{path} has no {', '.join(missing)}; it needs {', '.join(ARRAYS)}."
            )
        return {name: _header(archive, members[name], path) for name in ARRAYS}


def _header(archive: zipfile.ZipFile, info: zipfile.ZipInfo, path: Path) -> Header:
    with archive.open(info) as stream:
        shape, dtype = _parse(stream)
        start = stream.tell()
    if dtype.hasobject:
        raise BadInput(
            f"{info.filename} in {path} holds pickled Python objects, which are never "
            "loaded; save plain numbers."
        )
    if start + math.prod(shape) * dtype.itemsize != info.file_size:
        raise BadInput(
            f"{info.filename} in {path} claims shape {shape} and holds another number "
            "of bytes; the file is damaged."
        )
    return Header(shape, dtype)


def _parse(stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = npy.read_magic(stream)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = read(stream)
    return tuple(shape), dtype


@contextmanager
def _whole(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise BadInput(f"There is no file {path}.") from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise BadInput(
            f"{path} is not a whole npz file ({error}); write it again with "
            "numpy.savez_compressed."
        ) from error


def describe_npz(path: Path) -> dict[str, Any]:
    """Return shape, classes, sizes and digest of the set in ``path``.

    Raises:
        BadInput: as :func:`read_headers`, or the labels are no whole numbers.
    """
    headers = read_headers(path)
    labels = _load(path, ("y_train",))["y_train"]
    if labels.dtype.kind not in "iu" or not labels.size:
        raise BadInput(
            f"y_train in {path} must hold class numbers, not {labels.dtype} "
            f"of shape {labels.shape}."
        )
    return {
        "shape": _image_shape(headers["x_train"].shape),
        "classes": int(labels.max()) + 1,
        "train": headers["x_train"].shape[0] if headers["x_train"].shape else 0,
        "test": headers["x_test"].shape[0] if headers["x_test"].shape else 0,
        "digest": file_digest(path),
    }


def file_digest(path: Path) -> str:
    """Return the SHA-256 of a file as hex digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_npz(path: Path) -> ImageSet:
    """Read the set in ``path``; its classes are 0 … the largest training label.

    Samples may be uint8, any other whole numbers or floats; ``[n, height, width]``
    gets one channel. Mean and deviation of each channel are the training split's.

    Raises:
        BadInput: the file or what it holds does not fit; the sentence says how.
    """
    read_headers(path)
    arrays = _load(path, ARRAYS)
    for name, array in arrays.items():
        kinds = "iu" if name.startswith("y") else "iuf"
        if array.dtype.kind not in kinds:
            wanted = "class numbers" if kinds == "iu" else "numbers"
            raise BadInput(f"{name} in {path} must hold {wanted}, not {array.dtype}.")
    try:
        return _image_set(arrays)
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from None


def _image_set(arrays: dict[str, NDArray[Any]]) -> ImageSet:
    x_train, x_test = _pixels(arrays["x_train"]), _pixels(arrays["x_test"])
    y_train, y_test = (
        arrays[f"y_{split}"].astype(np.int64) for split in ("train", "test")
    )
    if not y_train.size:
        raise BadInput("There are no training samples.")
    mean, std = standardization(x_train)
    classes = tuple(str(index) for index in range(max(1, int(y_train.max()) + 1)))
    return ImageSet(x_train, y_train, x_test, y_test, classes, mean, std)


def _load(path: Path, names: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    with _whole(path), np.load(path) as archive:
        return {name: archive[name] for name in names}


def _pixels(x: NDArray[Any]) -> Pixels:
    kept = x if x.dtype == np.uint8 else x.astype(np.float32)
    return kept.reshape(len(x), *_image_shape(x.shape)) if x.ndim else kept


def _image_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    sample = shape[1:]
    return (*sample, 1) if len(sample) == 2 else sample
