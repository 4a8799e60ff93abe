"""Paper 1's figure 14: where l changes when a weight turns, and how much (Lemma 4)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from tfluck.figures.style import COLOURS, GREY, new_figure
from tfluck.foundations.seeds import generator
from tfluck.papers.figures.figure import Measured, Recipe, Scope
from tfluck.papers.figures.half_planes import EDGE, TEACHER, clipped, window
from tfluck.papers.figures.runs import Source
from tfluck.theory.kernels import psi_l

#: Inputs drawn for the areas.
SAMPLES = {"smoke": 20_000, "laptop": 200_000, "paper": 2_000_000}
#: The turn that is drawn, radians.
TURN = 0.5


class Lemma4(Recipe):
    """The sector in which exactly one of w and w* is on, and |l* − l| over |δw|.

    Nodes have no bias and inputs are N(0, I₂), for which both have closed forms: the
    sector's probability is θ/π, and l is ψ_l.
    """

    def settings(self, scale: str) -> Mapping[str, Any]:
        """Return the number of inputs."""
        return {"samples": SAMPLES[scale]}

    def measure(self, scope: Scope, sources: tuple[Source, ...]) -> Measured:
        """Count inputs in the sector; evaluate ψ_l."""
        x = generator(0, "fall-off").normal(size=(SAMPLES[scope.scale], 2))
        star = x[:, 0] > 0
        angles = np.geomspace(1e-3, np.pi / 2, 40)
        chords = 2 * np.sin(angles / 2)
        drop = np.abs(psi_l(0.0) - psi_l(angles)) / psi_l(0.0)
        areas = [float((star != (x @ _unit(t) > 0)).mean()) for t in angles]
        table = pd.DataFrame(
            {"angle": angles, "chord": chords, "area": areas, "relative_change": drop}
        )
        low = table[table.chord < 0.1]
        slope = np.polyfit(np.log(low.chord), np.log(low.relative_change), 1)[0]
        note = f"Slope of |l* − l| for |δw| < 0.1: {slope:.3f} (Lemma 4 says 2)."
        return Measured(table, (0,), (note, "Areas are counted, l is exact."))

    def draw(self, table: pd.DataFrame) -> Figure:
        """Draw the sector and the two power laws."""
        figure = new_figure(9.5, 4.2)
        left, right = figure.subplots(1, 2)
        _sector(left)
        share = float(np.interp(TURN, table.angle, table.area))
        window(left, f"shaded: exactly one is on, {share:.3f} of inputs at θ = {TURN}")
        right.loglog(
            table.chord, table.area, "o", ms=3, color=COLOURS[1], label="area counted"
        )
        right.loglog(
            table.chord,
            table.relative_change,
            "o",
            ms=3,
            color=TEACHER,
            label="|l* − l| / l*",
        )
        for power, scale in ((1, 1 / np.pi), (2, 0.5)):
            right.loglog(
                table.chord,
                scale * table.chord**power,
                ":",
                color=GREY,
                label=f"slope {power}",
            )
        right.set_xlabel("|δw|")
        right.legend(fontsize=8)
        right.grid(alpha=0.25)
        return figure


def _unit(turn: float) -> np.ndarray:
    return np.array([np.cos(turn), np.sin(turn)])


def _sector(axis: Any) -> None:
    star, w = _unit(0.0), _unit(TURN)
    for vector, other in ((star, w), (w, star)):
        axis.fill(*clipped(vector, 0.0).T, color=TEACHER, alpha=0.08, linewidth=0)
        axis.fill(*_difference(vector, other).T, color=COLOURS[1], alpha=0.45)
        axis.plot(*np.stack([-9 * _across(vector), 9 * _across(vector)]).T, color=GREY)
    for vector, name, colour in ((star, "w*", TEACHER), (w, "w", COLOURS[1])):
        axis.annotate("", 1.6 * vector, (0, 0), arrowprops={"arrowstyle": "->"})
        axis.text(*(1.75 * vector), name, color=colour, ha="left", va="center")
    axis.annotate(
        "", 1.6 * w, 1.6 * star, arrowprops={"arrowstyle": "->", "color": GREY}
    )
    axis.text(*(0.87 * (star + w)), "δw", color=GREY, ha="left", fontsize=8)


def _across(vector: np.ndarray) -> np.ndarray:
    return np.array([-vector[1], vector[0]])


def _difference(vector: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the corners of {vector·x ≥ 0, other·x < 0}, a sector of the window."""
    edges = [_across(vector), -_across(vector), _across(other), -_across(other)]
    rays = [e for e in edges if vector @ e >= -1e-9 and other @ e <= 1e-9]
    far = 3 * EDGE
    return np.array([np.zeros(2), *(far * ray for ray in rays)])


LEMMA_4 = Lemma4()
