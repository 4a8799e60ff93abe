"""β*, H* and E[Gβ*G] before and after training, students by their best teacher (figure 10)."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from tfluck.analysis.matching import reordered
from tfluck.figures.matching import heat
from tfluck.figures.style import headline, new_figure

Array = NDArray[np.float64]
#: A layer's matrices by name (with or without bias nodes), and its ρ ``[m, n]``.
Panels = tuple[Mapping[str, Array], Array]


def draw_modulation(
    states: Sequence[tuple[str, Sequence[Panels]]], title: str
) -> Figure:
    """Draw the transposes of every matrix, a column a layer, a row a matrix and state.

    Students run to the right by the teacher node they match best at that time; the bias
    nodes are left out. Each panel has its own scale, the 99.5th percentile of |·|.

    Args:
        states: (name, layers), e.g. before and after training.
        title: says which run.
    """
    layers, kinds = len(states[0][1]), len(states[0][1][0][0])
    figure = new_figure(3.0 * layers + 0.3, 2.1 * kinds * len(states) + 0.7)
    axes = figure.subplots(kinds * len(states), layers, squeeze=False)
    for at, (name, found) in enumerate(states):
        for index, (matrices, rho) in enumerate(found):
            order = reordered(rho)
            for row, (symbol, matrix) in enumerate(matrices.items()):
                turned = matrix[order, : len(rho)].T
                limit = float(np.quantile(np.abs(turned), 0.995)) or 1.0
                axis = axes[kinds * at + row, index]
                picture = heat(axis, turned, limit, f"{symbol}, layer {index}, {name}")
                bar = figure.colorbar(picture, ax=axis, fraction=0.05)
                bar.ax.tick_params(labelsize=6)
    for line in axes:
        line[0].set_ylabel("teacher node", fontsize=8)
    for axis in axes[-1]:
        axis.set_xlabel("student, by best teacher", fontsize=8)
    headline(figure, title)
    return figure
