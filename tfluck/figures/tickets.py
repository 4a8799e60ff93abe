"""The arms of a lottery-ticket study side by side, or against the nodes kept (X5)."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tfluck.experiment.wording import RHO_BAR
from tfluck.figures.style import COLOURS, GREY, headline, legend_below, panels

MARKS = "osD^vPX"
#: One more than a figure usually needs.
HUES = (*COLOURS, "#8B0000")


@dataclass(frozen=True)
class Series:
    """One arm at each K: nodes kept in all, losses and ρ̄, student by student.

    Attributes:
        arm: its name.
        nodes: hidden nodes, mean over students, ``[K]``.
        loss: ``[K, students]``, NaN where there is none.
        rho: ``[K, students, layers]``, likewise.
    """

    arm: str
    nodes: np.ndarray
    loss: np.ndarray
    rho: np.ndarray


def draw_tickets(full: Series, arms: Sequence[Series], title: str) -> Figure:
    """Draw loss and ρ̄ of every arm beside those of the full network.

    With one K there is a column an arm, a dot a student; with several, a curve over the
    number of nodes kept, the mean of log losses in bold.
    """
    several = any(len(arm.nodes) > 1 for arm in arms)
    layers = full.rho.shape[-1]
    figure, axes = panels(1, 1 + layers, (3.3 if several else 3.6, 3.2))
    draw = _curves if several else _columns
    draw(axes[0, 0], full, arms, [full.loss, *(arm.loss for arm in arms)], True)
    axes[0, 0].set_yscale("log")
    axes[0, 0].set_title("loss on the evaluation set", fontsize=9)
    for layer in range(layers):
        axis = axes[0, 1 + layer]
        values = [one.rho[..., layer] for one in (full, *arms)]
        draw(axis, full, arms, values, False)
        axis.set_title(f"ρ̄ of layer {layer}", fontsize=9)
    if several:
        legend_below(figure, axes[0, 0])
    headline(figure, f"{title} ({RHO_BAR})")
    return figure


def _columns(
    axis: Axes,
    full: Series,
    arms: Sequence[Series],
    values: list[np.ndarray],
    log: bool,
) -> None:
    """Draw a column of dots an arm; a student's dots are joined by a grey line."""
    together = np.stack([value[0] for value in values])
    places = np.arange(len(together))
    axis.plot(places, together, color=GREY, alpha=0.35, linewidth=0.7)
    for place, row in zip(places, together, strict=True):
        colour = "black" if place == 0 else HUES[(place - 1) % len(HUES)]
        axis.scatter([place] * len(row), row, s=16, color=colour, zorder=3)
        axis.hlines(_middle(row, log), place - 0.3, place + 0.3, color=colour)
    names = [full.arm, *(arm.arm for arm in arms)]
    axis.set_xticks(places, names, rotation=40, ha="right", fontsize=7)


def _curves(
    axis: Axes,
    full: Series,
    arms: Sequence[Series],
    values: list[np.ndarray],
    log: bool,
) -> None:
    """Draw a curve an arm over the nodes kept, and the full network as a line."""
    level = _middle(values[0][0], log)
    axis.axhline(
        level, color="black", linestyle=":", label=f"full, {full.nodes[0]:.0f}"
    )
    for index, (arm, value) in enumerate(zip(arms, values[1:], strict=True)):
        colour, mark = HUES[index % len(HUES)], MARKS[index % len(MARKS)]
        axis.plot(arm.nodes, value, color=colour, alpha=0.2, linewidth=0.7)
        middle = [_middle(row, log) for row in value]
        axis.plot(
            arm.nodes, middle, color=colour, marker=mark, markersize=4, label=arm.arm
        )
    axis.set_xlabel("hidden nodes kept", fontsize=8)


def _middle(values: np.ndarray, log: bool) -> float:
    """Return the mean over students, of losses the geometric one; NaN if there is none."""
    known = values[np.isfinite(values)]
    if not known.size:
        return float("nan")
    return float(np.exp(np.log(known).mean()) if log else known.mean())
