"""Hold the fields of a frozen dataclass to their types, so that equal values are equal.

``5`` and ``5.0`` are one number and would be two texts; a list and a tuple of the same
numbers are one setting. What a type does not allow is refused, never rounded or guessed.
"""

import types
from dataclasses import fields, is_dataclass
from functools import cache
from numbers import Integral, Real
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from tfluck.foundations.errors import BadInput

WORDS = {
    bool: "True or False",
    int: "a whole number",
    float: "a number",
    str: "a text",
}


def settle(instance: Any) -> None:
    """Replace every field of a frozen dataclass by its value of the declared type.

    Raises:
        BadInput: a value is of another kind; the sentence names the field.
    """
    owner: Any = type(instance)
    for name, kind in _kinds(owner).items():
        value = getattr(instance, name)
        try:
            settled = settled_as(kind, value)
        except (TypeError, ValueError, OverflowError):
            shown = repr(value)
            raise BadInput(
                f"{name.replace('_', '-')} must be {words_of(kind)}, not "
                f"{shown if len(shown) <= 60 else shown[:60] + '…'}."
            ) from None
        object.__setattr__(instance, name, settled)


@cache
def _kinds(owner: Any) -> dict[str, Any]:
    hints = get_type_hints(owner)
    return {field.name: hints[field.name] for field in fields(owner)}


def settled_as(kind: Any, value: Any) -> Any:
    """Return ``value`` as ``kind``: a plain type, a tuple of some, a choice or a union.

    Raises:
        TypeError: it is of another kind.
    """
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        kind = next(part for part in parts if part is not type(None))
        return None if value is None else settled_as(kind, value)
    if origin is Literal:
        return settled_as(str, value)
    if origin is tuple:
        return _tuple(parts, value)
    if isinstance(value, bool) and kind is not bool:
        raise TypeError
    if kind is float and isinstance(value, Real):
        return float(value) + 0.0  # −0.0 is 0.0
    if kind is int and isinstance(value, Integral):
        return int(value)
    if (kind in (bool, str) or is_dataclass(kind)) and isinstance(value, kind):
        return value
    raise TypeError


def _tuple(parts: tuple[Any, ...], value: Any) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise TypeError
    if parts[-1] is Ellipsis:
        return tuple(settled_as(parts[0], item) for item in value)
    pairs = zip(parts, value, strict=True)
    return tuple(settled_as(part, item) for part, item in pairs)


def words_of(kind: Any) -> str:
    """Say in words what a field of ``kind`` takes."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return f"{words_of(parts[0])}, or None"
    if origin is Literal:
        return f"one of {', '.join(parts)}"
    if origin is tuple and parts[-1] is Ellipsis:
        return f"a tuple whose entries are each {words_of(parts[0])}"
    if origin is tuple:
        return f"({', '.join(map(words_of, parts))})"
    return WORDS.get(kind, f"of type {kind.__name__}")
