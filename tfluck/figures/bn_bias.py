"""Figures 6 and 16 of paper 1: the BatchNorm biases of every layer, by sign."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import MaxNLocator

from tfluck.figures.style import new_figure
from tfluck.foundations.errors import BadInput

#: As in the paper: orange is positive, blue is negative.
POSITIVE, NEGATIVE = "tab:orange", "tab:blue"
COLUMNS = 5
#: Inches: a row of panels, and what a network's name takes above its rows.
ROW, HEAD = 1.9, 0.5

#: The title of a panel and its biases, [channels].
Panel = tuple[str, np.ndarray]


#: What stands above a network's panels, and the panels, lowest layer first.
Network = tuple[str, Sequence[Panel]]


def draw_bn_bias(networks: Sequence[Network]) -> Figure:
    """Draw one histogram a layer, lowest first, one block of panels a network.

    Each panel's title ends with the share of negative biases.

    Raises:
        BadInput: there is nothing to draw.
    """
    if not networks or not all(panels for _, panels in networks):
        raise BadInput("There are no biases to draw.")
    rows = [-(-len(panels) // COLUMNS) for _, panels in networks]
    heights = [HEAD + ROW * count for count in rows]
    figure = new_figure(width=12.0, height=sum(heights), layout=None)
    blocks = figure.subfigures(len(rows), 1, height_ratios=heights, squeeze=False)
    for block, (heading, panels), height in zip(
        blocks[:, 0], networks, heights, strict=True
    ):
        block.suptitle(heading, y=1 - 0.12 / height, va="top")
        _draw_block(block, panels, height)
    return figure


def _draw_block(block: SubFigure, panels: Sequence[Panel], height: float) -> None:
    """Draw the panels of one network into a block of ``height`` inches."""
    count = -(-len(panels) // COLUMNS)
    axes = list(block.subplots(count, COLUMNS, squeeze=False).flat)
    block.subplots_adjust(
        left=0.03,
        right=0.99,
        bottom=0.3 / height,
        top=1 - (HEAD + 0.2) / height,
        wspace=0.22,
        hspace=0.4,
    )
    for axis, panel in zip(axes, panels, strict=False):
        _draw_panel(axis, *panel)
    for axis in axes[len(panels) :]:
        axis.set_axis_off()


def _draw_panel(axis: Axes, title: str, biases: np.ndarray) -> None:
    """Draw one histogram whose bins never straddle zero; zero itself is neither."""
    edges = list(bin_edges(biases))
    axis.hist(biases[biases < 0], bins=edges, color=NEGATIVE)
    axis.hist(biases[biases > 0], bins=edges, color=POSITIVE)
    axis.axvline(0.0, color="0.4", linewidth=0.6)
    share = 100 * float((biases < 0).mean())
    label = f"{title[-32:]}: {share:.0f} % negative"
    # A panel is wide enough for 30 letters of 8 points.
    axis.set_title(label, fontsize=8 * min(1, 30 / len(label)), pad=3)
    axis.tick_params(labelsize="x-small")
    axis.xaxis.set_major_locator(MaxNLocator(5))
    axis.yaxis.set_major_locator(MaxNLocator(4, integer=True))


def bin_edges(biases: np.ndarray) -> np.ndarray:
    """Return equal bins over ``biases`` and zero, of which zero is an edge."""
    low, high = min(0.0, float(biases.min())), max(0.0, float(biases.max()))
    count = np.clip(2 * np.sqrt(biases.size), 8, 45)
    width = (high - low) / count or 1.0
    # One bin more at either end, so that rounding cannot push an extreme value out.
    return width * np.arange(np.floor(low / width) - 1, np.ceil(high / width) + 2)
