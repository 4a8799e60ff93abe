"""Train tickets in this process or in several; needs no TensorFlow until one trains."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from tfluck.experiment.execution import Places
from tfluck.foundations.errors import Interrupted
from tfluck.foundations.processes import worker_pool
from tfluck.foundations.runtime import can_compute_with, start_tensorflow
from tfluck.runs import Run, open_run
from tfluck.runs.lock import locked
from tfluck.studies.arms import Plan, is_done, steps_done, ticket_run
from tfluck.sweeps.driving import drive, stopping
from tfluck.sweeps.signals import Signals
from tfluck.sweeps.turns import in_turns

#: (seed, steps of all its tickets so far, note)
Report = Callable[[int, int, str], None]
AGAIN = "The same command again goes on."


def todo(run: Run, plan: Plan) -> list[int]:
    """Return the students who have tickets left to train."""
    return [
        seed
        for seed in plan.seeds
        if not all(
            is_done(ticket_run(run, arm, keep, plan.rewind), seed)
            for arm, keep in plan.cells
        )
    ]


def train_all(
    run: Run,
    plan: Plan,
    report: Report = lambda seed, step, note: None,
    *,
    jobs: int = 1,
    quiet: bool = True,
) -> None:
    """Train every ticket of the plan that is not done.

    Args:
        run: finished.
        plan: what to train.
        report: hears of progress.
        jobs: processes, one student each; with one, students train here, unless
            TensorFlow has another number of threads here than the run.
        quiet: hide TensorFlow's log lines.

    Raises:
        RunBusy: another process works on the run.
        Interrupted: a signal came; checkpoints are written.
    """
    seeds = todo(run, plan)
    if not seeds:
        return
    jobs = min(jobs, len(seeds))
    with locked(run.layout.lock), Signals() as signals:
        run.layout.stop.unlink(missing_ok=True)
        try:
            if jobs == 1 and can_compute_with(run.execution.threads):
                for seed in seeds:
                    tell = partial(report, seed)
                    _train(run, seed, plan, tell, signals.asked, quiet)
            else:
                look = partial(_look, run, plan, report, set())
                work = partial(train_of_seed, plan)
                works = in_turns(work, seeds, jobs, len(plan.cells))
                with worker_pool(jobs) as pool:
                    drive(run, works, pool, signals, look, AGAIN, jobs)
        except Interrupted as stop:
            raise Interrupted(f"{stop} {AGAIN}", stop.signal) from None
        finally:
            run.layout.stop.unlink(missing_ok=True)


def _look(
    run: Run, plan: Plan, report: Report, ended: set[tuple[str, int, int]]
) -> None:
    for seed in plan.seeds:
        report(seed, steps_done(run, plan, seed, ended), "")


def _train(
    run: Run,
    seed: int,
    plan: Plan,
    report: Callable[[int, str], None],
    stop_asked: Callable[[], int | None],
    quiet: bool = True,
    until: int | None = None,
) -> None:
    start_tensorflow(run.execution.threads, quiet=quiet)
    from tfluck.studies.tickets import train_tickets

    train_tickets(run, seed, plan, report, stop_asked, until)


def train_of_seed(
    plan: Plan, root: str, seed: int, places: Places, until: int | None = None
) -> None:
    """Train tickets of one student in a worker process, the first ``until`` or all."""
    run = open_run(Path(root)).placed(places)
    with stopping(run) as stop_asked:
        _train(run, seed, plan, lambda step, note: None, stop_asked, until=until)
