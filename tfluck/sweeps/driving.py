"""Drive work in other processes: hand it out turn by turn, stop it, say how it ended.

The run folder is the data plane: workers read the settings from it, write their
results, their status and nothing else; a future carries only how it ended. To stop them
all, wherever they are, the driver leaves a ``stop`` file there.
"""

import heapq
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    wait,
)
from contextlib import contextmanager, suppress
from pathlib import Path

from tfluck.experiment.execution import Places
from tfluck.foundations.errors import Diverged, Interrupted, TfluckError
from tfluck.foundations.files import write_atomic
from tfluck.foundations.processes import orphaned, signals_held, watch_all, working
from tfluck.runs import Run
from tfluck.runs.lock import is_locked
from tfluck.sweeps.signals import Signals

#: (run directory, seed, where the run's ingredients lie)
Work = Callable[[str, int, Places], None]
#: Seed → what is to be done for this student, one after the other.
Works = Mapping[int, Sequence[Work]]
#: Returns the signal that asks to stop, or None.
StopAsked = Callable[[], int | None]
POLL_SECONDS = 0.5
#: Between two looks of a worker whether its driver still holds the run's lock.
LOOK_SECONDS = 1.0
#: For the students of a lost cluster to write their checkpoints.
PATIENCE_SECONDS = 30.0


def drive(
    run: Run,
    works: Works,
    executor: Executor,
    signals: Signals,
    look: Callable[[], None],
    again: str,
    at_once: int | None = None,
) -> None:
    """Let ``executor`` do the work for every student, and wait for all of it.

    Args:
        run: whose lock the caller holds.
        works: seed → what is to be done for this student, one after the other, each in
            another process, inside :func:`stopping`. First turns come before second ones.
        executor: local processes, or a cluster's.
        signals: that have come to this process; they stop the work with checkpoints.
        look: called now and then.
        again: a sentence that says how to go on with what a failure left.
        at_once: how many the executor works on; None lets it have all.

    Raises:
        TfluckError: as the worst of the students ended.
    """
    given = str(run.layout.root.resolve()), run.places
    waiting = [(0, place, seed) for place, seed in enumerate(works)]
    begun: dict[Future[None], tuple[int, int, int]] = {}
    pending: set[Future[None]] = set()
    asked = False
    while pending or (waiting and not asked):
        while waiting and not asked and len(pending) < (at_once or len(works)):
            turn, place, seed = heapq.heappop(waiting)
            future = _submit(executor, works[seed][turn], seed, *given)
            begun[future] = turn, place, seed
            pending.add(future)
        done, pending = wait(pending, POLL_SECONDS, FIRST_COMPLETED)
        for turn, place, seed in (begun[one] for one in done if _went_well(one)):
            if turn + 1 < len(works[seed]):
                heapq.heappush(waiting, (turn + 1, place, seed))
        if (number := signals.asked()) and not asked:
            asked = True
            _ask_to_stop(run, number)
            for future in pending:
                future.cancel()
        look()
    seeds = {future: seed for future, (_, _, seed) in begun.items()}
    _raise_worst(run, seeds, signals, again)


def _submit(
    executor: Executor, work: Work, seed: int, root: str, places: Places
) -> Future[None]:
    """Hand out one turn; processes that it starts are watched and get no signals."""
    with signals_held():
        try:
            future = executor.submit(work, root, seed, places)
            watch_all(executor)
        except BrokenExecutor as error:  # a process died since we looked
            future = Future()
            future.set_exception(error)
    return future


def _went_well(future: Future[None]) -> bool:
    return not future.cancelled() and future.exception() is None


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
