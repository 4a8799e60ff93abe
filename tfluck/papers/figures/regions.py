"""Paper 1's sketches of activation regions (figures 1 to 3), trained and measured."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.stats import spearmanr

from tfluck.figures.style import GREY, new_figure
from tfluck.foundations.seeds import generator
from tfluck.papers.figures.figure import Measured, Recipe, Scope
from tfluck.papers.figures.half_planes import STUDENT, draw_nodes, window
from tfluck.papers.figures.plane import (
    OWN,
    Layers,
    inputs,
    kept,
    rows_of,
    student_of,
    teacher_of,
    train,
)
from tfluck.papers.figures.runs import Source

#: Inputs, steps, and students of figure 3 at each scale.
SIZES: Mapping[str, dict[str, int]] = {
    "smoke": {"samples": 256, "steps": 300, "repeats": 3},
    "laptop": {"samples": 1024, "steps": 3000, "repeats": 10},
    "paper": {"samples": 4096, "steps": 10000, "repeats": 50},
}
BLUE_ORANGE = (
    "Blue: teacher regions. Orange: borders of student regions, as wide as |w||v|; "
    f"hatched where ρ ≥ {OWN} with a teacher node."
)


class Sized(Recipe):
    """A figure of the plane, at one of three sizes."""

    def settings(self, scale: str) -> Mapping[str, Any]:
        """Return samples and steps."""
        return SIZES[scale]


class Setting(Sized):
    """Figure 1: 3 teacher nodes and 12 students, before, while and after they learn."""

    def measure(self, scope: Scope, sources: tuple[Source, ...]) -> Measured:
        """Train one student and look at it about sixty times."""
        size = SIZES[scope.scale]
        teacher, x = teacher_of(3), inputs(size["samples"])
        start = student_of(12, 3, generator(1, "plane", "student"))
        looks = train(start, teacher, x, size["steps"], 60)
        rows = rows_of("before", looks[0], teacher) + rows_of(
            "after", looks[-1], teacher
        )
        final = looks[-1].rho.argmax(axis=0)
        first = looks[0].rho[final, np.arange(len(final))]
        captured = looks[-1].rho.max(axis=0) >= OWN
        for seen in looks:
            for j in np.flatnonzero(captured):
                rows.append(
                    {
                        "panel": "course",
                        "net": "student",
                        "node": int(j),
                        "step": seen.step,
                        "teacher": int(final[j]),
                        "rho": float(seen.rho[final[j], j]),
                        "strength": float(seen.strength[j]),
                        "loss": seen.loss,
                    }
                )
        last = looks[-1]
        own = last.strength[last.winners].mean()
        others = np.delete(last.strength, last.winners).mean()
        caught = [
            next(s.step for s in looks if s.rho[final[j], j] >= OWN)
            for j in np.flatnonzero(captured)
        ]
        notes = [
            BLUE_ORANGE,
            f"Winners contribute {own:.2f} on average, the others {others:.2f}.",
            *_trend(first[captured], np.array(caught)),
        ]
        return Measured(pd.DataFrame(rows), (1,), tuple(notes))

    def draw(self, table: pd.DataFrame) -> Figure:
        """Draw regions, the course of ρ, and regions again."""
        figure = new_figure(11.0, 3.9)
        axes = figure.subplots(1, 3)
        for axis, panel, letter in ((axes[0], "before", "a"), (axes[2], "after", "c")):
            rows = table[table.panel == panel]
            draw_nodes(axis, rows, names=True)
            window(axis, f"({letter}) {panel} training: {_state(rows)}")
        course = table[table.panel == "course"]
        first = course[course.step == 0].set_index("node")["rho"]
        for node, rows in course.groupby("node"):
            # By rank: nodes that were captured had much overlap, one and all.
            shade = (first < first[node]).mean()
            axes[1].plot(
                rows.step + 1, rows.rho, color=STUDENT, alpha=0.3 + 0.7 * shade
            )
        axes[1].axhline(OWN, color=GREY, linestyle=":", linewidth=1)
        axes[1].set_xscale("log")
        axes[1].set_xlabel("step + 1")
        axes[1].set_ylabel("ρ with the teacher node it ends at")
        axes[1].set_title(
            "(b) students that end at a teacher node,\n"
            "darker: larger overlap at the start",
            fontsize=9,
        )
        return figure


def _trend(overlap: Any, step: Any) -> list[str]:
    """Say how initial overlap and the step of capture go together."""
    if len(overlap) < 3 or np.ptp(overlap) == 0 or np.ptp(step) == 0:
        return []
    found = float(spearmanr(overlap, step).statistic)
    return [
        f"Rank correlation of ρ at the start and the step at which ρ reaches {OWN}: "
        f"{found:.2f} over {len(overlap)} students."
    ]


def _state(rows: pd.DataFrame) -> str:
    """Say how good a student is: covered teacher nodes and loss."""
    ours = rows[rows.net == "student"]
    own = ours[ours.rho >= OWN].teacher.nunique()
    count = int((rows.net == "teacher").sum())
    return f"{own} of {count} covered, loss {rows.loss.iloc[0]:.1e}"


class Regularization(Sized):
    """Figure 2: 24 students cover a teacher of 3 nodes, and one of 12."""

    def measure(self, scope: Scope, sources: tuple[Source, ...]) -> Measured:
        """Train the same student towards both teachers."""
        size = SIZES[scope.scale]
        x, rows, notes = inputs(size["samples"]), [], [BLUE_ORANGE]
        for nodes, word in ((3, "structured"), (12, "random")):
            teacher = teacher_of(nodes)
            start = student_of(24, nodes, generator(1, "plane", "student"))
            ends = train(start, teacher, x, size["steps"])
            for seen, when in zip(ends, ("before", "after"), strict=True):
                rows += rows_of(f"{word} {when}", seen, teacher)
            used = int((ends[-1].strength > 0.1).sum())
            notes.append(f"Towards {nodes} nodes {used} of 24 students end in use.")
        notes.append("Random labels stand for a teacher of many nodes.")
        return Measured(pd.DataFrame(rows), (1,), tuple(notes))

    def draw(self, table: pd.DataFrame) -> Figure:
        """Draw two rows, structured and random, before and after."""
        figure = new_figure(9.0, 9.0)
        axes = figure.subplots(2, 2)
        for line, word, letter in zip(
            axes, ("structured", "random"), "ab", strict=True
        ):
            for axis, when in zip(line, ("before", "after"), strict=True):
                rows = table[table.panel == f"{word} {when}"]
                draw_nodes(axis, rows)
                window(axis, f"({letter}) {word} labels, {when}: {_state(rows)}")
        return figure


ARMS = {
    "full": "(a) all four students",
    "ticket": "(b) the lucky two, from where they were",
    "reset": "(c) two drawn anew",
}


class Ticket(Sized):
    """Figure 3: 2 teacher nodes, 4 students; the lucky two kept, or drawn anew."""

    def measure(self, scope: Scope, sources: tuple[Source, ...]) -> Measured:
        """Train three arms from every seed."""
        size = SIZES[scope.scale]
        teacher, x, rows = teacher_of(2), inputs(size["samples"]), []
        seeds = tuple(range(1, size["repeats"] + 1))
        for seed in seeds:
            start = student_of(4, 2, generator(seed, "plane", "student"))
            full = train(start, teacher, x, size["steps"])[-1]
            arms: dict[str, Layers] = {
                "ticket": kept(start, full.winners),
                "reset": student_of(2, 2, generator(seed, "plane", "reset")),
            }
            ends = {"full": full} | {
                arm: train(layers, teacher, x, size["steps"])[-1]
                for arm, layers in arms.items()
            }
            for arm, seen in ends.items():
                rows += [{"seed": seed} | row for row in rows_of(arm, seen, teacher)]
                rows.append(_ending(arm, seed, seen.loss, seen.covered))
        table = pd.DataFrame(rows)
        note = (
            f"The regions are those of seed {_drawn(table)}, the first in which (c) "
            "misses a node (else the first)."
        )
        return Measured(table, seeds, (BLUE_ORANGE, note))

    def draw(self, table: pd.DataFrame) -> Figure:
        """Draw one seed's three arms, and how all seeds ended."""
        figure = new_figure(14.0, 3.7)
        axes = figure.subplots(1, 4)
        drawn = table[table.seed == _drawn(table)]
        for axis, (arm, title) in zip(axes, ARMS.items(), strict=False):
            rows = drawn[(drawn.panel == arm)]
            draw_nodes(axis, rows, names=True)
            window(axis, f"{title}\n{_state(rows)}")
        for at, arm in enumerate(ARMS):
            rows = table[(table.panel == f"{arm} ended")]
            share = (rows.covered == 2).mean()
            spread = np.linspace(-0.15, 0.15, len(rows))
            axes[3].semilogy(
                at + spread, np.maximum(rows.loss, 1e-16), "o", color=STUDENT, ms=4
            )
            axes[3].text(
                at, 0.97, f"{share:.0%} cover\nboth nodes", ha="center", va="top", fontsize=8,
                transform=axes[3].get_xaxis_transform(),
            )  # fmt: skip
        axes[3].set_xticks(range(3), ["full", "lucky kept", "drawn anew"])
        axes[3].set_xlim(-0.6, 2.6)
        axes[3].margins(y=0.3)
        axes[3].set_ylabel("loss at the end")
        axes[3].set_title("a dot a seed", fontsize=9)
        return figure


def _drawn(table: pd.DataFrame) -> int:
    """Return the first seed whose students drawn anew miss a teacher node, else the first."""
    ended = table[table.panel == "reset ended"]
    missed = ended[ended.covered < 2]
    return int((missed if len(missed) else ended).seed.min())


def _ending(arm: str, seed: int, loss: float, covered: int) -> dict[str, Any]:
    return {"panel": f"{arm} ended", "seed": seed, "loss": loss, "covered": covered}


SETTING, REGULARIZATION, TICKET = Setting(), Regularization(), Ticket()
