"""The figures of a page: drawn, or with the reason why not."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from tfluck.foundations.errors import Interrupted, TfluckError
from tfluck.foundations.files import read_bytes
from tfluck.papers.figures import PaperFigure, Scope
from tfluck.papers.figures.making import Made, make_figure
from tfluck.papers.report.described import Line, in_numbers
from tfluck.papers.report.rendering import LARGEST, Picture

#: Draw no figure, those whose evidence is there, or all, making what they need.
Which = Literal["none", "present", "all"]


@dataclass(frozen=True)
class Drawn:
    """A figure on a page.

    Attributes:
        figure: of a paper.
        command: that makes it.
        picture: None where there is none.
        why: there is none.
        notes: sentences that stand below the figure.
        numbers: the picture in a few lines.
        runs: what stands in the record of each run.
        seeds: behind the numbers.
    """

    figure: PaperFigure
    command: str
    picture: Picture | None = None
    why: str = ""
    notes: tuple[str, ...] = ()
    numbers: tuple[Line, ...] = ()
    runs: tuple[Mapping[str, Any], ...] = ()
    seeds: tuple[int, ...] = ()


def drawn(figure: PaperFigure, scope: Scope, folder: Path, which: Which) -> Drawn:
    """Return a figure for a page, with its files in ``folder/PAPER``.

    Raises:
        Interrupted: while what it needs was made.
    """
    command = f"tfluck figure {figure.name} --scale {scope.scale}"
    if which == "none":
        return Drawn(figure, command, why="Figures were not asked for.")
    scope = replace(scope, make=which == "all")
    try:
        made = make_figure(figure, scope, folder / figure.paper)
    except Interrupted:
        raise
    except TfluckError as error:
        return Drawn(figure, command, why=str(error))
    return _shown(made, command)


def _shown(made: Made, command: str) -> Drawn:
    files = {path.suffix: path for path in made.files}
    raw = read_bytes(files[".png"], LARGEST)
    numbers = in_numbers(pd.read_csv(files[".csv"]))
    return Drawn(
        made.figure,
        command,
        Picture.of(raw, _in_words(made)),
        notes=made.notes,
        numbers=tuple(numbers),
        runs=made.runs,
        seeds=made.seeds,
    )


def _in_words(made: Made) -> str:
    """Say what the picture shows; its numbers stand below it."""
    figure = made.figure
    words = [
        f"Figure {figure.number} of {figure.paper}: {figure.title}.",
        f"In the paper: {figure.shows}",
        *(["Here:", *made.notes] if made.notes else []),
        "The table below has its numbers.",
    ]
    return " ".join(words)
