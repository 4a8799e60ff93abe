"""TensorBoard's event files, kept in step with the checkpoints."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import tensorflow as tf
from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
from tensorboard.compat.proto.event_pb2 import Event

from tfluck.foundations.errors import TfluckError
from tfluck.foundations.files import explained


@contextmanager
def event_errors(folder: Path) -> Iterator[None]:
    """Turn a failure of TensorFlow to write events into one sentence."""
    try:
        yield
    except tf.errors.OpError as error:
        # The last part is the system's reason, after TensorFlow's own names of things.
        reason = error.message.strip().splitlines()[0].rpartition("; ")[2]
        raise TfluckError(
            f"Cannot write TensorBoard's events in {folder}: {reason}. Nothing written "
            "before was lost; free space or choose another --out."
        ) from error


def keep_events_through(folder: Path, epoch: int, *, without: str) -> bool:
    """Forget the events after ``epoch``, and any that stand twice; tell if some are left.

    Tags that begin with ``without`` are forgotten too.

    What is left is one whole file: a killed process may have told of an evaluation that
    its checkpoint does not know, and that is going to be told again.

    Raises:
        TfluckError: the folder cannot be written.
    """
    paths = sorted(folder.glob("events.out.tfevents.*"))
    kept = list(_first_of_each(paths, epoch, without)) if epoch >= 0 else []
    if not kept:
        _remove(paths)
        return False
    temporary = folder / f".tmp-{os.getpid()}-{paths[0].name}"
    with explained(folder), event_errors(folder):
        try:
            with tf.io.TFRecordWriter(str(temporary)) as writer:
                for record in kept:
                    writer.write(record)
            temporary.replace(paths[0])
        finally:
            temporary.unlink(missing_ok=True)
    _remove(paths[1:])
    return True


def _first_of_each(paths: list[Path], epoch: int, without: str) -> Iterator[bytes]:
    """Yield the records to keep; a torn end of a file is passed over."""
    seen: set[tuple[str, int]] = set()
    for path in paths:
        for record in RawEventFileLoader(str(path)).Load():
            event = Event.FromString(record)
            keys = {(value.tag, event.step) for value in event.summary.value}
            keys |= {("", 0)} if event.file_version else set()
            told = any(tag.startswith(without) for tag, _ in keys)
            if event.step <= epoch and keys - seen and not told:
                yield record
            seen |= keys


def _remove(paths: list[Path]) -> None:
    for path in paths:
        with explained(path):
            path.unlink()
