"""How results reach stdout: one JSON object, or an aligned table."""

from collections.abc import Mapping, Sequence
from typing import Any

from tfluck.files import to_json

from .options import click


def emit_json(value: Mapping[str, Any]) -> None:
    """Print exactly one JSON object; NaN and infinity become null."""
    click.echo(to_json(value))


def cell(value: Any) -> str:
    """Show a number with four significant digits, nothing as a dash."""
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value)


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Lay out ``rows`` under their keys; numbers to the right, words to the left."""
    if not rows:
        return ""
    heads = list(rows[0])
    cells = [[cell(row[head]) for head in heads] for row in rows]
    widths = [max(map(len, column)) for column in zip(heads, *cells, strict=True)]
    right = [isinstance(rows[0][head], int | float) for head in heads]
    lines = [
        "  ".join(
            text.rjust(width) if flush else text.ljust(width)
            for text, width, flush in zip(line, widths, right, strict=True)
        ).rstrip()
        for line in [heads, *cells]
    ]
    return "\n".join(lines)
