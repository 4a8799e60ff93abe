"""A file of named tensors, whatever its format, read one tensor at a time.

Every format tfluck reads ends as a :class:`TensorFile`: names with shapes, and a
function that reads one of them. Formats that keep plain bytes (safetensors, PyTorch)
only say where those bytes lie, as :class:`Slot`; reading is the same for all of them.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Protocol

import numpy as np

from tfluck.foundations.errors import TfluckError
from tfluck.weightfiles.npz import ZIP_DAMAGE

#: No single tensor above this many bytes is read: a header cannot fill the memory.
MAX_TENSOR_BYTES = 2**30
#: No file may name more tensors than this.
MAX_TENSORS = 100_000

_DTYPES = {
    "float64": "<f8",
    "float32": "<f4",
    "float16": "<f2",
    "bfloat16": "<u2",
    "int64": "<i8",
    "int32": "<i4",
    "int16": "<i2",
    "int8": "i1",
    "uint8": "u1",
    "bool": "?",
}


class Refused(TfluckError):
    """A foreign file or server broke a rule; nothing of it was executed or kept."""


class Unreachable(TfluckError):
    """A server could not be reached in time."""


class Closeable(Protocol):
    """Something open, such as a stream."""

    def close(self) -> None:
        """Give back what is held."""


@dataclass(frozen=True)
class Slot:
    """Where the bytes of one tensor lie.

    ``guard`` is what the bytes just before a storage must be (legacy PyTorch files
    write its length there), as (offset, bytes).
    """

    offset: int
    dtype: str
    shape: tuple[int, ...]
    guard: tuple[int, bytes] | None = None

    @property
    def nbytes(self) -> int:
        """Return the size of the tensor in bytes."""
        return math.prod(self.shape) * itemsize(self.dtype)


@dataclass(frozen=True)
class TensorFile:
    """Named tensors: ``shapes`` says what is there, ``read`` reads one by name.

    ``config`` is the network description some formats carry (Keras), as plain data.
    Used in a ``with`` statement it closes the files under it at the end.
    """

    format: str
    shapes: Mapping[str, tuple[int, ...]]
    read: Callable[[str], np.ndarray]
    config: Mapping[str, Any] = field(default_factory=dict)
    opened: tuple[Closeable, ...] = ()

    def __enter__(self) -> "TensorFile":
        return self

    def __exit__(self, *_: object) -> None:
        for resource in self.opened:
            resource.close()


def itemsize(dtype: str) -> int:
    """Return the bytes per element of ``dtype``."""
    return np.dtype(_DTYPES[dtype]).itemsize


def shape_of(value: object) -> tuple[int, ...]:
    """Check that ``value``, read from a file, is a shape, and return it.

    Raises:
        Refused: it is not a short list of sizes that are not negative.
    """
    sizes = value if isinstance(value, list | tuple) else (None,)
    if len(sizes) > 16 or not all(type(n) is int and 0 <= n < 2**48 for n in sizes):
        raise Refused("The file gives a tensor a shape that is none.")
    return tuple(sizes)


def from_slots(name: str, stream: BinaryIO, slots: Mapping[str, Slot]) -> TensorFile:
    """Make a :class:`TensorFile` of format ``name`` whose bytes lie in ``stream``."""
    return TensorFile(
        format=name,
        shapes={key: slot.shape for key, slot in slots.items()},
        read=lambda key: read_slot(stream, key, slots[key]),
    )


def read_slot(stream: BinaryIO, name: str, slot: Slot) -> np.ndarray:
    """Read one tensor; bfloat16 comes back as float32.

    Raises:
        Refused: it is too large, or its bytes are not there.
    """
    check_size(name, slot.nbytes)
    if slot.guard is not None:
        offset, expected = slot.guard
        if read_exactly(stream, offset, len(expected), name) != expected:
            raise Refused(
                f"The storage of tensor '{name}' is not where the file says; "
                "the file is damaged."
            )
    raw = read_exactly(stream, slot.offset, slot.nbytes, name)
    array = np.frombuffer(raw, _DTYPES[slot.dtype]).reshape(slot.shape)
    if slot.dtype == "bfloat16":
        return (array.astype(np.uint32) << 16).view(np.float32)
    return array.copy()


def check_size(name: str, nbytes: int) -> None:
    """Refuse a tensor above the cap."""
    if nbytes > MAX_TENSOR_BYTES:
        raise Refused(
            f"Tensor '{name}' claims {nbytes:,} bytes; "
            f"at most {MAX_TENSOR_BYTES:,} are read."
        )


def read_exactly(stream: BinaryIO, offset: int, count: int, what: str) -> bytes:
    """Read ``count`` bytes at ``offset``, or say that the file ends before."""
    stream.seek(offset)
    raw = stream.read(count)
    if len(raw) != count:
        raise Refused(f"The file ends inside '{what}'; it is truncated.")
    return raw


def size_of(stream: BinaryIO) -> int:
    """Return the length of ``stream`` in bytes and go back to its start."""
    size = stream.seek(0, 2)
    stream.seek(0)
    return size


@contextmanager
def zip_damage() -> Iterator[None]:
    """Refuse what zipfile finds damaged."""
    try:
        yield
    except ZIP_DAMAGE as error:
        raise Refused("The zip file is damaged, truncated or encrypted.") from error
