"""Computed evidence is kept beside the runs, sealed, and found again by what decides it.

Its key is the digest of the name, the settings, tfluck's version and the code that computes
it, so that a changed theorem check is never answered by what an older one found.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from tfluck import __version__
from tfluck.foundations.errors import Damaged
from tfluck.foundations.files import finite, make_directory
from tfluck.runs.seal import read_object, write_object

#: Below the folder of runs; no run, so that lists of runs do not show it.
FOLDER = "evidence"
#: Rooms whose code computes evidence, by the kind of it.
ROOMS = {
    "theory": ("alignment", "angular", "theory", "theory.checks"),
    "computed": (
        "alignment",
        "angular",
        "analysis",
        "experiment",
        "experiment.presets",
    ),
    "studied": ("analysis", "instruments", "networks", "runs", "studies"),
    "weights": ("analysis", "weightfiles", "zoo"),
}
#: Modules of this room that do.
MODULES = {
    "computed": ("computations.py", "definitions.py", "determinants.py", "set_ups.py"),
    "studied": ("upon_runs.py", "studied.py"),
}


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
        code_of = code(self.room)
        text = "\n".join((self.room, self.name, self.settings, __version__, code_of))
        digest = hashlib.sha256(text.encode()).hexdigest()[:12]
        return root / FOLDER / f"{self.room}-{self.name}-{digest}.json"


@cache
def code(room: str) -> str:
    """Return a digest of the code, and of the presets, that compute evidence of a kind."""
    found = hashlib.sha256()
    for name in ROOMS[room]:
        for entry in _entries(files(f"tfluck.{name}")):
            found.update(entry.read_bytes())
    for name in MODULES.get(room, ()):
        found.update(files("tfluck.papers").joinpath(name).read_bytes())
    return found.hexdigest()


def _entries(folder: Traversable) -> Iterator[Traversable]:
    """Yield the code in a folder, and the tables one floor below it, in order."""
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        if entry.name.endswith((".py", ".toml")):
            yield entry
        elif entry.is_dir():
            below = sorted(entry.iterdir(), key=lambda one: one.name)
            yield from (one for one in below if one.name.endswith(".toml"))


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
