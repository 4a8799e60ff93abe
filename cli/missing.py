"""Make the evidence that claims ask for and that is not there, and show how far it is."""

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from tfluck.experiment.execution import Execution
from tfluck.experiment.wording import counted

from .bar import bar
from .options import is_verbose, talk
from .progress import progress_bar

if TYPE_CHECKING:
    from tfluck.papers.gathering import Plan
    from tfluck.papers.studied import TrainTickets
    from tfluck.runs import Run
    from tfluck.studies.arms import Plan as TicketPlan


def make_missing(todo: "Plan", out: Path, jobs: int) -> None:
    """Compute and train what ``todo`` names; what is done stays when interrupted.

    Of several processes those that have loaded TensorFlow once serve everything that
    computes with as many threads as they have.
    """
    if not todo.size:
        return
    from tfluck.foundations.processes import worker_pool
    from tfluck.papers.gathering import carry_out

    talk(f"To be made: {_words(todo)}.")

    def train(run: "Run") -> None:
        from tfluck.sweeps import train_run

        steps = run.experiment.training.steps
        talk(f"{run.layout.root}: {len(run.seeds)} × {steps} steps")
        done = {seed: int(run.seed_status(seed).get("step", 0)) for seed in run.seeds}
        usual = run.execution.threads == Execution().threads
        there, quiet = pool if usual else None, not is_verbose()
        with progress_bar(steps, done) as report:
            train_run(run, report, jobs=jobs, executor=there, quiet=quiet)

    workers = worker_pool(jobs) if jobs > 1 else nullcontext()
    with workers as pool, bar(todo.size, " parts") as advance:
        tickets = _tickets(jobs)
        carry_out(todo, out, train, jobs, talk, advance, tickets, pool)


def _tickets(jobs: int) -> "TrainTickets":
    """Return what trains the parts of students that a study asks for."""

    def train(run: "Run", plan: "TicketPlan") -> None:
        from tfluck.studies.arms import steps_done
        from tfluck.studies.driver import train_all

        steps, cells = run.experiment.training.steps, len(plan.cells)
        talk(f"{run.layout.tickets}: {len(plan.seeds)} × {cells} × {steps} steps")
        done = {seed: steps_done(run, plan, seed) for seed in plan.seeds}
        with progress_bar(steps * cells, done) as report:
            train_all(run, plan, report, jobs=jobs, quiet=not is_verbose())

    return train


def _words(todo: "Plan") -> str:
    """Count what is missing, in words."""
    computations = counted(len(todo.tasks), "computation")
    return f"{computations}, {counted(len(todo.runs), 'run')}, {studies(todo)}"


def studies(todo: "Plan") -> str:
    """Count the studies that are missing."""
    count = len(todo.studies)
    return f"{count} {'study' if count == 1 else 'studies'} upon runs"
