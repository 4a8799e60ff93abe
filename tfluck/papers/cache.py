"""Computed evidence is kept beside the runs, sealed, and found again by what decides it.

Its key is the digest of the name, the settings, tfluck's version and the code that computes
it, so that a changed theorem check is never answered by what an older one found.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from tfluck import __version__
from tfluck.foundations.errors import Damaged
from tfluck.foundations.files import finite, make_directory
from tfluck.runs.seal import read_object, write_object

#: Below the folder of runs; no run, so that lists of runs do not show it.
FOLDER = "evidence"
#: Rooms whose code computes evidence.
ROOMS = ("tfluck.alignment", "tfluck.angular", "tfluck.theory", "tfluck.theory.checks")
#: Modules of this room that do.
MODULES = ("computations.py", "determinants.py")


@dataclass(frozen=True)
class Task:
    """A computation: what it is called and what it is given."""

    room: str
    name: str
    settings: str

    @classmethod
    def of(cls, room: str, name: str, settings: Mapping[str, Any]) -> "Task":
        """Write the settings down in one way."""
        return cls(room, name, json.dumps(finite(dict(settings)), sort_keys=True))

    @property
    def arguments(self) -> dict[str, Any]:
        """The settings again."""
        read: dict[str, Any] = json.loads(self.settings)
        return read

    def path(self, root: Path) -> Path:
        """Return where its result is kept below the folder of runs."""
        text = "\n".join((self.room, self.name, self.settings, __version__, code()))
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        return root / FOLDER / f"{self.room}-{self.name}-{digest}.json"


@cache
def code() -> str:
    """Return a digest of the code that computes evidence."""
    found = hashlib.sha256()
    for room in ROOMS:
        for entry in sorted(files(room).iterdir(), key=lambda one: one.name):
            if entry.name.endswith(".py"):
                found.update(entry.read_bytes())
    for name in MODULES:
        found.update(files("tfluck.papers").joinpath(name).read_bytes())
    return found.hexdigest()


def recall(root: Path, task: Task) -> dict[str, Any] | None:
    """Return what is kept of a task; None if nothing is, or it is damaged."""
    try:
        return dict(read_object(task.path(root))["found"])
    except (Damaged, KeyError, TypeError, ValueError):
        return None


def keep(root: Path, task: Task, found: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the result of a task, and return it as it will be recalled.

    Raises:
        TfluckError: the folder cannot be written.
    """
    path = task.path(root)
    make_directory(path.parent)
    told = {"name": task.name, "settings": task.arguments, "version": __version__}
    write_object(path, told | {"found": dict(found)})
    return dict(finite(dict(found)))
