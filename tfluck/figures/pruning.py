"""Pruning curves of every score, and how well each orders nodes as the oracle does (X7)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tfluck.figures.style import COLOURS, GREY, headline, legend_below, panels

#: Score → colour; what is no score but a yardstick is black or grey.
LINES = {
    "modulation": COLOURS[0],
    "fan-out": COLOURS[1],
    "fan-in": COLOURS[2],
    "activation": COLOURS[3],
    "taylor": COLOURS[4],
    "obd": COLOURS[5],
    "truth": "#8B0000",
    "random": GREY,
    "oracle": "black",
}


def draw_pruning(
    curves: Sequence[dict[str, Any]], agreement: Sequence[dict[str, Any]], title: str
) -> Figure:
    """Draw loss and accuracy against the share kept, and rank correlations.

    Args:
        curves: ``score``, ``steps`` (0 without training) and ``points`` of ``share``,
            ``loss``, ``accuracy``. With training they are dashed.
        agreement: ``score``, ``against``, ``layer``, ``spearman``, ``interval``.
        title: says which network.
    """
    judged = any(row["against"] == "oracle" for row in agreement)
    figure, axes = panels(1, 3 if judged else 2, (4.4, 3.4))
    for axis, what in zip(axes[0], ("loss", "accuracy"), strict=False):
        for curve in curves:
            _curve(axis, curve, what)
        axis.set_xlabel("share of every layer's nodes kept")
        axis.set_title(what, fontsize=9)
        axis.set_xlim(1.02, 0)
    axes[0, 0].set_yscale("log")
    if judged:
        _agreement(axes[0, 2], agreement)
    legend_below(figure, axes[0, 0])
    headline(figure, title)
    return figure


def _curve(axis: Axes, curve: dict[str, Any], what: str) -> None:
    known = [point for point in curve["points"] if point[what] is not None]
    trained = curve["steps"] > 0
    label = f"{curve['score']}, {curve['steps']} steps" if trained else curve["score"]
    axis.plot(
        [point["share"] for point in known],
        [point[what] for point in known],
        color=LINES.get(curve["score"], GREY),
        linestyle="--" if trained else "-",
        marker="." if trained else None,
        linewidth=1.2,
        label=label,
    )


def _agreement(axis: Axes, agreements: Sequence[dict[str, Any]]) -> None:
    """Draw Spearman's ρ with the oracle, a row a score, a dot a layer."""
    agreements = [row for row in agreements if row["against"] == "oracle"]
    names = list(dict.fromkeys(row["score"] for row in agreements))
    layers = max(row["layer"] for row in agreements) + 1
    for row in agreements:
        if row["spearman"] is None:
            continue
        place = names.index(row["score"]) + (row["layer"] - (layers - 1) / 2) * 0.15
        colour = LINES.get(row["score"], GREY)
        axis.plot(row["interval"], [place, place], color=colour, linewidth=1)
        axis.plot(row["spearman"], place, "o", color=colour, markersize=3)
    axis.axvline(0, color=GREY, linestyle=":", linewidth=1)
    axis.set_yticks(np.arange(len(names)), names, fontsize=7)
    axis.invert_yaxis()
    axis.set_xlim(-1.02, 1.02)
    axis.set_title("rank correlation with the oracle, layer 0 on top", fontsize=9)
