"""One training step, and K of them fused into one compiled call."""

from collections.abc import Callable

import keras
import tensorflow as tf

from tfluck.data.batches import Batches
from tfluck.networks import linear_layers, normalized
from tfluck.training.optimizer import SGD

LossFunction = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def mean_squared_error(target: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Average the squared difference over batch *and* outputs.

    Against paper 1's Eq. 1, ½ E‖·‖², gradients are 2/C times as large for C outputs.
    """
    return tf.reduce_mean(tf.math.squared_difference(target, logits))


def cross_entropy(target: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Average the cross-entropy against the teacher's most probable class."""
    labels = tf.argmax(target, axis=-1)
    return tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
    )


LOSSES: dict[str, LossFunction] = {
    "mse": mean_squared_error,
    "cross-entropy": cross_entropy,
}


class Program:
    """A student, its optimiser and its teacher, compiled into chunks of steps.

    Args:
        teacher: gives the targets, never changes; None where the data bring theirs.
        student: is trained; BatchNorm in training mode.
        optimizer: over the student's trainable variables.
        loss: of (target, logits).
        normalize: bring the student's rows back to norm 1 after every step.
        jit: compile with XLA.
    """

    def __init__(
        self,
        teacher: keras.Model | None,
        student: keras.Model,
        optimizer: SGD,
        loss: LossFunction = mean_squared_error,
        *,
        normalize: bool = False,
        jit: bool = False,
    ) -> None:
        self.teacher = teacher
        self.student = student
        self.optimizer = optimizer
        self.loss = loss
        self.normalize = normalize
        self.run = tf.function(self._run, jit_compile=jit, autograph=False)

    def step(
        self, x: tf.Tensor, target: tf.Tensor, learning_rate: tf.Tensor
    ) -> tf.Tensor:
        """Train on one batch and return its loss, taken before the update."""
        with tf.GradientTape() as tape:
            loss = self.loss(target, self.student(x, training=True)[-1])
        gradients = tape.gradient(loss, self.optimizer.variables)
        self.optimizer.apply(gradients, learning_rate)
        if self.normalize:
            for layer in linear_layers(self.student):
                kernel, bias = normalized(layer.kernel.value, layer.bias.value)
                layer.kernel.assign(kernel)
                layer.bias.assign(bias)
        return loss

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
            return k + 1, tf.tensor_scatter_nd_update(losses, [[k]], [loss])

        # Not tf.range: XLA would compile anew for every other number of steps.
        start = (tf.constant(0), tf.zeros((inputs.shape[0],), inputs.dtype))
        _, losses = tf.while_loop(lambda k, _: k < steps, advance, start)
        weights = [v.value for v in self.student.variables]
        finite = [tf.reduce_all(tf.math.is_finite(weight)) for weight in weights]
        return losses, tf.reduce_all(finite)
