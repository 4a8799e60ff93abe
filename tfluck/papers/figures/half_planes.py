"""Draw nodes of networks on the plane as what they are: half-planes {w·x + b > 0}."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tfluck.figures.style import COLOURS
from tfluck.papers.figures.plane import OWN

Array = NDArray[np.float64]
#: As in the paper: blue are the teacher's regions, orange the student's.
TEACHER, STUDENT = COLOURS[0], COLOURS[1]
#: The window is [−EDGE, EDGE]².
EDGE = 3.4


def clipped(w: Array, bias: float, edge: float = EDGE) -> Array:
    """Return the corners of {w·x + b ≥ 0} in the window, ``[corners, 2]``, in order."""
    box = edge * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], dtype=float)
    side = box @ w + bias
    found = []
    for at in range(4):
        after = (at + 1) % 4
        if side[at] >= 0:
            found.append(box[at])
        if (side[at] >= 0) != (side[after] >= 0):
            share = side[at] / (side[at] - side[after])
            found.append(box[at] + share * (box[after] - box[at]))
    return np.array(found).reshape(-1, 2)


def border(w: Array, bias: float) -> Array:
    """Return two far points of the line w·x + b = 0, ``[2, 2]``."""
    foot = -bias * w / (w @ w)
    along = np.array([-w[1], w[0]]) / np.linalg.norm(w)
    return np.stack([foot - 9 * along, foot + 9 * along])


def window(axis: Any, title: str) -> None:
    """Show the plane of inputs."""
    axis.set_xlim(-EDGE, EDGE)
    axis.set_ylim(-EDGE, EDGE)
    axis.set_aspect("equal")
    axis.set_xticks([])
    axis.set_yticks([])
    axis.grid(visible=False)
    axis.spines[:].set_visible(True)
    axis.set_title(title, fontsize=9)


def draw_nodes(axis: Any, rows: pd.DataFrame, *, names: bool = False) -> None:
    """Draw the nodes of one panel.

    Teacher nodes are blue areas. Student nodes are orange borders, as wide as what they
    contribute; the areas of those that are a teacher node's own (ρ ≥ 0.95) are hatched.
    """
    for row in rows.itertuples():
        w, bias = np.array([row.w1, row.w2]), float(row.bias)  # type: ignore[arg-type]
        if not w.any():
            continue
        corners, line = clipped(w, bias), border(w, bias)
        if row.net == "teacher":
            axis.fill(*corners.T, color=TEACHER, alpha=0.22, linewidth=0)
            axis.plot(*line.T, color=TEACHER, linewidth=3.0, alpha=0.5)
        else:
            strength = min(float(row.strength), 1.5)  # type: ignore[arg-type]
            if float(row.rho) >= OWN and strength > 0.1:  # type: ignore[arg-type]
                hatched = {"hatch": "////", "edgecolor": STUDENT, "alpha": 0.35}
                axis.fill(*corners.T, facecolor="none", linewidth=0, **hatched)
            width, style = 0.5 + 1.2 * strength, "-" if strength > 0.1 else ":"
            axis.plot(*line.T, style, color=STUDENT, linewidth=width)
        if names:
            _name(axis, w, bias, row)


def _name(axis: Any, w: Array, bias: float, row: Any) -> None:
    """Write a node's name on its border, inside its region."""
    length = float(np.linalg.norm(w))
    blue = row.net == "teacher"
    foot = -bias * w / length**2
    along = np.array([-w[1], w[0]]) / length
    inside = w / length * (0.3 if blue else -0.25)
    # Where the border leaves the window there is nothing to write on.
    reach = 0.75 * (EDGE - float(np.abs(foot).max()))
    place = foot + inside + (reach if blue else -reach) * along
    if np.abs(place).max() > EDGE - 0.2:
        return
    axis.text(
        *place,
        f"{int(row.node)}{'°' if blue else ''}",
        color=TEACHER if blue else STUDENT,
        fontsize=8,
        ha="center",
        va="center",
        fontweight="bold" if blue else "normal",
    )
