"""Make optional modules look as if they were not installed, for a moment."""

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType


class _Absent:
    """Finds that some modules are not there, for the thread that made it."""

    def __init__(self, names: frozenset[str]) -> None:
        self.names = names
        self.thread = threading.get_ident()

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> None:
        """Refuse the names; of others say nothing, so that the next finder is asked."""
        if fullname in self.names and threading.get_ident() == self.thread:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)


@contextmanager
def looking_absent(*names: str) -> Iterator[None]:
    """Let an import of a top-level module of ``names`` fail inside, in this thread.

    For a library that imports what it can do without. One that is imported already stays
    what it is, and afterwards each can be imported as ever: Python keeps no record of a
    module that was not found.
    """
    finder = _Absent(frozenset(names))
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
