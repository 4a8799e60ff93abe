"""Readers of a run's files: who stops the work, who is passed over, who is told."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from runs.conftest import MakeFinished, rows_of

from tfluck.foundations.errors import BadInput, Damaged, TooNew
from tfluck.runs import Journal
from tfluck.runs.correlations import read_history, read_matrices, write_matrices
from tfluck.runs.layout import RunLayout
from tfluck.runs.records import EMPTY, write_rows
from tfluck.runs.seal import read_arrays, write_arrays, write_object
from tfluck.runs.store import KINDS, format_of, read, read_journal

STOPPING = {
    *(
        "manifest",
        "config",
        "students",
        "teacher",
        "recipe",
        "metrics",
        "ranks",
        "weights",
    ),
}


def test_what_stops_the_work_and_what_does_not() -> None:
    assert {name for name, kind in KINDS.items() if kind.stops} == STOPPING
    assert set(KINDS) - STOPPING == {"checkpoint", "matrix", "status"}
    for kind in KINDS.values():
        assert kind.advice.endswith(".")


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_damage_is_told_or_stops_and_the_sentence_ends_in_advice(
    kind: str, tmp_path: Path
) -> None:
    path, told = tmp_path / "file", list[str]()
    path.write_bytes(b"what nobody wrote\n")
    advice = KINDS[kind].advice
    if KINDS[kind].stops:
        with pytest.raises(Damaged) as caught:
            read(kind, path, True, told.append)
        assert str(caught.value).startswith(f"{path} ")
        assert str(caught.value).endswith(f". {advice}") and not told
        return
    assert read(kind, path, True, told.append) is None
    (sentence,) = told
    assert sentence.startswith(f"{path} ") and sentence.endswith(f". {advice}")
    with pytest.raises(Damaged) as caught:
        read(kind, path)
    assert caught.value.path == path and advice not in str(caught.value)


@pytest.mark.parametrize("kind", ["manifest", "config", "students", "recipe", "status"])
def test_objects_need_their_seal_unless_none_is_promised(
    kind: str, tmp_path: Path
) -> None:
    path = tmp_path / "x.json"
    write_object(path, {"a": 1})
    assert read(kind, path) == {"a": 1}
    path.write_text('{"a": 2}')
    assert read(kind, path, False) == read(kind, path, None) == {"a": 2}
    with pytest.raises(Damaged, match="has lost its seal"):
        read(kind, path)


@pytest.mark.parametrize(
    "text", ["{}", '{"format_version": 0}', '{"format_version": -1}',
             '{"format_version": "2"}', '{"format_version": 2.0}',
             '{"format_version": true}', '{"format_version": null}'],
)  # fmt: skip
def test_a_format_is_a_whole_number_from_1(text: str, tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(text)
    with pytest.raises(Damaged, match=r"it says no format\. Put back a copy"):
        format_of("manifest", path, 2)


def test_a_format_above_ours_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    for written in (1, 2, 3):
        path.write_text(
            json.dumps({"format_version": written, "seal": "of a newer kind"})
        )
        assert format_of("manifest", path, 3) == written
    with pytest.raises(
        TooNew, match="has format 3, and this tfluck reads up to 2; update"
    ):
        format_of("manifest", path, 2)


def test_rows_up_to_the_head_must_be_there(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    head = write_rows(path, rows_of(0))
    assert read_journal("metrics", path, True, head).rows == rows_of(0)
    Journal(path).append(rows_of(1))
    assert len(read_journal("metrics", path, True, head).rows) == 6
    write_rows(path, rows_of(0)[:2])
    with pytest.raises(
        Damaged, match=r"has lost rows at its end\. Nothing was deleted"
    ):
        read_journal("metrics", path, True, head)
    with pytest.raises(Damaged, match="`tfluck resume` works them out again"):
        read_journal("ranks", path, True, head)
    assert len(read_journal("ranks", path, True, EMPTY).rows) == 2


def test_matrices_come_back_in_single_precision(finished: MakeFinished) -> None:
    run = finished()
    layout, draw = run.layout.seed(1), np.random.default_rng(0)
    rho = [draw.uniform(-1, 1, size=shape) for shape in ((2, 4), (3, 6))]
    live = [np.array([True, False]), np.array([False, True, True])]
    write_matrices(layout, 7, rho, live)
    found = read_matrices(run, 1, 7)
    assert (found.epoch, found.path) == (7, layout.correlation(7))
    for ours, theirs in zip(found.rho, rho, strict=True):
        assert ours.dtype == np.float64
        np.testing.assert_array_equal(ours, theirs.astype(np.float32))
    for one, other in zip(found.live, live, strict=True):
        assert one.dtype == bool and one.tolist() == other.tolist()
    assert read_matrices(run, 1).epoch == 7, "the newest"
    assert [one.epoch for one in read_history(run, 1, pytest.fail)] == [0, 1, 2, 7]


def test_evaluations_that_are_not_there(finished: MakeFinished) -> None:
    run = finished()
    with pytest.raises(BadInput, match="No evaluation at epoch 9; there are 0, 1, 2"):
        read_matrices(run, 1, 9)
    for epoch in range(3):
        run.layout.seed(1).correlation(epoch).unlink()
    with pytest.raises(BadInput, match="has no correlation matrices yet"):
        read_matrices(run, 1)
    assert read_history(run, 1, pytest.fail) == []


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no layer": ({"layer1": None}, "lacks layer 1"),
    "no live nodes": ({"live0": None}, "lacks layer 0"),
    "transposed": (
        {"layer0": np.zeros((4, 2), "f4")},
        r"float32 of shape \(4, 2\) for layer 0",
    ),
    "whole": ({"layer1": np.zeros((3, 6), int)}, r"whose correlations are \(3, 6\)"),
    "complex": ({"layer0": np.zeros((2, 4), complex)}, "complex128 of shape"),
    "fewer live": ({"live1": np.ones(2, bool)}, "for layer 1"),
    "nan": ({"layer0": np.full((2, 4), np.nan)}, "layer 0 that are no numbers"),
    "infinite": ({"layer1": np.full((3, 6), np.inf)}, "layer 1 that are no numbers"),
}


@pytest.mark.parametrize("name", WRONG)
def test_matrices_are_those_of_the_runs_networks(
    finished: MakeFinished, name: str
) -> None:
    change, words = WRONG[name]
    run = finished()
    path = run.layout.seed(1).correlation(1)
    arrays = {
        key: value
        for key, value in (read_arrays(path) | change).items()
        if value is not None
    }
    write_arrays(path, arrays)
    with pytest.raises(Damaged, match=words) as caught:
        read_matrices(run, 1, 1)
    assert caught.value.path == path
    told: list[str] = []
    assert [one.epoch for one in read_history(run, 1, told.append)] == [0, 2]
    assert len(told) == 1 and told[0].endswith("Its epoch is left out of the ranks.")


def test_numbers_of_files_are_read_back_from_their_names(tmp_path: Path) -> None:
    seed = RunLayout(tmp_path).seed(3)
    seed.checkpoints.mkdir(parents=True)
    for name in ("step-0000000012.npz", "step-12345678901.npz", "step-12.npz",
                 "step-0000000013.npz.tmp", "xstep-0000000014.npz",
                 "step-00000000000000000099.npz"):  # fmt: skip
        (seed.checkpoints / name).touch()
    assert seed.checkpoint_steps() == [12, 12345678901]
