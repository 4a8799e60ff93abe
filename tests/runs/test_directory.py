"""Names of runs: which run answers to which, and what is told when none does."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import make
from runs.conftest import SMALL, MakeFinished, finish

from tfluck.experiment.scales import configure
from tfluck.foundations.errors import BadInput, Damaged
from tfluck.runs import Run, csv_text, find_or_create, list_runs, summarize
from tfluck.runs.directory import (
    find_run,
    find_to_remove,
    made_name,
    resolve_run,
)
from tfluck.runs.seal import read_object, write_object
from tfluck.runs.table import COLUMNS, save_csv
from tfluck.runs.warnings import warnings
from tfluck.runs.weights import kept_weights


def config(**given: Any) -> Any:
    return configure(**SMALL | given)[0]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, std in (("alpha", 0.1), ("alphabet", 0.2), ("beta", 0.3)):
        find_or_create(tmp_path / "runs", config(data_std=std), name)
    return tmp_path / "runs"


def test_a_whole_name_a_beginning_and_a_path_name_a_run(root: Path) -> None:
    assert resolve_run(root, "alpha").name == "alpha", "whole before beginning"
    assert resolve_run(root, "alphab").name == "alphabet"
    assert resolve_run(root, "b").name == "beta"
    assert resolve_run(root / "elsewhere", str(root / "beta")).name == "beta"
    assert find_to_remove(root, "alpha") == root / "alpha"
    assert find_to_remove(Path("nowhere"), str(root / "beta")) == root / "beta"


@pytest.mark.parametrize(
    ("name", "hint"),
    [("al", "Did you mean alpha or alphabet?"), ("betta", "Did you mean beta?"),
     ("xyzzy", ""), ("", "")],
)  # fmt: skip
def test_a_name_that_names_none_or_two(root: Path, name: str, hint: str) -> None:
    with pytest.raises(BadInput) as caught:
        resolve_run(root, name)
    said = str(caught.value)
    assert said.startswith(f"No run {name!r} in {root}.") and said.endswith(hint or ".")
    assert ("Did you mean" in said) == bool(hint)


@pytest.mark.parametrize("name", ["b", "bet", "alph", "", ".", "..", "/"])
def test_a_beginning_is_never_removed(root: Path, name: str) -> None:
    with pytest.raises(BadInput, match="Only a whole name is removed"):
        find_to_remove(root, name)


def test_an_empty_name_is_no_run_even_where_one_stands(root: Path) -> None:
    """root/"" is root itself, which may be a run somebody points --out at."""
    with pytest.raises(BadInput, match="No run ''"):
        find_to_remove(root / "beta", "")
    with pytest.raises(BadInput, match=r"No run '\.\.'"):
        resolve_run(root / "beta" / "below", "..")


@pytest.mark.parametrize(
    "name", ["a/b", ".hidden", "a\nb", "x" * 201, "é" * 101, "", "..", "a\x1b[1m"]
)
def test_names_that_are_no_plain_folders(tmp_path: Path, name: str) -> None:
    for look in (find_run, find_or_create):
        with pytest.raises(BadInput, match="at most 200 bytes long"):
            look(tmp_path, config(), name)
    assert not list(tmp_path.iterdir())


def test_the_longest_name_there_is(tmp_path: Path) -> None:
    for name in ("x" * 200, "é" * 100):
        assert find_or_create(tmp_path, config(), name).name == name


def test_a_run_is_found_by_its_settings_whatever_it_is_called(root: Path) -> None:
    found = find_run(root, config(data_std=0.2))
    assert found is not None and found.name == "alphabet"
    assert find_run(root, config(data_std=0.25)) is None
    assert find_or_create(root, config(data_std=0.2)).name == "alphabet"
    other = config(data_std=0.25)
    made = find_or_create(root, other)
    assert made.name == made_name(other) == f"gaus-fc-{other.digest()}"
    with pytest.raises(BadInput, match="holds a run with other settings"):
        find_or_create(root, config(data_std=0.25), "beta")


def test_of_two_runs_of_the_same_settings_the_made_name_wins(tmp_path: Path) -> None:
    made = find_or_create(tmp_path, config())
    find_or_create(tmp_path, config(), "aaa")
    assert find_run(tmp_path, config()).name == made.name  # type: ignore[union-attr]


def test_what_lies_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes").touch()
    (tmp_path / "empty").mkdir()
    for name in ("file", "full"):
        with pytest.raises(BadInput, match="holds no run; choose another --name"):
            find_or_create(tmp_path, config(), name)
    assert find_run(tmp_path, config(), "empty") is None
    assert find_or_create(tmp_path, config(), "empty").name == "empty"


def test_the_newest_run_is_listed_first_and_hidden_folders_never(root: Path) -> None:
    for age, name in enumerate(("beta", "alpha", "alphabet")):
        os.utime(root / name / "manifest.json", (10**9 - age, 10**9 - age))
    (root / "alpha").rename(root / ".alpha")
    (root / "notes").mkdir()
    assert [(one.name, one.status) for one in list_runs(root)] == [
        ("beta", "new"), ("alphabet", "new"),
    ]  # fmt: skip
    assert list_runs(root / "nowhere") == []


def edited(run: Run, old: str, new: str) -> None:
    """Change the settings and seal them anew, as somebody would who knows how."""
    path = run.layout.config
    value = json.dumps(read_object(path))
    assert old in value
    write_object(path, json.loads(value.replace(old, new)))


def test_a_run_that_cannot_be_opened_is_a_line(root: Path) -> None:
    edited(
        find_or_create(root, config(data_std=0.1)), '"data_std": 0.1', '"data_std": 9.0'
    )
    lines = {one.name: one for one in list_runs(root)}
    assert lines["alpha"].run is None
    assert (
        lines["alpha"].status.startswith("damaged: ")
        and "was changed" in lines["alpha"].status
    )
    with pytest.raises(Damaged, match="other settings are another run"):
        resolve_run(root, "alpha")


def test_the_table_is_all_rows_and_nothing_else(
    finished: MakeFinished, tmp_path: Path
) -> None:
    run = finished(seeds=2)
    lines = csv_text(run).splitlines()
    assert lines[0] == "seed,epoch,split,layer,metric,value" == ",".join(COLUMNS)
    assert len(lines) == 1 + 2 * (3 * 3 + 1)
    assert lines[1:4] == [
        "1,0,eval,,loss,1.0",
        "1,0,eval,0,mean_best_correlation,0.25",
        "1,0,eval,1,mean_best_correlation,",
    ]
    assert lines[10] == "1,0,eval,0,mean_rank,0.5" and lines[11].startswith("2,0,")
    save_csv(run, tmp_path / "x.csv")
    assert (tmp_path / "x.csv").read_text() == csv_text(run)


def test_the_summary_takes_first_and_last_epochs_seed_by_seed(
    finished: MakeFinished,
) -> None:
    run = finished(seeds=3)
    found = summarize(run)
    assert found["seeds"] == [1, 2, 3] and found["epochs"] == 2
    assert (
        found["steps"] == run.experiment.training.steps
        and found["status"] == "finished"
    )
    assert found["loss"]["initial_eval"] == [1.0] * 3
    assert found["loss"]["final_eval"] == [0.25] * 3
    assert found["loss"]["final_train"] == [None] * 3
    low = found["layers"][0]
    assert low["mean_best_correlation"] == {"initial": [0.25] * 3, "final": [0.5] * 3}
    assert low["mean_rank"]["initial"] == [0.5] * 3
    assert (low["teacher_nodes"], low["student_nodes"]) == (2, 4)
    assert found["layers"][1]["mean_best_correlation"]["final"] == [None] * 3
    assert found["steps_per_second"] is None and found["warnings"] == []
    assert found["accuracy"]["agreement"] is None


def test_a_student_that_has_not_begun_keeps_its_place(tmp_path: Path) -> None:
    run = make(tmp_path, configure(**SMALL, seeds=3))
    finish(run, 2)
    found = summarize(run)
    assert found["loss"]["final_eval"] == [None, 0.25, None]
    assert found["status"] == "new" == run.status()
    finish(run, 1)
    finish(run, 3)
    assert summarize(run)["status"] == "finished"


def layer(**given: Any) -> dict[str, Any]:
    ends = {"initial": [0.5], "final": [0.5]}
    zero = {"initial": [0.0], "final": [0.0]}
    return {
        "layer": 1, "student_nodes": 40, "dead_student_nodes": zero,
        "mean_best_correlation_live": ends,
    } | given  # fmt: skip


@given(st.integers(0, 40))
def test_a_tenth_of_a_layer_may_die_unsaid(dead: int) -> None:
    change = {"initial": [1.0], "final": [float(dead)]}
    said = warnings([layer(dead_student_nodes=change)], [7], 100)
    assert bool(said) == (dead > 4)
    if said:
        assert said[0].startswith(f"{dead} of 40 student nodes of layer 1 are dead")
        assert "(seed 7; 1 before)" in said[0]


@pytest.mark.parametrize(("final", "told"), [(0.4, False), (0.399, True), (0.9, False)])
def test_a_fall_within_the_noise_is_none(final: float, told: bool) -> None:
    """1/√100 is a standard error."""
    fell = {"initial": [0.5], "final": [final + 1e-12 * (not told)]}
    assert bool(warnings([layer(mean_best_correlation_live=fell)], [1], 100)) == told


def test_the_worst_student_speaks() -> None:
    fell = {"initial": [0.9, 0.8, None], "final": [0.6, 0.2, 0.1]}
    unknown = {"initial": [None] * 3, "final": [40.0] * 3}
    found = layer(mean_best_correlation_live=fell, dead_student_nodes=unknown)
    (said,) = warnings([found], [4, 5, 6], 100)
    assert "fell from 0.800 to 0.200 (seed 5)" in said


@pytest.mark.parametrize("epoch", [1, 3, -1])
def test_weights_are_kept_of_both_ends_only(finished: MakeFinished, epoch: int) -> None:
    run = finished()
    with pytest.raises(
        BadInput, match=rf"epoch {epoch} are kept .* use --epoch 0 or --epoch 2"
    ):
        kept_weights(run, 1, epoch)


def test_which_weights_are_kept(finished: MakeFinished) -> None:
    run = finished()
    layout = run.layout.seed(1)
    with pytest.raises(Damaged, match="is missing") as caught:
        kept_weights(run, 1, 0)
    assert caught.value.path == layout.initial_weights
    layout.initial_weights.parent.mkdir()
    layout.initial_weights.touch()
    layout.final_weights.touch()
    with pytest.raises(Damaged) as caught:
        kept_weights(run, 1)
    assert caught.value.path == run.layout.teacher_weights
    run.layout.teacher_weights.touch()
    assert kept_weights(run, 1, 0) == (0, layout.initial_weights)
    assert kept_weights(run, 1) == kept_weights(run, 1, 2) == (2, layout.final_weights)
