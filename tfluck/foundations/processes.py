"""Worker processes that leave Ctrl-C to their parent and do not outlive it."""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import resource_tracker
from multiprocessing.connection import wait

#: A terminal sends these to a whole group of processes.
HELD = {signal.SIGINT, signal.SIGTERM}
#: What an orphan may still take to finish a chunk and write a checkpoint.
GRACE_SECONDS = 20.0
#: Set in a worker once its parent is gone.
orphaned = threading.Event()
_working = threading.Event()


@contextmanager
def worker_pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Yield a pool of fresh processes; submit to it :func:`signals_held`, then
    :func:`watch_all`.

    They are spawned, because TensorFlow does not survive a fork. SIGINT never reaches
    their work: the parent decides. SIGTERM does. When the parent dies they end too, at
    once or, inside :func:`working`, after :data:`GRACE_SECONDS` at the latest.
    """
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, context, initializer=_begin) as pool:
        yield pool


@contextmanager
def signals_held() -> Iterator[None]:
    """Keep back SIGINT and SIGTERM; a process spawned meanwhile is born keeping them back.

    Else one that is still importing would die of a Ctrl-C, with a traceback.
    """
    # Starting it later would open the signals again.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, HELD)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def watch_all(pool: Executor) -> None:
    """Let ``pool`` watch every process that it has; call this after the last submission.

    Python's pool starts a process after it has woken the thread that watches them, which
    may then never look at the newest: its death would be waited for without end.
    """
    pool.submit(_nothing)


def _nothing() -> None:
    """Wake the watcher."""


@contextmanager
def working() -> Iterator[None]:
    """Mark work that wants to end well when :data:`orphaned` is set."""
    _working.set()
    try:
        yield
    finally:
        _working.clear()


def _begin() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HELD)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is None:
        return
    wait([parent.sentinel])
    orphaned.set()
    deadline = time.monotonic() + GRACE_SECONDS
    while _working.is_set() and time.monotonic() < deadline:
        time.sleep(0.05)
    # Not sys.exit: the main thread may wait for work that nobody will send.
    os._exit(128 + signal.SIGTERM)
