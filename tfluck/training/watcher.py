"""Watch the nodes of any Keras student while ``model.fit`` trains it."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import ArrayLike

from tfluck.analysis.comparing import Hidden
from tfluck.analysis.correlation import Array
from tfluck.analysis.matching import LayerMatch, layer_match
from tfluck.foundations.errors import BadInput
from tfluck.instruments import Instrument
from tfluck.instruments.live_view import LiveView
from tfluck.instruments.watching import chosen_instruments, watched_rows
from tfluck.networks.hidden import batched, hidden_function
from tfluck.runs import Row
from tfluck.runs.correlations import Matrices
from tfluck.training.metrics import rank_rows
from tfluck.zoo.brought import check_inputs, hidden_layers


class NodeWatcher(keras.callbacks.Callback):
    """Correlate the student's hidden nodes with a teacher's after every epoch.

    ``model.fit(…, callbacks=[watcher := tfluck.NodeWatcher(teacher, x_val)])`` gives
    the numbers of ``tfluck train``: epoch 0 is before training; layers pair up from
    the lowest; activations are taken in inference mode; the winners' ranks come when
    training ends.

    Args:
        teacher: a built functional or sequential Keras model.
        x_val: inputs, ``[samples, …]``, at least two.
        layers: the student's layers to watch, by name; by default what BatchNorm and
            activation make of every Dense or Conv layer but the last.
        teacher_layers: the teacher's.
        batch_size: samples looked at in one piece.
        instruments: names, as ``tfluck analyze`` lists them, or instruments; what they
            see is added to ``rows`` as ``NAME/metric``. Some need more than hidden
            activations: ``modulation`` and ``overlap`` a ReLU network.

    Attributes:
        rows: tidy numbers ``(epoch, split, layer, metric, value)``; metrics are called
            as in a run's table.
        matches: per epoch, a :class:`~tfluck.analysis.matching.LayerMatch` a layer.
        correlations: per epoch, ρ of every layer, float64 ``[m, n]``.

    Raises:
        BadInput: the layers do not pair up, or there are fewer than two samples.
    """

    def __init__(
        self,
        teacher: keras.Model,
        x_val: ArrayLike,
        *,
        layers: Sequence[str] = (),
        teacher_layers: Sequence[str] = (),
        batch_size: int = 256,
        instruments: Sequence[str | Instrument] = (),
    ) -> None:
        super().__init__()
        data = np.asarray(x_val)
        if len(data) < 2:
            raise BadInput(f"x_val needs at least two samples, not {len(data)}.")
        self.names = tuple(layers)
        self.shape = data.shape[1:]
        self.batches = batched(data, batch_size)
        self.instruments = chosen_instruments(instruments)
        self.teacher_model = teacher
        self.teacher = self._watched(teacher, teacher_layers)
        self._forget()

    def _watched(self, model: keras.Model, names: Sequence[str]) -> Hidden:
        hidden = hidden_layers(model, names)
        check_inputs(hidden, self.shape)
        return hidden_function(hidden)

    def _forget(self) -> None:
        self.rows: list[Row] = []
        self.matches: dict[int, list[LayerMatch]] = {}
        self.correlations: dict[int, list[Array]] = {}
        self._history: list[Matrices] = []

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Look at the student as it is before training."""
        self._forget()
        self.student = self._watched(self.model, self.names)
        self._look(0)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Look at the student after ``epoch``, which Keras counts from 0."""
        self._look(epoch + 1)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Rank the final winners at every epoch."""
        epochs = sorted(self.correlations)
        history = [self.correlations[epoch] for epoch in epochs]
        self.rows += rank_rows(epochs, history, self.live)

    def _look(self, epoch: int) -> None:
        view = LiveView(
            (self.teacher_model, self.model),
            (self.teacher, self.student),
            self.batches,
            epoch=epoch,
            history=self._history,
        )
        found = view.matrices
        self.live, self.correlations[epoch] = found.live, found.rho
        layers = enumerate(zip(found.rho, found.live, strict=True))
        self.matches[epoch] = [layer_match(at, *layer) for at, layer in layers]
        for match in self.matches[epoch]:
            self.rows += [
                Row(epoch, "eval", match.layer, metric, value)
                for metric, value in _values(match).items()
            ]
        self.rows += watched_rows(self.instruments, view)
        self._history.append(found)


def _values(match: LayerMatch) -> dict[str, float | None]:
    row = match.to_row()
    drop = {"layer", "teacher_nodes", "student_nodes", "covered", "cka"}
    numbers = {name: value for name, value in row.items() if name not in drop}
    return numbers | {f"covered_{k}_live": v for k, v in match.covered.items()}
