"""Adam (Kingma and Ba, 2015, algorithm 1) with PyTorch's defaults and weight decay."""

from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from tfluck.foundations.errors import BadInput
from tfluck.training.optimizers import Slot


class Adam:
    """w ← w − η · m/(1−β₁ᵗ) / (√(s/(1−β₂ᵗ)) + ε) in step t = 1, 2, ….

    Before it, g ← ∇ + decay·w, m ← β₁m + (1−β₁)g and s ← β₂s + (1−β₂)g², from zero.
    Decay is added to the gradient, as in PyTorch's Adam, not taken off the weight, as
    in AdamW. The corrections 1−βᵗ are computed in float64: in float32, 1−0.999 is wrong
    in its fifth digit, and so would the first steps be.
    """

    def __init__(
        self,
        variables: list[Any],
        *,
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
    ) -> None:
        """Hold ``variables`` (Keras variables), and two moments of each.

        Raises:
            BadInput: momentum is asked for.
        """
        if momentum:
            raise BadInput(
                f"Adam has a momentum of its own, β₁ = {betas[0]}; leave out momentum "
                f"{momentum}, or use sgd."
            )
        self.variables: list[tf.Variable] = [variable.value for variable in variables]
        self.weight_decay = weight_decay
        self.betas = betas
        self.epsilon = epsilon
        self.count = tf.Variable(0.0, trainable=False, dtype=tf.float64)
        self.means, self.squares = (
            [tf.Variable(tf.zeros_like(w), trainable=False) for w in self.variables]
            for _ in betas
        )

    def slots(self) -> list[Slot]:
        """Return ``adam/count`` (of steps), ``adam/mean/0, …``, ``adam/square/0, …``."""
        named = {"mean": self.means, "square": self.squares}
        return [("adam/count", self.count)] + [
            (f"adam/{name}/{index}", slot)
            for name, found in named.items()
            for index, slot in enumerate(found)
        ]

    def reset(self) -> None:
        """Forget the moments and how many steps there were."""
        for _, slot in self.slots():
            slot.assign(tf.zeros_like(slot))

    def directions(self, gradients: list[tf.Tensor]) -> Iterator[tf.Tensor]:
        """Yield the corrected means over the roots of the corrected squares."""
        count = self.count.assign_add(1.0)
        first, second = (
            1 - tf.pow(tf.constant(beta, tf.float64), count) for beta in self.betas
        )
        slots = zip(self.variables, self.means, self.squares, strict=True)
        for gradient, (weight, mean, square) in zip(gradients, slots, strict=True):
            if self.weight_decay:
                gradient = gradient + self.weight_decay * weight
            m = mean.assign(_blend(self.betas[0], mean, gradient))
            s = square.assign(_blend(self.betas[1], square, tf.square(gradient)))
            m = m / tf.cast(first, m.dtype)
            root = tf.sqrt(s) / tf.cast(tf.sqrt(second), s.dtype)
            yield m / (root + self.epsilon)


def _blend(beta: float, old: tf.Tensor, new: tf.Tensor) -> tf.Tensor:
    """Return β·old + (1−β)·new."""
    return beta * old + (1 - beta) * new
