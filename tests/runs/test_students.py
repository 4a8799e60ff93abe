"""More students join a run that is there; those that are finished are not trained again."""

import json
from pathlib import Path
from typing import Any

import pytest
from making import make
from runs.conftest import SMALL, MakeFinished, finish

from tfluck.experiment.scales import configure
from tfluck.foundations.errors import BadInput, Damaged, RunBusy
from tfluck.runs import find_run, open_run
from tfluck.runs.lock import locked
from tfluck.runs.seal import read_object, write_object


def test_students_join_and_never_leave(tmp_path: Path, finished: MakeFinished) -> None:
    run = finished("mine", seeds=2)
    before = {p: p.read_bytes() for p in run.layout.root.rglob("*") if p.is_file()}
    assert run.seeds == (1, 2) and not run.layout.students.exists()
    grown = make(tmp_path / "runs", configure(**SMALL | {"seeds": 4}))
    assert grown.layout == run.layout and grown.seeds == (1, 2, 3, 4)
    assert grown.status() == "new", "two have not begun"
    assert [grown.seed_status(seed).get("status") for seed in grown.seeds] == [
        "finished",
        "finished",
        None,
        None,
    ]
    after = {p: p.read_bytes() for p in before}
    assert after == before, "nothing of what is there was touched"
    assert open_run(run.layout.root).seeds == grown.seeds
    for seed in (3, 4):
        finish(grown, seed)
    assert grown.status() == "finished"
    fewer = make(tmp_path / "runs", configure(**SMALL))
    assert fewer.seeds == (1, 2, 3, 4), "a student that is there is not forgotten"


def test_kept_epochs_add_up(tmp_path: Path) -> None:
    for asked, kept in (((1,), (1,)), ((), (1,)), ((2, 0, 2), (0, 1, 2))):
        pair = configure(**SMALL | {"keep_epochs": asked})
        assert make(tmp_path, pair).execution.keep_epochs == kept
    assert len(list(tmp_path.iterdir())) == 1


def test_nobody_joins_while_somebody_drives(tmp_path: Path) -> None:
    run = make(tmp_path, configure(**SMALL))
    with locked(run.layout.lock):
        assert make(tmp_path, configure(**SMALL)).layout == run.layout
        with pytest.raises(RunBusy):
            make(tmp_path, configure(**SMALL | {"seeds": 5}))
    assert open_run(run.layout.root).seeds == (1,)


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"seeds": 2},
        {"seeds": 1, "keep_epochs": []},
        {"seeds": True, "keep_epochs": []},
        {"seeds": 2.0, "keep_epochs": []},
        {"seeds": 10**6, "keep_epochs": []},
        {"seeds": 3, "keep_epochs": "1"},
    ],
    ids=json.dumps,
)
def test_a_count_that_counts_nothing_is_told(tmp_path: Path, said: Any) -> None:
    run = make(tmp_path, configure(**SMALL | {"seeds": 2}))
    write_object(run.layout.students, said)
    with pytest.raises(Damaged, match=r"students\.json.* counts no students"):
        open_run(run.layout.root)


def test_a_flipped_count_is_told_and_nothing_deleted(tmp_path: Path) -> None:
    run = make(tmp_path, configure(**SMALL))
    make(tmp_path, configure(**SMALL | {"seeds": 3}))
    raw = run.layout.students.read_bytes()
    for place in range(len(raw)):
        flipped = bytearray(raw)
        flipped[place] ^= 1
        run.layout.students.write_bytes(flipped)
        try:
            assert open_run(run.layout.root).seeds == (1, 2, 3)
        except Damaged as error:
            assert str(run.layout.students) in str(error)
    run.layout.students.write_bytes(raw)
    assert open_run(run.layout.root).seeds == (1, 2, 3)


def test_a_run_of_the_second_format_is_found_by_its_number_of_students(
    tmp_path: Path,
) -> None:
    """It was named with that number, and its settings lay flat."""
    pair = configure(**SMALL | {"seeds": 3})
    run = make(tmp_path, pair, "old")
    flat = run.experiment.settings() | run.execution.to_dict()
    del flat["keep_epochs"]
    write_object(run.layout.config, flat)
    manifest = read_object(run.layout.manifest)
    digest = run.experiment.former_digest(3)
    assert digest != run.experiment.digest() == manifest["digest"]
    write_object(
        run.layout.manifest, manifest | {"format_version": 2, "digest": digest}
    )
    old = open_run(run.layout.root)
    assert (old.experiment, old.execution) == pair and old.digest == digest
    assert make(tmp_path, pair).name == "old"
    grown = make(tmp_path, configure(**SMALL | {"seeds": 4}), "old")
    assert (
        grown.seeds == (1, 2, 3, 4) and open_run(run.layout.root).seeds == grown.seeds
    )
    found = find_run(tmp_path, pair[0], seeds=3)
    assert found is not None and found.seeds == (1, 2, 3, 4)
    write_object(run.layout.config, flat | {"seeds": 2})
    with pytest.raises(Damaged, match="was changed since this run began"):
        open_run(run.layout.root)


def test_another_experiment_does_not_join(tmp_path: Path) -> None:
    make(tmp_path, configure(**SMALL), "mine")
    with pytest.raises(BadInput, match="other settings"):
        make(tmp_path, configure(**SMALL | {"seed": 2, "seeds": 3}), "mine")
