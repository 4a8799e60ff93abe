"""Things by name, ours and those that other packages bring.

A plugin is a module whose import calls :meth:`Registry.register`. It is found by an entry
point of the group ``tfluck.plugins``, or named in the environment variable
``TFLUCK_PLUGINS`` (``my_module,another``), so that every process of a run finds it too.
"""

import importlib
import os
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Generic, TypeVar, cast

from tfluck.foundations.errors import BadInput

GROUP = "tfluck.plugins"
VARIABLE = "TFLUCK_PLUGINS"
#: How the folders end in which packages describe themselves.
INFO = (".dist-info", ".egg-info", ".egg")
T = TypeVar("T")


class Registry(Mapping[str, T], Generic[T]):
    """A mapping from names to things of one ``kind``, in the order they came.

    A text ``module:attribute`` stands for what is imported when it is first asked for, so
    that listing names costs nothing.

    Args:
        kind: what the things are called in sentences, as ``architecture``.
        own: those that tfluck brings.
    """

    def __init__(self, kind: str, own: Mapping[str, T | str] | None = None) -> None:
        self.kind = kind
        self._known: dict[str, T | str] = dict(own or {})

    def register(self, name: str, thing: T | str) -> None:
        """Add ``thing`` under ``name``.

        Raises:
            BadInput: the name is taken by something else.
        """
        if self._known.get(name, thing) != thing:
            raise BadInput(f"There is a {self.kind} {name!r} already.")
        self._known[name] = thing

    def find(self, name: str) -> T:
        """Return the thing called ``name``.

        Raises:
            BadInput: there is none; the sentence names what is near.
        """
        if name in self:
            return self[name]
        import difflib

        names = tuple(self)
        near = difflib.get_close_matches(name, names, n=3) or names
        raise BadInput(f"No {self.kind} {name!r:.60}; there is {', '.join(near)}.")

    def __getitem__(self, name: str) -> T:
        if name not in self._known:
            load_plugins()
        found = self._known[name]
        if isinstance(found, str):
            module, _, attribute = found.partition(":")
            found = cast(T, getattr(importlib.import_module(module), attribute))
            self._known[name] = found
        return found

    def __iter__(self) -> Iterator[str]:
        load_plugins()
        return iter(tuple(self._known))

    def __contains__(self, name: object) -> bool:
        if name not in self._known:
            load_plugins()
        return name in self._known

    def __len__(self) -> int:
        load_plugins()
        return len(self._known)


@cache
def load_plugins() -> tuple[str, ...]:
    """Import every plugin, once a process, and return their modules' names.

    Raises:
        BadInput: one cannot be imported; the sentence names it.
    """
    named = os.environ.get(VARIABLE, "").split(",")
    modules = [*_announced(), *(name for name in named if name)]
    for module in modules:
        try:
            importlib.import_module(module)
        except Exception as error:
            raise BadInput(
                f"The plugin {module} cannot be imported: {type(error).__name__}: {error}. "
                f"It is named by an entry point {GROUP} or by {VARIABLE}."
            ) from error
    return tuple(modules)


def _announced() -> list[str]:
    """Return the modules that installed packages name as plugins.

    Most often nobody does. Python's own reader would cost as much as half of the help
    that waits for this, so it is loaded only where a file speaks of us.
    """
    if not _may_find_more() and not any(map(_speaks_of_plugins, sys.path)):
        return []
    from importlib.metadata import entry_points

    return [entry.value for entry in entry_points(group=GROUP)]


def _may_find_more() -> bool:
    """Tell whether packages are found by other means than folders of `sys.path`."""
    finders = (finder for finder in sys.meta_path if finder is not PathFinder)
    return any(hasattr(finder, "find_distributions") for finder in finders)


def _speaks_of_plugins(place: str) -> bool:
    """Tell whether a package in ``place`` may have plugins; an archive always may."""
    folder = Path(place)
    if not folder.is_dir():
        return folder.exists()
    try:
        return any(_has_group(entry) for entry in folder.iterdir())
    except OSError:
        return False


def _has_group(info: Path) -> bool:
    """Tell whether ``info`` is a package's description of itself that names our group."""
    if not info.name.lower().endswith(INFO):
        return False
    if info.suffix == ".egg":
        return True
    try:
        return GROUP.encode() in (info / "entry_points.txt").read_bytes()
    except OSError:
        return False
