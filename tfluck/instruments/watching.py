"""Instruments while a training goes on: their numbers beside its own.

What is seen goes into the run's rows as ``NAME/metric``, so that the table, its CSV,
TensorBoard and resuming treat it like every other number. Matrices are looked at in the
precision in which they are kept, so a finished run gives the same numbers again.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from tfluck.foundations.errors import BadInput
from tfluck.instruments import find_instrument
from tfluck.instruments.instrument import Instrument
from tfluck.instruments.view import Tell, View, silent
from tfluck.runs import Row, Run
from tfluck.runs.correlations import Matrices, read_history


def chosen_instruments(names: Sequence[str | Instrument]) -> tuple[Instrument, ...]:
    """Return the instruments of these names, each once.

    Raises:
        BadInput: there is no such instrument.
    """
    return tuple({i.name: i for i in map(find_instrument, names)}.values())


def watched_rows(instruments: Sequence[Instrument], view: View) -> Iterator[Row]:
    """Yield what the instruments see, with their default options, as rows of a run."""
    for instrument in instruments:
        result = instrument.compute(view, **instrument.chosen({}))
        for layer, metric, value in result.numbers():
            yield Row(view.epoch, "eval", layer, f"{instrument.name}/{metric}", value)


class Watch:
    """The instruments that look at one student of a run whenever it is evaluated.

    Args:
        run: whose rows the numbers go into.
        seed: of the student.
        names: of the instruments, or instruments.
        tell: hears of what is damaged, and what instruments say.

    Raises:
        BadInput: there is no such instrument, or the students have no teacher.
    """

    def __init__(
        self,
        run: Run,
        seed: int,
        names: Sequence[str | Instrument],
        tell: Tell = silent,
    ) -> None:
        self.run, self.seed, self.tell = run, seed, tell
        self.instruments = chosen_instruments(names)
        if self.instruments and run.experiment.training.targets == "labels":
            known = ", ".join(instrument.name for instrument in self.instruments)
            raise BadInput(
                f"{run.name} has no teacher, without which nothing can be watched by "
                f"{known}."
            )
        self._before: list[Matrices] | None = None

    def rows(
        self,
        epoch: int,
        networks: tuple[Any, Any],
        batches: list[Any],
        found: Any,
        rows: Sequence[Row],
    ) -> list[Row]:
        """Return what the instruments see of one evaluation.

        Args:
            epoch: 0 is before training.
            networks: teacher and student, Keras models of ours.
            batches: the evaluation set, as tensors.
            found: has the evaluation's ``correlations`` and ``live``.
            rows: what was recorded of it already.
        """
        if not self.instruments:
            return []
        from tfluck.instruments.live_view import view_of_ours
        from tfluck.instruments.run_view import deviations

        matrices = _as_kept(epoch, found.correlations, found.live)
        before = self._known(epoch)
        view = view_of_ours(
            *networks,
            batches,
            epoch=epoch,
            seed=self.seed,
            matrices=matrices,
            history=before,
            recorded={(row.metric, row.layer): row.value for row in rows},
            deviations=deviations(self.run.experiment),
            tell=self.tell,
        )
        seen = list(watched_rows(self.instruments, view))
        if self._asks_for_history:
            before.append(matrices)
        return seen

    @property
    def _asks_for_history(self) -> bool:
        return any("history" in instrument.needs for instrument in self.instruments)

    def _known(self, epoch: int) -> list[Matrices]:
        """Return the matrices before ``epoch``, of a resumed training those on disk."""
        if self._before is None:
            kept = []
            if self._asks_for_history:
                kept = read_history(self.run, self.seed, self.tell)
            self._before = [matrices for matrices in kept if matrices.epoch < epoch]
        return self._before


def _as_kept(epoch: int, rho: Sequence[Any], live: Sequence[Any]) -> Matrices:
    """Return matrices as they will be read back from the run."""
    narrow = [np.asarray(matrix, np.float32).astype(np.float64) for matrix in rho]
    return Matrices(epoch, None, narrow, [np.asarray(mask, np.bool_) for mask in live])
