"""Arrays of an npz file that anybody may have written.

An npz is a zip of arrays. What an array says of itself is compared with what its zip
entry says, that with the bytes which are there, and their sum with the memory of the
machine, all before memory is asked for. Objects, which would have to be unpickled, are
refused from the header.
"""

import math
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from tfluck.foundations.errors import BadInput
from tfluck.foundations.files import open_regular

#: What zipfile raises on a file that is damaged, encrypted or of a kind it cannot read.
ZIP_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)
#: Deflate cannot make more bytes out of one.
DEFLATE = 1032


class Header(NamedTuple):
    """What a stored array says of itself."""

    shape: tuple[int, ...]
    fortran: bool
    dtype: np.dtype[Any]

    @property
    def nbytes(self) -> int:
        """Size of the array in bytes."""
        return math.prod(self.shape) * self.dtype.itemsize


@dataclass(frozen=True)
class Arrays:
    """The arrays of an open npz: ``headers`` of all, and any one by :meth:`read`."""

    path: Path
    headers: Mapping[str, Header]
    _archive: zipfile.ZipFile
    _members: Mapping[str, zipfile.ZipInfo]

    def plain(self, name: str) -> Header:
        """Return the header of an array, unless it holds objects.

        Raises:
            BadInput: it does.
        """
        if self.headers[name].dtype.hasobject:
            raise BadInput(
                f"{name} in {self.path} holds pickled Python objects, which are never "
                "loaded; save plain numbers."
            )
        return self.headers[name]

    def read(self, name: str, rows: int | None = None) -> NDArray[Any]:
        """Return an array, or of one in C order no more than its first ``rows``.

        Raises:
            BadInput: it holds objects, is damaged, or is larger than the memory.
        """
        header = self.plain(name)
        if rows is not None and header.shape and not header.fortran:
            shape = (min(rows, header.shape[0]), *header.shape[1:])
            header = header._replace(shape=shape)
        if header.nbytes > (free := free_memory()):
            raise BadInput(
                f"{name} in {self.path} takes {header.nbytes / 2**30:,.1f} GiB of "
                f"memory; {free / 2**30:,.1f} GiB are free."
            )
        with _explained(self.path), self._archive.open(self._members[name]) as stream:
            _parse(stream)
            return _read(stream, header)


def _read(stream: IO[bytes], header: Header) -> NDArray[Any]:
    """Read what follows the header; to the end, so that the zip compares checksums."""
    array: NDArray[Any] = np.empty(math.prod(header.shape), header.dtype)
    raw = array.view(np.uint8) if array.nbytes else np.empty(0, np.uint8)
    at = 0
    while at < raw.size:
        piece = stream.read(min(raw.size - at, 2**24))
        if not piece:
            raise ValueError("it ends inside an array")
        raw[at : at + len(piece)] = np.frombuffer(piece, np.uint8)
        at += len(piece)
    return array.reshape(header.shape, order="F" if header.fortran else "C")


@contextmanager
def open_npz(path: Path) -> Iterator[Arrays]:
    """Open ``path`` and read the headers of its arrays.

    Raises:
        Unreadable: there is no such file, or it is no regular one.
        BadInput: it is no whole npz, or an array claims what is not there.
    """
    with open_regular(path) as file:
        with _explained(path):
            archive = zipfile.ZipFile(file)
            members = _members(archive, os.fstat(file.fileno()).st_size)
            headers = {
                name: _header(path, archive, info) for name, info in members.items()
            }
        yield Arrays(path, headers, archive, members)


def _members(archive: zipfile.ZipFile, size: int) -> dict[str, zipfile.ZipInfo]:
    """Return the arrays of ``archive``, a file of ``size`` bytes, by name."""
    members: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        name = info.filename.removesuffix(".npy")
        if name in members:
            raise ValueError(f"it holds two arrays {name}")
        stored = info.compress_type == zipfile.ZIP_STORED
        most = info.compress_size * (1 if stored else DEFLATE)
        if info.compress_size > size or info.file_size > most:
            raise ValueError(f"{name} claims more bytes than the file has")
        members[name] = info
    return members


def _header(path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Header:
    with archive.open(info) as stream:
        header = _parse(stream)
        start = stream.tell()
    if not header.dtype.hasobject and start + header.nbytes != info.file_size:
        raise BadInput(
            f"{info.filename} in {path} claims shape {header.shape} and holds another "
            "number of bytes; the file is damaged."
        )
    return header


def _parse(stream: IO[bytes]) -> Header:
    version = npy.read_magic(stream)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, fortran, dtype = read(stream)
    if any(type(n) is not int or n < 0 for n in shape):
        raise ValueError("an array's shape is none")
    return Header(tuple(shape), bool(fortran), dtype)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except ZIP_DAMAGE as error:
        raise BadInput(
            f"{path} is not a whole npz file ({error}); write it again with "
            "numpy.savez_compressed."
        ) from error


def free_memory() -> int:
    """Return the bytes of memory a program may still ask for, as the system says."""
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return 1024 * int(line.split()[1])
    except (OSError, ValueError):
        pass
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
