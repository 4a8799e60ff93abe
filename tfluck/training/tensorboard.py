"""What TensorBoard shows of a training: ρ̄ and ranks first.

TensorBoard orders its cards by tag, so the two that matter begin with a digit. Who wins
is known only at the end: until then the second card says where the winners so far stood
before training; the curve of the final winners' r̄ comes when training stops.
"""

from collections.abc import Iterable
from contextlib import suppress
from itertools import groupby

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.histogram.summary_v2 import histogram_pb
from tensorboard.plugins.hparams import api as hparams
from tensorboard.plugins.image.metadata import create_summary_metadata
from tensorboard.plugins.scalar.summary_v2 import scalar_pb
from tensorboard.util.tensor_util import make_tensor_proto

from tfluck.analysis import best_match, winner_ranks
from tfluck.analysis.correlation import Array
from tfluck.experiment.wording import RANK_BAR, RHO_BAR
from tfluck.foundations.errors import TfluckError
from tfluck.runs import Row, read_rows
from tfluck.runs.correlations import read_matrices
from tfluck.training.events import event_errors, keep_events_through
from tfluck.training.observers import Context, Moment, Observer

#: Metric → (tag, description) of the cards that come first.
FIRST = {
    "mean_best_correlation_live": ("1_mean_best_correlation_live", RHO_BAR),
    "mean_rank": ("2_mean_rank", RANK_BAR),
}
SO_FAR = "2_mean_rank_before_training_of_winners_so_far"


class TensorBoard(Observer):
    """Scalars by layer, correlation matrices and histograms, the hyperparameters."""

    def began(self, context: Context) -> None:
        """Forget whatever was told after the checkpoint; of a new student everything."""
        self.run, self.seed = run, seed = context.run, context.seed
        period = run.experiment.training.steps_per_epoch
        last_epoch = -1 if context.new else context.step // period
        self.folder = run.layout.tensorboard(seed)
        self.start: list[Array] = []
        if last_epoch >= 0:
            # Without these matrices there is one card less; the recorder tells why.
            with suppress(TfluckError):
                self.start = read_matrices(run, seed, 0).rho
        final = FIRST["mean_rank"][0]
        begun = keep_events_through(self.folder, last_epoch, without=f"{final}/")
        with event_errors(self.folder):
            self.writer = tf.summary.create_file_writer(str(self.folder))
            if not begun:
                self._introduce()

    def _introduce(self) -> None:
        plain = {
            key: value if isinstance(value, int | float | str) else str(value)
            for key, value in self.run.experiment.settings().items()
        }
        with self.writer.as_default(step=0):
            hparams.hparams(
                plain | {"seed": self.seed},
                trial_id=f"{self.run.layout.root.name}/{self.seed}",
            )

    def evaluated(self, moment: Moment) -> None:
        """Write one step, counted in epochs."""
        epoch, found = moment.epoch, moment.evaluation
        if epoch == 0:
            # In the precision of the matrices on disk, which a resumed run reads.
            self.start = [
                rho.astype(np.float32).astype(np.float64) for rho in found.correlations
            ]
        told = [_scalar(row) for row in moment.rows if row.value is not None]
        layers = zip(found.correlations, found.live, strict=True)
        for index, (rho, live) in enumerate(layers):
            told.append(image_pb(f"correlation/layer{index}", picture(rho)))
            best = best_match(rho[live]).rho
            told.append(histogram_pb(f"best_correlation_live/layer{index}", best))
            if self.start and live.any():
                rank = winner_ranks([self.start[index][live], rho[live]])[0]
                told.append(scalar_pb(f"{SO_FAR}/layer{index}", rank.mean()))
        self._write(epoch, told)

    def ended(self, status: str) -> None:
        """Write r̄ of those who have won by now at every epoch, and close the file.

        Should training go on, these are forgotten: others may win.
        """
        layout = self.run.layout.seed(self.seed)
        rows = read_rows(layout.ranks, layout.sealed)
        for epoch, of_epoch in groupby(rows, lambda row: row.epoch):
            shown = [row for row in of_epoch if row.metric in FIRST]
            self._write(epoch, (_scalar(row) for row in shown if row.value is not None))
        with event_errors(self.folder):
            self.writer.close()

    def _write(self, epoch: int, told: Iterable[Summary]) -> None:
        """Write all summaries in one record: an operation for each takes milliseconds."""
        whole = Summary()
        for summary in told:
            whole.MergeFrom(summary)
        with event_errors(self.folder), self.writer.as_default(step=epoch):
            tf.summary.experimental.write_raw_pb(whole.SerializeToString())
            self.writer.flush()


def _scalar(row: Row) -> Summary:
    """Return the summary of a metric that has a value."""
    place = row.split if row.layer is None else f"layer{row.layer}"
    tag, text = FIRST.get(row.metric, (row.metric, None))
    return scalar_pb(f"{tag}/{place}", row.value, description=text)


def image_pb(tag: str, pixels: NDArray[np.uint8]) -> Summary:
    """Return the summary of a picture, uint8 ``[height, width, 3]``."""
    height, width, _ = pixels.shape
    png = tf.io.encode_png(pixels).numpy()
    content = [str(width).encode(), str(height).encode(), png]
    metadata = create_summary_metadata(display_name=None, description=None)
    tensor = make_tensor_proto(np.array(content, object))
    return Summary(value=[Summary.Value(tag=tag, metadata=metadata, tensor=tensor)])


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
