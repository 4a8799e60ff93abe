"""What all students of a run share: data, teacher, the compiled step, the compiled look.

Building and compiling it costs seconds, a student of a small net not many more; so a
process that trains several students of one run builds it once.
"""

from functools import lru_cache

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tfluck.data.batches import Batches
from tfluck.data.training_data import evaluation_set, open_images
from tfluck.experiment.choices import OBJECTIVES, OPTIMIZERS
from tfluck.experiment.experiment import Experiment
from tfluck.foundations.errors import Diverged
from tfluck.foundations.runtime import compute_exactly
from tfluck.foundations.seeds import child
from tfluck.networks import build_student, restart_student
from tfluck.runs import Run
from tfluck.training.evaluation import Evaluator
from tfluck.training.objectives import Objective
from tfluck.training.optimizers import Optimizer
from tfluck.training.schedule import Chunk
from tfluck.training.step import Program
from tfluck.training.teachers import (
    is_sealed,
    load_weights,
    networks,
    stranger_of,
    teacher_of,
)


class Kernel:
    """The networks of ``run`` and what is done with them; :meth:`reset` picks a student.

    Raises:
        Damaged: a pretrained teacher's weights are gone or do not fit.
        BadInput: the data do not suffice for the run.
    """

    def __init__(self, run: Run) -> None:
        compute_exactly()
        experiment = run.experiment
        self.run = run
        self.teacher = teacher_of(run)
        training = experiment.training
        self.student = self._build(experiment)
        self.images = open_images(experiment, run.execution.data_dir)
        self.objective: Objective = OBJECTIVES.find(training.loss)
        self.optimizer: Optimizer = OPTIMIZERS.find(training.optimizer)(
            self.student.trainable_variables,
            momentum=training.momentum,
            weight_decay=training.weight_decay,
        )
        self.program = Program(
            self.teacher,
            self.student,
            self.optimizer,
            self.objective,
            normalize=training.normalize,
            jit=run.execution.jit,
        )
        self.evaluator = Evaluator(
            self.teacher,
            stranger_of(experiment),
            self.student,
            self.objective,
            *evaluation_set(experiment, self.images),
        )

    def reset(self, seed: int) -> None:
        """Make the student the untrained one of ``seed``."""
        self._restart(seed)
        self.optimizer.reset()

    def advance(self, chunk: Chunk, batches: Batches) -> NDArray[np.float64]:
        """Train the student on ``chunk`` and return its losses, ``[chunk.steps]``.

        Raises:
            Diverged: a loss or a weight is no longer finite.
        """
        training = self.run.experiment.training
        rate = training.learning_rate(chunk.start // training.steps_per_epoch)
        found, finite = self.program.run(
            batches, tf.constant(chunk.steps), tf.constant(rate, tf.float32)
        )
        losses: NDArray[np.float64] = found.numpy()[: chunk.steps].astype(np.float64)
        if not (finite and np.isfinite(losses).all()):
            bad = chunk.start + _first_bad(losses)
            raise Diverged(
                f"Training diverged at step {bad}: its loss or weights are not finite. "
                "The last good checkpoint is kept; try a lower --lr.",
                bad,
            )
        return losses

    def _build(self, experiment: Experiment) -> keras.Model:
        shape, start = networks(experiment)[1], experiment.start.student_init
        return build_student(
            shape, child(experiment.seed, "student"), self.teacher, start
        )

    def _restart(self, seed: int) -> None:
        experiment, student = self.run.experiment, self.student
        if experiment.training.targets == "labels" and experiment.start.teacher_digest:
            load_weights(student, self.run.layout.teacher_weights, is_sealed(self.run))
            return
        restart_student(
            student,
            networks(experiment)[1],
            child(seed, "student"),
            self.teacher,
            experiment.start.student_init,
        )


def _first_bad(losses: NDArray[np.float64]) -> int:
    """Count the steps up to the first that is not finite, or, if all losses are, the
    last one: its update spoilt the weights.
    """
    bad = np.flatnonzero(~np.isfinite(losses))
    return int(bad[0]) + 1 if bad.size else len(losses)


@lru_cache(maxsize=1)
def kernel_of(run: Run, thread: int) -> Kernel:
    """Return the kernel of ``run``, that of the last call if it is the same.

    ``thread`` is the caller's identity: the student inside must not have two masters.
    """
    return Kernel(run)
