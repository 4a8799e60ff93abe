"""What a setting says of itself, once: its default, bounds, help, and how people write it.

Flags, help, TOML, JSON, the table in ``docs/settings.md`` and the checks follow from it.
"""

import dataclasses
import math
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args, get_origin, get_type_hints

from tfluck.experiment.typed import settle
from tfluck.foundations.errors import BadInput


@dataclass(frozen=True)
class Setting:
    """One field of a specification.

    Attributes:
        help: a sentence, or what gives one, or nothing where the name says it.
        default_text: the default in words where the value does not say it.
        low, high: bounds of a number, inclusive.
        choices: names it is one of; read when asked for, since plugins bring more.
        parse: reads what people type; None where the type says it.
        metavar: how help calls what is typed.
        hidden: decided by other ingredients; it has no option.
    """

    help: str | Callable[[], str] = ""
    default_text: str = ""
    low: float | None = None
    high: float | None = None
    choices: Callable[[], Collection[str]] | None = None
    parse: Callable[[str], Any] | None = None
    metavar: str = ""
    hidden: bool = False


def setting(default: Any, help: str | Callable[[], str] = "", **more: Any) -> Any:
    """Declare a field with ``default``; ``more`` is of :class:`Setting`."""
    return dataclasses.field(
        default=default, metadata={"setting": Setting(help, **more)}
    )


@dataclass(frozen=True)
class Field:
    """A setting with its name, type and default."""

    name: str
    kind: Any
    default: Any
    setting: Setting

    @property
    def option(self) -> str:
        """The name as people write it."""
        return self.name.replace("_", "-")

    @property
    def help(self) -> str:
        """What it is, in a sentence; "" where the name says it."""
        about = self.setting.help
        return about() if callable(about) else about

    @property
    def names(self) -> tuple[str, ...]:
        """What it may be, where it is one of some; else nothing."""
        if self.setting.choices is not None:
            return tuple(self.setting.choices())
        return get_args(self.kind) if get_origin(self.kind) is Literal else ()


@cache
def fields_of(owner: Any) -> tuple[Field, ...]:
    """Return the settings of a specification, in the order they are declared."""
    hints = get_type_hints(owner)
    return tuple(
        Field(f.name, hints[f.name], f.default, f.metadata["setting"])
        for f in dataclasses.fields(owner)
        if "setting" in f.metadata
    )


def hold(instance: Any) -> None:
    """Hold every setting of ``instance`` to its type, its bounds and its choices.

    Raises:
        BadInput: the sentence names the setting.
    """
    settle(instance)
    for field in fields_of(_owner(instance)):
        for problem in _problems(field, getattr(instance, field.name)):
            raise BadInput(problem)


def _owner(instance: Any) -> Any:
    return type(instance)


def _problems(field: Field, value: Any) -> Iterator[str]:
    about, name = field.setting, field.option
    if type(value) in (int, float):
        whole = type(value) is int
        kind = "a whole number" if whole else "a finite number"
        low = -math.inf if about.low is None else about.low
        if not math.isfinite(value) or value < low:
            least = f" of at least {about.low:g}" if about.low is not None else ""
            yield f"{name} must be {kind}{least}, not {value!r}."
        if about.high is not None and value > about.high:
            yield f"{name} must be at most {about.high:,}, not {value:,}."
    # A plugin's name costs the loading of plugins, so ours are looked at first.
    elif (about.choices or get_origin(field.kind) is Literal) and (
        value not in (about.choices() if about.choices else get_args(field.kind))
    ):
        yield f"{name} must be one of {', '.join(field.names)}, not {value!r}."
