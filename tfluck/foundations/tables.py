"""Flat rows as CSV."""

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tfluck.foundations.files import finite, make_directory, write_atomic


def csv_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return ``rows`` under all their keys; what has no value, or none that is finite,
    is empty.
    """
    text = io.StringIO(newline="")
    names = dict.fromkeys(name for row in rows for name in row)
    writer = csv.DictWriter(text, list(names), lineterminator="\n")
    writer.writeheader()
    writer.writerows(finite(row) for row in rows)
    return text.getvalue()


def save_csv(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write ``rows`` to ``path``, whole or not at all."""
    make_directory(path.parent)
    text = csv_text(rows)
    write_atomic(path, lambda stream: stream.write(text.encode()))
