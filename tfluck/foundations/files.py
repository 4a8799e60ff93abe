"""Files: only regular ones are opened, and nobody ever sees a half-written one.

Opening a fifo waits for a writer that may never come, and a device never ends; so
whatever a user names, or a folder holds, is read through :func:`open_regular`.
"""

import hashlib
import json
import math
import os
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from tfluck.foundations.errors import Missing, TfluckError, Unreadable

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: How the name of a file begins that is not whole yet; a kill may leave it behind.
UNFINISHED = ".tmp-"


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn an operating-system failure on ``path`` into one sentence."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise TfluckError(
            f"Cannot write {path}: {reason}. "
            "Nothing written before was lost; free space or choose another --out."
        ) from error


def make_directory(path: Path, *, parents: bool = True) -> Path:
    """Create ``path``, with its parents if allowed, or say in a sentence why not."""
    with explained(path):
        path.mkdir(parents=parents, exist_ok=True)
    return path


def write_atomic(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Call ``write`` on a temporary neighbour of ``path``, then rename it into place.

    After a crash ``path`` holds either its old bytes or all of its new ones. A link that
    is there is replaced, not followed.

    Raises:
        TfluckError: the disk is full, or the folder cannot be written.
    """
    with _neighbour(path) as (handle, _), os.fdopen(handle, "w+b") as stream:
        write(stream)
        stream.flush()
        os.fsync(handle)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield an empty neighbour of ``path``; what is in it at the end replaces ``path``.

    It is for libraries that open files themselves, and has the suffixes of ``path``.

    Raises:
        TfluckError: as :func:`write_atomic`.
    """
    with _neighbour(path) as (handle, temporary):
        os.close(handle)
        yield temporary
        sync(temporary)


@contextmanager
def _neighbour(path: Path) -> Iterator[tuple[int, Path]]:
    """Yield an open temporary file, synced by the caller, that then replaces ``path``."""
    with explained(path):
        handle, name = tempfile.mkstemp(
            prefix=UNFINISHED, suffix=f"-{path.name}", dir=path.parent
        )
        temporary = Path(name)
        try:
            yield handle, temporary
            temporary.chmod(0o644)
            temporary.replace(path)
            sync(path.parent)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise


def sync(path: Path) -> None:
    """Wait until the disk has the file ``path``, or the names in the folder ``path``."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a regular file as hex digits; "" if it is missing.

    Raises:
        Unreadable: something else than a file is there.
    """
    try:
        with open_regular(path) as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except Missing:
        return ""


def write_arrays(path: Path, arrays: "Mapping[str, NDArray[Any]]") -> None:
    """Write ``arrays`` atomically as npz; its zip keeps a checksum of each."""
    import numpy as np

    write_atomic(path, lambda stream: np.savez(stream, **dict(arrays)))  # type: ignore[arg-type]


def finite(value: Any) -> Any:
    """Copy JSON-like ``value`` with every NaN and infinity replaced by None."""
    if isinstance(value, dict):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if hasattr(value, "tolist"):
        return finite(value.tolist())
    return value


def to_json(value: Any, indent: int | None = None) -> str:
    """Serialise ``value``; NaN and infinity become null."""
    return json.dumps(finite(value), indent=indent, ensure_ascii=False, allow_nan=False)


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` atomically as indented JSON."""
    text = to_json(value, indent=2) + "\n"
    write_atomic(path, lambda stream: stream.write(text.encode()))


_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a fifo",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFLNK: "a link, which is not followed here",
}


def open_regular(
    path: str | os.PathLike[str], *, follow: bool = True
) -> BufferedReader:
    """Open the regular file ``path`` for reading bytes; never wait for it.

    With ``follow=False`` a symbolic link is refused too (its folders may be links).

    Raises:
        Missing: nothing is there.
        Unreadable: it is a fifo, device, folder or socket, or the system says no.
    """
    if not os.fspath(path):
        raise Missing("The name of the file is empty.")
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY
    try:
        # Looked at before, for opening a device may do something; and after, for what
        # lies there may have been exchanged in between.
        _require_regular(path, Path(path).stat(follow_symlinks=follow).st_mode)
        handle = os.open(path, flags if follow else flags | os.O_NOFOLLOW)
        try:
            _require_regular(path, os.fstat(handle).st_mode)
            return os.fdopen(handle, "rb")
        except BaseException:
            os.close(handle)
            raise
    except FileNotFoundError:
        raise Missing(f"There is no file {os.fspath(path)}.") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise Unreadable(f"Cannot read {os.fspath(path)}: {reason}.") from error


def _require_regular(path: str | os.PathLike[str], mode: int) -> None:
    if not stat.S_ISREG(mode):
        kind = _KINDS.get(stat.S_IFMT(mode), "something else")
        raise Unreadable(f"{os.fspath(path)} is {kind}; expected a file.")


def read_bytes(
    path: str | os.PathLike[str], limit: int, *, follow: bool = True
) -> bytes:
    """Return the bytes of the regular file ``path``, at most ``limit`` of them.

    Raises:
        Unreadable: as :func:`open_regular`, or the file is longer than ``limit``.
    """
    with open_regular(path, follow=follow) as stream:
        try:
            # A read asks for memory at once: for what is there, not for the limit.
            size = os.fstat(stream.fileno()).st_size
            raw = stream.read(min(limit, max(size, 2**16)) + 1)
        except OSError as error:
            raise Unreadable(f"Cannot read {path}: {error.strerror}.") from error
    if len(raw) > limit:
        raise Unreadable(
            f"{os.fspath(path)} is longer than {limit:,} bytes, more than such a file "
            "ever holds; it is not read."
        )
    return raw
