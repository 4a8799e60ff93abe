"""The networks and inputs of a run, read back for analysis."""

from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tfluck.runs import Run
from tfluck.runs.weights import kept_weights
from tfluck.training.kernel import Kernel
from tfluck.training.teachers import is_sealed, load_weights


@dataclass(frozen=True)
class RunModels:
    """A run's teacher and one student at some epoch.

    ``batches`` is the run's fixed evaluation set, cut as training cuts it.
    """

    epoch: int
    teacher: keras.Model
    student: keras.Model
    batches: list[tf.Tensor]

    def inputs(self, samples: int) -> NDArray[np.float64]:
        """Return the first ``samples`` of the evaluation set, all if it has fewer."""
        taken: list[NDArray[np.float64]] = []
        for batch in self.batches:
            missing = samples - sum(map(len, taken))
            if missing <= 0:
                break
            taken.append(batch[:missing].numpy().astype(np.float64))
        return np.concatenate(taken)


def load_run_models(run: Run, seed: int, epoch: int | None = None) -> RunModels:
    """Load the teacher and the student ``seed`` of ``run`` at ``epoch``.

    Raises:
        BadInput, Damaged: as :func:`tfluck.runs.weights.kept_weights`, or a file does
            not fit.
    """
    kept = kept_weights(run, seed, epoch)
    kernel = Kernel(run)
    load_weights(kernel.teacher, run.layout.teacher_weights, is_sealed(run))
    load_weights(kernel.student, kept.path, run.layout.seed(seed).sealed)
    return RunModels(
        kept.epoch,
        kernel.teacher,
        kernel.student,
        kernel.evaluator.batches,
    )
