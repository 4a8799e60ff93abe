"""Stochastic gradient descent with momentum and weight decay in PyTorch's meaning."""

from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from tfluck.training.optimizers import Slot


class SGD:
    """g ← ∇ + decay·w, v ← momentum·v + g (v starts as g), w ← w − η·v.

    The rate η multiplies the velocity when it is used, so a change of η takes effect at
    once; Keras folds it into the velocity. Decay acts on every parameter, biases and
    BatchNorm's included.
    """

    def __init__(
        self, variables: list[Any], *, momentum: float = 0.0, weight_decay: float = 0.0
    ) -> None:
        """Hold ``variables`` (Keras variables) and, with momentum, their velocities."""
        self.variables: list[tf.Variable] = [variable.value for variable in variables]
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.velocities: list[tf.Variable] = [
            tf.Variable(tf.zeros_like(weight), trainable=False)
            for weight in self.variables
            if momentum
        ]

    def slots(self) -> list[Slot]:
        """Return ``velocity/0, …``; none without momentum."""
        return [(f"velocity/{i}", slot) for i, slot in enumerate(self.velocities)]

    def reset(self) -> None:
        """Forget the velocities."""
        for velocity in self.velocities:
            velocity.assign(tf.zeros_like(velocity))

    def directions(self, gradients: list[tf.Tensor]) -> Iterator[tf.Tensor]:
        """Yield the velocities; without momentum the gradients, decay added.

        Sums are made in one loop: TensorFlow's graph optimiser adds in another order, and
        to other last bits, what is created in another order.
        """
        for index, (weight, gradient) in enumerate(
            zip(self.variables, gradients, strict=True)
        ):
            direction = gradient
            if self.weight_decay:
                direction += self.weight_decay * weight
            if self.momentum:
                # From zero, the first velocity is the gradient itself, as in PyTorch.
                velocity = self.velocities[index]
                direction = velocity.assign(self.momentum * velocity + direction)
            yield direction
