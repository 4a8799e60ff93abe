"""Every instrument works on every kind of run, and tells the same things of each."""

from typing import Any

import numpy as np
import pytest
from laws.specimens import SPECIMENS

import tfluck
from tfluck.foundations.errors import BadInput
from tfluck.instruments import find_instrument
from tfluck.instruments.loaded import load_run
from tfluck.instruments.watching import watched_rows
from tfluck.runs import read_rows

TAUGHT = [name for name, given in SPECIMENS.items() if given.get("targets") is None]
#: The columns of an instrument's rows, from the first specimen that was looked at.
COLUMNS: dict[str, list[str]] = {}
OURS = ("correlation", "rank", "modulation", "overlap", "weights")


def keep_teacher(specimen: Any) -> None:
    """Write the teacher, as the sweep does before students train."""
    from tfluck.training.teachers import keep_teacher

    if specimen.kernel.teacher is not None:
        keep_teacher(specimen.run, specimen.kernel.teacher)


@pytest.mark.costly
@pytest.mark.specimens(*TAUGHT)
def test_every_instrument_looks_at_every_run(specimen: Any) -> None:
    keep_teacher(specimen)
    loaded = load_run(specimen.run)
    for name in OURS:
        found = tfluck.analyze(loaded, name)
        rows = found.rows()
        assert rows, name
        for row in rows:
            assert list(row) == COLUMNS.setdefault(name, list(row)), name
            numbers = [v for v in row.values() if isinstance(v, float)]
            assert np.isfinite(numbers).all(), name
        layers = {row["layer"] for row in rows}
        assert layers == set(loaded.layers), name
        assert found.draw() is not None


@pytest.mark.specimens(*(n for n in TAUGHT if "watch" in SPECIMENS[n]))
def test_what_a_training_saw_is_seen_again(specimen: Any) -> None:
    """Here not every epoch is evaluated, and rows go back in time."""
    keep_teacher(specimen)
    epoch = specimen.run.experiment.training.epochs
    seed = specimen.run.seeds[-1]
    recorded = read_rows(specimen.run.layout.seed(seed).metrics)
    for name in specimen.run.experiment.watch.watch:
        instrument = find_instrument(name)
        view = load_run(specimen.run).view(seed, epoch, instrument.needs)
        seen = [
            row
            for row in recorded
            if row.epoch == epoch and row.metric.startswith(f"{name}/")
        ]
        assert seen and seen == list(watched_rows([instrument], view))


@pytest.mark.specimens("labels-dense")
def test_what_has_no_teacher_is_refused_in_a_sentence(specimen: Any) -> None:
    for name in ("modulation", "overlap", "weights"):
        with pytest.raises(BadInput, match="has no teacher"):
            tfluck.analyze(specimen.run, name)
    with pytest.raises(BadInput, match="no correlation matrices"):
        tfluck.analyze(specimen.run, "rank")
