"""Run directories: where results live, who works on them, how they are read back."""

from tfluck.runs.directory import (
    Run,
    find_or_create,
    list_runs,
    open_run,
    remove_run,
    resolve_run,
)
from tfluck.runs.layout import RunLayout, SeedLayout
from tfluck.runs.records import Row, append_rows, keep_rows_through, read_rows
from tfluck.runs.summary import summarize
from tfluck.runs.table import tidy_rows, write_csv

__all__ = [
    "Row",
    "Run",
    "RunLayout",
    "SeedLayout",
    "append_rows",
    "find_or_create",
    "keep_rows_through",
    "list_runs",
    "open_run",
    "read_rows",
    "remove_run",
    "resolve_run",
    "summarize",
    "tidy_rows",
    "write_csv",
]
