"""Append-only rows of numbers, chained by their seals.

A line's seal covers the line before, so that none inside the file can be changed, lost or
moved. Its end is open, for a kill may tear the last line; who must know where it ends, as
a checkpoint or a finished student does, remembers the last seal: the journal's head.
"""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from tfluck.foundations.errors import Damaged, Unreadable
from tfluck.foundations.files import (
    explained,
    finite,
    open_regular,
    to_json,
    write_atomic,
)
from tfluck.runs.seal import BROKEN, KEY, UNSEALED, read_whole, seal_of

#: Head of a journal without rows.
EMPTY = ""
#: More bytes than a journal ever holds, and than its last line does.
LIMIT, LAST = 2**32, 4096


class Row(NamedTuple):
    """One number: ``metric`` of ``layer`` (None where none applies) after ``epoch``."""

    epoch: int
    split: str
    layer: int | None
    metric: str
    value: float | None


#: What each field of a row may be.
TYPES = (int, str, int | None, str, int | float | None)


class Entry(NamedTuple):
    """A row in its file: its seal, and where its line ends."""

    row: Row
    seal: str
    end: int


class Journal:
    """The rows of one file, read and to be continued."""

    def __init__(self, path: Path, sealed: bool = True) -> None:
        """Read what is there; a torn last line does not count.

        Args:
            path: of the file; none has no rows.
            sealed: whether every line must carry its seal, and new ones will.

        Raises:
            Damaged: a line is not what was written there.
        """
        self.path = path
        self.sealed = sealed
        self.entries: list[Entry] = []
        if path.exists() or path.is_symlink():
            for line in read_whole(path, LIMIT).split(b"\n")[:-1]:
                self._take(line)

    @property
    def head(self) -> str:
        """Seal of the last row."""
        return self.entries[-1].seal if self.entries else EMPTY

    @property
    def rows(self) -> list[Row]:
        """The rows alone."""
        return [entry.row for entry in self.entries]

    def reaches(self, head: str) -> bool:
        """Tell whether the row of ``head`` is there; if not, the end is lost."""
        return head in self._heads()

    def count(self, head: str) -> int:
        """Return how many rows there are up to ``head``, which is there."""
        return self._heads().index(head)

    def _heads(self) -> list[str]:
        return [EMPTY, *(entry.seal for entry in self.entries)]

    def rewind(self, count: int) -> None:
        """Forget all but the first ``count`` rows, and a torn line."""
        del self.entries[count:]
        end = self.entries[-1].end if self.entries else 0
        with explained(self.path), self._open() as stream:
            stream.truncate(end)
            os.fsync(stream.fileno())

    def append(self, rows: Iterable[Row]) -> None:
        """Add rows at the end and wait until the disk has them."""
        text = encode(rows, self.head, self.sealed)
        with explained(self.path), self._open() as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        for line in text.split(b"\n")[:-1]:
            self._take(line)

    def _open(self) -> Any:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        return os.fdopen(os.open(self.path, flags, 0o644), "ab")

    def _take(self, line: bytes) -> None:
        """Append what ``line`` says to the entries."""
        end = (self.entries[-1].end if self.entries else 0) + len(line) + 1
        try:
            row, seal = _decode(line, self.head, self.sealed)
        except (ValueError, TypeError, RecursionError) as error:
            where = f"in line {len(self.entries) + 1}"
            raise Damaged(self.path, f"is damaged {where}: {error}.") from error
        self.entries.append(Entry(row, seal, end))


def encode(rows: Iterable[Row], before: str = EMPTY, sealed: bool = True) -> bytes:
    """Write rows as JSON lines after ``before``; what is not finite becomes null."""
    lines = []
    for row in rows:
        value = finite(row._asdict())
        before = seal_of(value, before)
        lines.append(to_json(value | {KEY: before} if sealed else value) + "\n")
    return "".join(lines).encode()


def _decode(line: bytes, before: str, sealed: bool) -> tuple[Row, str]:
    value = json.loads(line)
    if not isinstance(value, dict):
        raise ValueError("no row stands there")
    given = value.pop(KEY, None)
    found = seal_of(value, before)
    if given is None and sealed:
        raise ValueError(f"it {UNSEALED}")
    if given is not None and given != found:
        raise ValueError(f"it {BROKEN}")
    row = Row(**value)
    for field, kind in zip(row, TYPES, strict=True):
        if not isinstance(field, kind) or isinstance(field, bool):
            raise ValueError(f"{field!r:.40} stands where something else belongs")
    return row, found


def read_rows(path: Path, sealed: bool = True) -> list[Row]:
    """Return the rows of ``path``; none if it is missing.

    Raises:
        Damaged: as :class:`Journal`.
    """
    return Journal(path, sealed).rows


def write_rows(path: Path, rows: Iterable[Row], sealed: bool = True) -> str:
    """Replace ``path`` by ``rows`` and return their head."""
    text = encode(rows, sealed=sealed)
    write_atomic(path, lambda stream: stream.write(text))
    return Journal(path, sealed).head


def last_line(path: Path) -> dict[str, Any]:
    """Return the last whole line of a journal, unchecked; {} if there is none."""
    try:
        with open_regular(path) as stream:
            stream.seek(max(0, stream.seek(0, os.SEEK_END) - LAST))
            lines = stream.read().split(b"\n")
        value = json.loads(lines[-2])
    except (OSError, Unreadable, ValueError, IndexError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
