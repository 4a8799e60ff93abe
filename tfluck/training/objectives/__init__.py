"""Objectives: what a student is trained to make small.

A new one is a file with one function, and a line in
:data:`tfluck.experiment.choices.OBJECTIVES` (or a plugin that calls its ``register``).
"""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import tensorflow as tf


class Objective(Protocol):
    """A differentiable mean over a batch; the evaluation measures the same one."""

    def __call__(self, target: "tf.Tensor", logits: "tf.Tensor") -> "tf.Tensor":
        """Return a scalar.

        Args:
            target: ``[batch, outputs]``: the teacher's outputs, or labels as one-hot
                rows. They are never differentiated.
            logits: ``[batch, outputs]``, the student's.
        """
