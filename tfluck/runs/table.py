"""A run as one tidy table: seed, epoch, split, layer, metric, value."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from tfluck.foundations.files import write_atomic
from tfluck.runs.records import EMPTY, Row
from tfluck.runs.run import Run
from tfluck.runs.status import read_status
from tfluck.runs.store import read_journal

COLUMNS = ("seed", *Row._fields)


def tidy_rows(run: Run) -> Iterator[tuple[int, Row]]:
    """Yield (seed, row) of every number the run recorded; epoch 0 is before training.

    Raises:
        Damaged: rows were changed, or are fewer than a student said when it ended.
    """
    for seed in run.seeds:
        layout = run.layout.seed(seed)
        # The status first: a student at work adds rows and never takes any back.
        said = read_status(layout, lambda sentence: None) or {}
        for kind, path in (("metrics", layout.metrics), ("ranks", layout.ranks)):
            head = said.get("heads", {}).get(kind, EMPTY)
            for row in read_journal(kind, path, layout.sealed, head).rows:
                yield seed, row


def csv_text(run: Run) -> str:
    """Return the table as text."""
    text = io.StringIO(newline="")
    write_csv(run, text)
    return text.getvalue()


def save_csv(run: Run, path: Path) -> None:
    """Write the table to ``path``, whole or not at all."""
    text = csv_text(run)
    write_atomic(path, lambda stream: stream.write(text.encode()))


def write_csv(run: Run, stream: TextIO) -> None:
    """Write the table; ``layer`` is empty where it does not apply."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows((seed, *row) for seed, row in tidy_rows(run))
