"""The experiments of the papers, as data: one TOML file a setting, many names for it.

Several figures of a paper show the same training, so a file lists every name it answers
to, such as ``figure-7-fc-bn``.
"""

import difflib
import tomllib
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from tfluck.experiment.choices import parse_schedule, shown
from tfluck.foundations.errors import BadInput


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
        """Return the settings at ``scale``, ready for ``make_config``."""
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

    Raises:
        BadInput: there is none; the message names the nearest.
    """
    known = presets()
    if name not in known:
        within = [full for full in sorted(known) if name in full]
        close = within[:6] or difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        close = close or sorted(known)[:3]
        raise BadInput(f"No preset {shown(name)}. Did you mean {' or '.join(close)}?")
    return known[name]
