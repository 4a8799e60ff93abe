"""One process a run. The kernel frees the lock when its holder dies, however it dies."""

import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tfluck.foundations.errors import Damaged, RunBusy, TfluckError
from tfluck.foundations.files import UNFINISHED, explained

#: Whoever looks if a lock is held holds it himself for a moment; so try this long.
PATIENCE_SECONDS = 0.3
FLAGS = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


@contextmanager
def locked(path: Path, *, to_delete: bool = False) -> Iterator[None]:
    """Hold the lock file ``path``, and with it all that lies in its folder.

    Unless it is ``to_delete``, what a killed holder left unfinished in it is swept, and
    no link in it may lead out of it.

    Raises:
        RunBusy: another process holds it, or has just removed the folder.
        Damaged: there is no folder, the lock is no file of ours, or a link leads out of
            the folder.
    """
    folder = path.parent
    if not folder.is_dir():
        raise Damaged(folder, "is no folder, or not any more.")
    handle = _open(path)
    try:
        _acquire(handle, folder)
        if not _is_still(handle, path):
            raise RunBusy(f"{folder} was removed by another process just now.")
        os.ftruncate(handle, 0)
        # A full disk has no room for our name; the lock holds all the same.
        with suppress(OSError):
            os.pwrite(handle, f"{os.getpid()} on {os.uname().nodename}\n".encode(), 0)
        if not to_delete:
            refuse_links(folder)
            _sweep(folder, path.name)
        yield
    finally:
        os.close(handle)


def _open(path: Path) -> int:
    """Open a lock file; refuse a link, a fifo, and bytes that another name shares."""
    if path.is_symlink():
        raise Damaged(path, "is a link, and no lock; remove it.")
    with explained(path):
        handle = os.open(path, os.O_RDWR | os.O_CREAT | FLAGS, 0o644)
    found = os.fstat(handle)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        os.close(handle)
        raise Damaged(path, "is no file of its own, and so no lock; remove it.")
    return handle


def is_locked(path: Path) -> bool:
    """Tell whether some process, this one included, holds the lock file ``path``."""
    try:
        handle = os.open(path, os.O_RDONLY | FLAGS)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a file system without locks
        return False
    finally:
        os.close(handle)
    return False


def refuse_links(folder: Path) -> None:
    """Refuse a folder in which a link leads out of it, for we would write there.

    Raises:
        Damaged: names the first such link.
    """
    home = folder.resolve()
    for here, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(here, name)
            if path.is_symlink() and not path.resolve().is_relative_to(home):
                raise Damaged(
                    path,
                    "is a link that leads out of its folder; nothing is written "
                    "through it. Put the file or folder itself there.",
                )


def _sweep(folder: Path, lock: str) -> None:
    """Remove what killed processes left unfinished in ``folder``, whose lock we hold.

    A folder inside that has a lock of its own is left to who holds that.
    """
    for here, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not Path(here, name, lock).exists()]
        for name in files:
            if name.startswith(UNFINISHED):
                Path(here, name).unlink(missing_ok=True)


def _acquire(handle: int, folder: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                break
            time.sleep(0.01)
        except OSError as error:
            raise TfluckError(
                f"{folder} cannot be locked ({error.strerror}); put the run on a file "
                "system that has locks."
            ) from error
    holder = os.pread(handle, 64, 0).decode(errors="replace").splitlines()
    name = holder[0] if holder and holder[0].isprintable() else "another"
    raise RunBusy(f"{folder} is in use by process {name}; wait for it, or stop it.")


def _is_still(handle: int, path: Path) -> bool:
    """Tell whether ``path`` is still the file we opened; a removal takes it away."""
    try:
        return os.path.samestat(os.fstat(handle), path.lstat())
    except FileNotFoundError:
        return False
