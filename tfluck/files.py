"""Writing files so that a reader, or a killed process, never sees half of one."""

import json
import math
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from tfluck.errors import TfluckError


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


def make_directory(path: Path) -> Path:
    """Create ``path`` with its parents, or say in a sentence why not."""
    with explained(path):
        path.mkdir(parents=True, exist_ok=True)
    return path


def write_atomic(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Call ``write`` on a temporary neighbour of ``path``, then rename it into place.

    After a crash ``path`` holds either its old bytes or all of its new ones.

    Raises:
        TfluckError: the disk is full, or the folder cannot be written.
    """
    with explained(path):
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as stream:
                write(stream)
                stream.flush()
                os.fsync(stream.fileno())
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


def write_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write ``arrays`` atomically as npz; its zip keeps a checksum of each."""
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
