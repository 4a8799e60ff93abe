"""Run directories: where results live, who works on them, how they are read back."""

from tfluck.runs.birth import remove_run
from tfluck.runs.directory import (
    find_or_create,
    find_run,
    find_to_remove,
    list_runs,
    resolve_run,
)
from tfluck.runs.layout import RunLayout, SeedLayout, TeacherLayout
from tfluck.runs.records import Journal, Row, read_rows
from tfluck.runs.run import Run, open_run
from tfluck.runs.status import Status
from tfluck.runs.summary import summarize
from tfluck.runs.table import csv_text, save_csv, tidy_rows, write_csv
from tfluck.runs.teachers import Teacher, adopt_teacher, read_teacher, write_teacher

__all__ = [
    "Journal",
    "Row",
    "Run",
    "RunLayout",
    "SeedLayout",
    "Status",
    "Teacher",
    "TeacherLayout",
    "adopt_teacher",
    "csv_text",
    "find_or_create",
    "find_run",
    "find_to_remove",
    "list_runs",
    "open_run",
    "read_rows",
    "read_teacher",
    "remove_run",
    "resolve_run",
    "save_csv",
    "summarize",
    "tidy_rows",
    "write_csv",
    "write_teacher",
]
