"""Writes down what is seen of a training: rows, matrices, ranks."""

from tfluck.foundations.errors import Damaged
from tfluck.foundations.files import make_directory
from tfluck.runs import Run
from tfluck.runs.correlations import read_history, write_matrices
from tfluck.runs.records import EMPTY, write_rows
from tfluck.runs.store import RESTORE, Tell, read_journal
from tfluck.training.checkpoint import Progress
from tfluck.training.metrics import rank_rows
from tfluck.training.observers import Context, Moment, Observer


class Recorder(Observer):
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
        known, path = progress.head or EMPTY, self.layout.metrics
        self.metrics = read_journal("metrics", path, run.layout.sealed, known)
        self.known = self._count()

    def began(self, context: Context) -> None:
        """Forget whatever was recorded after the checkpoint."""
        make_directory(self.layout.correlations)
        self.metrics.rewind(self.known)
        self.progress.head = self.metrics.head
        last = self.metrics.rows[-1].epoch if self.metrics.rows else -1
        for epoch in self.layout.epochs():
            if epoch > last:
                self.layout.correlation(epoch).unlink()

    def evaluated(self, moment: Moment) -> None:
        """Write the matrices, then the rows: a row promises its matrices."""
        found = moment.evaluation
        if found.correlations:
            write_matrices(self.layout, moment.epoch, found.correlations, found.live)
        self.metrics.append(moment.rows)
        self.progress.head = self.metrics.head

    def ended(self, status: str) -> None:
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
        epoch = progress.step // self.run.experiment.training.steps_per_epoch
        return sum(row.epoch <= epoch for row in rows)
