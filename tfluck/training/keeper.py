"""Keeps a student's weights at the epochs that were named."""

import numpy as np
from numpy.typing import NDArray

from tfluck.experiment.choices import kept_epochs
from tfluck.training.observers import Context, Observer
from tfluck.training.teachers import save_weights


class WeightKeeper(Observer):
    """Writes the weights before the checkpoint of the same step.

    So a checkpoint promises the weights of every epoch before it; those of a later one,
    left by a process that was killed, are written again.
    """

    def began(self, context: Context) -> None:
        """Take down which epochs are wanted; say which are past and lost."""
        run, training = context.run, context.run.experiment.training
        self.student = context.student
        self.period = training.steps_per_epoch
        self.layout = run.layout.seed(context.seed)
        there = set(self.layout.kept_epochs())
        asked = kept_epochs(run.execution.keep_epochs, training.epochs)
        self.wanted = asked | there
        lost = [e for e in self.wanted - there if e * self.period < context.step]
        if lost:
            numbers = ", ".join(map(str, sorted(lost)))
            context.tell(
                f"Weights of epochs that are past can be kept no more: {numbers}. A "
                "training that is told of them before it reaches them keeps them."
            )
        self._keep(context.step)

    def stepped(self, step: int, losses: NDArray[np.float64]) -> None:
        """Keep the weights if an epoch that is wanted has ended."""
        self._keep(step)

    def _keep(self, step: int) -> None:
        epoch, rest = divmod(step, self.period)
        if not rest and epoch in self.wanted:
            save_weights(self.student, self.layout.kept_weights(epoch))
