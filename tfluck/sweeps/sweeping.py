"""Run a grid's cells one after another; what is done is found again, not repeated."""

from collections.abc import Callable, Sequence

from tfluck.foundations.errors import Diverged, Interrupted, TfluckError
from tfluck.runs import Run
from tfluck.sweeps.grid import Cell, Pair
from tfluck.sweeps.table import Line, lines_of

#: Makes, or finds again, the run of an experiment.
Start = Callable[[Pair], Run]
#: Trains what is left of a run.
Train = Callable[[Run], None]


def run_cells(
    cells: Sequence[Cell],
    start: Start,
    train: Train,
    tell: Callable[[str], None] = lambda sentence: None,
    keep: Callable[[list[Line]], None] = lambda lines: None,
) -> list[Line]:
    """Run every cell that is not finished and return the table of all.

    A cell that fails or diverges is a line with its reason, and the next one follows. A
    signal ends the sweep. After each cell ``keep`` is given the lines so far.

    Raises:
        Interrupted: after a clean checkpoint of the run that was at work.
    """
    lines: list[Line] = []
    for place, cell in enumerate(cells, start=1):
        words = ", ".join(f"{name} {value}" for name, value in cell.labels.items())
        where = f"[{place}/{len(cells)}] {words}"
        if cell.pair is None:
            tell(f"{where}: {cell.reason}")
            lines += lines_of(cell, None)
        else:
            lines += _run_cell(cell, cell.pair, where, start, train, tell)
        keep(lines)
    return lines


def _run_cell(
    cell: Cell,
    pair: Pair,
    where: str,
    start: Start,
    train: Train,
    tell: Callable[[str], None],
) -> list[Line]:
    run: Run | None = None
    note = ""
    try:
        run = start(pair)
        if run.status() == "finished":
            tell(f"{where}: {run.name} is finished already.")
        else:
            tell(
                f"{where}: {run.name}, {len(run.seeds)} × {run.experiment.training.steps} steps"
            )
            train(run)
    except Interrupted:
        raise
    except Diverged as error:
        note = str(error)
        tell(f"{where}: {note}")
    except TfluckError as error:
        note = str(error)
        tell(f"{where} failed: {note}")
    try:
        return lines_of(cell, run, note)
    except TfluckError as error:
        return lines_of(cell, None, note or str(error))
