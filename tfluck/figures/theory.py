"""Theorems 4 and 5 as they ran: angles and rates against their promise, fan-outs as bars."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from tfluck.figures.style import COLOURS, GREY, panels
from tfluck.theory.recovery import ROUNDING, Constants, Recovery

Array = NDArray[np.float64]


class FanOuts(Protocol):
    """A course of fan-outs: what both simulations of Theorem 5 return."""

    @property
    def steps(self) -> NDArray[np.int64]:
        """Steps, ``[times]``."""

    @property
    def relevant(self) -> Array:
        """Fan-outs of the u-set, ``[times, m]``."""

    @property
    def irrelevant(self) -> Array:
        """Fan-outs of the r-set, ``[times, n − m]``."""


def draw_recovery(course: Recovery, known: Constants, title: str) -> Figure:
    """Draw sin θ of every node over time, and its rate over sin θ, with the promises.

    Args:
        course: a simulated course.
        known: Theorem 4's constants; its bound is drawn if γ > 0.
        title: says which instance.
    """
    figure, axes = panels(1, 2, (4.8, 3.4))
    left, right = axes[0]
    time = course.steps * course.rate
    for number, line in enumerate(course.sines.T):
        label = "nodes" if number == 0 else None
        left.semilogy(
            time, np.maximum(line, 1e-17), color=COLOURS[0], alpha=0.5, label=label
        )
    sine, rate = course.local_rates()
    right.semilogx(sine, rate, color=COLOURS[0], label="measured")
    if known.applies:
        start = np.sin(known.angle)
        for value, name, colour in (
            (known.rate(), "promise, d̄ mended", COLOURS[1]),
            (known.rate(printed=True), "promise, d̄ as printed", GREY),
        ):
            fall = np.log1p(-course.rate * value) / course.rate
            left.semilogy(
                time, start * np.exp(time * fall), "--", color=colour, label=name
            )
            right.axhline(value, linestyle="--", color=colour, label=name)
    left.set_ylim(max(ROUNDING / 100, course.sines.min() / 3), 2)
    left.set_xlabel("time η t")
    left.set_ylabel("sin θ")
    right.invert_xaxis()
    right.set_xlabel("largest sin θ")
    right.set_ylabel("rate of its decay")
    right.set_ylim(0, None)
    left.legend(fontsize=7)
    right.legend(fontsize=7, loc="center right")
    words = f"γ = {known.gamma:.3g}" + (
        "" if known.applies else ": nothing is promised"
    )
    figure.suptitle(f"{title}; {words}", fontsize=9)
    return figure


def draw_suppression(
    course: FanOuts, title: str, promised: tuple[float, float] | None = None
) -> Figure:
    """Draw fan-outs over time, and figure 5 as bars: every student's, before and after.

    Args:
        course: a simulated course.
        title: says which instance.
        promised: decay per step, and size at the start, of the bound on the r-set.
    """
    figure, axes = panels(1, 2, (4.8, 3.4))
    left, right = axes[0]
    _draw_times(left, course)
    if promised is not None:
        decay, start = promised
        bound = start * np.exp(course.steps * np.log1p(-decay))
        left.semilogy(course.steps, bound, "--", color=GREY, label="promised")
    left.legend(fontsize=7)
    _draw_bars(right, course)
    figure.suptitle(title, fontsize=9)
    return figure


def _draw_times(axis: Any, course: FanOuts) -> None:
    for values, name, colour in (
        (course.relevant, "relevant", COLOURS[0]),
        (course.irrelevant, "irrelevant", COLOURS[1]),
    ):
        if not values.shape[1]:
            continue
        shown = np.maximum(values, 1e-16)
        axis.fill_between(
            course.steps, shown.min(axis=1), shown.max(axis=1), color=colour, alpha=0.2
        )
        axis.semilogy(
            course.steps, shown.mean(axis=1), color=colour, label=f"{name}, mean"
        )
    axis.set_yscale("log")
    axis.set_xlabel("step")
    axis.set_ylabel("fan-out |v_j|")


def _draw_bars(axis: Any, course: FanOuts) -> None:
    m, rest = course.relevant.shape[1], course.irrelevant.shape[1]
    places = np.arange(m + rest)
    for at, width, colours, name in (
        (0, 0.9, (GREY, GREY), "before"),
        (-1, 0.55, (COLOURS[0], COLOURS[1]), "after"),
    ):
        u, r = course.relevant[at], course.irrelevant[at]
        # The same student stands at the same place before and after.
        order = np.argsort(-course.relevant[-1]), np.argsort(-course.irrelevant[-1])
        alpha = 0.35 if at == 0 else 1.0
        axis.bar(
            places[:m],
            u[order[0]],
            width,
            color=colours[0],
            alpha=alpha,
            label="before" if at == 0 else f"relevant, {name}",
        )
        if rest:
            axis.bar(
                places[m:],
                r[order[1]],
                width,
                color=colours[1],
                alpha=alpha,
                label=None if at == 0 else f"irrelevant, {name}",
            )
    axis.margins(y=0.25)
    axis.xaxis.get_major_locator().set_params(integer=True)
    axis.set_xlabel("student node, by final fan-out")
    axis.set_ylabel("fan-out |v_j|")
    axis.legend(fontsize=7)


def draw_audit(rows: Sequence[dict[str, Any]], title: str) -> Figure:
    """Draw how far each hypothesis is from holding, a panel each, a bar a layer and epoch.

    Args:
        rows: ``hypothesis``, ``layer``, ``epoch``, ``measured`` (or None), ``bound``.
        title: says which run.
    """
    names = list(dict.fromkeys(row["hypothesis"] for row in rows))
    columns = min(4, len(names))
    lines = -(-len(names) // columns)
    figure, axes = panels(lines, columns, (3.1, 2.5))
    epochs = sorted({row["epoch"] for row in rows})
    for axis, name in zip(axes.flat, names, strict=False):
        _draw_hypothesis(axis, [r for r in rows if r["hypothesis"] == name], epochs)
        axis.set_title(name, fontsize=8)
    for axis in list(axes.flat)[len(names) :]:
        axis.set_visible(False)
    axes.flat[0].legend(fontsize=7)
    figure.suptitle(title, fontsize=9)
    return figure


def _draw_hypothesis(
    axis: Any, rows: Sequence[dict[str, Any]], epochs: list[int]
) -> None:
    layers = sorted({row["layer"] for row in rows})
    known = [row for row in rows if row["measured"] is not None]
    seen = sorted({row["epoch"] for row in known})
    width = 0.8 / max(1, len(seen))
    for at, epoch in enumerate(seen):
        mine = [row for row in known if row["epoch"] == epoch]
        shift = (at - (len(seen) - 1) / 2) * width
        axis.bar(
            [layers.index(row["layer"]) + shift for row in mine],
            [row["measured"] for row in mine],
            width,
            color=COLOURS[epochs.index(epoch) % len(COLOURS)],
            label=f"epoch {epoch}",
        )
    for bound in {row["bound"] for row in rows if row["bound"] is not None}:
        axis.axhline(bound, linestyle="--", color=GREY, linewidth=1)
        if 0 < bound < 1e-6:
            axis.set_yscale("log")
    axis.set_xticks(range(len(layers)), [f"L{layer}" for layer in layers], fontsize=7)
    axis.tick_params(axis="y", labelsize=7)
