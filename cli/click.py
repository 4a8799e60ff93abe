"""click, with an ``echo`` that passes no control character on.

Names reach us from files and folders of strangers: of tensors, layers, runs. A name
may hold the sequences that move a terminal's cursor, rewrite what stands above or set
its title, and letters that turn the direction of reading. Everything this program
prints goes through here, so none of them arrives as what it is.
"""

import json
import unicodedata
from typing import IO, Any

import click as _click
from click import *  # noqa: F403
from click import core as core
from click import types as types

#: Categories of Unicode that are commands: control, format, surrogates, line breaks.
_COMMANDS = {"Cc", "Cf", "Cs", "Zl", "Zp"}


def visible(text: str) -> str:
    r"""Write control characters as JSON does (``\u001b``); lines and tabs stay."""
    if text.isascii() and text.replace("\n", "").replace("\t", "").isprintable():
        return text
    return "".join(
        _number(letter) if unicodedata.category(letter) in _COMMANDS else letter
        for letter in text
    )


def _number(letter: str) -> str:
    if letter in "\n\t":
        return letter
    return f"\\u{ord(letter):04x}" if ord(letter) < 2**16 else json.dumps(letter)[1:-1]


def echo(  # type: ignore[no-redef]
    message: Any = None,
    file: IO[Any] | None = None,
    nl: bool = True,
    err: bool = False,
    color: bool | None = None,
) -> None:
    """Print ``message`` as `click.echo` does, with its control characters visible."""
    shown = visible(message) if isinstance(message, str) else message
    _click.echo(shown, file, nl, err, color)
