"""How ``tfluck prune`` lays out what it found."""

from typing import Any

from ..options import click
from ..output import table


def print_result(agreement: list[dict[str, Any]], curves: list[dict[str, Any]]) -> None:
    """Print rank correlations, then loss and accuracy of every curve."""
    if agreement:
        pairs = dict.fromkeys((row["score"], row["against"]) for row in agreement)
        click.echo(table([_agreement_line(*pair, agreement) for pair in pairs]))
        click.echo()
    for steps in dict.fromkeys(curve["steps"] for curve in curves):
        some = [curve for curve in curves if curve["steps"] == steps]
        how = f", {steps} steps of training after each round" if steps else ", one shot"
        for what in ("loss", "accuracy"):
            click.echo(f"{what}{how}")
            click.echo(table(_curve_lines(some, what)))
            click.echo()


def _agreement_line(
    name: str, against: str, rows: list[dict[str, Any]]
) -> dict[str, Any]:
    line: dict[str, Any] = {"rank correlation": f"{name}, {against}"}
    for row in rows:
        if (row["score"], row["against"]) == (name, against):
            text = None
            if row["spearman"] is not None:
                low, high = row["interval"]
                text = f"{row['spearman']:.2f} ({low:.2f}…{high:.2f})"
            line[f"layer {row['layer']}"] = text
    return line


def _curve_lines(curves: list[dict[str, Any]], what: str) -> list[dict[str, Any]]:
    lines = []
    for index, point in enumerate(curves[0]["points"]):
        line: dict[str, Any] = {
            "keep": point["share"],
            "nodes": "-".join(map(str, point["widths"])),
        }
        for curve in curves:
            there = index < len(curve["points"])
            line[curve["score"]] = curve["points"][index][what] if there else None
        lines.append(line)
    return lines
