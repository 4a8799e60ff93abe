"""Paper 1's figure 4: overlap of regions, the Lipschitz condition, Theorem 2's matrices."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from tfluck.figures.matching import heat
from tfluck.figures.style import COLOURS, GREY, new_figure
from tfluck.foundations.seeds import generator
from tfluck.papers.figures.figure import Measured, Recipe, Scope
from tfluck.papers.figures.half_planes import draw_nodes, window
from tfluck.papers.figures.plane import (
    SPREAD,
    inputs,
    rows_of,
    student_of,
    teacher_of,
    train,
)
from tfluck.papers.figures.runs import Source
from tfluck.theory.kernels import lipschitz_constant, psi_d
from tfluck.theory.matrix_dynamics import unstacked

SIZES: Mapping[str, dict[str, int]] = {
    "smoke": {"samples": 1000, "steps": 100},
    "laptop": {"samples": 20_000, "steps": 500},
    "paper": {"samples": 100_000, "steps": 2000},
}
#: Angles up to which Assumption 2 is asked for, and the turn of a weight.
WIDEST, TURN = np.pi / 2, 0.3
MATRICES = ("L*", "L", "D*", "D", "β*", "β", "H*", "H")


class Overlaps(Recipe):
    """A teacher of 5 half-planes, and 10 students in the middle of training."""

    def settings(self, scale: str) -> Mapping[str, Any]:
        """Return samples and steps."""
        return SIZES[scale]

    def measure(self, scope: Scope, sources: tuple[Source, ...]) -> Measured:
        """Count overlaps, evaluate ψ_d, average Theorem 2's matrices."""
        size = SIZES[scope.scale]
        teacher, x = teacher_of(5), inputs(size["samples"])
        start = student_of(10, 5, generator(1, "plane", "student"))
        seen = train(start, teacher, x, size["steps"])[-1]
        on = unstacked(teacher).activations(x)[0] > 0
        both = on.T.astype(float) @ on / len(x)
        ratio = both / np.minimum.outer(both.diagonal(), both.diagonal())
        np.fill_diagonal(ratio, 0)
        k = lipschitz_constant(psi_d, WIDEST, TURN)
        rows = rows_of("regions", seen, teacher)
        angles = np.linspace(0, np.pi, 61)
        rows += [{"panel": "psi", "w1": t, "strength": float(psi_d(t))} for t in angles]
        rows.append({"panel": "K_d", "strength": k})
        for name, matrix in _matrices(seen.student, teacher, x).items():
            rows += [
                {"panel": name, "node": i, "teacher": j, "strength": float(value)}
                for (i, j), value in np.ndenumerate(matrix)
            ]
        notes = (
            f"Inputs N(0, {SPREAD}²): a teacher node is on for {both.diagonal().mean():.0%} "
            f"of them; ε_d at most {ratio.max():.2f}.",
            "Students stand by their teacher node; step "
            f"{seen.step}. K_d = {k:.2f} serves turns up to {TURN} from θ ≤ π/2 (dotted).",
        )
        return Measured(pd.DataFrame(rows), (1,), notes)

    def draw(self, table: pd.DataFrame) -> Figure:
        """Draw regions, ψ_d with its cone, and eight matrices."""
        figure = new_figure(13.5, 4.2)
        left, right = figure.subfigures(1, 2, squeeze=False)[0]
        first, second = left.subplots(1, 2)
        rows = table[(table.panel == "regions") & (table.net == "teacher")]
        draw_nodes(first, rows, names=True)
        window(first, "(a) teacher regions: overlap is darker")
        _lipschitz(second, table)
        grid = right.subplots(2, 4)
        for axis, name in zip(grid.T.flat, MATRICES, strict=True):
            cells = table[table.panel == name]
            matrix = cells.pivot(index="node", columns="teacher", values="strength")
            values = matrix.to_numpy()
            heat(axis, values, float(np.abs(values).max()), name)
        right.suptitle("(c) Theorem 2: rows are students", fontsize=9)
        return figure


def _lipschitz(axis: Any, table: pd.DataFrame) -> None:
    curve = table[table.panel == "psi"]
    axis.plot(curve.w1, curve.strength, color=COLOURS[0], label="ψ_d(θ)")
    k = float(table[table.panel == "K_d"].strength.iloc[0])
    for number, t in enumerate((0.5, 1.2)):
        turn = np.linspace(-TURN, TURN, 21)
        value = float(psi_d(t))
        width = k * value * 2 * np.sin(np.abs(turn) / 2)
        axis.fill_between(
            t + turn, value - width, value + width, color=COLOURS[1], alpha=0.25,
            label="K_d ψ_d |δw|" if number == 0 else None,
        )  # fmt: skip
        axis.plot([t], [value], "o", color=COLOURS[1], ms=4)
    axis.axvline(WIDEST, color=GREY, linestyle=":", linewidth=1)
    axis.set_ylim(0, None)
    axis.set_xlabel("θ between two weights")
    axis.legend(fontsize=8)
    axis.set_title("(b) Lipschitz condition (Eq. 8)", fontsize=9)


def _matrices(student: Any, teacher: Any, x: np.ndarray) -> dict[str, np.ndarray]:
    """Return Theorem 2's matrices, students by their teacher node.

    There are two layers, so β* = V V*ᵀ and β = V Vᵀ do not depend on x.
    """
    theirs, ours = (unstacked(n).activations(x)[0] for n in (teacher, student))
    products = {
        "L*": ours.T @ theirs, "L": ours.T @ ours,
        "D*": (ours > 0).T.astype(float) @ (theirs > 0),
        "D": (ours > 0).T.astype(float) @ (ours > 0),
    }  # fmt: skip
    found = {name: value / len(x) for name, value in products.items()}
    v, v_star = student[1][:-1], teacher[1][:-1]
    found |= {"β*": v @ v_star.T, "β": v @ v.T}
    found |= {"H*": found["β*"] * found["D*"], "H": found["β"] * found["D"]}
    order = np.lexsort((-found["H*"].max(axis=1), found["H*"].argmax(axis=1)))
    return {
        name: value[order][:, order] if value.shape[1] == len(order) else value[order]
        for name, value in found.items()
    }


OVERLAPS = Overlaps()
