"""One process a run. The kernel frees the lock when its holder dies, however it dies."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tfluck.errors import RunBusy
from tfluck.files import explained, make_directory


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock file ``path``.

    Raises:
        RunBusy: another process holds it.
    """
    make_directory(path.parent)
    with explained(path):
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(handle, 64).decode(errors="replace").strip() or "another"
            raise RunBusy(
                f"{path.parent} is in use by process {holder}; wait for it, or stop it."
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()} on {os.uname().nodename}\n".encode(), 0)
        yield
    finally:
        os.close(handle)
