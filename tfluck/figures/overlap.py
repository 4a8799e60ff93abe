"""How ε_d, ε_l and activation probabilities spread over a network's layers (A3, D2)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tfluck.analysis.overlap import Gram, pair_ratios
from tfluck.figures.style import COLOURS, headline, legend_below, panels


def draw_overlap(networks: Sequence[tuple[str, list[Gram]]], title: str) -> Figure:
    """Draw three distributions a network: P(on), ε_d and ε_l, a line a layer.

    Args:
        networks: (name, d and l of each hidden layer).
        title: says which run.
    """
    figure, axes = panels(len(networks), 3, (3.6, 2.6))
    for line, (name, grams) in zip(axes, networks, strict=True):
        for index, gram in enumerate(grams):
            live = np.flatnonzero(gram.probabilities() > 0)
            pairs = np.ix_(live, live)
            values = (
                gram.probabilities(),
                pair_ratios(gram.regions[pairs]),
                pair_ratios(gram.sizes[pairs]),
            )
            for axis, numbers in zip(line, values, strict=True):
                _draw_share(axis, numbers, index)
        for axis, label in zip(line, ("P(on)", "ε_d", "ε_l"), strict=True):
            axis.set_xlabel(f"{label} of the {name}'s {_things(label)}")
            axis.set_ylim(0, 1.02)
        line[0].set_ylabel("share below")
        line[2].set_xlim(0, 2)
    legend_below(figure, axes[0, 0])
    headline(figure, title)
    return figure


def _things(label: str) -> str:
    return "nodes" if label.startswith("P") else "pairs"


def _draw_share(axis: Axes, values: np.ndarray, layer: int) -> Any:
    """Draw the share of ``values`` at or below each number, at most 500 points."""
    if not values.size:
        return
    share = np.linspace(0, 1, min(500, values.size))
    colour = COLOURS[layer % len(COLOURS)]
    axis.plot(np.quantile(values, share), share, color=colour, label=f"layer {layer}")
