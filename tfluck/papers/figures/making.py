"""Make a figure: measure or remember its table, draw it, write PDF, PNG and CSV."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

import matplotlib
import pandas as pd

from tfluck import __version__
from tfluck.figures.style import framed, save
from tfluck.foundations.errors import TfluckError
from tfluck.foundations.files import (
    digest_of,
    make_directory,
    read_bytes,
    write_atomic,
    write_json,
)
from tfluck.papers.figures.figure import NotMade, PaperFigure, Recipe, Scope

#: Rooms whose code draws.
ROOMS = ("tfluck.analysis", "tfluck.figures", "tfluck.papers.figures")
#: More bytes than a record has.
LARGEST = 2**20


@dataclass(frozen=True)
class Made:
    """What was written.

    Attributes:
        figure: of the paper.
        files: PDF, PNG, CSV and the record beside them.
        runs: what stands in the record of each run.
        seeds: behind the numbers.
        measured: whether anything was; else the table was there already.
        notes: sentences that stand below the figure.
    """

    figure: PaperFigure
    files: tuple[Path, ...]
    runs: tuple[Mapping[str, Any], ...]
    seeds: tuple[int, ...]
    measured: bool
    notes: tuple[str, ...]


def make_figure(
    figure: PaperFigure, scope: Scope, folder: Path, *, fresh: bool = False
) -> Made:
    """Write ``figure-N.pdf``, ``.png``, ``.csv`` and ``.json`` into ``folder``.

    The record ``.json`` says what the table was measured from. While that is the same,
    the table is read instead of measured. The pictures are drawn from the file of the
    table, so that the same table gives the same bytes; those that are there are left as
    they are while the code that drew them is the same.

    Args:
        figure: of a paper.
        scope: size, runs and processes.
        folder: is made if it is not there.
        fresh: measure the table anew (runs that are finished stay as they are).

    Raises:
        NotMade: as ``scope`` wants it, where a table of no run is not there.
        TfluckError: what is needed is not there, or cannot be written.
    """
    recipe = figure.recipe()
    stem = folder / f"figure-{figure.number}"
    table, record = stem.with_suffix(".csv"), stem.with_suffix(".json")
    sources = recipe.sources(scope)
    runs = [source.key() for source in sources]
    wanted = _wanted(figure, recipe, scope, runs)
    said = None if fresh else _remembered(record, table, wanted)
    measured = said is None
    if said is None:
        # Runs are read rather than made; what has none is measured, which takes its time.
        if not scope.make and figure.kind != "runs":
            raise NotMade(f"It was not measured yet at the scale {scope.scale}.")
        found = recipe.measure(scope, sources)
        make_directory(folder)
        text = found.table.to_csv(index=False, lineterminator="\n")
        write_atomic(table, lambda stream: stream.write(text.encode()))
        told = {"seeds": list(found.seeds), "notes": list(found.notes)}
        said = {**wanted, **told, "csv_sha256": digest_of(table)}
        write_json(record, said)
    pictures = [stem.with_suffix(".pdf"), stem.with_suffix(".png")]
    if said.get("pictures") != _held(pictures):
        drawn = recipe.draw(pd.read_csv(table))
        framed(drawn, _heading(figure), _stamp(figure, said))
        for path in pictures:
            save(drawn, path, whole=True)
        write_json(record, said | {"pictures": _held(pictures)})
    files = (*pictures, table, record)
    seeds, notes = tuple(said["seeds"]), tuple(said["notes"])
    return Made(figure, files, tuple(runs), seeds, measured, notes)


def _held(pictures: Sequence[Path]) -> dict[str, str]:
    """Return the digests of the pictures, and of the code that draws them."""
    return {"code": _code()} | {path.suffix: digest_of(path) for path in pictures}


@cache
def _code() -> str:
    """Return a digest of all that draws: our code, and which Matplotlib."""
    found = hashlib.sha256(matplotlib.__version__.encode())
    for room in ROOMS:
        for entry in sorted(resources(room).iterdir(), key=lambda one: one.name):
            if entry.name.endswith(".py"):
                found.update(entry.read_bytes())
    return found.hexdigest()


def _wanted(
    figure: PaperFigure, recipe: Recipe, scope: Scope, runs: list[dict[str, Any]]
) -> dict[str, Any]:
    wanted = {
        "paper": figure.paper,
        "figure": figure.number,
        "title": figure.title,
        "shows": figure.shows,
        "scale": scope.scale,
        "settings": dict(recipe.settings(scope.scale)),
        "runs": runs,
        "version": __version__,
    }
    plain: dict[str, Any] = json.loads(json.dumps(wanted))
    return plain


def _remembered(
    record: Path, table: Path, wanted: Mapping[str, Any]
) -> dict[str, Any] | None:
    """Return the record if it is of what is ``wanted`` and its table is whole."""
    try:
        said = json.loads(read_bytes(record, LARGEST))
        if digest_of(table) != said["csv_sha256"] or not {"seeds", "notes"} <= set(
            said
        ):
            return None
    except (TfluckError, ValueError, KeyError, TypeError):
        return None
    known: dict[str, Any] = said
    return known if all(known.get(key) == wanted[key] for key in wanted) else None


def _heading(figure: PaperFigure) -> str:
    return f"{figure.paper}, figure {figure.number}: {figure.title}"


def _stamp(figure: PaperFigure, said: Mapping[str, Any]) -> str:
    seeds = ", ".join(map(str, said["seeds"]))
    words = (
        f"seed{'s' * (len(said['seeds']) > 1)} {seeds}" if seeds else "no randomness"
    )
    line = f"Scale {said['scale']}; {words}; tfluck figure {figure.name}."
    return " ".join([line, *said["notes"]])
