"""Optimisers: which way the weights go.

An optimiser turns gradients into directions; the step takes them,
``w ← w − η·direction``, because how a weight is updated without being copied is the
compiler's affair and the same for all. A new one is a file with one class, and a line in
:data:`tfluck.experiment.choices.OPTIMIZERS` (or a plugin that calls its ``register``).
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import tensorflow as tf

#: A piece of an optimiser's memory, by the name it has in checkpoints.
Slot = tuple[str, "tf.Variable"]


class Optimizer(Protocol):
    """What a class in :data:`~tfluck.experiment.choices.OPTIMIZERS` makes.

    Attributes:
        variables: what it moves, the lowest layer first.
    """

    variables: "list[tf.Variable]"

    def __init__(
        self, variables: list[Any], *, momentum: float, weight_decay: float
    ) -> None:
        """Hold ``variables`` (Keras variables) and make the slots.

        Raises:
            BadInput: it has no use for one of the settings.
        """

    def slots(self) -> list[Slot]:
        """Return its memory: floating-point variables, by names that stay.

        Checkpoints carry them, so a training that goes on is the one that stopped.
        """

    def reset(self) -> None:
        """Forget: make every slot what it was before the first step."""

    def directions(self, gradients: "list[tf.Tensor]") -> "Iterable[tf.Tensor]":
        """Take note of one step's ``gradients`` and give its directions.

        Both are one a variable, in their order and of their shapes. It is traced into
        the compiled step: TensorFlow operations only, no Python state that moves.
        """
