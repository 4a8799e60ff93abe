"""What holds for every instrument, wherever it is used."""

import csv
import io
import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

import tfluck as library
from tfluck.foundations.errors import BadInput
from tfluck.foundations.tables import csv_text
from tfluck.instruments import INSTRUMENTS, find_instrument
from tfluck.instruments.loaded import load_run
from tfluck.instruments.watching import watched_rows
from tfluck.runs import Run, read_rows

Cli = Callable[..., Result]


def finite(value: Any) -> bool:
    if isinstance(value, dict):
        return all(finite(inner) for inner in value.values())
    if isinstance(value, list):
        return all(finite(inner) for inner in value)
    assert value is None or isinstance(value, str | int | float), type(value)
    return not isinstance(value, float) or math.isfinite(value)


def test_python_and_the_command_say_the_same(
    tfluck: Cli, watched: Run, name: str
) -> None:
    found = library.analyze(watched.layout.root, name)
    told = found.to_json()
    assert finite(told)
    assert told["run"] == str(watched.layout.root) and told["seed"] == 1
    printed = tfluck("analyze", name, watched.layout.root, "--json", "--quiet")
    assert printed.exit_code == 0, printed.stderr
    assert json.loads(printed.stdout) == told


def test_all_students_are_each_student_alone(watched: Run, name: str) -> None:
    loaded = load_run(watched)
    whole = library.analyze(loaded, name, all_seeds=True)
    alone = [library.analyze(loaded, name, seed=seed) for seed in watched.seeds]
    students = [
        {key: value for key, value in one.to_json().items() if key != "run"}
        for one in alone
    ]
    assert whole.to_json()["students"] == students
    assert whole.rows() == [row for one in alone for row in one.rows()]
    assert students[0] != students[1]
    arrays = whole.arrays()
    for seed, one in zip(watched.seeds, alone, strict=True):
        for key, array in one.arrays().items():
            assert (arrays[f"seed{seed}/{key}"] == array).all()


@pytest.mark.parametrize("seed", [1, 2])
def test_what_was_seen_in_training_is_read_back(
    watched: Run, name: str, seed: int
) -> None:
    """Before training and after it, where networks are kept, number by number."""
    rows = read_rows(watched.layout.seed(seed).metrics)
    instrument = find_instrument(name)
    for epoch in (0, watched.experiment.training.epochs):
        seen = [
            row
            for row in rows
            if row.metric.startswith(f"{name}/") and row.epoch == epoch
        ]
        view = load_run(watched).view(seed, epoch, instrument.needs)
        again = list(watched_rows([instrument], view))
        assert len(seen) > 2 and seen == again


def test_rows_are_a_table(watched: Run, name: str) -> None:
    """Rows of the same columns, as CSV and as a data frame."""
    found = library.analyze(watched, name, all_seeds=True)
    rows = found.rows()
    columns = list(rows[0])
    assert columns[:2] == ["seed", "epoch"] and "layer" in columns
    assert all(list(row) == columns for row in rows)
    read = list(csv.DictReader(io.StringIO(csv_text(rows))))
    assert len(read) == len(rows)
    for text, row in zip(read, rows, strict=True):
        for column, value in row.items():
            assert text[column] == ("" if value is None else str(value))
    assert list(found.table().columns) == columns
    assert {row["seed"] for row in rows} == {1, 2}


def test_every_instrument_has_a_picture(watched: Run, name: str) -> None:
    found = library.analyze(watched, name)
    figure = found.draw()
    assert "watched, student 1" in figure._suptitle.get_text()
    assert name in repr(found)


def test_what_an_instrument_does_not_take_is_a_sentence(
    watched: Run, name: str
) -> None:
    with pytest.raises(BadInput, match=f"{name} has no option 'nobody'"):
        library.analyze(watched, name, nobody=1)
    with pytest.raises(BadInput, match="no student of seed 9"):
        library.analyze(watched, name, seed=9)
    with pytest.raises(BadInput, match="not both"):
        library.analyze(watched, name, seed=1, all_seeds=True)
    if any(option.name == "samples" for option in INSTRUMENTS[name].options):
        for bad in (0, 2.5, True, "all"):
            with pytest.raises(BadInput, match="at least 1"):
                library.analyze(watched, name, samples=bad)


def test_names_are_looked_up_kindly(watched: Run) -> None:
    with pytest.raises(BadInput, match="modulation"):
        library.analyze(watched, "modulatoin")
    with pytest.raises(BadInput, match="No weights of epoch 1 are kept"):
        library.analyze(watched, "weights", epoch=1)
    with pytest.raises(BadInput, match="there are 0, 1, 2"):
        library.analyze(watched, "correlation", epoch=7)


def test_every_instrument_says_who_it_is() -> None:
    for name in INSTRUMENTS:
        instrument = find_instrument(name)
        assert instrument.name == name and instrument.help.endswith(".")
        assert find_instrument(instrument) is instrument


def test_the_winners_of_an_earlier_epoch(watched: Run) -> None:
    """Whoever leads at epoch 1 has rank 0 there, and nothing later is told."""
    found = library.analyze(watched, "rank", epoch=1).to_json()
    assert found["epochs"] == [0, 1]
    for layer in found["layers"]:
        assert layer["mean_rank"][1] == 0
    last = library.analyze(watched, "rank").to_json()
    assert last["epochs"] == [0, 1, 2]
