"""Die before the n-th file operation, in this process, as SIGKILL would make us.

From that operation on every further one dies too, so no clean-up of ours can reach the
disk; locks are freed, as the kernel frees those of the dead.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

#: What Python tells its auditors of; writes are seen by the flush that follows them.
EVENTS = {
    "open", "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.chmod", "os.truncate",
}  # fmt: skip


class Killed(BaseException):
    """No ``except Exception`` survives it."""


class Reaper:
    """Counts the file operations below ``root`` and dies before one of them."""

    def __init__(self, root: Path, survives: int | None = None) -> None:
        self.root = str(root)
        self.survives = survives
        self.done = 0

    def die(self) -> None:
        raise Killed

    def operate(self) -> None:
        if self.survives is not None and self.done >= self.survives:
            self.die()
        self.done += 1


class Executioner(Reaper):
    """Ends the process itself."""

    def die(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


_reapers: list[Reaper] = []


def _audit(event: str, arguments: tuple[object, ...]) -> None:
    if _reapers and event in EVENTS and _below(arguments[0]):
        _reapers[-1].operate()


def _below(path: object) -> bool:
    if isinstance(path, str | bytes | os.PathLike):
        path = os.fsdecode(path)
        # Inside rmtree names are relative to an open folder.
        return path[:1] != "/" or path.startswith(_reapers[-1].root)
    return True


sys.addaudithook(_audit)


@contextmanager
def reaped(root: Path, survives: int | None) -> Iterator[Reaper]:
    """Let the block die before its operation number ``survives``; count them if None."""
    with _watched(Reaper(root, survives)) as reaper:
        yield reaper


@contextmanager
def deadly(root: Path, survives: int) -> Iterator[Reaper]:
    """Kill this very process before its operation number ``survives`` in the block."""
    with _watched(Executioner(root, survives)) as reaper:
        yield reaper


@contextmanager
def _watched(reaper: Reaper) -> Iterator[Reaper]:
    real = {name: getattr(os, name) for name in ("fsync", "ftruncate", "pwrite")}

    def guarded(call: Callable[..., object]) -> Callable[..., object]:
        def operation(*arguments: object) -> object:
            reaper.operate()
            return call(*arguments)

        return operation

    for name, call in real.items():
        setattr(os, name, guarded(call))
    _reapers.append(reaper)
    try:
        yield reaper
    except Killed:
        pass
    finally:
        _reapers.remove(reaper)
        for name, call in real.items():
            setattr(os, name, call)
