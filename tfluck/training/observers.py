"""What watches a training: files, TensorBoard, the status that others read."""

from typing import Protocol

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorboard.plugins.hparams import api as hparams

from tfluck.analysis.correlation import Array
from tfluck.config import RunConfig
from tfluck.errors import Damaged
from tfluck.files import make_directory
from tfluck.runs import Journal, Row, Run, RunLayout
from tfluck.runs.matrices import read_history, write_matrices
from tfluck.runs.records import EMPTY, write_rows
from tfluck.runs.store import RESTORE, Tell, read
from tfluck.training.checkpoint import Progress
from tfluck.training.evaluation import Evaluation
from tfluck.training.events import event_errors, keep_events_through
from tfluck.training.metrics import rank_rows


class Observer(Protocol):
    """Hears of every evaluation and of the end."""

    def evaluated(self, epoch: int, found: Evaluation, rows: list[Row]) -> None:
        """Take note of one evaluation."""

    def ended(self) -> None:
        """The training stopped, finished or not."""


class Recorder:
    """Appends the rows, keeps the matrices, and at the end ranks the winners."""

    def __init__(self, run: Run, seed: int, progress: Progress, tell: Tell) -> None:
        """Read what was recorded.

        Args:
            run, seed: name the student.
            progress: what training goes on from.
            tell: hears of damage that need not stop the work.

        Raises:
            Damaged: rows were changed, or some that the checkpoint knows are gone.
        """
        self.run, self.seed, self.progress, self.tell = run, seed, progress, tell
        self.layout = run.layout.seed(seed)
        self.ranks = EMPTY
        self.metrics: Journal = read("metrics", self.layout.metrics, run.layout.sealed)
        self.known = self._count()

    def rewind(self) -> None:
        """Forget whatever was recorded after the checkpoint."""
        make_directory(self.layout.correlations)
        self.metrics.rewind(self.known)
        self.progress.head = self.metrics.head
        last = self.metrics.rows[-1].epoch if self.metrics.rows else -1
        for epoch in self.layout.epochs():
            if epoch > last:
                self.layout.correlation(epoch).unlink()

    def evaluated(self, epoch: int, found: Evaluation, rows: list[Row]) -> None:
        """Write the matrices, then the rows: a row promises its matrices."""
        if found.correlations:
            write_matrices(self.layout, epoch, found.correlations, found.live)
        self.metrics.append(rows)
        self.progress.head = self.metrics.head

    def ended(self) -> None:
        """Write the winners' ranks, known only now; without a teacher there are none."""
        history = read_history(self.run, self.seed, self.tell)
        # Without the last matrices nobody knows who won.
        if history and history[-1].epoch != self.layout.epochs()[-1]:
            history = []
        rows = rank_rows(
            [found.epoch for found in history],
            [found.rho for found in history],
            history[-1].live if history else [],
        )
        self.ranks = write_rows(self.layout.ranks, rows, self.run.layout.sealed)

    def heads(self) -> dict[str, str]:
        """Return where the records end now, by which a reader knows that all is there."""
        return {"metrics": self.metrics.head, "ranks": self.ranks}

    def _count(self) -> int:
        """Count the rows that the checkpoint knows."""
        progress, rows = self.progress, self.metrics.rows
        if progress.head == EMPTY and rows and rows[-1].epoch > 0:
            raise Damaged(
                self.layout.checkpoints,
                f"holds no checkpoint, though rows reach epoch {rows[-1].epoch}. "
                f"{RESTORE}",
            )
        if progress.head is not None:
            return self.metrics.count(progress.head)
        epoch = progress.step // self.run.config.steps_per_epoch
        return sum(row.epoch <= epoch for row in rows)


class TensorBoard:
    """Scalars by layer, the correlation matrices as images, the hyperparameters."""

    def __init__(
        self, layout: RunLayout, config: RunConfig, seed: int, last_epoch: int = -1
    ) -> None:
        """Forget whatever was told after ``last_epoch``; −1 forgets everything."""
        self.folder = layout.tensorboard(seed)
        begun = keep_events_through(self.folder, last_epoch)
        with event_errors(self.folder):
            self.writer = tf.summary.create_file_writer(str(self.folder))
            if not begun:
                self._introduce(layout, config, seed)

    def _introduce(self, layout: RunLayout, config: RunConfig, seed: int) -> None:
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
        with event_errors(self.folder), self.writer.as_default(step=epoch):
            for row in rows:
                if row.value is not None:
                    place = row.split if row.layer is None else f"layer{row.layer}"
                    tf.summary.scalar(f"{row.metric}/{place}", row.value)
            for index, rho in enumerate(found.correlations):
                tf.summary.image(f"correlation/layer{index}", picture(rho)[None])
            self.writer.flush()

    def ended(self) -> None:
        """Close the event file."""
        with event_errors(self.folder):
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
