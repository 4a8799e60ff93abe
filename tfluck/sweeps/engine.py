"""Train the students of a run, over any ``concurrent.futures.Executor``.

The run folder is the data plane: workers read the settings from it, write their
results, their status and nothing else; a future carries only how it ended. To stop them
all, wherever they are, the driver leaves a ``stop`` file there.
"""

import multiprocessing
import os
import shlex
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, wait
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from tfluck.experiment.execution import Places
from tfluck.foundations.errors import Diverged, Interrupted, TfluckError
from tfluck.foundations.files import write_atomic
from tfluck.foundations.processes import (
    orphaned,
    signals_held,
    watch_all,
    worker_pool,
    working,
)
from tfluck.foundations.runtime import can_compute_with, start_tensorflow
from tfluck.runs import Run, adopt_teacher, open_run, summarize
from tfluck.runs.lock import is_locked, locked
from tfluck.runs.seal import write_object
from tfluck.sweeps.signals import Signals
from tfluck.sweeps.watchers import Watcher, check_observers, made

#: (seed, step, note)
Report = Callable[[int, int, str], None]
#: (run directory, seed, where the run's ingredients lie)
Work = Callable[[str, int, Places], None]
#: Returns the signal that asks to stop, or None.
StopAsked = Callable[[], int | None]
POLL_SECONDS = 0.5
#: Between two looks of a worker whether its driver still holds the run's lock.
LOOK_SECONDS = 1.0
#: For the students of a lost cluster to write their checkpoints.
PATIENCE_SECONDS = 30.0
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
        try:
            if executor is not None:
                drive(run, todo, work, executor, signals, look, again)
            elif here or (
                len(run.seeds) == 1 and can_compute_with(run.execution.threads)
            ):
                for seed in todo:
                    tell = partial(report, seed)
                    _train(run, seed, tell, signals.asked, quiet, observers)
            elif todo:
                with worker_pool(max(1, min(jobs, len(todo)))) as pool:
                    drive(run, todo, work, pool, signals, look, again)
        except Interrupted as stop:
            raise Interrupted(f"{stop} {again}", stop.signal) from None
        finally:
            run.layout.stop.unlink(missing_ok=True)


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
    trainer.train(stop_asked)


def drive(
    run: Run,
    seeds: Sequence[int],
    work: Work,
    executor: Executor,
    signals: Signals,
    look: Callable[[], None],
    again: str,
) -> None:
    """Let ``executor`` do ``work`` for every student, and wait for all of them.

    Args:
        run: whose lock the caller holds.
        seeds: of the students.
        work: of one student, in another process, inside :func:`stopping`.
        executor: local processes, or a cluster's.
        signals: that have come to this process; they stop the work with checkpoints.
        look: called now and then.
        again: a sentence that says how to go on with what a failure left.

    Raises:
        TfluckError: as the worst of the students ended.
    """
    root, places = str(run.layout.root.resolve()), run.places
    with signals_held():
        futures = {executor.submit(work, root, s, places): s for s in seeds}
        watch_all(executor)
    pending: set[Future[None]] = set(futures)
    asked = False
    while pending:
        _, pending = wait(pending, timeout=POLL_SECONDS)
        if (number := signals.asked()) and not asked:
            asked = True
            _ask_to_stop(run, number)
            for future in pending:
                future.cancel()
        look()
    _raise_worst(run, futures, signals, again)


def _tell(run: Run, seeds: Sequence[int], report: Report) -> None:
    for seed in seeds:
        status = run.seed_status(seed)
        told = [status.get("device"), *status.get("complaints", [])]
        for note in filter(None, [*told, status.get("note")]):
            report(seed, int(status.get("step", 0)), str(note))


def _ask_to_stop(run: Run, number: int) -> None:
    try:
        write_atomic(run.layout.stop, lambda stream: stream.write(b"%d" % number))
    except TfluckError:  # a full disk has no place for questions
        for child in multiprocessing.active_children():
            child.terminate()


def _raise_worst(
    run: Run, futures: dict[Future[None], int], signals: Signals, again: str
) -> None:
    """Raise the first real failure; else a divergence, naming its seed; else the stop."""
    errors = {
        seed: error
        for future, seed in futures.items()
        if not future.cancelled() and (error := future.exception())
    }
    if any(future.cancelled() for future in futures) and not signals.asked():
        _abandon(run, again)
    for seed, error in errors.items():
        if isinstance(error, BrokenExecutor) and not signals.asked():
            raise TfluckError(
                "A process that trained students was killed, perhaps for want of memory; "
                f"up to their last checkpoints nothing is lost: {again}"
            ) from error
        if not isinstance(error, Diverged | Interrupted | BrokenExecutor):
            raise TfluckError(f"Seed {seed}: {error}") from error
    for seed, error in errors.items():
        if isinstance(error, Diverged):
            raise Diverged(f"Seed {seed}: {error}", error.step)
    if errors or signals.asked():
        number = signals.asked() or signal.SIGTERM
        raise Interrupted("Stopped with checkpoints.", number)


def _abandon(run: Run, again: str) -> None:
    """Stop the students of a cluster that answers no more, then say so."""
    _ask_to_stop(run, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE_SECONDS
    locks = [run.layout.seed(seed).lock for seed in run.seeds]
    while any(map(is_locked, locks)) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    raise TfluckError(
        "The cluster's scheduler was lost; up to the students' last checkpoints nothing "
        f"else is: {again}"
    )


def train_seed(
    root: str, seed: int, places: Places, observers: Sequence[Watcher] = ()
) -> None:
    """Train one student in a worker process; stops when the driver asks or is gone."""
    run = open_run(Path(root)).placed(places)
    with stopping(run) as stop_asked:
        _train(run, seed, lambda step, note: None, stop_asked, observers=observers)


@contextmanager
def stopping(run: Run) -> Iterator[StopAsked]:
    """Yield to a worker of ``run`` the question whether to stop.

    The driver asks it to, or is gone, or a signal came.

    Raises:
        Interrupted: it is asked before the work began.
    """
    parent, driver_gone = os.getppid(), _released(run.layout.lock)

    with Signals() as signals, working():

        def stop_asked() -> int | None:
            if run.layout.stop.exists():
                return _number(run.layout.stop)
            if orphaned.is_set() or os.getppid() != parent or driver_gone():
                return signal.SIGTERM
            return signals.asked()

        if number := stop_asked():
            raise Interrupted("Stopped before a step was made.", number)
        yield stop_asked


def _released(lock: Path) -> Callable[[], bool]:
    """Return a question: does the driver hold ``lock`` no more? It is cheap to ask often.

    Where its lock cannot be seen from here, the answer is always no.
    """
    seen, looked = is_locked(lock), time.monotonic()

    def ask() -> bool:
        nonlocal looked
        if not seen or time.monotonic() - looked < LOOK_SECONDS:
            return False
        looked = time.monotonic()
        return not is_locked(lock)

    return ask


def _number(stop: Path) -> int:
    """Return the signal that the stop file names; SIGTERM if it was gone again."""
    with suppress(OSError, ValueError):
        return int(stop.read_text())
    return signal.SIGTERM
