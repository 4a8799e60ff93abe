"""Paper 1's figure 11: every f, gate and g of a small teacher and student on one input."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from tfluck.figures.style import GREY, new_figure
from tfluck.foundations.seeds import generator
from tfluck.papers.figures.figure import Measured, Recipe, Scope
from tfluck.papers.figures.half_planes import STUDENT, TEACHER
from tfluck.papers.figures.runs import Source
from tfluck.theory.nets import backpropagation, dense_net

#: Inputs, hidden nodes of both layers and outputs, of teacher and student.
WIDTHS = {"teacher": (2, 3, 2, 2), "student": (2, 5, 4, 2)}
#: Some nodes are on in every layer of both.
SEED = 4
LAYERS = ("x", "l = 1", "l = 2", "outputs")


class Notation(Recipe):
    """The networks as graphs: width of a line |w|, filled nodes are on."""

    def settings(self, scale: str) -> Mapping[str, Any]:
        """Return the widths."""
        return {"widths": WIDTHS}

    def measure(self, scope: Scope, sources: tuple[Source, ...]) -> Measured:
        """Send one input through both nets, and the student's error back."""
        draw = generator(SEED, "notation")
        nets = {name: dense_net(widths, draw) for name, widths in WIDTHS.items()}
        x = draw.normal(size=(1, 2))
        seen = {name: [x, *net.activations(x)] for name, net in nets.items()}
        error = seen["teacher"][-1] - seen["student"][-1]
        back = [None, *backpropagation(nets["student"], seen["student"][1:], error)]
        rows = []
        for name, active in seen.items():
            for layer, f in enumerate(active):
                g = back[layer] if name == "student" else None
                rows += [
                    _node(name, layer, j, f[0, j], None if g is None else g[0, j])
                    for j in range(f.shape[1])
                ]
        for name, net in nets.items():
            for layer, affine in enumerate(net.layers):
                rows += [
                    {"net": name, "layer": layer, "node": k, "to": j, "f": float(w)}
                    for (k, j), w in np.ndenumerate(affine.kernel)
                ]
        loss = float(np.square(error).sum() / 2)
        note = (
            "Filled: on (f′ = 1). Numbers: f, and below it g. Lines: blue and orange "
            f"positive, grey negative, as wide as |w|. ½|y° − y|² = {loss:.3f} here."
        )
        return Measured(pd.DataFrame(rows), (SEED,), (note,))

    def draw(self, table: pd.DataFrame) -> Figure:
        """Draw teacher and student side by side."""
        figure = new_figure(11.0, 5.2)
        axes = figure.subplots(1, 2)
        for axis, name, colour in zip(
            axes, ("teacher", "student"), (TEACHER, STUDENT), strict=True
        ):
            rows = table[table.net == name]
            for row in rows[rows.to.notna()].itertuples():
                _line(axis, row, WIDTHS[name], colour)
            for row in rows[rows.to.isna()].itertuples():
                _circle(axis, row, WIDTHS[name], colour)
            _frame(axis, name)
        return figure


def _node(net: str, layer: int, node: int, f: float, g: float | None) -> dict[str, Any]:
    row = {"net": net, "layer": layer, "node": node, "to": None, "f": float(f)}
    return row | {"g": None if g is None else float(g)}


def _place(layer: int, node: int, widths: tuple[int, ...]) -> tuple[float, float]:
    return node - (widths[layer] - 1) / 2, 1.6 * layer


def _line(axis: Any, row: Any, widths: tuple[int, ...], colour: str) -> None:
    low = _place(row.layer, row.node, widths)
    high = _place(row.layer + 1, int(row.to), widths)
    axis.plot(
        *zip(low, high, strict=True),
        color=colour if row.f > 0 else GREY,
        linewidth=3.5 * abs(row.f),
        alpha=0.6,
        zorder=1,
    )


def _circle(axis: Any, row: Any, widths: tuple[int, ...], colour: str) -> None:
    x, y = _place(row.layer, row.node, widths)
    on = row.f > 0 or row.layer in (0, len(widths) - 1)
    axis.scatter(
        [x], [y], s=1250, zorder=2, edgecolor=colour, color=colour if on else "white",
        linewidths=1.5,
    )  # fmt: skip
    text = f"{row.f:.2f}" + ("" if pd.isna(row.g) else f"\n{row.g:+.2f}")
    axis.text(
        x, y, text, ha="center", va="center", fontsize=7, zorder=3,
        color="white" if on else colour,
    )  # fmt: skip


def _frame(axis: Any, name: str) -> None:
    mark = "°" if name == "teacher" else ""
    axis.set_xlim(-2.9, 2.6)
    axis.set_ylim(-0.7, 5.5)
    axis.set_axis_off()
    words = "f_j°, f′_j°, never updated" if mark else "f_j, f′_j and g_j"
    axis.set_title(f"{name}: {words}", fontsize=9)
    for layer, label in enumerate(LAYERS):
        axis.text(-2.9, 1.6 * layer, label, va="center", fontsize=8, color=GREY)


NOTATION = Notation()
