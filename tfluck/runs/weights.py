"""Which of a student's weights a run keeps, told before anything dear is loaded."""

from pathlib import Path
from typing import NamedTuple

from tfluck.foundations.errors import BadInput, Damaged
from tfluck.runs.run import Run


class KeptWeights(NamedTuple):
    """A student's weights file and the epoch it is of; 0 is before training."""

    epoch: int
    path: Path


def kept_weights(run: Run, seed: int, epoch: int | None = None) -> KeptWeights:
    """Find the weights of the student ``seed``, beside those of its teacher.

    Args:
        run: that has begun, for epoch 0, or finished.
        seed: of the student.
        epoch: 0 is before training; None, or the last one, is after it. Weights of
            epochs between are not kept.

    Raises:
        BadInput: no weights are kept of that epoch, or the run has no teacher.
        Damaged: a file is missing.
    """
    if run.experiment.training.targets == "labels":
        raise BadInput(f"{run.name} has no teacher: its student learned labels.")
    last = run.experiment.training.epochs
    if epoch not in (None, 0, last):
        raise BadInput(
            f"Weights are kept before and after training only: use --epoch 0 or "
            f"--epoch {last}, not {epoch}. Correlations are kept of every evaluation."
        )
    layout = run.layout.seed(seed)
    path = layout.initial_weights if epoch == 0 else layout.final_weights
    for needed in (path, run.layout.teacher_weights):
        if not needed.exists():
            raise Damaged(
                needed,
                f"is missing: {run.name} is {run.status()}, and its weights are "
                "written when training begins (epoch 0) and ends.",
            )
    return KeptWeights(0 if epoch == 0 else last, path)
