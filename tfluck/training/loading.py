"""The networks and inputs of a run, read back for analysis."""

from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tfluck.errors import BadInput, Damaged
from tfluck.runs import Run
from tfluck.training.apparatus import Apparatus
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
    """Load the teacher and the student ``seed`` of ``run``.

    Args:
        run: that has finished.
        seed: of the student.
        epoch: 0 is before training; None, or the last one, is after it. Weights of
            epochs between are not kept.

    Raises:
        BadInput: no weights are kept of that epoch, or the run has no teacher.
        Damaged: a file is missing or does not fit.
    """
    if run.config.targets == "labels":
        raise BadInput(f"{run.name} has no teacher: its student learned labels.")
    last = run.config.epochs
    if epoch not in (None, 0, last):
        raise BadInput(
            f"Weights are kept before and after training only: use --epoch 0 or "
            f"--epoch {last}, not {epoch}. Correlations are kept of every evaluation."
        )
    layout = run.layout.seed(seed)
    initial = epoch == 0
    path = layout.initial_weights if initial else layout.final_weights
    # Checked first: making the networks costs seconds.
    for needed in (path, run.layout.teacher_weights):
        if not needed.exists():
            raise Damaged(
                needed,
                f"is missing: {run.name} is {run.status()}, and its weights are "
                "written when training begins (epoch 0) and ends.",
            )
    apparatus = Apparatus(run)
    load_weights(apparatus.teacher, run.layout.teacher_weights, is_sealed(run))
    load_weights(apparatus.student, path, layout.sealed)
    return RunModels(
        0 if initial else last,
        apparatus.teacher,
        apparatus.student,
        apparatus.evaluator.batches,
    )
