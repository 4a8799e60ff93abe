"""Seals: a checksum inside each file of a run, written with it and checked by its reader.

A JSON object carries its seal under ``seal``, so does each line of rows, and there it
covers the lines before too. An npz or HDF5 file ends in one, behind everything that zip
and HDF5 look at; NumPy and Keras read such a file as if it were not there. A seal tells
damage and edits by hand; it is no signature.
"""

import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from tfluck.foundations.errors import Damaged, Missing, Unreadable
from tfluck.foundations.files import finite, read_bytes, to_json, write_atomic

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Key of the seal in a JSON object.
KEY = "seal"
#: How a sealed binary file ends, before the 64 hex digits and a line's end.
MARK = b"tfluck-sha256 "
LENGTH = len(MARK) + 64 + 1
#: More bytes than a file of ours ever holds.
JSON_LIMIT, BINARY_LIMIT = 2**24, 2**36
BROKEN = "does not match its seal: it was damaged, or changed by hand"
UNSEALED = "has lost its seal: it was damaged, or changed by hand"


def seal_of(value: Any, before: str = "") -> str:
    """Return 16 hex digits of the SHA-256 of JSON-like ``value``, however it is laid out.

    ``before`` is the seal of what must stand before it.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256((before + text).encode()).hexdigest()[:16]


def write_object(path: Path, value: Mapping[str, Any]) -> None:
    """Write ``value`` atomically as an indented, sealed JSON object."""
    plain = finite(value)
    text = to_json(plain | {KEY: seal_of(plain)}, indent=2) + "\n"
    write_atomic(path, lambda stream: stream.write(text.encode()))


def read_object(path: Path, sealed: bool | None = True) -> dict[str, Any]:
    """Read a JSON object; a seal that is there is checked, ``sealed`` demands one.

    None looks at no seal, as one must to learn of a format whose seals may be others.

    Raises:
        Damaged: it is missing, no JSON object, or does not match its seal.
    """
    raw = read_whole(path, JSON_LIMIT)
    try:
        value = json.loads(raw)
        if not isinstance(value, dict):
            raise Damaged(path, "cannot be read: it holds no JSON object.")
        given = value.pop(KEY, None)
        found = seal_of(value) if sealed is not None else given
    except (ValueError, RecursionError) as error:
        raise Damaged(path, f"cannot be read: {_reason(error)}.") from error
    _compare(path, given, found, sealed)
    return value


def write_arrays(path: Path, arrays: "Mapping[str, NDArray[Any]]") -> None:
    """Write ``arrays`` atomically as a sealed npz."""
    import numpy as np

    def write(stream: BinaryIO) -> None:
        np.savez(stream, **dict(arrays))  # type: ignore[arg-type]
        # To zip the seal is the archive's comment, whose length comes last.
        stream.seek(-2, io.SEEK_END)
        stream.write(LENGTH.to_bytes(2, "little"))
        add_seal(stream)

    write_atomic(path, write)


def read_arrays(path: Path, sealed: bool = True) -> "dict[str, NDArray[Any]]":
    """Read every array of an npz; a seal that is there is checked.

    Raises:
        Damaged: it is missing, no npz of plain arrays, or does not match its seal.
    """
    import numpy as np

    raw = checked_bytes(path, sealed)
    try:
        archive = np.load(io.BytesIO(raw), allow_pickle=False)
        # Ours are stored as they are; what would grow is not ours.
        if sum(info.file_size for info in archive.zip.infolist()) > len(raw):
            raise Damaged(path, "is damaged: it claims more than it holds.")
        return {name: np.asarray(archive[name]) for name in archive.files}
    except Damaged:
        raise
    # Whatever a damaged archive makes zipfile and NumPy raise: a dozen kinds.
    except Exception as error:
        raise Damaged(path, f"is damaged: {_reason(error)}.") from error


def add_seal(stream: BinaryIO) -> None:
    """Append to a readable binary stream the checksum of all its bytes."""
    stream.seek(0)
    digest = hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]
    stream.seek(0, io.SEEK_END)
    stream.write(MARK + digest.encode() + b"\n")


def checked_bytes(path: Path, sealed: bool = True) -> bytes:
    """Return the bytes of a binary file once its seal is checked.

    Raises:
        Damaged: it is missing, or does not match its seal.
    """
    raw = read_whole(path, BINARY_LIMIT)
    end = raw[-LENGTH:]
    given = end[len(MARK) : -1].decode("latin-1") if end.startswith(MARK) else None
    found = hashlib.sha256(memoryview(raw)[:-LENGTH]).hexdigest() if given else ""
    _compare(path, given, found, sealed)
    return raw


def read_whole(path: Path, limit: int) -> bytes:
    """Return the bytes of a regular file of ours.

    Raises:
        Damaged: it is missing, too long, or no regular file.
    """
    try:
        return read_bytes(path, limit)
    except Missing:
        raise Damaged(path, "is missing.") from None
    except Unreadable as error:
        why = str(error).removeprefix(f"{path} ")
        raise Damaged(path, f"cannot be read: {why}") from error


def _compare(path: Path, given: object, found: object, sealed: bool | None) -> None:
    if given is None and sealed:
        raise Damaged(path, f"{UNSEALED}.")
    if given is not None and given != found:
        raise Damaged(path, f"{BROKEN}.")


def _reason(error: Exception) -> str:
    """Say in one printable line what a library found."""
    line = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
    return "".join(c if c.isprintable() else "?" for c in line)[:200]
