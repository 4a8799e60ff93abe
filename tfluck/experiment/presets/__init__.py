"""The experiments of the papers, as data: one TOML file a setting, many names for it.

Several figures of a paper show the same training, so a file lists every name it answers
to, such as ``figure-7-fc-bn``. A user's own is a file of the same form, given by its path.
"""

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from tfluck.experiment.choices import parse_schedule, shown
from tfluck.experiment.execution import execution_names
from tfluck.experiment.experiment import homes
from tfluck.foundations.errors import BadInput, TfluckError
from tfluck.foundations.files import read_bytes

#: More bytes than a preset has.
LARGEST = 2**16


@dataclass(frozen=True)
class Preset:
    """An experiment: its settings, and what a smaller scale changes in them."""

    title: str
    names: tuple[str, ...]
    settings: dict[str, Any]
    scales: dict[str, dict[str, Any]] = field(default_factory=dict)
    note: str = ""
    #: The preset that pretrains its teacher; "" for a random teacher.
    teacher: str = ""

    def at(self, scale: str) -> dict[str, Any]:
        """Return the settings at ``scale``, ready for ``configure``."""
        chosen = self.settings | self.scales.get(scale, {})
        if isinstance(chosen.get("lr"), str):
            chosen["lr"] = parse_schedule(chosen["lr"])
        return chosen


@cache
def presets() -> dict[str, Preset]:
    """Return every preset under each of its names, ``paper/name``."""
    found: dict[str, Preset] = {}
    for paper in sorted(files(__name__).iterdir(), key=lambda entry: entry.name):
        if not paper.is_dir():
            continue
        for entry in sorted(paper.iterdir(), key=lambda entry: entry.name):
            if entry.name.endswith(".toml"):
                values = tomllib.loads(entry.read_text(encoding="utf-8"))
                preset = Preset(**values | {"names": tuple(values["names"])})
                found |= {f"{paper.name}/{name}": preset for name in preset.names}
    return found


def load_preset(name: str) -> Preset:
    """Return the preset ``name``.

    A name that ends in ``.toml`` is the path of a user's own.

    Raises:
        BadInput: there is none (the message names the nearest), or a file of one holds
            something else.
    """
    if name.endswith(".toml"):
        return read_preset(Path(name))
    known = presets()
    if name not in known:
        within = [full for full in sorted(known) if name in full]
        close = within[:6] or difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        close = close or sorted(known)[:3]
        raise BadInput(f"No preset {shown(name)}. Did you mean {' or '.join(close)}?")
    return known[name]


def read_preset(path: Path) -> Preset:
    """Read a user's own preset.

    Raises:
        BadInput: it cannot be read, or has keys or settings that there are not.
    """
    try:
        values = tomllib.loads(read_bytes(path, LARGEST).decode())
    except (ValueError, TfluckError) as error:
        raise BadInput(f"{path} is no preset: {error}") from error
    _known(path, "", values, {f.name for f in fields(Preset)})
    tables = {"settings": values.get("settings"), **_tables(values.get("scales"))}
    for name, settings in tables.items():
        if not isinstance(settings, Mapping):
            raise BadInput(f"{path} is no preset: it has no table {name}.")
        _known(path, f" in {name}", settings, {*homes(), *execution_names()})
    names = tuple(values.get("names", [path.stem]))
    return Preset(**{"title": path.stem} | values | {"names": names})


def _tables(scales: Any) -> dict[str, Any]:
    given = scales.items() if isinstance(scales, Mapping) else ()
    return {f"scales.{scale}": settings for scale, settings in given}


def _known(path: Path, where: str, given: Mapping[str, Any], known: set[str]) -> None:
    if unknown := sorted(set(given) - known):
        near = difflib.get_close_matches(unknown[0], known, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise BadInput(f"{path} has an unknown key{where}: {shown(unknown[0])}.{hint}")
