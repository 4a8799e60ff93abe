"""Things by name, ours and those that other packages bring.

A plugin is a module whose import calls :meth:`Registry.register`. It is found by an entry
point of the group ``tfluck.plugins``, or named in the environment variable
``TFLUCK_PLUGINS`` (``my_module,another``), so that every process of a run finds it too.
"""

import difflib
import importlib
import importlib.metadata
import os
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Generic, TypeVar, cast

from tfluck.foundations.errors import BadInput

GROUP = "tfluck.plugins"
VARIABLE = "TFLUCK_PLUGINS"
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
    entries = importlib.metadata.entry_points(group=GROUP)
    named = os.environ.get(VARIABLE, "").split(",")
    modules = [entry.value for entry in entries] + [name for name in named if name]
    for module in modules:
        try:
            importlib.import_module(module)
        except Exception as error:
            raise BadInput(
                f"The plugin {module} cannot be imported: {type(error).__name__}: {error}. "
                f"It is named by an entry point {GROUP} or by {VARIABLE}."
            ) from error
    return tuple(modules)
