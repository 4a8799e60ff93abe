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
from tfluck.instruments.view import View
from tfluck.runs import Row
from tfluck.runs.correlations import Matrices


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


def kept_precision(epoch: int, rho: Sequence[Any], live: Sequence[Any]) -> Matrices:
    """Return matrices as they will be read back from the run."""
    narrow = [np.asarray(matrix, np.float32).astype(np.float64) for matrix in rho]
    return Matrices(epoch, None, narrow, [np.asarray(mask, np.bool_) for mask in live])


def needs_history(instruments: Sequence[Instrument]) -> bool:
    """Tell whether the matrices of earlier evaluations are asked for."""
    return any("history" in instrument.needs for instrument in instruments)


def check_watchable(instruments: Sequence[Instrument], taught: bool) -> None:
    """Refuse to watch where there is no teacher to compare with.

    Raises:
        BadInput: the students learn labels.
    """
    if instruments and not taught:
        names = ", ".join(instrument.name for instrument in instruments)
        raise BadInput(
            f"A student that learns labels has no teacher: {names} see none."
        )
