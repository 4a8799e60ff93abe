"""What papers need here: said beforehand, made under one display, drawn.

Each thing is kept when it is done, and a run goes on from its newest checkpoint, so that
an end at any moment loses what was being computed, or a minute of each student.
"""

from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfluck.experiment.execution import Execution
from tfluck.experiment.wording import counted
from tfluck.foundations.errors import Interrupted, TfluckError

from .options import click, is_verbose, talk
from .output import emit_json, table
from .progress import Whole, whole_bar
from .summaries import duration

if TYPE_CHECKING:
    from tfluck.papers.cache import Task
    from tfluck.papers.figures.figure import PaperFigure
    from tfluck.papers.gathering import Plan
    from tfluck.papers.studied import TrainTickets
    from tfluck.papers.trained import Wanted
    from tfluck.runs import Run
    from tfluck.studies.arms import Plan as TicketPlan

#: Of one core for a check of a theorem, for a computation of the alignment paper, and
#: for the table and the pictures of a figure: means, measured once on two cores. A study
#: upon a run is taken for such a computation.
CHECK, FIGURE = 0.2, 10.0
COMPUTED = {"smoke": 1.0, "laptop": 40.0, "paper": 40.0}


@dataclass(frozen=True, eq=False)
class Work:
    """All that is to be made.

    Attributes:
        missing: runs, computations and studies that are missing.
        figures: to be drawn afterwards.
        scale: of everything.
        out: folder of runs.
        jobs: processes.
        engine, scheduler: where computations and students are sent.
    """

    missing: "Plan"
    figures: "tuple[PaperFigure, ...]"
    scale: str
    out: Path
    jobs: int
    engine: str = "local"
    scheduler: str | None = None

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
        beside = max(1, len(self.missing.tasks), len(self.missing.studies))
        return alone / min(self.jobs, beside)

    @cached_property
    def parts(self) -> "Mapping[Task | Wanted, float]":
        """Seconds of each computation and of each run."""
        found: dict[Task | Wanted, float] = {}
        tasks = (*self.missing.tasks, *self.missing.studies)
        found.update((task, self.computing(task)) for task in tasks)
        found.update((one, self.training(one)) for one in self.missing.runs)
        return found

    @property
    def seconds(self) -> float:
        """Of everything."""
        return sum(self.parts.values()) + FIGURE * len(self.figures)

    def __str__(self) -> str:
        tasks, runs = len(self.missing.tasks), len(self.missing.runs)
        words = [counted(tasks, "computation"), f"{counted(runs, 'run')} to train"]
        if studies := len(self.missing.studies):
            words.append(
                f"{studies} {'study' if studies == 1 else 'studies'} upon runs"
            )
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
        for one in work.missing.runs
    ]
    if as_json:
        names = [task.name for task in work.missing.tasks]
        figures = [figure.name for figure in work.figures]
        upon = [task.name for task in work.missing.studies]
        told = {"runs": rows, "computations": names, "studies": upon}
        told["figures"] = figures
        emit_json(told | {"seconds": work.seconds})
        return
    if rows:
        click.echo(table(rows))
    click.echo(work)


def carry_out(work: Work, folder: Path | None) -> None:
    """Compute and train what is missing, then draw the figures into ``folder``.

    Of several processes those that have loaded TensorFlow once serve everything that
    computes with as many threads as they have.

    Raises:
        TfluckError: something could not be made, or was interrupted.
    """
    missing = work.missing
    if not (missing.size or work.figures):
        return
    from tfluck.papers import gathering

    talk(f"To be made: {work}.")
    with _workers(work) as pool, whole_bar(work.seconds) as whole:
        costs = {one.digest: work.parts[one] for one in missing.runs}

        def train(run: "Run") -> None:
            _train(run, whole, costs[run.digest], work, pool)

        def ended(thing: "Task | Wanted") -> None:
            whole.advance(work.parts[thing])

        tickets = _tickets(whole, work.jobs)
        gathering.carry_out(
            missing, work.out, train, work.jobs, talk, ended, tickets, pool
        )
        if folder is not None:
            _draw(work, folder, whole)


@contextmanager
def _workers(work: Work) -> Iterator[Executor | None]:
    """Yield what serves everything: a cluster, processes that wait here, or nothing."""
    from tfluck.foundations.processes import worker_pool
    from tfluck.sweeps import cluster

    with cluster(work.engine, work.scheduler) as there:
        if there or work.jobs == 1 or not work.missing.size:
            yield there
            return
        with worker_pool(work.jobs) as here:
            yield here


def _train(
    run: "Run", whole: Whole, seconds: float, work: Work, pool: Executor | None
) -> None:
    from tfluck.sweeps import train_run

    steps = run.experiment.training.steps
    talk(f"{run.layout.root}: {len(run.seeds)} × {steps} steps; {whole}")
    done = {seed: int(run.seed_status(seed).get("step", 0)) for seed in run.seeds}
    usual = run.execution.threads == Execution().threads or work.engine != "local"
    there, quiet = pool if usual else None, not is_verbose()
    with whole.part(seconds, steps, done) as report:
        train_run(run, report, jobs=work.jobs, executor=there, quiet=quiet)


def _tickets(whole: Whole, jobs: int) -> "TrainTickets":
    """Return what trains the parts of students that a study asks for."""

    def train(run: "Run", plan: "TicketPlan") -> None:
        from tfluck.studies.arms import steps_done
        from tfluck.studies.driver import train_all

        steps, cells = run.experiment.training.steps, len(plan.cells)
        talk(f"{run.layout.tickets}: {len(plan.seeds)} × {cells} × {steps} steps")
        done = {seed: steps_done(run, plan, seed) for seed in plan.seeds}
        with whole.part(0.0, steps * cells, done) as report:
            train_all(run, plan, report, jobs=jobs, quiet=not is_verbose())

    return train


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
