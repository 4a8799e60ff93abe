"""One student of a run on disk as instruments see it."""

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tfluck.experiment.experiment import Experiment
from tfluck.experiment.inputs import spectrum
from tfluck.instruments.instrument import Need
from tfluck.instruments.view import View
from tfluck.runs import tidy_rows
from tfluck.runs.correlations import Matrices, read_history, read_matrices
from tfluck.runs.kernels import Linear, read_linear
from tfluck.runs.weights import kept_weights

if TYPE_CHECKING:
    import keras

    from tfluck.analysis.comparing import Hidden
    from tfluck.instruments.loaded import LoadedRun

Array = NDArray[np.float64]
#: What is kept of the first and the last epoch only.
KEPT: frozenset[Need] = frozenset({"weights", "networks", "inputs"})


class RunView(View):
    """The student ``seed`` of a run at ``epoch``.

    Args:
        loaded: the run.
        seed: of the student.
        epoch: None is the newest evaluation; or the last epoch, where weights are needed.
        needs: what will be asked for; it is looked for now.

    Raises:
        BadInput: what is needed is not kept of that epoch, or there is no teacher.
        Damaged: a file that is needed is missing.
    """

    def __init__(
        self,
        loaded: "LoadedRun",
        seed: int,
        epoch: int | None = None,
        needs: frozenset[Need] = frozenset(),
    ) -> None:
        self.loaded, self.run, self.seed = loaded, loaded.run, seed
        self.tell = loaded.tell
        if needs & KEPT:
            self.epoch = kept_weights(self.run, seed, epoch).epoch
        elif epoch is None:
            self.epoch = read_matrices(self.run, seed).epoch
        else:
            self.epoch = epoch

    @property
    def images(self) -> bool:
        """Whether the networks look at their inputs as images."""
        return self.run.experiment.network.reads_images

    @cached_property
    def deviations(self) -> Array | None:
        """The standard deviation of every input; None if they are not Gaussian."""
        return deviations(self.run.experiment)

    @cached_property
    def matrices(self) -> Matrices:
        """ρ of every hidden layer and the live teacher nodes, as they were kept."""
        return read_matrices(self.run, self.seed, self.epoch)

    @cached_property
    def history(self) -> list[Matrices]:
        """The matrices kept up to this epoch; damaged ones are told and left out."""
        known = read_history(self.run, self.seed, self.tell)
        return [matrices for matrices in known if matrices.epoch <= self.epoch]

    @cached_property
    def first(self) -> Matrices | None:
        """The matrices before training."""
        return read_matrices(self.run, self.seed, 0) if self.epoch else self.matrices

    @cached_property
    def _linear(self) -> list[Linear]:
        path = kept_weights(self.run, self.seed, self.epoch).path
        sealed = self.run.layout.seed(self.seed).sealed
        return read_linear(path, self.run.experiment.graph("student"), sealed)

    @property
    def kernels(self) -> list[Array]:
        """The student's kernels, read without TensorFlow."""
        return [layer.kernel for layer in self._linear]

    @property
    def biases(self) -> list[Array]:
        """The student's biases, read without TensorFlow."""
        return [layer.bias for layer in self._linear]

    @cached_property
    def models(self) -> "tuple[keras.Model, keras.Model]":
        """Teacher and student as Keras models, without a training around them."""
        kept_weights(self.run, self.seed, self.epoch)
        return self.loaded.teacher(), self.loaded.student(self.seed, self.epoch)

    @cached_property
    def hidden(self) -> "tuple[Hidden, Hidden]":
        """What gives the hidden activations of teacher and student."""
        teacher, student = self.models
        from tfluck.networks.hidden import below_output

        return below_output(teacher), below_output(student)

    @property
    def batches(self) -> list[Any]:
        """The run's fixed evaluation set, cut as training cuts it."""
        return self.loaded.batches

    @property
    def has_networks(self) -> bool:
        """Whether the networks of this epoch are kept, or should be."""
        ends = (0, self.run.experiment.training.epochs)
        kept = self.run.layout.seed(self.seed).kept_epochs()
        return self.epoch in (*ends, *kept)

    def recorded(self, metric: str, layer: int | None) -> float | None:
        """Return a number that the training recorded at this epoch, None if it did not."""
        return self._recorded.get((metric, layer))

    @cached_property
    def _recorded(self) -> dict[tuple[str, int | None], float | None]:
        return {
            (row.metric, row.layer): row.value
            for student, row in tidy_rows(self.run)
            if student == self.seed and row.epoch == self.epoch
        }


def deviations(experiment: Experiment) -> Array | None:
    """Return the standard deviation of every input; None if they are not Gaussian."""
    data, size = experiment.data, int(np.prod(experiment.input_shape))
    if not getattr(data.source, "gaussian", False):
        return None
    return data.data_std * np.array(spectrum(data.covariance, size))
