"""What lies in a run: one reader for each kind of file, and what follows from damage."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from tfluck.foundations.errors import Damaged, TooNew
from tfluck.runs.records import Journal
from tfluck.runs.seal import checked_bytes, read_arrays, read_object

#: Hears a sentence about what was passed over.
Tell = Callable[[str], None]
#: Ends the sentence about a file that nothing can stand in for.
RESTORE = "Nothing was deleted: put back a copy of it, or start over with --fresh."


class Kind(NamedTuple):
    """A kind of file.

    Attributes:
        read: (path, sealed) → what it holds; raises :class:`Damaged`.
        stops: whether damage ends the work; else it is told, and the work goes on.
        advice: ends the sentence.
    """

    read: Callable[[Path, Any], Any]
    stops: bool
    advice: str


KINDS = {
    "manifest": Kind(
        read_object, True, "Put back a copy, or remove the run with `tfluck runs rm`."
    ),
    "config": Kind(
        read_object, True, "Put it back as it was; other settings are another run."
    ),
    "students": Kind(read_object, True, RESTORE),
    "teacher": Kind(checked_bytes, True, RESTORE),
    "recipe": Kind(
        read_object, True, "Copy the folder of the teacher again, or pretrain anew."
    ),
    "metrics": Kind(Journal, True, RESTORE),
    "ranks": Kind(Journal, True, "`tfluck resume` works them out again."),
    "weights": Kind(checked_bytes, True, RESTORE),
    "checkpoint": Kind(read_arrays, False, "Going back to the one before."),
    "matrix": Kind(read_arrays, False, "Its epoch is left out of the ranks."),
    "status": Kind(read_object, False, "What it said is worked out anew."),
}


def read_journal(kind: str, path: Path, sealed: bool, head: str) -> Journal:
    """Read rows of which those up to ``head`` must be there.

    Raises:
        Damaged: a row was changed, or the end is lost.
    """
    journal: Journal = read(kind, path, sealed)
    if not journal.reaches(head):
        raise Damaged(path, f"has lost rows at its end. {KINDS[kind].advice}")
    return journal


def format_of(kind: str, path: Path, newest: int) -> int:
    """Return the format that the object ``path`` says it has.

    Raises:
        Damaged: it says none.
        TooNew: it is above ``newest``.
    """
    written = read(kind, path, None).get("format_version")
    if type(written) is not int or written < 1:
        raise Damaged(path, f"cannot be read: it says no format. {KINDS[kind].advice}")
    if written > newest:
        raise TooNew(
            path.parent,
            f"has format {written}, and this tfluck reads up to {newest}; update tfluck "
            "to open it.",
        )
    return written


def read(
    kind: str, path: Path, sealed: bool | None = True, tell: Tell | None = None
) -> Any:
    """Read the file ``path`` of the ``kind``.

    Args:
        kind: one of :data:`KINDS`.
        path: of the file.
        sealed: whether it must carry a seal; None looks at none, in JSON.
        tell: hears of damage that need not stop the work.

    Returns:
        What the file holds; None if it is damaged and that was told.

    Raises:
        Damaged: it is damaged, and the work cannot go on or nobody is told.
    """
    reader, stops, advice = KINDS[kind]
    try:
        return reader(path, sealed)
    except Damaged as error:
        if tell is None or stops:
            raise Damaged(
                path, f"{error.why} {advice}" if stops else error.why
            ) from error
        tell(f"{error} {advice}")
        return None
