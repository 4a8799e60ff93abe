"""What watches a training: files, TensorBoard, the status that others read."""

import os
import time
from pathlib import Path
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorboard.plugins.hparams import api as hparams

from tfluck.analysis.correlation import Array
from tfluck.config import RunConfig
from tfluck.files import explained, make_directory, write_arrays, write_json
from tfluck.runs import (
    Row,
    RunLayout,
    SeedLayout,
    append_rows,
    keep_rows_through,
    read_rows,
)
from tfluck.runs.records import write_rows
from tfluck.training.evaluation import Evaluation
from tfluck.training.metrics import rank_rows


class Observer(Protocol):
    """Hears of every evaluation and of the end."""

    def evaluated(self, epoch: int, found: Evaluation, rows: list[Row]) -> None:
        """Take note of one evaluation."""

    def ended(self) -> None:
        """The training stopped, finished or not."""


class Recorder:
    """Appends the rows, keeps the matrices, and at the end ranks the winners."""

    def __init__(self, layout: SeedLayout, last_epoch: int) -> None:
        """Forget whatever was recorded after ``last_epoch``; −1 forgets everything."""
        self.layout = layout
        make_directory(layout.correlations)
        keep_rows_through(layout.metrics, last_epoch)
        for path in layout.correlations.glob("epoch-*.npz"):
            if _epoch_of(path) > last_epoch:
                path.unlink()

    def evaluated(self, epoch: int, found: Evaluation, rows: list[Row]) -> None:
        """Write the matrices, then the rows: a row promises its matrices."""
        matrices = {f"live{i}": live for i, live in enumerate(found.live)} | {
            f"layer{i}": rho.astype(np.float32)
            for i, rho in enumerate(found.correlations)
        }
        if matrices:
            write_arrays(self.layout.correlation(epoch), matrices)
        append_rows(self.layout.metrics, rows)

    def ended(self) -> None:
        """Write the winners' ranks, known only now; without a teacher there are none."""
        paths = sorted(self.layout.correlations.glob("epoch-*.npz"))
        epochs = [_epoch_of(path) for path in paths]
        history = [_read(path, "layer") for path in paths]
        live = _read(paths[-1], "live") if paths else []
        write_rows(self.layout.ranks, rank_rows(epochs, history, live))


def _epoch_of(path: Path) -> int:
    return int(path.stem.removeprefix("epoch-"))


def _read(path: Path, part: str) -> list[Any]:
    with np.load(path) as archive:
        names = (f"{part}{i}" for i in range(len(archive.files)))
        return [archive[name] for name in names if name in archive.files]


class TensorBoard:
    """Scalars by layer, the correlation matrices as images, the hyperparameters."""

    def __init__(self, layout: RunLayout, config: RunConfig, seed: int) -> None:
        folder = layout.tensorboard(seed)
        self.writer = tf.summary.create_file_writer(str(folder))
        plain = {
            key: value if isinstance(value, int | float | str) else str(value)
            for key, value in config.to_dict().items()
        }
        with self.writer.as_default(step=0):
            hparams.hparams(
                plain | {"seed": seed}, trial_id=f"{layout.root.name}/{seed}"
            )

    def evaluated(self, epoch: int, found: Evaluation, rows: list[Row]) -> None:
        """Write one step, counted in epochs."""
        with self.writer.as_default(step=epoch):
            for row in rows:
                if row.value is not None:
                    place = row.split if row.layer is None else f"layer{row.layer}"
                    tf.summary.scalar(f"{row.metric}/{place}", row.value)
            for index, rho in enumerate(found.correlations):
                tf.summary.image(f"correlation/layer{index}", picture(rho)[None])
        self.writer.flush()

    def ended(self) -> None:
        """Close the event file."""
        self.writer.close()


def picture(rho: Array, height: int = 128) -> NDArray[np.uint8]:
    """Draw ρ as uint8 ``[height, width, 3]``: white 0, blue 1, orange −1.

    Students are ordered by the teacher node they match best, so a student net that has
    found its teacher shows a staircase.
    """
    order = np.lexsort((-rho.max(axis=0), rho.argmax(axis=0)))
    ordered = np.clip(rho[:, order], -1, 1)
    blue, orange = np.array([8, 48, 107]), np.array([179, 88, 6])
    target = np.where(ordered[..., None] > 0, blue, orange)
    colours = 255 + np.abs(ordered[..., None]) * (target - 255)
    zoom = max(1, height // len(rho))
    return np.repeat(colours, zoom, axis=0).astype(np.uint8)


class Status:
    """Keeps ``status.json`` fresh, at most once a second, for whoever looks."""

    def __init__(self, layout: SeedLayout, steps: int) -> None:
        self.path = layout.status
        self.steps = steps
        self.written = 0.0
        self.complaints: list[str] = []
        #: Steps at which versions or processor changed, and how.
        self.moves: list[dict[str, Any]] = []

    def running(self, step: int, note: str, *, now: bool = False) -> None:
        """Say where the training is."""
        if now or time.monotonic() - self.written > 1:
            self._write("running", step, note=note, pid=os.getpid())

    def close(self, status: str, step: int, **more: object) -> None:
        """Say how it ended."""
        self._write(status, step, **more)

    def _write(self, status: str, step: int, **more: object) -> None:
        self.written = time.monotonic()
        value = {"status": status, "step": step, "steps": self.steps, **more}
        if self.complaints:
            value["complaints"] = self.complaints
        if self.moves:
            value["moves"] = self.moves
        write_json(self.path, value)


def last_epoch(layout: SeedLayout, through: int) -> int:
    """Return the newest evaluated epoch not after ``through``; −1 if there is none."""
    epochs = [row.epoch for row in read_rows(layout.metrics) if row.epoch <= through]
    return max(epochs, default=-1)


def save_weights(model: keras.Model, path: Path) -> None:
    """Write a model's weights as HDF5, atomically."""
    make_directory(path.parent)
    temporary = path.with_name(f".{os.getpid()}.{path.name}")
    with explained(path):
        try:
            model.save_weights(temporary, overwrite=True)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
