"""A sweep in one figure: ρ̄, coverage and time to ρ̄ 0.95 of each layer, and the loss."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tfluck.figures.style import COLOURS, headline, panels

#: Column → label of its row of panels.
ROWS = {
    "rho_bar": "ρ̄",
    "covered_0.95": "share above 0.95",
    "steps_to_0.95": "steps to ρ̄ 0.95",
}
#: Values so far apart are drawn on a log scale.
WIDE = 8.0
#: Labels of a combination, and of every column its mean and interval.
Known = tuple[Mapping[str, str], Mapping[str, Mapping[str, Any]]]


def draw_sweep(cells: Sequence[Known], title: str) -> Figure:
    """Draw every metric over the first setting, one curve for each of the others' values.

    Points are means over students, bars 95 % intervals; what no student reached is left
    out.

    Args:
        cells: one for each combination.
        title: says which sweep.
    """
    names = {name for _, numbers in cells for name in numbers}
    layers = sum(name.startswith("rho_bar_layer") for name in names)
    first = next(iter(cells[0][0]))
    places, ticks, log = axis_places([labels[first] for labels, _ in cells])
    figure, axes = panels(len(ROWS), layers + 1, (2.9, 2.3))
    reach = 0.05 * (max(ticks) - min(ticks) or 1)
    limits = min(ticks) - reach, max(ticks) + reach
    curves = _curves(cells, first, places)
    for line, (column, label) in zip(axes, ROWS.items(), strict=True):
        line[0].set_ylabel(label)
        for layer in range(layers):
            _draw(line[layer], curves, f"{column}_layer{layer}")
        if column != "steps_to_0.95":
            for axis in line[:layers]:
                axis.set_ylim(-0.03, 1.03)
    for layer, axis in enumerate(axes[0, :layers]):
        axis.set_title(f"layer {layer}", fontsize=9)
    _finish_loss(axes, curves)
    for axis in axes.flat:
        axis.set_xlim(limits)
        if log:
            axis.set_xscale("log")
            axis.set_xlim(min(ticks) / 1.2, max(ticks) * 1.2)
        axis.set_xticks(list(ticks), list(ticks.values()), fontsize=7)
        axis.set_xticks([], minor=True)
    for axis in (*axes[-1, :layers], axes[0, -1]):
        axis.set_xlabel(first)
    headline(figure, title)
    return figure


def axis_places(
    texts: Sequence[str],
) -> tuple[dict[str, float], dict[float, str], bool]:
    """Place values on an axis: numbers as such, anything else side by side.

    Returns:
        Text → place, place → text, and whether the axis is logarithmic.
    """
    distinct = list(dict.fromkeys(texts))
    try:
        places = {text: float(text) for text in distinct}
    except ValueError:
        places = {text: float(index) for index, text in enumerate(distinct)}
        return places, {place: text for text, place in places.items()}, False
    low, high = min(places.values()), max(places.values())
    log = low > 0 and high >= WIDE * low
    return places, {place: text for text, place in places.items()}, log


Curve = dict[str, list[tuple[float, Mapping[str, Mapping[str, Any]]]]]


def _curves(cells: Sequence[Known], first: str, places: Mapping[str, float]) -> Curve:
    """Group the combinations by all settings but the first."""
    curves: Curve = {}
    for labels, numbers in cells:
        rest = ", ".join(f"{k} {v}" for k, v in labels.items() if k != first)
        curves.setdefault(rest, []).append((places[labels[first]], numbers))
    return curves


def _draw(axis: Axes, curves: Curve, column: str) -> None:
    for index, (name, points) in enumerate(curves.items()):
        known = [
            (place, numbers[column])
            for place, numbers in sorted(points, key=lambda point: point[0])
            if numbers.get(column, {}).get("mean") is not None
        ]
        if not known:
            continue
        x = [place for place, _ in known]
        mean = np.array([number["mean"] for _, number in known], float)
        reach = np.array(
            [
                0.0 if number["low"] is None else number["mean"] - number["low"]
                for _, number in known
            ]
        )
        axis.errorbar(
            x,
            mean,
            reach,
            color=COLOURS[index % len(COLOURS)],
            marker="o",
            markersize=3,
            linewidth=1,
            capsize=2,
            label=name or "mean over students, 95 %",
        )
    if not axis.lines:
        place: dict[str, Any] = {
            "transform": axis.transAxes,
            "ha": "center",
            "va": "center",
        }
        axis.text(0.5, 0.5, "by nobody", fontsize=8, **place)
        axis.set_yticks([])


def _finish_loss(axes: Any, curves: Curve) -> None:
    """Draw the loss in the corner, name the curves beside it, hide what is empty."""
    corner = axes[0, -1]
    _draw(corner, curves, "loss")
    corner.set_title("loss", fontsize=9)
    if any(
        point[1].get("loss", {}).get("mean") for c in curves.values() for point in c
    ):
        corner.set_yscale("log")
    for axis in axes[1:, -1]:
        axis.set_axis_off()
    legend = axes[1, -1]
    handles, names = corner.get_legend_handles_labels()
    legend.legend(handles, names, fontsize=7, loc="upper left", frameon=False)
