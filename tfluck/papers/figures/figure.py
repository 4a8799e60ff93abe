"""What a figure of a paper is: a sentence, a table and how to draw the table."""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from tfluck.experiment.scales import DEFAULT_SCALE
from tfluck.foundations.errors import TfluckError

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from tfluck.papers.figures.runs import Source

Kind = Literal["runs", "schematic", "computed"]


class NotMade(TfluckError):
    """What a figure is drawn from is not there, and nothing was to be made."""


def _silent(sentence: str) -> None:
    """Say nothing."""


def _unwatched(total: int, done: Mapping[int, int]) -> Any:
    """Watch no progress."""
    from contextlib import nullcontext

    return nullcontext(lambda seed, step, note: None)


@dataclass(frozen=True)
class Scope:
    """At which size a figure is made, and where its runs lie.

    Attributes:
        scale: ``smoke``, ``laptop`` or ``paper``.
        out: folder of runs.
        jobs: processes that train at the same time.
        tell: hears what goes on.
        watch: ``watch(steps, done)`` gives a context whose value hears of progress.
        make: train and measure what is missing; else :class:`NotMade` is raised.
    """

    scale: str = DEFAULT_SCALE
    out: Path = Path("runs")
    jobs: int = 1
    tell: Callable[[str], None] = _silent
    watch: Callable[[int, Mapping[int, int]], Any] = _unwatched
    make: bool = True


@dataclass(frozen=True, eq=False)
class Measured:
    """What a figure shows, as a table.

    Attributes:
        table: all numbers behind the figure, what ``figure-N.csv`` holds.
        seeds: that the numbers come from.
        notes: sentences that the figure carries below.
    """

    table: "pd.DataFrame"
    seeds: tuple[int, ...] = ()
    notes: tuple[str, ...] = ()


class Recipe:
    """How a figure is made: sources (runs, or none), the table of them, the drawing.

    The drawing reads the table and nothing else.
    """

    def sources(self, scope: Scope) -> "tuple[Source, ...]":
        """Return the runs that the figure is drawn from, trained if they are not yet."""
        return ()

    def settings(self, scale: str) -> Mapping[str, Any]:
        """Return the sizes at ``scale``; with other ones the table is measured anew."""
        return {}

    def measure(self, scope: Scope, sources: "tuple[Source, ...]") -> Measured:
        """Return the table."""
        raise NotImplementedError

    def draw(self, table: "pd.DataFrame") -> "Figure":
        """Draw the table."""
        raise NotImplementedError


@dataclass(frozen=True)
class PaperFigure:
    """A figure of a paper.

    Attributes:
        paper: ``luck-matters`` or ``alignment``.
        number: in the paper.
        title: stands above it.
        shows: what the paper says that it shows.
        kind: drawn from ``runs``, from small networks measured in the plane in place of
            a sketch (``schematic``), or ``computed``.
        place: ``module:attribute`` of its recipe in this package.
        presets: that its runs are made of.
    """

    paper: str
    number: int
    title: str
    shows: str
    kind: Kind
    place: str = field(repr=False)
    presets: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return ``luck-matters 7``."""
        return f"{self.paper} {self.number}"

    def recipe(self) -> Recipe:
        """Import how it is made."""
        module, _, attribute = self.place.partition(":")
        found = importlib.import_module(f"tfluck.papers.figures.{module}")
        recipe: Recipe = getattr(found, attribute)
        return recipe
