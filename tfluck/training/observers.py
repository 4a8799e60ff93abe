"""What may watch a training: the protocol, what is shown, and who hears it.

The recorder of rows, TensorBoard, the keeper of weights and the reporter are observers
like anybody's: ``train_run(run, observers=[…])`` takes more.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tfluck.foundations.errors import TfluckError
from tfluck.runs import Row, Run
from tfluck.runs.store import Tell
from tfluck.training.evaluation import Evaluation


@dataclass(frozen=True)
class Context:
    """Where a training begins, or goes on.

    Attributes:
        run, seed: name the student.
        teacher: None where students learn labels.
        student: the network itself, which goes on changing; look, do not touch.
        inputs: the evaluation set, in batches.
        step: steps made before; the student is as it was after them.
        new: nothing was looked at yet; epoch 0 is evaluated next.
        tell: takes a sentence for whoever trains, kept in the student's status.
    """

    run: Run
    seed: int
    teacher: keras.Model | None
    student: keras.Model
    inputs: Sequence[tf.Tensor]
    step: int
    new: bool
    tell: Tell


@dataclass(frozen=True)
class Moment:
    """One evaluation: the networks as they are, and what was found.

    Attributes:
        step: steps made.
        epoch: epochs made; 0 is before training.
        teacher: None where students learn labels.
        student: the network itself; it changes when training goes on.
        evaluation: what the look found.
        rows: the numbers that are recorded of it.
        inputs: the evaluation set, in batches.
    """

    step: int
    epoch: int
    teacher: keras.Model | None
    student: keras.Model
    evaluation: Evaluation
    rows: Sequence[Row]
    inputs: Sequence[tf.Tensor]


class Observer:
    """Derive from it and write the methods you need; the others do nothing.

    A stop and a resumption are two trainings to an observer: ``began`` comes again, with
    the step of the checkpoint, and what came after that step is told once more.
    """

    def began(self, context: Context) -> None:
        """Training starts, or goes on."""

    def stepped(self, step: int, losses: NDArray[np.float64]) -> None:
        """``step`` steps are made; ``losses`` are those of the last chunk, in order.

        Chunks end where epochs end: there ``step`` is a multiple of the run's
        ``steps_per_epoch``, and this comes before the evaluation and the checkpoint.
        """

    def evaluated(self, moment: Moment) -> None:
        """The networks were evaluated; the checkpoint comes after."""

    def ended(self, status: str) -> None:
        """Training stopped: ``finished``, ``interrupted``, ``diverged`` or ``failed``."""


class ObserverFailed(TfluckError):
    """An observer that was given raised; training stopped after a checkpoint."""


class Audience:
    """The observers of one student's training, each told in turn.

    What one of ``own`` raises ends the training there and then. A guest that raises is
    told nothing more, the others are, and ``failure`` says so, for the loop to stop at
    its next checkpoint.
    """

    def __init__(
        self, own: Iterable[Observer], guests: Iterable[Observer] = ()
    ) -> None:
        self.own = list(own)
        self.guests = list(guests)
        self.failure: ObserverFailed | None = None
        self.step = 0

    def began(self, context: Context) -> None:
        """Tell everybody."""
        self.step = context.step
        self._tell(lambda observer: observer.began(context))

    def stepped(self, step: int, losses: NDArray[np.float64]) -> None:
        """Tell everybody."""
        self.step = step
        self._tell(lambda observer: observer.stepped(step, losses))

    def evaluated(self, moment: Moment) -> None:
        """Tell everybody."""
        self._tell(lambda observer: observer.evaluated(moment))

    def ended(self, status: str) -> None:
        """Tell everybody; of a failure only guests hear, for what is written stays."""
        own = self.own if status != "failed" else []
        self._tell(lambda observer: observer.ended(status), own)

    def _tell(
        self, tell: Callable[[Observer], None], own: list[Observer] | None = None
    ) -> None:
        for observer in self.own if own is None else own:
            tell(observer)
        for guest in tuple(self.guests):
            try:
                tell(guest)
            except Exception as error:
                self.guests.remove(guest)
                self.failure = self.failure or self._failed(guest, error)

    def _failed(self, guest: Observer, error: Exception) -> ObserverFailed:
        failure = ObserverFailed(
            f"The observer {type(guest).__qualname__} failed at step {self.step}: "
            f"{type(error).__name__}: {error}. Training stopped after a checkpoint; mend "
            "the observer or leave it out, and train on from there."
        )
        failure.__cause__ = error
        return failure
