"""Figures 6 and 16 of paper 1: the BatchNorm biases of every layer, by sign."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tfluck.errors import BadInput
from tfluck.figures.style import new_figure

#: As in the paper: orange is positive, blue is negative.
POSITIVE, NEGATIVE = "tab:orange", "tab:blue"
COLUMNS = 5
BINS = 40

#: The title of a panel and its biases, [channels].
Panel = tuple[str, np.ndarray]


def draw_bn_bias(networks: Mapping[str, Sequence[Panel]]) -> Figure:
    """Draw one histogram a layer, lowest first, one block of panels a network.

    Each panel's title ends with the share of negative biases.

    Raises:
        BadInput: there is nothing to draw.
    """
    if not networks or not all(networks.values()):
        raise BadInput("There are no biases to draw.")
    rows = [-(-len(panels) // COLUMNS) for panels in networks.values()]
    figure = new_figure(width=12.0, height=2.1 * sum(rows) + 0.5 * len(rows))
    blocks = figure.subfigures(len(rows), 1, height_ratios=rows, squeeze=False)
    for block, (name, panels), count in zip(
        blocks[:, 0], networks.items(), rows, strict=True
    ):
        block.suptitle(f"BatchNorm bias of {name}", fontsize="medium")
        axes = block.subplots(count, min(COLUMNS, len(panels)), squeeze=False).flat
        for axis, panel in zip(axes, panels, strict=False):
            _draw_panel(axis, *panel)
        for axis in list(axes)[len(panels) :]:
            axis.set_axis_off()
    return figure


def _draw_panel(axis: Axes, title: str, biases: np.ndarray) -> None:
    """Draw one histogram whose bins never straddle zero; zero itself is neither."""
    low, high = min(0.0, float(biases.min())), max(0.0, float(biases.max()))
    width = (high - low) / BINS or 1.0
    # One bin more at either end, so that rounding cannot push an extreme value out.
    count = np.arange(np.floor(low / width) - 1, np.ceil(high / width) + 2)
    edges = list(width * count)
    axis.hist(biases[biases < 0], bins=edges, color=NEGATIVE)
    axis.hist(biases[biases > 0], bins=edges, color=POSITIVE)
    axis.axvline(0.0, color="0.4", linewidth=0.6)
    share = 100 * float((biases < 0).mean())
    axis.set_title(f"{title}: {share:.0f} % negative", fontsize="x-small")
    axis.tick_params(labelsize="xx-small")
