"""Stochastic gradient descent with momentum and weight decay in PyTorch's meaning."""

from typing import Any

import tensorflow as tf

Variables = list[tf.Variable]


class SGD:
    """g ← ∇ + decay·w, v ← momentum·v + g (v starts as g), w ← w − η·v.

    The rate η multiplies the velocity when it is used, so a change of η takes effect at
    once; Keras folds it into the velocity. Decay acts on every parameter, biases and
    BatchNorm's included.
    """

    def __init__(
        self, variables: list[Any], momentum: float = 0.0, weight_decay: float = 0.0
    ) -> None:
        """Hold ``variables`` (Keras variables) and, with momentum, their velocities."""
        self.variables: Variables = [variable.value for variable in variables]
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.velocities: Variables = [
            tf.Variable(tf.zeros_like(weight), trainable=False)
            for weight in self.variables
            if momentum
        ]

    def reset(self) -> None:
        """Forget the velocities."""
        for velocity in self.velocities:
            velocity.assign(tf.zeros_like(velocity))

    def apply(self, gradients: list[tf.Tensor], learning_rate: tf.Tensor) -> None:
        """Take one step along ``gradients``, one per variable, the lowest layer first."""
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
            # The gradient next below is computed after the last use of this weight. A
            # rate that waits for it tells XLA so, and XLA copies no weight.
            last_read = 0 * tf.reshape(gradients[max(index - 1, 0)], [-1])[0]
            weight.assign_sub((learning_rate + last_read) * direction)
