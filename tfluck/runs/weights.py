"""Which of a student's weights a run keeps, told before anything dear is loaded."""

from pathlib import Path
from typing import NamedTuple

from tfluck.experiment.choices import kept_epochs
from tfluck.foundations.errors import BadInput, Damaged
from tfluck.runs.layout import SeedLayout
from tfluck.runs.run import Run


class KeptWeights(NamedTuple):
    """A student's weights file and the epoch it is of; 0 is before training."""

    epoch: int
    path: Path


def kept_weights(run: Run, seed: int, epoch: int | None = None) -> KeptWeights:
    """Find the weights of the student ``seed``, beside those of its teacher.

    Args:
        run: that has begun, for epoch 0, reached the epoch, or finished.
        seed: of the student.
        epoch: 0 is before training; None, or the last one, is after it. Of those between,
            weights are kept that ``keep_epochs`` named.

    Raises:
        BadInput: no weights are kept of that epoch, or the run has no teacher.
        Damaged: a file is missing.
    """
    if run.experiment.training.targets == "labels":
        raise BadInput(f"{run.name} has no teacher: its student learned labels.")
    last, layout = run.experiment.training.epochs, run.layout.seed(seed)
    epoch = last if epoch is None else epoch
    path = _path(layout, epoch, last)
    for needed in (path, run.layout.teacher_weights):
        if not needed.exists():
            raise Damaged(
                needed,
                f"is missing: {run.name} is {run.status()}, and its weights are "
                "written when training begins (epoch 0) and ends.",
            )
    return KeptWeights(epoch, path)


def unkept_epochs(run: Run) -> list[int]:
    """Return the epochs that ``keep_epochs`` names and some student kept no weights of."""
    named = kept_epochs(run.execution.keep_epochs, run.experiment.training.epochs)
    kept = [run.layout.seed(seed).kept_epochs() for seed in run.seeds]
    return sorted(e for e in named if any(e not in epochs for epochs in kept))


def _path(layout: SeedLayout, epoch: int, last: int) -> Path:
    """Return where the weights of ``epoch`` lie, or say of which epochs there are any."""
    if epoch in (0, last):
        return layout.initial_weights if epoch == 0 else layout.final_weights
    kept = layout.kept_epochs()
    if epoch in kept:
        return layout.kept_weights(epoch)
    *others, final = [f"--epoch {there}" for there in sorted({0, *kept, last})]
    raise BadInput(
        f"No weights of epoch {epoch} are kept of this student: use "
        f"{', '.join(others)} or {final}. Which are kept beside the first and the last "
        "says --keep-epochs of a training. Correlations are kept of every evaluation."
    )
