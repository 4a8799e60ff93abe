"""How results reach stdout: one JSON object, or an aligned table."""

from collections.abc import Mapping, Sequence
from typing import Any
from unicodedata import combining, east_asian_width

from tfluck.foundations.files import to_json

from .options import click


def emit_json(value: Mapping[str, Any]) -> None:
    """Print exactly one JSON object; NaN and infinity become null."""
    click.echo(to_json(value))


def printable(text: str) -> str:
    """Show what cannot be printed, as a name's stray bytes, by its number."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "replace").decode()
        for c in text
    )


def cell(value: Any) -> str:
    """Show a number with four significant digits, nothing as a dash."""
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.4g}"
    return printable(str(value))


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Lay out ``rows`` under their keys; numbers to the right, words to the left."""
    if not rows:
        return ""
    heads = list(rows[0])
    cells = [[cell(row[head]) for head in heads] for row in rows]
    widths = [max(map(_width, column)) for column in zip(heads, *cells, strict=True)]
    right = [isinstance(rows[0][head], int | float) for head in heads]
    lines = [
        "  ".join(
            _padding(text, width) + text if flush else text + _padding(text, width)
            for text, width, flush in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in [heads, *cells]
    ]
    return "\n".join(lines)


def _width(text: str) -> int:
    """Return how many columns ``text`` takes: a combining mark, as in ρ̄, takes none."""
    wide = sum(east_asian_width(sign) in "WF" for sign in text)
    return len(text) + wide - sum(map(bool, map(combining, text)))


def _padding(text: str, width: int) -> str:
    return " " * (width - _width(text))
