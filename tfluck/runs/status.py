"""How far a student is, and whether anybody is at work on it."""

import os
import time
from collections.abc import Callable
from typing import Any

from tfluck.foundations.errors import Damaged
from tfluck.runs.layout import SeedLayout
from tfluck.runs.lock import is_locked
from tfluck.runs.records import Journal, last_line
from tfluck.runs.seal import KEY, write_object
from tfluck.runs.store import Tell, read

#: The worst first: of several students the first of these says how the run is.
WORDS = ("running", "diverged", "failed", "interrupted", "new", "finished")
#: What may stand under the keys that we read again.
TYPES: dict[str, Callable[[], Any]] = {
    "status": str,
    "step": int,
    "steps": int,
    "note": str,
    "first_bad_step": int,
    "complaints": list,
    "heads": dict,
    "device": str,
}


class Status:
    """Keeps ``status.json`` fresh, at most once a second, for whoever looks."""

    def __init__(self, layout: SeedLayout, steps: int) -> None:
        self.path = layout.status
        self.steps = steps
        self.written = 0.0
        self.complaints: list[str] = []
        #: A sentence on what the student is trained.
        self.device = ""
        #: Steps at which versions or processor changed, and how.
        self.moves: list[dict[str, Any]] = []

    def running(self, step: int, note: str, *, now: bool = False) -> None:
        """Say where the training is."""
        if now or time.monotonic() - self.written > 1:
            self._write("running", step, note=note, pid=os.getpid())

    def close(self, status: str, step: int, **more: object) -> None:
        """Say how it ended."""
        self._write(status, step, **more)

    def _write(self, status: str, step: int, **more: object) -> None:
        self.written = time.monotonic()
        value = {"status": status, "step": step, "steps": self.steps, **more}
        if self.device:
            value["device"] = self.device
        if self.complaints:
            value["complaints"] = self.complaints
        if self.moves:
            value["moves"] = self.moves
        write_object(self.path, value)


def status_of(layout: SeedLayout, steps: int, epochs: int) -> dict[str, Any]:
    """Return what a student last said of itself, as far as that is true.

    It is ``running`` only while somebody holds its lock, and ``finished`` only if its
    records reach the end. A missing status is worked out from the checkpoints, and so is
    a damaged one; what is not believed is told under ``doubts``.

    Args:
        layout: of the student.
        steps, epochs: of its whole training.
    """
    told: list[str] = []
    said = read_status(layout, told.append) or _derived(layout, steps)
    if said.get("status") == "finished" and not _is_whole(layout, said, steps, epochs):
        told.append(f"{layout.root} is not finished: its records end before.")
        said |= {"status": "interrupted"}
    elif said.get("status") == "running":
        said |= {"status": "interrupted"}
    if is_locked(layout.lock):
        said = {"step": 0, "steps": steps} | said | {"status": "running"}
    return said | ({"doubts": told} if told else {})


def read_status(layout: SeedLayout, tell: Tell | None = None) -> dict[str, Any] | None:
    """Return what the file says; {} if there is none, None if it is damaged and told.

    Raises:
        Damaged: nobody is told.
    """
    path = layout.status
    if not os.path.lexists(path):
        return {}
    said: dict[str, Any] | None = read("status", path, layout.sealed, tell)
    if said is None or _fits(said):
        return said
    error = Damaged(path, "holds no status of a student.")
    if tell is None:
        raise error
    tell(str(error))
    return None


def _fits(said: dict[str, Any]) -> bool:
    """Tell whether what is said has the types that are relied upon."""
    for key, kind in TYPES.items():
        value = said.get(key, kind())
        inner = value.values() if isinstance(value, dict) else value
        if type(value) is not kind or (
            kind in (list, dict) and not all(isinstance(text, str) for text in inner)
        ):
            return False
    speed = said.get("steps_per_second")
    return (
        said.get("status") in WORDS
        and said.get("step", -1) >= 0
        and (speed is None or isinstance(speed, int | float))
    )


def _derived(layout: SeedLayout, steps: int) -> dict[str, Any]:
    """Say what the checkpoints show."""
    reached = [step for step in layout.checkpoint_steps() if step <= steps]
    if not reached:
        return {}
    word = "finished" if reached[-1] == steps else "interrupted"
    return {"status": word, "step": reached[-1], "steps": steps}


def _is_whole(
    layout: SeedLayout, said: dict[str, Any], steps: int, epochs: int
) -> bool:
    """Tell whether all that a finished student leaves reaches its end."""
    checkpoints = layout.checkpoint_steps()
    last = last_line(layout.metrics)
    heads = said.get("heads", {})
    head = last.get(KEY, heads.get("metrics"))
    try:
        ranks = Journal(layout.ranks, layout.sealed).head
    except Damaged:
        return False
    return (
        said["step"] == steps
        and (not checkpoints or steps in checkpoints)
        and last.get("epoch") == epochs
        and heads in ({}, {"metrics": head, "ranks": ranks})
    )
