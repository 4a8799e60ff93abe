"""Train one student of a run: chunks of steps, a look now and then, checkpoints.

The loop is short because batches are a pure function of the step and everything else
observes. Resuming is the same path with a later first step.
"""

import time
from collections.abc import Callable
from contextlib import suppress

import numpy as np
import tensorflow as tf

from tfluck.data.stateless import chunk_starts
from tfluck.data.stream import Batches, open_stream
from tfluck.foundations.environment import follow, moves, surroundings
from tfluck.foundations.errors import Diverged, Interrupted, TfluckError
from tfluck.foundations.files import make_directory
from tfluck.foundations.runtime import threads_here
from tfluck.runs import Row, Run, Status
from tfluck.runs.lock import locked
from tfluck.training.apparatus import Apparatus
from tfluck.training.board import TensorBoard
from tfluck.training.checkpoint import Checkpoints, Progress
from tfluck.training.evaluation import Evaluation
from tfluck.training.metrics import evaluation_rows
from tfluck.training.observers import Observer, Recorder
from tfluck.training.schedule import Chunk, Clock
from tfluck.training.teachers import save_weights

#: Seconds between checkpoints inside an epoch.
CHECKPOINT_EVERY = 60.0
#: (step, note) at every chunk, and while a long evaluation goes on.
Report = Callable[[int, str], None]
#: Returns the signal that asks to stop, or None.
StopAsked = Callable[[], int | None]


class Trainer:
    """One student of ``run``, ready to train from its newest checkpoint."""

    def __init__(
        self, run: Run, seed: int, report: Report, apparatus: Apparatus | None = None
    ) -> None:
        """Take the ``apparatus`` of the run, or build one."""
        experiment = run.experiment
        self.run = run
        self.seed = seed
        self.experiment = experiment
        self.training = training = experiment.training
        self.report = report
        self.layout = run.layout.seed(seed)
        self.apparatus = apparatus or Apparatus(run)
        self.apparatus.reset(seed)
        self.student = self.apparatus.student
        self.stream = open_stream(experiment, seed, "train", self.apparatus.images)
        self.checkpoints = Checkpoints(
            self.layout,
            self.student,
            self.apparatus.optimizer,
            experiment.training.steps,
        )
        self.progress = Progress()
        self.status = Status(self.layout, training.steps)
        self.clock = Clock(
            experiment.training.epochs,
            experiment.training.steps_per_epoch,
            run.execution.chunk,
        )
        self.observers: list[Observer] = []

    def train(self, stop_asked: StopAsked = lambda: None) -> None:
        """Train to the end, or until asked to stop.

        Raises:
            Diverged: a loss or a weight is no longer finite; the last good checkpoint
                stays.
            Interrupted: ``stop_asked`` returned a signal; a checkpoint is written.
            RunBusy: another process trains this student.
        """
        make_directory(self.layout.root, parents=False)
        with locked(self.layout.lock):
            self._begin()
            started, first = time.monotonic(), self.progress.step
            try:
                self._loop(stop_asked)
            except (Diverged, Interrupted) as error:
                name = "diverged" if isinstance(error, Diverged) else "interrupted"
                bad = (
                    {"first_bad_step": error.step}
                    if isinstance(error, Diverged)
                    else {}
                )
                self._end(name, message=str(error), **bad)
                raise
            except Exception as error:
                with suppress(TfluckError):  # a full disk takes no status either
                    self.status.close("failed", self.progress.step, message=str(error))
                raise
            seconds = time.monotonic() - started - self.looking
            rate = (self.progress.step - first) / max(seconds, 1e-9)
            self._end("finished", steps_per_second=rate or self.speed)

    def _begin(self) -> None:
        if not self.layout.initial_weights.exists():
            save_weights(self.student, self.layout.initial_weights)
        started = bool(self.layout.checkpoint_steps())
        self.progress = self.checkpoints.restore(self._complain)
        for complaint in self._surround():
            self._complain(complaint)
        self.recorder = Recorder(self.run, self.seed, self.progress, self._complain)
        self.speed = self.run.seed_status(self.seed).get("steps_per_second")
        # How it ended before is forgotten before any row is.
        self.status.running(self.progress.step, "", now=True)
        self.recorder.rewind()
        known = self.progress.step // self.training.steps_per_epoch if started else -1
        self.observers = [
            self.recorder,
            TensorBoard(self.run, self.seed, known),
        ]
        self.looking = 0.0
        if not started:
            self._look(0, None)
            self.checkpoints.save(self.progress)

    def _surround(self) -> list[str]:
        """Note what this process computes with, and say it where that has changed."""
        history, step = self.progress.history, self.progress.step
        if step and not history:  # an old run wrote down no more than this
            history.append({"step": 0} | dict(self.run.manifest.get("packages", {})))
        now = surroundings(threads_here(), self.run.execution.jit)
        changed = follow(history, now, step)
        self.status.moves = moves(history)
        if not changed:
            return []
        return [
            f"From step {step} on this run is computed otherwise than before "
            f"({'; '.join(changed)}): its last bits may differ from those of a run that "
            "stayed where it was."
        ]

    def _loop(self, stop_asked: StopAsked) -> None:
        clock, step = self.clock, self.progress.step
        chunks = clock.chunks(step)
        starts = chunk_starts(step, clock.epochs, clock.steps_per_epoch, clock.length)
        batches = self.stream.chunks(starts, clock.length)
        saved = time.monotonic()
        for chunk, batch in zip(chunks, batches, strict=True):
            self._train_chunk(chunk, batch)
            evaluated = self._finish_epoch(chunk)
            signal = stop_asked()
            if evaluated or signal or time.monotonic() - saved > CHECKPOINT_EVERY:
                self.checkpoints.save(self.progress)
                saved = time.monotonic()
            if signal and self.progress.step < self.training.steps:
                raise Interrupted(
                    f"Stopped after step {self.progress.step} with a checkpoint.",
                    signal,
                )

    def _train_chunk(self, chunk: Chunk, batches: Batches) -> None:
        experiment = self.experiment
        rate = experiment.training.learning_rate(
            chunk.start // experiment.training.steps_per_epoch
        )
        losses, finite = self.apparatus.program.run(
            batches, tf.constant(chunk.steps), tf.constant(rate, tf.float32)
        )
        values = losses.numpy()[: chunk.steps].astype(np.float64)
        if not (finite and np.isfinite(values).all()):
            bad = chunk.start + _first_bad(values)
            raise Diverged(
                f"Training diverged at step {bad}: its loss or weights are not finite. "
                "The last good checkpoint is kept; try a lower --lr.",
                bad,
            )
        self.progress.step += chunk.steps
        self.progress.loss_sum += float(values.sum())
        self.progress.loss_count += chunk.steps
        self._tell(f"loss {values.mean():.3g}")

    def _finish_epoch(self, chunk: Chunk) -> bool:
        """At the end of an epoch look if it is time to; tell whether we looked."""
        epoch, experiment = chunk.epoch_done, self.experiment
        if epoch is None or (
            epoch % experiment.watch.eval_every and epoch != experiment.training.epochs
        ):
            return False
        self._look(epoch, self.progress.loss_sum / self.progress.loss_count)
        self.progress.loss_sum, self.progress.loss_count = 0.0, 0
        return True

    def _look(self, epoch: int, train_loss: float | None) -> None:
        started = time.monotonic()
        found = self.apparatus.evaluator.evaluate(
            lambda done, of: self._tell(f"evaluation {done}/{of}", now=done == of)
        )
        rows = evaluation_rows(epoch, found, self.student, train_loss)
        for observer in self.observers:
            observer.evaluated(epoch, found, rows)
        self._tell(_headline(found, rows), now=True)
        self.looking += time.monotonic() - started

    def _tell(self, note: str, *, now: bool = False) -> None:
        self.report(self.progress.step, note)
        self.status.running(self.progress.step, note, now=now)

    def _complain(self, sentence: str) -> None:
        self.status.complaints.append(sentence)
        self.report(self.progress.step, sentence)

    def _end(self, status: str, **more: object) -> None:
        for observer in self.observers:
            observer.ended()
        if status != "diverged":
            save_weights(self.student, self.layout.final_weights)
        heads = self.recorder.heads()
        self.status.close(status, self.progress.step, heads=heads, **more)


def _headline(found: Evaluation, rows: list[Row]) -> str:
    """Say the numbers one wants to see during a training."""
    rho = [row.value for row in rows if row.metric == "mean_best_correlation_live"]
    texts = ["–" if value is None else f"{value:.3f}" for value in rho]
    parts = ["ρ̄ " + " ".join(texts)] if rho else []
    if found.comparison is not None:
        teacher = found.comparison.teacher_accuracy
        parts.append(f"accuracy {found.accuracy:.4f} (teacher {teacher:.4f})")
    elif not rho:
        parts.append(f"accuracy {found.accuracy:.4f}")
    return "  ".join(parts)


def _first_bad(losses: np.ndarray) -> int:
    """Count the steps up to the first that is not finite, or, if all losses are, the
    last one: its update spoilt the weights.
    """
    bad = np.flatnonzero(~np.isfinite(losses))
    return int(bad[0]) + 1 if bad.size else len(losses)
