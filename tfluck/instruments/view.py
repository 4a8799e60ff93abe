"""What instruments see: one student at one epoch beside its teacher.

A view is of a run on disk (:mod:`~tfluck.instruments.run_view`) or of two networks in
memory (:mod:`~tfluck.instruments.live_view`). Everything is read or computed when it is
first asked for, so that what needs only matrices never loads a network.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import keras
    import numpy as np
    from numpy.typing import NDArray

    from tfluck.analysis.comparing import Compared, Hidden
    from tfluck.analysis.relu_net import ReluNet
    from tfluck.runs.correlations import Matrices

    Array = NDArray[np.float64]

#: Hears a sentence about what goes on.
Tell = Callable[[str], None]


def silent(sentence: str) -> None:
    """Tell nobody."""


class View(ABC):
    """One student at one epoch.

    Attributes:
        seed: of the student.
        epoch: 0 is before training.
        tell: hears what should be said meanwhile.
    """

    seed: int
    epoch: int
    tell: Tell

    @property
    @abstractmethod
    def matrices(self) -> "Matrices":
        """ρ of every hidden layer, ``[m, n]``, and the live teacher nodes, ``[m]``."""

    @property
    @abstractmethod
    def history(self) -> "Sequence[Matrices]":
        """The matrices of every evaluation up to this one, in order."""

    @property
    @abstractmethod
    def first(self) -> "Matrices | None":
        """The matrices before training; None if nobody looked."""

    @property
    @abstractmethod
    def kernels(self) -> "list[Array]":
        """The student's kernels as they are, the lowest first, the output's last."""

    @property
    @abstractmethod
    def biases(self) -> "list[Array]":
        """The student's biases, in the same order."""

    @property
    @abstractmethod
    def models(self) -> "tuple[keras.Model, keras.Model]":
        """Teacher and student as Keras models."""

    @property
    @abstractmethod
    def hidden(self) -> "tuple[Hidden, Hidden]":
        """What gives the hidden activations of teacher and student."""

    @property
    @abstractmethod
    def batches(self) -> list[Any]:
        """The inputs on which both are evaluated, cut into tensors."""

    @property
    @abstractmethod
    def images(self) -> bool:
        """Whether the networks look at their inputs as images."""

    @property
    @abstractmethod
    def deviations(self) -> "Array | None":
        """The standard deviation of every input; None if they are not Gaussian."""

    @property
    def has_networks(self) -> bool:
        """Whether the networks of this epoch are kept."""
        return True

    def recorded(self, metric: str, layer: int | None) -> float | None:
        """Return a number that the training recorded at this epoch, None if it did not."""
        return None

    def inputs(self, samples: int | None = None) -> "Array":
        """Return the first ``samples`` inputs, or all, float64."""
        import numpy as np

        taken: list[Array] = []
        for batch in self.batches:
            missing = None if samples is None else samples - sum(map(len, taken))
            if missing == 0:
                break
            taken.append(np.asarray(batch[:missing], np.float64))
        return np.concatenate(taken)

    def relu_nets(self, ignore_batch_norm: bool = False) -> "tuple[ReluNet, ReluNet]":
        """Return student and teacher as bare arrays, BatchNorm folded.

        Raises:
            BadInput: a network is no ReLU network.
        """
        teacher, student = self.models
        # Networks first: they start TensorFlow as it should be started.
        from tfluck.networks.folding import relu_net

        return (
            relu_net(student, ignore_batch_norm=ignore_batch_norm),
            relu_net(teacher, ignore_batch_norm=ignore_batch_norm),
        )

    @cached_property
    def compared(self) -> "list[Compared]":
        """ρ, live teacher nodes and linear CKA of each hidden layer, computed anew."""
        from tfluck.analysis.comparing import compare_layers

        return compare_layers(*self.hidden, self.batches)
