"""Train the students of a run, over any ``concurrent.futures.Executor``."""

import shlex
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from tfluck.experiment.execution import Places
from tfluck.foundations.errors import Interrupted, TfluckError
from tfluck.foundations.processes import worker_pool
from tfluck.foundations.runtime import can_compute_with, start_tensorflow
from tfluck.runs import Run, adopt_teacher, open_run, summarize
from tfluck.runs.lock import locked
from tfluck.runs.seal import write_object
from tfluck.sweeps.driving import Works, drive, stopping
from tfluck.sweeps.signals import Signals
from tfluck.sweeps.turns import in_turns
from tfluck.sweeps.watchers import Watcher, check_observers, made

#: (seed, step, note)
Report = Callable[[int, int, str], None]
#: Keras builds one network at a time, though a cluster's worker has several threads.
_building = threading.Lock()


def train_run(
    run: Run,
    report: Report = lambda seed, step, note: None,
    *,
    jobs: int = 1,
    executor: Executor | None = None,
    quiet: bool = True,
    observers: Sequence[Watcher] = (),
) -> None:
    """Train every student of ``run`` that is not finished, then write the summary.

    Args:
        run: the run directory.
        report: hears of progress.
        jobs: processes to use. A run of one student trains in this process, unless
            TensorFlow has another number of threads here than the run.
        executor: where to train instead, such as a Dask cluster's.
        quiet: hide TensorFlow's log lines.
        observers: that watch too (:class:`tfluck.training.observers.Observer`), or
            makers of some: classes or functions that take a student's seed. With an
            observer among them all students train in this process, one after the other,
            and it sees each; makers alone may be used by several processes, which import
            them by name, so they are defined at the top of a module.

    Raises:
        RunBusy: another process drives or trains the run.
        ObserverFailed: an observer raised; training stopped after a checkpoint.
        BadInput: observers cannot go where students shall train.
        Diverged, Interrupted: as the worst of the students ended.
    """
    here = check_observers(observers, jobs, executor is not None)
    with locked(run.layout.lock), Signals() as signals, _summarized(run):
        run.layout.stop.unlink(missing_ok=True)
        adopt_teacher(run)
        todo = [s for s in run.seeds if run.seed_status(s).get("status") != "finished"]
        look, again = partial(_tell, run, todo, report), _resumable(run)
        work = partial(train_seed, observers=tuple(observers))
        works: Works = {seed: [work] for seed in todo}
        try:
            if executor is not None:
                drive(run, works, executor, signals, look, again)
            elif here or (
                len(run.seeds) == 1 and can_compute_with(run.execution.threads)
            ):
                for seed in todo:
                    tell = partial(report, seed)
                    _train(run, seed, tell, signals.asked, quiet, observers)
            elif todo:
                jobs = max(1, min(jobs, len(todo)))
                if not observers:  # they see a student in one go
                    epochs = run.experiment.training.epochs
                    period = run.experiment.watch.eval_every
                    works = in_turns(work, todo, jobs, epochs, period)
                with worker_pool(jobs) as pool:
                    drive(run, works, pool, signals, look, again, jobs)
        except Interrupted as stop:
            raise Interrupted(f"{stop} {again}", stop.signal) from None
        finally:
            run.layout.stop.unlink(missing_ok=True)


def settle(run: Run) -> None:
    """Put right what a kill after the last step of ``run`` may have left.

    Unfinished files are swept, and the summary is written. A run that is in use, or
    cannot be written, stays as it is, for it can still be read.
    """
    with suppress(TfluckError), locked(run.layout.lock), _summarized(run):
        pass


def _resumable(run: Run) -> str:
    return f"`tfluck resume {shlex.quote(str(run.layout.root))}` goes on."


@contextmanager
def _summarized(run: Run) -> Iterator[None]:
    """Write the summary in the end; an error that is on its way goes before its own."""
    try:
        yield
    except BaseException:
        with suppress(TfluckError):
            write_object(run.layout.summary, summarize(run))
        raise
    write_object(run.layout.summary, summarize(run))


def _train(
    run: Run,
    seed: int,
    report: Callable[[int, str], None],
    stop_asked: Callable[[], int | None],
    quiet: bool = True,
    observers: Sequence[Watcher] = (),
    until: int | None = None,
) -> None:
    start_tensorflow(run.execution.threads, quiet=quiet)
    from tfluck.training.kernel import kernel_of
    from tfluck.training.teachers import keep_teacher
    from tfluck.training.trainer import Trainer

    if number := stop_asked():
        raise Interrupted("Stopped before a step was made.", number)
    with _building:
        kernel = kernel_of(run, threading.get_ident())
        if kernel.teacher is not None:
            keep_teacher(run, kernel.teacher)
        watching = [made(observer, seed) for observer in observers]
        trainer = Trainer(run, seed, report, kernel, watching)
    trainer.train(stop_asked, until)


def _tell(run: Run, seeds: Sequence[int], report: Report) -> None:
    for seed in seeds:
        status = run.seed_status(seed)
        told = [status.get("device"), *status.get("complaints", [])]
        for note in filter(None, [*told, status.get("note")]):
            report(seed, int(status.get("step", 0)), str(note))


def train_seed(
    root: str,
    seed: int,
    places: Places,
    observers: Sequence[Watcher] = (),
    until: int | None = None,
) -> None:
    """Train one student in a worker process, to its end or the end of an epoch.

    It stops when the driver asks or is gone.
    """
    run = open_run(Path(root)).placed(places)
    with stopping(run) as stop_asked:
        _train(
            run,
            seed,
            lambda step, note: None,
            stop_asked,
            observers=observers,
            until=until,
        )
