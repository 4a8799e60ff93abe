"""Curvature of a student's loss: its density, its blocks, and the loss along directions."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tfluck.analysis.blocks import Block, Slice
from tfluck.analysis.lanczos import Density, Extremes
from tfluck.figures.style import COLOURS, GREY, headline, panels

#: Width of a node's bump over the spectrum's, on the scale that is drawn.
SMOOTHING = 0.012
#: Eigenvalues below this share of the largest are drawn on a linear scale.
LINEAR = 1e-4


def draw_flatness(
    density: Density,
    ends: Extremes,
    blocks: Sequence[Block],
    slices: Sequence[Slice],
    title: str,
) -> Figure:
    """Draw the spectral density, traces and top eigenvalues of blocks, and slices.

    Args:
        density: of the whole Hessian.
        ends: its largest and smallest eigenvalues.
        blocks: in the order of their colours.
        slices: of the loss, each within a block.
        title: says which run.
    """
    figure, axes = panels(1, 4, (3.5, 3.1))
    _draw_density(axes[0, 0], density, ends)
    colours = {block.name: COLOURS[i] for i, block in enumerate(blocks)}
    _draw_traces(axes[0, 1], blocks, colours)
    _draw_tops(axes[0, 2], blocks, ends, colours)
    _draw_slices(axes[0, 3], slices, colours)
    headline(figure, title)
    return figure


def _draw_density(axis: Axes, density: Density, ends: Extremes) -> None:
    """Draw the density over arcsinh(λ/ε), in which both signs and many decades fit."""
    top = max(abs(float(ends.top[0])), abs(ends.lowest)) or 1.0
    scale = LINEAR * top
    low, high = (np.arcsinh(1.3 * end / scale) for end in (ends.lowest, ends.top[0]))
    low, high = min(float(low), -1.0), max(float(high), 1.0)
    grid = np.linspace(low, high, 600)
    moved = Density(np.arcsinh(density.nodes / scale), density.weights)
    axis.semilogy(grid, moved.smoothed(grid, SMOOTHING * (high - low)), color="black")
    axis.set_ylim(1e-7, None)
    decades = 10.0 ** np.arange(np.floor(np.log10(scale)) + 1, np.log10(top) + 1)
    decades = decades[:: max(1, len(decades) // 3)]
    values = np.concatenate([-decades[::-1], [0], decades])
    places = np.arcsinh(values / scale)
    seen = (places >= low) & (places <= high)
    axis.set_xticks(places[seen], [f"{v:.0e}" if v else "0" for v in values[seen]])
    axis.tick_params(axis="x", labelsize=7)
    axis.set_title("density of the Hessian's eigenvalues", fontsize=9)
    axis.set_xlabel("eigenvalue (linear near 0)")


def _draw_traces(axis: Axes, blocks: Sequence[Block], colours: dict[str, str]) -> None:
    for place, block in enumerate(blocks):
        trace = block.trace
        reach = [[trace.value - trace.low], [trace.high - trace.value]]
        axis.bar(place, trace.value, color=colours[block.name], width=0.6)
        axis.errorbar(place, trace.value, reach, color="black", capsize=4)
    names = [f"{block.name}\n{block.parameters:,} weights" for block in blocks]
    axis.set_xticks(range(len(blocks)), names, fontsize=8)
    axis.set_title("trace of the block, 95 %", fontsize=9)


def _draw_tops(
    axis: Axes, blocks: Sequence[Block], ends: Extremes, colours: dict[str, str]
) -> None:
    ranks = np.arange(1, len(ends.top) + 1)
    axis.plot(ranks, ends.top, "o-", color=GREY, markersize=4, label="whole")
    for block in blocks:
        top = block.extremes.top
        style: dict[str, Any] = {"color": colours[block.name], "label": block.name}
        axis.plot(np.arange(1, len(top) + 1), top, "o-", markersize=4, **style)
    axis.set_ylim(0, None)
    axis.set_xticks(ranks)
    axis.set_xlabel("rank")
    axis.set_title("largest eigenvalues", fontsize=9)
    axis.legend(fontsize=7, frameon=False)


def _draw_slices(axis: Axes, slices: Sequence[Slice], colours: dict[str, str]) -> None:
    named: set[str] = set()
    for cut in slices:
        label = None if cut.block in named else cut.block
        named.add(cut.block)
        axis.semilogy(
            cut.steps, cut.loss, color=colours[cut.block], alpha=0.8, label=label
        )
    axis.set_title("loss along random directions,\nas long as the weights", fontsize=9)
    axis.set_xlabel("step")
    axis.set_ylabel("loss")
    axis.legend(fontsize=7, frameon=False)
