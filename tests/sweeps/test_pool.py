"""A pool of processes notices every death."""

import os
import signal
import time
from concurrent.futures import ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest

from tfluck.foundations.processes import signals_held, watch_all, worker_pool


def note_and_sleep(path: Path) -> None:
    path.write_text(str(os.getpid()))
    time.sleep(600)


def test_a_process_that_is_born_late_is_watched_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pool's watcher has looked, and waits, before the second process is there."""
    spawn: Any = ProcessPoolExecutor._adjust_process_count  # type: ignore[attr-defined]

    def late(pool: ProcessPoolExecutor) -> None:
        time.sleep(0.5)
        spawn(pool)

    monkeypatch.setattr(ProcessPoolExecutor, "_adjust_process_count", late)
    notes = [tmp_path / "one", tmp_path / "two"]
    with worker_pool(2) as pool:
        with signals_held():
            futures = [pool.submit(note_and_sleep, note) for note in notes]
            watch_all(pool)
        while not all(note.exists() and note.read_text() for note in notes):
            time.sleep(0.05)
        os.kill(int(notes[1].read_text()), signal.SIGKILL)
        done, _ = wait(futures, timeout=60)
        if not done:  # or the pool would be waited for as long as the first one sleeps
            os.kill(int(notes[0].read_text()), signal.SIGKILL)
        assert len(done) == 2
        assert all(isinstance(f.exception(), BrokenProcessPool) for f in futures)
