"""A run as one tidy table: seed, epoch, split, layer, metric, value."""

import csv
from collections.abc import Iterator
from typing import TextIO

from tfluck.runs.directory import Run
from tfluck.runs.records import Row, read_rows

COLUMNS = ("seed", *Row._fields)


def tidy_rows(run: Run) -> Iterator[tuple[int, Row]]:
    """Yield (seed, row) of every number the run recorded; epoch 0 is before training."""
    for seed in run.seeds:
        layout = run.layout.seed(seed)
        for path in (layout.metrics, layout.ranks):
            for row in read_rows(path):
                yield seed, row


def write_csv(run: Run, stream: TextIO) -> None:
    """Write the table; ``layer`` is empty where it does not apply."""
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows((seed, *row) for seed, row in tidy_rows(run))
