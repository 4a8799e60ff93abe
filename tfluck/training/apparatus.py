"""What all students of a run share: data, teacher, the compiled step, the compiled look.

Building and compiling it costs seconds, a student of a small net not many more; so a
process that trains several students of one run builds it once.
"""

from functools import lru_cache

import keras

from tfluck.data.stream import evaluation_set, open_images
from tfluck.foundations.runtime import compute_exactly
from tfluck.foundations.seeds import child
from tfluck.networks import build_student
from tfluck.runs import Run
from tfluck.training.evaluation import Evaluator
from tfluck.training.optimizer import SGD
from tfluck.training.step import LOSSES, Program
from tfluck.training.teachers import (
    is_sealed,
    load_weights,
    networks,
    stranger_of,
    teacher_of,
)


class Apparatus:
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
        self.student = self._draw(experiment.seed)
        self.images = open_images(experiment, run.execution.data_dir)
        training = experiment.training
        loss = LOSSES[training.loss]
        self.optimizer = SGD(
            self.student.trainable_variables, training.momentum, training.weight_decay
        )
        self.program = Program(
            self.teacher,
            self.student,
            self.optimizer,
            loss,
            normalize=training.normalize,
            jit=run.execution.jit,
        )
        self.evaluator = Evaluator(
            self.teacher,
            stranger_of(experiment),
            self.student,
            loss,
            *evaluation_set(experiment, self.images),
        )

    def reset(self, seed: int) -> None:
        """Make the student the untrained one of ``seed``."""
        self.student.set_weights(self._draw(seed).get_weights())
        self.optimizer.reset()

    def _draw(self, seed: int) -> keras.Model:
        experiment = self.run.experiment
        shape = networks(experiment)[1]
        student = build_student(
            shape, child(seed, "student"), self.teacher, experiment.start.student_init
        )
        if experiment.training.targets == "labels" and experiment.start.teacher_digest:
            load_weights(student, self.run.layout.teacher_weights, is_sealed(self.run))
        return student


@lru_cache(maxsize=1)
def apparatus_of(run: Run, thread: int) -> Apparatus:
    """Return the apparatus of ``run``, that of the last call if it is the same.

    ``thread`` is the caller's identity: the student inside must not have two masters.
    """
    return Apparatus(run)
