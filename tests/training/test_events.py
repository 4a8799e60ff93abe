"""TensorBoard shows every number once, however often a run was killed."""

import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tfluck.foundations.errors import Interrupted


def told(folder: Path) -> Counter[tuple[str, int]]:
    """Count the values of the event files below ``folder``: (tag, step)."""
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    return Counter(
        (value.tag, event.step)
        for path in folder.glob("events.out.tfevents.*")
        for event in EventFileLoader(str(path)).Load()
        for value in event.summary.value
    )


def train(run: Any, chunks: int | None = None) -> None:
    """Train to the end, or stop after some chunks."""
    from tfluck.training.trainer import Trainer

    count = iter(range(chunks - 1 if chunks else 10**6))
    Trainer(run, 1, lambda step, note: None).train(
        lambda: signal.SIGTERM if next(count, None) is None else None
    )


class Killed(BaseException):
    """Dies as SIGKILL would: nothing cleans up."""


def test_no_scalar_twice_and_none_missing(
    make_run: Any, tf: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tfluck.training.checkpoint import Checkpoints

    whole, run = make_run("whole"), make_run("killed")
    train(whole)
    save = Checkpoints.save
    for kill_at in (1, 0, 1):
        # Killed when the evaluation was told and before its checkpoint was there.
        calls = iter(range(kill_at))

        def dies(self: Any, progress: Any, calls: Any = calls) -> None:
            if next(calls, None) is None:
                raise Killed
            save(self, progress)

        monkeypatch.setattr(Checkpoints, "save", dies)
        with pytest.raises(Killed):
            train(run)
        monkeypatch.setattr(Checkpoints, "save", save)
        with pytest.raises(Interrupted):
            train(run, chunks=1)
    events = run.layout.tensorboard(1)
    newest = sorted(events.glob("events.*"))[-1]
    newest.write_bytes(newest.read_bytes()[:-7])
    train(run)
    expected = told(whole.layout.tensorboard(1))
    assert set(expected.values()) == {1} and len(expected) > 30
    assert told(events) == expected
    assert not [path for path in events.iterdir() if path.name.startswith(".")]


def test_events_that_cannot_be_written_are_a_sentence(make_run: Any, tf: Any) -> None:
    from tfluck.foundations.errors import TfluckError

    run = make_run()
    folder = run.layout.tensorboard(1)
    folder.parent.mkdir()
    folder.write_text("in the way")
    with pytest.raises(TfluckError, match=r"Cannot write .*tensorboard.*\.$"):
        train(run)
