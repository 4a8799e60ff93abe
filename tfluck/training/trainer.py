"""Train one student of a run: chunks of steps, a look now and then, checkpoints.

The loop is short because batches are a pure function of the step and everything else
observes. Resuming is the same path with a later first step.
"""

import time
from collections.abc import Callable, Iterable
from contextlib import suppress

from tfluck.data.batches import Batches
from tfluck.data.stateless import chunk_starts
from tfluck.data.training_data import open_stream
from tfluck.foundations.errors import Diverged, Interrupted, TfluckError
from tfluck.foundations.files import make_directory
from tfluck.foundations.runtime import device_line
from tfluck.instruments.watching import Watch
from tfluck.runs import Run, Status
from tfluck.runs.lock import locked
from tfluck.training.checkpoint import Checkpoints, Progress
from tfluck.training.history import note_surroundings
from tfluck.training.keeper import WeightKeeper
from tfluck.training.kernel import Kernel
from tfluck.training.metrics import evaluation_rows
from tfluck.training.observers import Audience, Context, Moment, Observer
from tfluck.training.recorder import Recorder
from tfluck.training.reporter import Report, Reporter
from tfluck.training.schedule import Chunk, Clock
from tfluck.training.teachers import save_weights
from tfluck.training.tensorboard import TensorBoard

#: Seconds between checkpoints inside an epoch.
CHECKPOINT_EVERY = 60.0
#: Returns the signal that asks to stop, or None.
StopAsked = Callable[[], int | None]


class Trainer:
    """One student of ``run``, ready to train from its newest checkpoint."""

    def __init__(
        self,
        run: Run,
        seed: int,
        report: Report,
        kernel: Kernel | None = None,
        observers: Iterable[Observer] = (),
    ) -> None:
        """Take the ``kernel`` of the run, or build one; ``observers`` watch too."""
        experiment, training = run.experiment, run.experiment.training
        self.run = run
        self.seed = seed
        self.experiment = experiment
        self.training = training
        self.layout = run.layout.seed(seed)
        self.kernel = kernel or Kernel(run)
        self.kernel.reset(seed)
        self.student = self.kernel.student
        self.stream = open_stream(experiment, seed, "train", self.kernel.images)
        self.checkpoints = Checkpoints(
            self.layout, self.student, self.kernel.optimizer, training.steps
        )
        self.progress = Progress()
        self.status = Status(self.layout, training.steps)
        self.reporter = Reporter(report, self.status)
        self.clock = Clock(
            training.epochs, training.steps_per_epoch, run.execution.chunk
        )
        self.audience = Audience((), observers)
        self.looking = 0.0

    def train(
        self, stop_asked: StopAsked = lambda: None, until: int | None = None
    ) -> None:
        """Train to the end or the end of epoch ``until``, or until asked to stop.

        Raises:
            Diverged: a loss or a weight is no longer finite; the last good checkpoint
                stays.
            Interrupted: ``stop_asked`` returned a signal; a checkpoint is written.
            ObserverFailed: one of the observers raised; a checkpoint is written.
            RunBusy: another process trains this student.
        """
        make_directory(self.layout.root, parents=False)
        with locked(self.layout.lock):
            self._begin()
            started, first = time.monotonic(), self.progress.step
            try:
                self._loop(stop_asked, until)
            except Diverged as error:
                self._end("diverged", message=str(error), first_bad_step=error.step)
                raise
            except Interrupted as error:
                self._end("interrupted", message=str(error))
                raise
            except Exception as error:
                self.audience.ended("failed")
                with suppress(TfluckError):  # a full disk takes no status either
                    self.status.close("failed", self.progress.step, message=str(error))
                raise
            seconds = time.monotonic() - started - self.looking
            rate = (self.progress.step - first) / max(seconds, 1e-9)
            whole = self.progress.step == self.training.steps
            self._end(
                "finished" if whole else "interrupted",
                steps_per_second=rate or self.speed,
            )
            if self.audience.failure:
                raise self.audience.failure

    def _begin(self) -> None:
        tell = self.reporter.complain
        if not self.layout.initial_weights.exists():
            save_weights(self.student, self.layout.initial_weights)
        new = not self.layout.checkpoint_steps()
        self.progress = self.checkpoints.restore(tell)
        self.reporter.step = self.progress.step
        self.reporter.place(device_line())
        if changed := note_surroundings(self.run, self.progress, self.status):
            tell(changed)
        self.recorder = Recorder(self.run, self.seed, self.progress, tell)
        self.speed = self.run.seed_status(self.seed).get("steps_per_second")
        # How it ended before is forgotten before any row is.
        self.status.running(self.progress.step, "", now=True)
        self.audience.own = [
            self.recorder,
            TensorBoard(),
            WeightKeeper(),
            self.reporter,
        ]
        kernel, step = self.kernel, self.progress.step
        shown = kernel.teacher, kernel.student, kernel.evaluator.batches
        self.audience.began(Context(self.run, self.seed, *shown, step, new, tell))
        watched = self.experiment.watch.watch
        self.watch = Watch(self.run, self.seed, watched, self.reporter.tell)
        if new:
            self._look(0, None)
            self.checkpoints.save(self.progress)
        self.looking = 0.0

    def _loop(self, stop_asked: StopAsked, until: int | None) -> None:
        clock, step = self.clock.until(until), self.progress.step
        chunks = clock.chunks(step)
        starts = chunk_starts(step, clock.epochs, clock.steps_per_epoch, clock.length)
        batches = self.stream.chunks(starts, clock.length)
        saved = time.monotonic()
        if self.audience.failure:
            raise self.audience.failure
        for chunk, batch in zip(chunks, batches, strict=True):
            self._train_chunk(chunk, batch)
            stops = self._finish_epoch(chunk)
            signal, failure = stop_asked(), self.audience.failure
            stops = stops or bool(signal or failure)
            if stops or time.monotonic() - saved > CHECKPOINT_EVERY:
                self.checkpoints.save(self.progress)
                saved = time.monotonic()
            if failure:
                raise failure
            if signal and self.progress.step < self.training.steps:
                raise Interrupted(
                    f"Stopped after step {self.progress.step} with a checkpoint.",
                    signal,
                )

    def _train_chunk(self, chunk: Chunk, batches: Batches) -> None:
        losses = self.kernel.advance(chunk, batches)
        self.progress.step += chunk.steps
        self.progress.loss_sum += float(losses.sum())
        self.progress.loss_count += chunk.steps
        self.audience.stepped(self.progress.step, losses)

    def _finish_epoch(self, chunk: Chunk) -> bool:
        """At the end of an epoch look if it is time to; tell whether we looked."""
        epoch, period = chunk.epoch_done, self.experiment.watch.eval_every
        if epoch is None or (epoch % period and epoch != self.training.epochs):
            return False
        self._look(epoch, self.progress.loss_sum / self.progress.loss_count)
        self.progress.loss_sum, self.progress.loss_count = 0.0, 0
        return True

    def _look(self, epoch: int, train_loss: float | None) -> None:
        started, kernel = time.monotonic(), self.kernel
        found = kernel.evaluator.evaluate(self.reporter.looking)
        rows = evaluation_rows(epoch, found, self.student, train_loss)
        networks, batches = (kernel.teacher, kernel.student), kernel.evaluator.batches
        rows += self.watch.rows(epoch, networks, batches, found, rows)
        step = self.progress.step
        self.audience.evaluated(Moment(step, epoch, *networks, found, rows, batches))
        self.looking += time.monotonic() - started

    def _end(self, status: str, **more: object) -> None:
        self.audience.ended(status)
        if status != "diverged":
            save_weights(self.student, self.layout.final_weights)
        if self.audience.failure:
            self.reporter.complain(str(self.audience.failure))
        heads = self.recorder.heads()
        self.status.close(status, self.progress.step, heads=heads, **more)
