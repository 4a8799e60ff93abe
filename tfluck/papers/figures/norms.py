"""BatchNorm in paper 1: the projection of its gradient (figure 12), two orders (figure 13)."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from tfluck.figures.style import COLOURS, GREY, new_figure
from tfluck.foundations.seeds import generator
from tfluck.papers.figures.figure import Measured, Recipe, Scope
from tfluck.papers.figures.runs import Source
from tfluck.theory.batch_norm import NormNet, backward, step, weight_flow
from tfluck.theory.nets import dense_net, separated_net

#: Random batches, and steps of training with their rate; ηt is the same at all scales.
BATCHES = {"smoke": 50, "laptop": 500, "paper": 5000}
STEPS = {"smoke": (200, 1e-3), "laptop": (2000, 1e-4), "paper": (20_000, 1e-5)}
#: Activations and gradient of one node over a batch of three, which can be drawn.
F, G = np.array([0.1, 2.2, 0.6]), np.array([1.6, 1.2, -0.4])


def _cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(abs(a @ b) / (np.linalg.norm(a) * np.linalg.norm(b)))


class Projection(Recipe):
    """Lemma 1: the gradient below BatchNorm is perpendicular to f and to 1.

    A batch of three samples is drawn in space; of batches of 64 the cosines are counted,
    before BatchNorm's backward pass and after, with ε = 0 and ε = 1e-5.
    """

    def settings(self, scale: str) -> Mapping[str, Any]:
        """Return the batches."""
        return {"batches": BATCHES[scale]}

    def measure(self, scope: Scope, sources: tuple[Source, ...]) -> Measured:
        """Project, and take the cosines."""
        scale, ones = np.ones(1), np.ones(3)
        below = backward(F[:, None], G[:, None], scale, 0.0)[:, 0]
        vectors = {"1": ones, "f": F, "g": G, "J g": below}
        rows: list[dict[str, Any]] = [
            {"panel": "vectors", "name": name, "x": v[0], "y": v[1], "z": v[2]}
            for name, v in vectors.items()
        ]
        draw = generator(0, "norms")
        for number in range(BATCHES[scope.scale]):
            f = np.maximum(draw.normal(size=(64, 1)), 0)
            g = draw.normal(size=(64, 1)) + 0.5 + 0.5 * f
            for name, found in (
                ("above", g),
                ("below, ε = 1e-5", backward(f, g, scale, 1e-5)),
                ("below, ε = 0", backward(f, g, scale, 0.0)),
            ):
                flat = found[:, 0]
                cosines = {"x": _cosine(flat, f[:, 0]), "y": _cosine(flat, np.ones(64))}
                rows.append(
                    {"panel": "cosines", "name": name, "batch": number} | cosines
                )
        note = "Batches of 64; f is a ReLU's output, g leans towards f and 1."
        return Measured(pd.DataFrame(rows), (0,), (note,))

    def draw(self, table: pd.DataFrame) -> Figure:
        """Draw the vectors, and the cosines as bars of their medians."""
        figure = new_figure(10.0, 4.6)
        left, block = figure.subfigures(1, 2, squeeze=False)[0]
        axis = left.add_subplot(projection="3d")
        _vectors(axis, table[table.panel == "vectors"])
        right = block.add_subplot()
        cosines = table[table.panel == "cosines"]
        names = list(dict.fromkeys(cosines.name))
        median = cosines.groupby("name")[["x", "y"]].median().loc[names]
        for shift, column, label in ((-0.2, "x", "with f"), (0.2, "y", "with 1")):
            right.bar(
                np.arange(len(names)) + shift,
                np.maximum(median[column], 1e-18),
                0.38,
                bottom=0,
                color=COLOURS[0] if column == "x" else COLOURS[1],
                label=label,
            )
        right.set_yscale("log")
        right.set_ylim(1e-18, 3)
        right.set_xticks(
            range(len(names)), [name.replace(", ", "\n") for name in names]
        )
        right.set_ylabel("|cosine| of the gradient, median")
        right.legend(fontsize=8)
        right.set_title("(b) gradient above and below BatchNorm", fontsize=9)
        return figure


def _vectors(axis: Any, rows: pd.DataFrame) -> None:
    colours = {"1": GREY, "f": COLOURS[0], "g": COLOURS[4], "J g": COLOURS[1]}
    for row in rows.itertuples():
        end = np.array([row.x, row.y, row.z], dtype=float)
        colour = colours[str(row.name)]
        axis.quiver(0, 0, 0, *end, color=colour, arrow_length_ratio=0.12)
        axis.text(*(1.12 * end), str(row.name), color=colour, fontsize=10)
    corner = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    plane = corner @ np.stack([1.6 * np.ones(3), F * 1.1])
    from mpl_toolkits.mplot3d.art3d import (  # type: ignore[import-untyped]
        Poly3DCollection,
    )

    axis.add_collection3d(
        Poly3DCollection([plane], facecolors=COLOURS[0], alpha=0.12, edgecolors="none")
    )
    axis.set_xlim(-1, 2.4)
    axis.set_ylim(-1, 2.4)
    axis.set_zlim(-1, 2.4)
    axis.view_init(elev=22, azim=25)
    for number, side in enumerate((axis.xaxis, axis.yaxis, axis.zaxis), 1):
        side.set_ticklabels([])
        side.set_label_text(f"sample {number}", fontsize=8)
    axis.set_title(
        "(a) one node, a batch of three: J g is normal to f and 1", fontsize=9
    )


ORDERS_SHOWN = {
    "relu-bn": "(a) Linear → ReLU → BN",
    "bn-relu": "(b) Linear → BN → ReLU",
    "none": "(c) Linear → ReLU, no BN",
}


class Orders(Recipe):
    """Theorem 3: how |w_j| of the lowest layer moves with BatchNorm in either place."""

    def settings(self, scale: str) -> Mapping[str, Any]:
        """Return steps and rate."""
        return {"steps": STEPS[scale]}

    def measure(self, scope: Scope, sources: tuple[Source, ...]) -> Measured:
        """Train three nets from one start on the same batches."""
        steps, rate = STEPS[scope.scale]
        rows = []
        for order in ORDERS_SHOWN:
            draw = generator(0, "norms", "orders")
            teacher = separated_net([2, 3, 2], draw)
            net = NormNet(dense_net([2, 6, 2], draw).layers, "relu-bn", 0.0)
            net = NormNet(
                net.layers, "bn-relu" if order == "bn-relu" else "relu-bn", 0.0
            )
            first = _squares(net)
            for at in range(steps + 1):
                if at % max(1, steps // 50) == 0:
                    rows += _drift(order, at * rate, first, _squares(net))
                x = 3 * draw.normal(size=(64, 2))
                target = teacher.activations(x)[-1]
                net = step(net, _flow(net, order, x, target), rate)
        note = (
            f"6 nodes, ε = 0, {steps} steps of η = {rate:g}: with a bias, relu-bn "
            "conserves |w|² + b², not |w|²; a step adds η²|g|²."
        )
        return Measured(pd.DataFrame(rows), (0,), (note,))

    def draw(self, table: pd.DataFrame) -> Figure:
        """Draw the relative change of |w|² and |w|² + b², a panel an order."""
        figure = new_figure(11.0, 3.6)
        axes = figure.subplots(1, 3, sharey=True)
        for axis, (order, title) in zip(axes, ORDERS_SHOWN.items(), strict=True):
            rows = table[table.order == order]
            for column, colour, label in (
                ("weights", COLOURS[1], "|w|²"),
                ("with_bias", COLOURS[0], "|w|² + b²"),
            ):
                for node, part in rows.groupby("node"):
                    axis.plot(
                        part.time, part[column], color=colour, alpha=0.6,
                        linewidth=1.6 if column == "weights" else 0.9,
                        label=label if node == 0 else None,
                    )  # fmt: skip
            last = rows[rows.time == rows.time.max()]
            worst = {c: last[c].abs().max() for c in ("weights", "with_bias")}
            axis.set_title(
                f"{title}\nmost: |w|² {worst['weights']:.1e}, "
                f"|w|² + b² {worst['with_bias']:.1e}",
                fontsize=9,
            )
            axis.set_yscale("symlog", linthresh=1e-3)
            axis.set_xlabel("time ηt")
            axis.grid(alpha=0.25)
        axes[0].set_ylabel("relative change, a line a node")
        axes[0].legend(fontsize=8)
        return figure


def _squares(net: NormNet) -> tuple[np.ndarray, np.ndarray]:
    lowest = net.layers[0]
    w = np.square(lowest.kernel).sum(axis=0)
    return w, w + np.square(lowest.bias)


def _drift(
    order: str,
    time: float,
    first: tuple[np.ndarray, np.ndarray],
    now: tuple[np.ndarray, np.ndarray],
) -> list[dict[str, Any]]:
    change = [n / f - 1 for n, f in zip(now, first, strict=True)]
    return [
        {"order": order, "time": time, "node": j, "weights": w, "with_bias": b}
        for j, (w, b) in enumerate(zip(*change, strict=True))
    ]


def _flow(net: NormNet, order: str, x: np.ndarray, target: np.ndarray) -> Any:
    """Return the negative gradient with BatchNorm, or without any."""
    if order != "none":
        return weight_flow(net, x, target)
    from tfluck.analysis.relu_net import Affine, ReluNet
    from tfluck.theory.nets import weight_gradients

    found = weight_gradients(ReluNet(net.layers), x, target)
    return [Affine(w[:-1], w[-1]) for w in found]


PROJECTION, ORDERS = Projection(), Orders()
