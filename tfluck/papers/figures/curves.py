"""Paper 1's curves over training: figures 7 to 9 and 17 to 23."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from tfluck.experiment.wording import NULL, RANK_BAR, RHO_BAR
from tfluck.figures.style import legend_beside, panels
from tfluck.figures.training import PANELS, draw_metric
from tfluck.papers.figures.figure import Measured, Recipe, Scope
from tfluck.papers.figures.runs import (
    METRICS,
    Source,
    endings,
    needs_teacher,
    of_presets,
    seeds_of,
    table_of,
)

RHO, MEAN, MEDIAN, LOSS = METRICS[0], METRICS[2], METRICS[3], METRICS[4]
WORDS = {
    RHO: f"{RHO_BAR}; dotted: {NULL}.",
    MEAN: f"{RANK_BAR}.",
    LOSS: "Loss: black on the evaluation set, grey while training.",
}


@dataclass(frozen=True)
class Cell:
    """A panel: the run of a preset (without its paper), what of it, and a title."""

    preset: str
    metric: str
    title: str

    @property
    def name(self) -> str:
        """Return the preset's full name."""
        return f"luck-matters/figure-{self.preset}"


@dataclass(frozen=True)
class Curves(Recipe):
    """Rows of panels, a metric over epochs each; bands from the lowest to the highest seed.

    Attributes:
        rows: the panels.
        optional: a panel whose run needs data or a teacher that are not here is left
            out, and that is said, as long as any panel is left.
    """

    rows: tuple[tuple[Cell, ...], ...]
    optional: bool = False

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Return all panels, row by row."""
        return tuple(cell for row in self.rows for cell in row)

    def sources(self, scope: Scope) -> tuple[Source, ...]:
        """Return the runs, each once."""
        return of_presets(self.presets, scope, optional=self.optional)

    @property
    def presets(self) -> tuple[str, ...]:
        """Return the presets of all panels, each once."""
        return tuple(dict.fromkeys(cell.name for cell in self.cells))

    def measure(self, scope: Scope, sources: tuple[Source, ...]) -> Measured:
        """Join the runs' tables."""
        metrics = {cell.metric for cell in self.cells}
        told = [words for metric, words in WORDS.items() if metric in metrics]
        told.append(f"Teachers: {', '.join(_widths(sources))}.")
        there = {source.preset for source in sources}
        if len({source.run.digest for source in sources}) < len(sources):
            told.append("At this scale some panels show one and the same run.")
        left_out = [name for name in self.presets if name not in there]
        if left_out:
            names = ", ".join(name.rpartition("/")[2] for name in left_out)
            told.append(f"Left out, for want of data or a trained teacher: {names}.")
        for name in left_out:
            scope.tell(needs_teacher(name, scope))
        return Measured(
            table_of(sources), seeds_of(sources), (*told, *endings(sources))
        )

    def draw(self, table: pd.DataFrame) -> Figure:
        """Draw every panel."""
        there = set(table.preset)
        rows = [[cell for cell in row if cell.name in there] for row in self.rows]
        rows = [row for row in rows if row]
        figure, axes = panels(len(rows), max(map(len, rows)), (3.3, 2.7))
        for line, row in zip(axes, rows, strict=True):
            for axis in line[len(row) :]:
                axis.set_visible(False)
            self._row(line, row, table)
        return figure

    def _row(self, axes: Any, cells: list[Cell], table: pd.DataFrame) -> None:
        for axis, cell in zip(axes, cells, strict=False):
            rows = table[table.preset == cell.name]
            draw_metric(axis, rows, cell.metric)
            if cell.metric in (MEAN, MEDIAN):
                axis.set_ylim(-0.02, 0.62)
            axis.set_title(cell.title, fontsize=9)
            axis.set_ylabel(PANELS[cell.metric][1])
        legend_beside(axes[len(cells) - 1])


def _widths(sources: tuple[Source, ...]) -> list[str]:
    """Return the teachers' widths, each once."""
    found = (source.run.experiment.network for source in sources)
    return list(
        dict.fromkeys(f"{n.arch} {'-'.join(map(str, n.teacher_widths))}" for n in found)
    )


_NORM: Mapping[str, str] = {"bn": "BatchNorm", "none": "no BatchNorm"}


def _both_metrics(figure: str) -> Curves:
    """Return ρ̄ above r̄ for dense and conv nets, with BatchNorm and without."""
    return Curves(
        tuple(
            tuple(
                Cell(f"{figure}-{arch}-{norm}", metric, f"{name}, {_NORM[norm]}")
                for arch, name in (("fc", "FC"), ("cnn", "CNN"))
                for norm in _NORM
            )
            for metric in (RHO, MEAN)
        )
    )


def _pairs(figure: str, metrics: tuple[str, str], titles: tuple[str, str]) -> Curves:
    """Return two metrics of dense nets above conv nets, on Gaussian data and CIFAR-10."""
    return Curves(
        tuple(
            tuple(
                Cell(f"{figure}-{data}{arch}", metric, f"{of}, {name}: {title}")
                for data, of in (("", "Gaussian"), ("cifar10-", "CIFAR-10"))
                for metric, title in zip(metrics, titles, strict=True)
            )
            for arch, name in (("fc", "FC"), ("cnn", "CNN"))
        ),
        optional=True,
    )


def _ranks(figure: str) -> Curves:
    return _pairs(figure, (MEAN, MEDIAN), ("mean rank", "median rank"))


_ENDS = ("loss", "ρ̄")
FIGURE_7, FIGURE_8 = _both_metrics("7"), _both_metrics("8")
FIGURE_9 = Curves(
    (
        tuple(
            Cell(f"9a-{size}-{norm}", RHO, f"(a) FC, {size}, {_NORM[norm]}")
            for size in ("small", "large")
            for norm in _NORM
        ),
        tuple(
            Cell(f"9b-{data}-{norm}", RHO, f"(b) CNN, {data}, {_NORM[norm]}")
            for data in ("finite", "infinite")
            for norm in _NORM
        ),
    )
)
FIGURE_17 = _pairs("17", (LOSS, RHO), _ENDS)
FIGURE_18 = _pairs("18", (LOSS, RHO), _ENDS)
FIGURE_19, FIGURE_20, FIGURE_21 = _ranks("19"), _ranks("20"), _ranks("21")
FIGURE_22 = Curves(
    tuple(
        tuple(
            Cell(f"22-{size}-{norm}", metric, f"{size}, {_NORM[norm]}: {end}")
            for norm in _NORM
            for metric, end in zip((LOSS, RHO), _ENDS, strict=True)
        )
        for size in ("small", "large")
    )
)
FIGURE_23 = Curves(
    tuple(
        tuple(
            Cell(f"23-{data}-{norm}", metric, f"{data}, {_NORM[norm]}: {end}")
            for data in ("finite", "infinite")
            for metric, end in zip((LOSS, RHO), _ENDS, strict=True)
        )
        for norm in _NORM
    )
)
