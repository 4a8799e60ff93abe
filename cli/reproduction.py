"""What papers need here: said beforehand, made under one display, drawn.

Each thing is kept when it is done, and a run goes on from its newest checkpoint, so that
an end at any moment loses what was being computed, or a minute of each student.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfluck.experiment.wording import counted
from tfluck.foundations.errors import Interrupted, TfluckError

from .options import click, is_verbose, talk
from .output import emit_json, table
from .progress import Whole, whole_bar
from .report import duration

if TYPE_CHECKING:
    from tfluck.papers.cache import Task
    from tfluck.papers.figures.figure import PaperFigure
    from tfluck.papers.gathering import Plan
    from tfluck.papers.trained import Wanted
    from tfluck.runs import Run

#: Of one core for a check of a theorem, for a computation of the alignment paper, and
#: for the table and the pictures of a figure: means, measured once on two cores.
CHECK, FIGURE = 0.2, 10.0
COMPUTED = {"smoke": 1.0, "laptop": 40.0, "paper": 40.0}


@dataclass(frozen=True, eq=False)
class Work:
    """All that is to be made.

    Attributes:
        todo: runs and computations that are missing.
        figures: to be drawn afterwards.
        scale: of everything.
        out: folder of runs.
        jobs: processes.
    """

    todo: "Plan"
    figures: "tuple[PaperFigure, ...]"
    scale: str
    out: Path
    jobs: int

    @cached_property
    def _rate(self) -> float:
        from tfluck.foundations.runtime import matmul_rate

        return matmul_rate()

    def training(self, wanted: "Wanted") -> float:
        """Estimate the seconds that the rest of a run takes."""
        from tfluck.experiment.cost import plan

        whole = plan(*wanted.specified, self._rate, self.jobs).seconds
        return whole * wanted.left(self.out)

    def computing(self, task: "Task") -> float:
        """Estimate the seconds that a computation takes, as one of several."""
        alone = CHECK if task.room == "theory" else COMPUTED[self.scale]
        return alone / min(self.jobs, len(self.todo.tasks))

    @cached_property
    def parts(self) -> "Mapping[Task | Wanted, float]":
        """Seconds of each computation and of each run."""
        found: dict[Task | Wanted, float] = {}
        found.update((task, self.computing(task)) for task in self.todo.tasks)
        found.update((one, self.training(one)) for one in self.todo.runs)
        return found

    @property
    def seconds(self) -> float:
        """Of everything."""
        return sum(self.parts.values()) + FIGURE * len(self.figures)

    def __str__(self) -> str:
        tasks, runs = len(self.todo.tasks), len(self.todo.runs)
        words = [counted(tasks, "computation"), f"{counted(runs, 'run')} to train"]
        if self.figures:
            words.append(f"{counted(len(self.figures), 'figure')} to draw")
        return f"{', '.join(words)}: {duration(self.seconds)} on this device"


def show_plan(work: Work, as_json: bool) -> None:
    """Say what is missing and what it costs, run by run."""
    rows: list[dict[str, Any]] = [
        {
            "preset": one.preset,
            "changed": ", ".join(f"{k} {v}" for k, v in one.settings.items()),
            "students": one.seeds,
            "seconds": work.parts[one],
            "command": one.command,
        }
        for one in work.todo.runs
    ]
    if as_json:
        names = [task.name for task in work.todo.tasks]
        figures = [figure.name for figure in work.figures]
        told = {"runs": rows, "computations": names, "figures": figures}
        emit_json(told | {"seconds": work.seconds})
        return
    if rows:
        click.echo(table(rows))
    click.echo(work)


def carry_out(work: Work, folder: Path | None) -> None:
    """Compute and train what is missing, then draw the figures into ``folder``.

    Raises:
        TfluckError: something could not be made, or was interrupted.
    """
    todo = work.todo
    if not (todo.runs or todo.tasks or work.figures):
        return
    from tfluck.papers import gathering

    talk(f"To be made: {work}.")
    with whole_bar(work.seconds) as whole:
        costs = {one.digest: work.parts[one] for one in todo.runs}

        def train(run: "Run") -> None:
            _train(run, whole, costs[run.digest], work.jobs)

        def ended(thing: "Task | Wanted") -> None:
            whole.advance(work.parts[thing])

        gathering.carry_out(todo, work.out, train, work.jobs, talk, ended)
        if folder is not None:
            _draw(work, folder, whole)


def _train(run: "Run", whole: Whole, seconds: float, jobs: int) -> None:
    from tfluck.sweeps import train_run

    steps = run.experiment.training.steps
    talk(f"{run.layout.root}: {len(run.seeds)} × {steps} steps; {whole}")
    done = {seed: int(run.seed_status(seed).get("step", 0)) for seed in run.seeds}
    with whole.part(seconds, steps, done) as report:
        train_run(run, report, jobs=jobs, quiet=not is_verbose())


def _draw(work: Work, folder: Path, whole: Whole) -> None:
    """Draw what can be drawn; what needs data or weights that are not here is told."""
    from tfluck.papers.figures import Scope
    from tfluck.papers.figures.making import make_figure

    def watch(steps: int, done: Mapping[int, int]) -> Any:
        return whole.part(0.0, steps, done)

    scope = Scope(work.scale, work.out, work.jobs, talk, watch)
    for figure in work.figures:
        try:
            make_figure(figure, scope, folder / figure.paper)
        except Interrupted:
            raise
        except TfluckError as error:
            talk(f"Figure {figure.name} is not drawn: {error}")
        whole.advance(FIGURE)
    talk(f"Figures lie in {folder}.")
