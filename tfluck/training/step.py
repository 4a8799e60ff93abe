"""One training step, and K of them fused into one compiled call."""

import keras
import tensorflow as tf

from tfluck.data.batches import Batches
from tfluck.networks import linear_layers, normalized
from tfluck.training.objectives import Objective
from tfluck.training.optimizers import Optimizer


class Program:
    """A student, its optimiser and its teacher, compiled into chunks of steps.

    Args:
        teacher: gives the targets, never changes; None where the data bring theirs.
        student: is trained; BatchNorm in training mode.
        optimizer: over the student's trainable variables.
        objective: of (target, logits), made small.
        normalize: bring the student's rows back to norm 1 after every step.
        jit: compile with XLA.
    """

    def __init__(
        self,
        teacher: keras.Model | None,
        student: keras.Model,
        optimizer: Optimizer,
        objective: Objective,
        *,
        normalize: bool = False,
        jit: bool = False,
    ) -> None:
        self.teacher = teacher
        self.student = student
        self.optimizer = optimizer
        self.objective = objective
        self.normalize = normalize
        self.run = tf.function(self._run, jit_compile=jit, autograph=False)

    def step(
        self, x: tf.Tensor, target: tf.Tensor, learning_rate: tf.Tensor
    ) -> tf.Tensor:
        """Train on one batch and return its loss, taken before the update."""
        with tf.GradientTape() as tape:
            loss = self.objective(target, self.student(x, training=True)[-1])
        gradients = tape.gradient(loss, self.optimizer.variables)
        self._update(gradients, learning_rate)
        if self.normalize:
            for layer in linear_layers(self.student):
                kernel, bias = normalized(layer.kernel.value, layer.bias.value)
                layer.kernel.assign(kernel)
                layer.bias.assign(bias)
        return loss

    def _update(self, gradients: list[tf.Tensor], learning_rate: tf.Tensor) -> None:
        """Take one step, w ← w − η·direction."""
        variables = self.optimizer.variables
        directions = self.optimizer.directions(gradients)
        for index, (weight, direction) in enumerate(
            zip(variables, directions, strict=True)
        ):
            # The gradient next below is computed after the last use of this weight. A
            # rate that waits for it tells XLA so, and XLA copies no weight.
            last_read = 0 * tf.reshape(gradients[max(index - 1, 0)], [-1])[0]
            weight.assign_sub((learning_rate + last_read) * direction)

    def _supervise(self, batches: Batches) -> tuple[tf.Tensor, tf.Tensor]:
        """Return inputs ``[K, batch, …]`` and targets ``[K, batch, outputs]``.

        The teacher sees the whole chunk at once: one large product costs less than K
        small ones.
        """
        if self.teacher is None:
            return batches
        length, size = batches.shape[:2]
        samples = tf.reshape(batches, (length * size, *batches.shape[2:]))
        targets = self.teacher(samples, training=False)[-1]
        return batches, tf.reshape(targets, (length, size, -1))

    def _run(
        self, batches: Batches, steps: tf.Tensor, learning_rate: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Train on the first ``steps`` of K ``batches``: inputs, or inputs and targets.

        Returns:
            The losses ``[K]`` (zero beyond ``steps``), and whether every weight is
            finite afterwards.
        """
        inputs, targets = self._supervise(batches)

        def advance(k: tf.Tensor, losses: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            loss = self.step(inputs[k], targets[k], learning_rate)
            # Not a scatter: a deterministic one leaves the GPU for the CPU, every step.
            return k + 1, tf.where(tf.range(losses.shape[0]) == k, loss, losses)

        # Not tf.range: XLA would compile anew for every other number of steps.
        start = (tf.constant(0), tf.zeros((inputs.shape[0],), inputs.dtype))
        _, losses = tf.while_loop(lambda k, _: k < steps, advance, start)
        weights = [v.value for v in self.student.variables]
        finite = [tf.reduce_all(tf.math.is_finite(weight)) for weight in weights]
        return losses, tf.reduce_all(finite)
