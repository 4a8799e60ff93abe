"""Two networks in memory as instruments see them: while they train, or side by side."""

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tfluck.analysis.comparing import Hidden, compare_layers
from tfluck.analysis.relu_net import ReluNet
from tfluck.foundations.errors import BadInput
from tfluck.instruments.view import Tell, View, silent
from tfluck.networks import linear_layers
from tfluck.networks.hidden import batched, below_output, hidden_function
from tfluck.runs.correlations import Matrices
from tfluck.zoo.brought import check_inputs, hidden_layers

Array = NDArray[np.float64]
#: Inputs in one piece.
PIECE = 256


class LiveView(View):
    """A teacher and a student at some epoch of a training, or of none.

    Args:
        models: teacher and student.
        hidden: what gives their hidden activations.
        batches: inputs as tensors, which are cut as they shall be looked at.
        epoch: 0 is before training.
        seed: of the student.
        matrices: their correlations, if they are known already.
        history: the matrices of the evaluations before.
        recorded: (metric, layer) → number of this epoch.
        deviations: of every input, if they are Gaussian.
        tell: hears what goes on.
    """

    def __init__(
        self,
        models: tuple[keras.Model, keras.Model],
        hidden: tuple[Hidden, Hidden],
        batches: list[Any],
        *,
        epoch: int = 0,
        seed: int = 0,
        matrices: Matrices | None = None,
        history: Sequence[Matrices] = (),
        recorded: Mapping[tuple[str, int | None], float | None] | None = None,
        deviations: Array | None = None,
        tell: Tell = silent,
    ) -> None:
        self._models, self._hidden, self._batches = models, hidden, batches
        self.epoch, self.seed, self.tell = epoch, seed, tell
        self._matrices, self._before = matrices, list(history)
        self._recorded, self._deviations = recorded or {}, deviations

    @property
    def matrices(self) -> Matrices:
        """The correlations that were given, or computed over the inputs."""
        if self._matrices is None:
            known = self.__dict__.get("compared")
            found = known or compare_layers(*self._hidden, self._batches, cka=False)
            rho, live = [layer.rho for layer in found], [layer.live for layer in found]
            self._matrices = Matrices(self.epoch, None, rho, live)
        return self._matrices

    @property
    def history(self) -> list[Matrices]:
        """The matrices up to now."""
        return [*self._before, self.matrices]

    @property
    def first(self) -> Matrices | None:
        """The matrices before training."""
        known = self._before[0] if self._before else self.matrices
        return known if known.epoch == 0 else None

    def relu_nets(self, ignore_batch_norm: bool = False) -> tuple[ReluNet, ReluNet]:
        """Return student and teacher as bare arrays, BatchNorm folded.

        Raises:
            BadInput: one is no ReLU network, or not all its hidden layers are watched.
        """
        nets = super().relu_nets(ignore_batch_norm)
        for net in nets:
            self._check_depth(len(net.layers))
        return nets

    def _check_depth(self, linear: int) -> None:
        watched = len(self.matrices.rho)
        if linear != watched + 1:
            raise BadInput(
                f"A network has {linear - 1} hidden layers and {watched} are watched; "
                "weights, modulation and overlap take all of them."
            )

    @property
    def kernels(self) -> list[Array]:
        """The student's kernels, float64.

        Raises:
            BadInput: not all its hidden layers are watched.
        """
        layers = linear_layers(self._models[1])
        self._check_depth(len(layers))
        return [_array(layer.kernel) for layer in layers]

    @property
    def biases(self) -> list[Array]:
        """The student's biases, float64; 0 where a layer has none."""
        return [
            _array(layer.bias) if layer.use_bias else np.zeros(layer.kernel.shape[-1])
            for layer in linear_layers(self._models[1])
        ]

    @property
    def models(self) -> tuple[keras.Model, keras.Model]:
        """Teacher and student."""
        return self._models

    @property
    def hidden(self) -> tuple[Hidden, Hidden]:
        """What gives their hidden activations."""
        return self._hidden

    @property
    def batches(self) -> list[Any]:
        """The inputs."""
        return self._batches

    @property
    def images(self) -> bool:
        """Whether a sample is an image, with channels."""
        return len(self._batches[0].shape) > 2

    @property
    def deviations(self) -> Array | None:
        """The standard deviation of every input, if that was said."""
        return self._deviations

    def recorded(self, metric: str, layer: int | None) -> float | None:
        """Return a number of this epoch that was given."""
        return self._recorded.get((metric, layer))


def _array(variable: Any) -> Array:
    return np.asarray(variable.numpy(), np.float64)


def view_of(
    teacher: keras.Model,
    student: keras.Model,
    x: NDArray[Any],
    teacher_layers: Sequence[str] = (),
    student_layers: Sequence[str] = (),
) -> tuple[LiveView, list[tuple[str, str]]]:
    """Look at any two Keras models on inputs ``x``; layers pair up from the lowest.

    Args:
        teacher, student: functional or sequential, built.
        x: ``[samples, …]``.
        teacher_layers, student_layers: by name; by default what follows each Dense or
            Conv layer but the last.

    Returns:
        The view, and the names of the layers that are paired.

    Raises:
        BadInput: a model has no such layers, or takes other inputs.
    """
    watched = (
        hidden_layers(teacher, teacher_layers),
        hidden_layers(student, student_layers),
    )
    for model in watched:
        check_inputs(model, x.shape[1:])
    names = zip(*(model.output_names for model in watched), strict=False)
    one, other = map(hidden_function, watched)
    view = LiveView((teacher, student), (one, other), batched(x, PIECE))
    return view, list(names)


def view_of_ours(
    teacher: keras.Model, student: keras.Model, batches: list[Any], **more: Any
) -> LiveView:
    """Look at two networks that tfluck built, whose outputs are all activations."""
    return LiveView(
        (teacher, student),
        (below_output(teacher), below_output(student)),
        batches,
        **more,
    )
