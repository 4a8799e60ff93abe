"""The luck meter: initial rank → wins, when winners are decided, luck against width."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from tfluck.analysis.luck import LayerLuck
from tfluck.analysis.prediction import EDGES, Band
from tfluck.figures.style import COLOURS, GREY, headline, legend_below, panels
from tfluck.theory.initial_match import ClosedForm


def draw_luck(
    epochs: Sequence[int],
    layers: Sequence[LayerLuck | None],
    closed: ClosedForm | None,
    title: str,
) -> Figure:
    """Draw calibration, decision and, where there is a closed form, luck against width.

    Args:
        epochs: of the evaluations.
        layers: per hidden layer, None where no teacher node lives.
        closed: of layer 0.
        title: says which run.
    """
    figure, axes = panels(1, 2 + (closed is not None), (3.9, 3.2))
    known = [layer for layer in layers if layer is not None]
    for layer in known:
        colour = COLOURS[layer.layer % len(COLOURS)]
        _draw_bands(axes[0, 0], layer, colour)
        by = layer.decision.by_epoch, layer.leading.by_epoch
        axes[0, 1].plot(epochs, by[0], color=colour)
        axes[0, 1].plot(epochs, by[1], ":", color=colour, linewidth=1)
    _finish_bands(axes[0, 0])
    axis = axes[0, 1]
    axis.set_title("winners decided (dotted: within 0.01 of it)", fontsize=9)
    axis.set_xlabel("epoch")
    axis.set_ylabel("share of live teacher nodes")
    axis.set_ylim(0, 1.02)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    if closed is not None:
        _draw_closed(axes[0, 2], closed)
    legend_below(figure, axes[0, 0])
    headline(figure, title)
    return figure


def _place(band: Band) -> int:
    """Return the band's place on the axis; the very best student stands first."""
    return (0.0, *EDGES[1:]).index(band.high)


def _draw_bands(axis: Axes, layer: LayerLuck, colour: str) -> None:
    places = [_place(band) for band in layer.calibration]
    beside = np.array(places) + 0.1 * (layer.layer - 1.5)
    rate, low, high = (
        np.array([getattr(band, name) for band in layer.calibration], float)
        for name in ("rate", "rate_low", "rate_high")
    )
    style: dict[str, Any] = {
        "color": colour,
        "marker": "o",
        "markersize": 3,
        "linewidth": 1,
    }
    reach = np.maximum([rate - low, high - rate], 0)
    name = f"layer {layer.layer}"
    axis.errorbar(beside, rate, reach, capsize=2, label=name, **style)
    axis.axhline(layer.calibration[0].blind, color=colour, linestyle=":", linewidth=0.8)


def _finish_bands(axis: Axes) -> None:
    axis.set_yscale("symlog", linthresh=1e-3)
    axis.set_ylim(0, 1.1)
    names = ["best", *(f"–{edge:g}" for edge in EDGES[1:])]
    axis.set_xticks(range(len(names)), names, fontsize=8)
    axis.set_title("a student of that initial rank wins (dotted: blind)", fontsize=9)
    axis.set_xlabel("initial rank, up to")
    axis.set_ylabel("chance to win its teacher node")


def _draw_closed(axis: Axes, closed: ClosedForm) -> None:
    mean, spread = np.array(closed.expected), 1.96 * np.array(closed.deviation)
    axis.fill_between(
        closed.counts, mean - spread, mean + spread, color=GREY, alpha=0.3, linewidth=0
    )
    axis.plot(closed.counts, mean, color="black", label="closed form, 95 %")
    axis.plot(
        closed.counts,
        closed.measured,
        "o",
        color=COLOURS[1],
        markersize=4,
        label="measured",
    )
    axis.set_xscale("log")
    axis.set_title("layer 0: the best of n random students", fontsize=9)
    axis.set_xlabel("students n")
    axis.set_ylabel("best initial ρ")
    axis.legend(fontsize=7, frameon=False, loc="lower right")
