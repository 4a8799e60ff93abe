"""Correlation matrices, winners' ranks and the L shape of one student (M-rho, M-V)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from tfluck.analysis.correlation import best_match
from tfluck.analysis.matching import reordered
from tfluck.experiment.wording import RHO_BAR
from tfluck.figures.style import (
    COLOURS,
    GREY,
    headline,
    legend_below,
    new_figure,
    panels,
)

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


def heat(axis: Axes, matrix: Array, limit: float, title: str) -> ScalarMappable:
    """Draw ``matrix`` from −limit (orange) over 0 (white) to limit (purple)."""
    picture = axis.imshow(
        matrix,
        aspect="auto",
        cmap="PuOr",
        vmin=-limit,
        vmax=limit,
        interpolation="nearest",
    )
    axis.set_title(title, fontsize=9)
    axis.xaxis.set_major_locator(MaxNLocator(4, integer=True))
    axis.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    axis.tick_params(labelsize=7)
    return picture


def draw_correlations(
    states: Sequence[tuple[str, Sequence[Array], Sequence[Mask]]], title: str
) -> Figure:
    """Draw ρ of every layer, a row of panels a state, with ρ̄ over live teacher nodes.

    Args:
        states: (name, ρ ``[m, n]`` per layer, which of the m teacher nodes are live),
            e.g. before and after training.
        title: says which run.
    """
    layers = len(states[0][1])
    figure = new_figure(3.0 * layers + 0.6, 2.3 * len(states) + 0.7)
    axes = figure.subplots(len(states), layers, squeeze=False)
    for line, (name, *layer) in zip(axes, states, strict=True):
        for index, (axis, rho, live) in enumerate(zip(line, *layer, strict=True)):
            mean = f"{best_match(rho[live]).rho.mean():.3f}" if live.any() else "–"
            label = f"layer {index}{name and f', {name}'}: ρ̄ {mean}"
            picture = heat(axis, rho[:, reordered(rho)], 1, label)
        line[0].set_ylabel("teacher node", fontsize=8)
    for axis in axes[-1]:
        axis.set_xlabel("student, by best teacher", fontsize=8)
    figure.colorbar(picture, ax=axes, label="ρ", fraction=0.02)
    headline(figure, f"{title} ({RHO_BAR})")
    return figure


def draw_ranks(epochs: Sequence[int], ranks: Sequence[Any], title: str) -> Figure:
    """Draw every winner's rank and their mean over epochs, a panel a layer.

    Args:
        epochs: ``[times]``.
        ranks: per layer ``[times, live teacher nodes]``, or None.
        title: says which run.
    """
    figure, axes = panels(1, len(ranks), (3.0, 2.8))
    for index, (axis, rank) in enumerate(zip(axes[0], ranks, strict=True)):
        axis.set_title(f"layer {index}", fontsize=9)
        axis.set_xlabel("epoch")
        axis.xaxis.set_major_locator(MaxNLocator(4, integer=True))
        axis.set_ylim(-0.02, 1.02)
        axis.axhline(0.5, color=GREY, linestyle=":", linewidth=1, label="blind pick")
        if rank is not None:
            axis.plot(epochs, rank, color=COLOURS[0], alpha=0.25, linewidth=0.7)
            axis.plot(epochs, rank.mean(axis=1), color="black", label="mean")
    axes[0, 0].set_ylabel("rank of the final winners")
    legend_below(figure, axes[0, 0])
    headline(figure, title)
    return figure


def draw_l_shape(layers: Sequence[tuple[Array, Array]], title: str) -> Figure:
    """Draw fan-out norm against best ρ of every student, a panel a layer.

    Args:
        layers: (ρ of live teacher nodes ``[m, n]``, fan-out norms ``[n]``).
        title: says which run.
    """
    figure, axes = panels(1, len(layers), (3.0, 2.8))
    for index, (axis, (rho, fan_out)) in enumerate(zip(axes[0], layers, strict=True)):
        axis.set_title(f"layer {index}", fontsize=9)
        axis.set_xlabel("best ρ")
        axis.set_ylim(0, 1.05 * float(fan_out.max()) or 1)
        if not len(rho):
            continue
        won = np.isin(np.arange(len(fan_out)), best_match(rho).winner)
        best = rho.max(axis=0)
        for chosen, colour, label in (
            (~won, COLOURS[0], "others"),
            (won, COLOURS[1], "some teacher node's best"),
        ):
            axis.scatter(best[chosen], fan_out[chosen], s=7, color=colour, label=label)
    axes[0, 0].set_ylabel("fan-out norm")
    legend_below(figure, axes[0, 0])
    headline(figure, title)
    return figure
