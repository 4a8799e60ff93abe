"""Append-only rows of numbers that survive a torn last line."""

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tfluck.files import explained, finite, to_json, write_atomic


class Row(NamedTuple):
    """One number: ``metric`` of ``layer`` (None where none applies) after ``epoch``."""

    epoch: int
    split: str
    layer: int | None
    metric: str
    value: float | None


def encode(rows: Iterable[Row]) -> bytes:
    """Write rows as JSON lines; a value that is not finite becomes null."""
    return "".join(to_json(finite(row._asdict())) + "\n" for row in rows).encode()


def append_rows(path: Path, rows: Iterable[Row]) -> None:
    """Add rows at the end and wait until the disk has them."""
    with explained(path), path.open("ab") as stream:
        stream.write(encode(rows))
        stream.flush()
        os.fsync(stream.fileno())


def read_rows(path: Path) -> list[Row]:
    """Return the rows of ``path`` up to the first torn line; none if it is missing."""
    rows = []
    for line in path.read_bytes().splitlines(keepends=True) if path.exists() else []:
        try:
            rows.append(Row(**json.loads(line)))
        except (ValueError, TypeError):
            break
        if not line.endswith(b"\n"):
            rows.pop()
    return rows


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Replace ``path`` by ``rows``."""
    write_atomic(path, lambda stream: stream.write(encode(rows)))


def keep_rows_through(path: Path, epoch: int) -> None:
    """Drop a torn line and every row later than ``epoch``."""
    if path.exists():
        write_rows(path, [row for row in read_rows(path) if row.epoch <= epoch])
