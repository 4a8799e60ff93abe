"""What is told of a run is true: who is at work, how it ended, what is damaged."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from runs.conftest import MakeFinished, rows_of

from tfluck.foundations.errors import Damaged
from tfluck.runs import Journal, Run, Status, list_runs, open_run, summarize
from tfluck.runs.correlations import read_history, read_matrices
from tfluck.runs.lock import is_locked, locked
from tfluck.runs.seal import read_object, write_arrays, write_object
from tfluck.runs.table import tidy_rows


def said(run: Run, **more: Any) -> None:
    """Rewrite what student 1 says, seal and all."""
    path = run.layout.seed(1).status
    write_object(path, read_object(path) | more)


def test_running_is_who_holds_the_lock(finished: MakeFinished) -> None:
    run = finished()
    layout = run.layout.seed(1)
    Status(layout, run.experiment.training.steps).running(1, "", now=True)
    assert run.status() == "interrupted", "killed: it says running, and nobody is there"
    with locked(layout.lock):
        assert run.status() == "running" and is_locked(layout.lock)
        assert run.seed_status(1)["step"] == 1
    assert run.status() == "interrupted" and not is_locked(layout.lock)


def test_looking_never_makes_a_run_look_busy(finished: MakeFinished) -> None:
    """Who looks holds the lock for a moment; who wants it is patient."""
    import fcntl

    lock = finished().layout.seed(1).lock
    handle = os.open(lock, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_SH)
    from threading import Timer

    timer = Timer(0.05, os.close, [handle])
    timer.start()
    with locked(lock):
        pass
    timer.join()


def halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


#: What was tried → how the run is called then.
UNTRUE: dict[str, tuple[Callable[[Run], object], str]] = {
    "fewer steps": (lambda run: said(run, step=1), "interrupted"),
    "only an older checkpoint": (
        lambda run: (
            run.layout.seed(1)
            .checkpoint(run.experiment.training.steps)
            .rename(run.layout.seed(1).checkpoint(1))
        ),
        "interrupted",
    ),
    "half the metrics": (lambda run: halve(run.layout.seed(1).metrics), "interrupted"),
    "no metrics": (lambda run: run.layout.seed(1).metrics.unlink(), "interrupted"),
    "empty metrics": (
        lambda run: run.layout.seed(1).metrics.write_text(""),
        "interrupted",
    ),
    "no ranks": (lambda run: run.layout.seed(1).ranks.unlink(), "interrupted"),
    "damaged ranks": (lambda run: halve(run.layout.seed(1).ranks), "interrupted"),
    "an unknown word": (lambda run: said(run, status="done"), "finished"),
    "a list": (lambda run: said(run, status=["finished"]), "finished"),
    "no status": (lambda run: run.layout.seed(1).status.write_text(""), "finished"),
    "no status at all": (lambda run: run.layout.seed(1).status.unlink(), "finished"),
    "a damaged status": (lambda run: halve(run.layout.seed(1).status), "finished"),
    "text for a step": (lambda run: said(run, step="4"), "finished"),
    "numbers as complaints": (lambda run: said(run, complaints=[1]), "finished"),
    "a complaint alone": (lambda run: said(run, complaints="x"), "finished"),
    "checkpoints deleted for their room": (
        lambda run: (
            run.layout.seed(1).checkpoint(run.experiment.training.steps).unlink()
        ),
        "finished",
    ),
    "a stray copy": (
        lambda run: (run.layout.seed(1).checkpoints / "step-0 (copy).npz").touch(),
        "finished",
    ),
}


@pytest.mark.parametrize(("change", "word"), UNTRUE.values(), ids=UNTRUE)
def test_a_status_is_believed_as_far_as_the_files_go(
    finished: MakeFinished, change: Callable[[Run], object], word: str
) -> None:
    run = finished()
    assert run.status() == "finished" and not run.doubts()
    change(run)
    assert run.status() == word


def test_what_a_finished_student_knows_it_recorded_is_missed(
    finished: MakeFinished, tfluck: Any, tmp_path: Path
) -> None:
    """Deleted, emptied or cut at a line's end: the rest is not shown as if it were all."""
    for name, damage in {
        "deleted": lambda path: path.unlink(),
        "emptied": lambda path: path.write_bytes(b""),
        "cut": lambda path: path.write_bytes(
            b"".join(path.read_bytes().splitlines(keepends=True)[:-1])
        ),
    }.items():
        run = finished(name)
        damage(run.layout.seed(1).metrics)
        with pytest.raises(Damaged, match="lost rows at its end"):
            summarize(run)
        for command in (("show",), ("export",)):
            result = tfluck("runs", *command, name, "--out", tmp_path / "runs")
            assert result.exit_code == 1 and "Nothing was deleted" in result.stderr
            assert result.stdout == ""


def test_edited_settings_are_refused(finished: MakeFinished) -> None:
    """By hand, and with the seal made anew: the manifest remembers which they were."""
    run = finished()
    values = read_object(run.layout.config)

    def edited(part: str, **change: object) -> dict[str, object]:
        what = values["experiment"]
        new = what[part] | change if part else change
        return values | {"experiment": what | ({part: new} if part else change)}

    for changed in (
        edited("", seed=2),
        edited("training", epochs=1),
        edited("data", data_std=1.0),
    ):
        run.layout.config.write_text(json.dumps(changed))
        with pytest.raises(Damaged, match="has lost its seal"):
            open_run(run.layout.root)
        write_object(run.layout.config, changed)
        with pytest.raises(Damaged, match="was changed since this run began"):
            open_run(run.layout.root)
    for nonsense in (
        edited("", seed="1"),
        edited("", x=1),
        edited("training", lr=3),
        edited("network", teacher_widths=[None]),
        edited("data", epochs=3),
        values | {"execution": {"seeds": 10**7}},
        values | {"execution": 3},
        values | {"experiment": {"training": 3}},
        {"execution": values["execution"]},
    ):
        write_object(run.layout.config, nonsense)
        with pytest.raises(Damaged, match="is damaged"):
            open_run(run.layout.root)
    write_object(run.layout.config, values)
    assert open_run(run.layout.root).experiment == run.experiment


#: Files that a stranger, or bad luck, may leave where a run's own should be.
STRANGE: dict[str, Callable[[Path], object]] = {
    "a fifo": lambda path: (path.unlink(), os.mkfifo(path)),
    "a folder": lambda path: (path.unlink(), path.mkdir()),
    "a link to nowhere": lambda path: (path.unlink(), path.symlink_to("nowhere")),
    "a device": lambda path: (path.unlink(), path.symlink_to("/dev/zero")),
    "nothing": lambda path: path.unlink(),
    "no bytes": lambda path: path.write_bytes(b""),
    "deep nesting": lambda path: path.write_text("[" * 200_000),
    "a list": lambda path: path.write_text("[]"),
    "a float": lambda path: path.write_text('{"format_version": 2.5, "seal": 1}'),
    "a huge number": lambda path: path.write_text('{"step": 1' + "0" * 5000 + "}"),
    "latin-1": lambda path: path.write_bytes(b'{"\xe9": 1}'),
}


@pytest.mark.parametrize("strange", STRANGE.values(), ids=STRANGE)
def test_a_bad_run_is_a_line_of_the_list_and_never_its_end(
    finished: MakeFinished, tfluck: Any, tmp_path: Path, strange: Callable[[Path], Any]
) -> None:
    finished("good")
    for name in ("config", "manifest"):
        strange(getattr(finished(name).layout, name))
    strange(finished("status").layout.seed(1).status)
    result = tfluck("runs", "list", "--out", tmp_path / "runs", "--json")
    assert result.exit_code == 0, result.stderr
    found = {row["run"]: row["status"] for row in json.loads(result.stdout)["runs"]}
    assert found["good"] == found["status"] == "finished"
    for name in ("config", "manifest"):
        assert found[name].startswith("damaged: ") and f"{name}.json" in found[name]
    table = tfluck("runs", "list", "--out", tmp_path / "runs").stdout
    assert table.count("damaged: ") == 2 and "good" in table


def test_a_name_of_stray_bytes_is_listed_and_printed(
    finished: MakeFinished, tfluck: Any, tmp_path: Path
) -> None:
    run = finished("plain")
    strange = os.fsdecode(bytes(run.layout.root) + b"-\xff-\x1b[31m")
    run.layout.root.rename(strange)
    for more in ((), ("--json",)):
        result = tfluck("runs", "list", "--out", tmp_path / "runs", *more)
        assert result.exit_code == 0 and "plain" in result.stdout
        assert "\x1b" not in result.stdout


#: Matrices that are not those of the run's networks.
UNFIT: dict[str, dict[str, Any]] = {
    "another shape": {"layer0": np.zeros((3, 4))},
    "one dimension": {"layer0": np.zeros(8)},
    "complex": {"layer0": np.zeros((2, 4), complex)},
    "text": {"layer0": np.full((2, 4), "x")},
    "not a number": {"layer0": np.full((2, 4), np.nan)},
    "no students": {"layer0": np.zeros((2, 0))},
    "other live nodes": {"live0": np.ones(3, bool)},
    "nothing": {"layer0": None, "layer1": None},
    "one layer": {"layer1": None},
}


@pytest.mark.parametrize("change", UNFIT.values(), ids=UNFIT)
def test_matrices_that_do_not_fit_are_told_and_passed_over(
    finished: MakeFinished, change: dict[str, Any]
) -> None:
    run = finished()
    path = run.layout.seed(1).correlation(1)
    with np.load(path) as archive:
        arrays: dict[str, Any] = {name: archive[name] for name in archive.files}
    kept = {k: v for k, v in (arrays | change).items() if v is not None}
    write_arrays(path, kept)
    with pytest.raises(Damaged, match=r"lacks layer|holds"):
        read_matrices(run, 1, 1)
    told: list[str] = []
    assert [found.epoch for found in read_history(run, 1, told.append)] == [0, 2]
    assert len(told) == 1 and path.name in told[0]


def test_a_stray_copy_is_no_evaluation(finished: MakeFinished) -> None:
    run = finished()
    path = run.layout.seed(1).correlation(2)
    for name in ("epoch-00002 (copy).npz", "epoch-2.npz", "epoch-.npz", "epoch-x.npz"):
        path.with_name(name).write_bytes(path.read_bytes())
    assert run.layout.seed(1).epochs() == [0, 1, 2]
    assert read_matrices(run, 1).epoch == 2


def test_rows_and_lock_are_not_written_through_a_link(
    finished: MakeFinished, tmp_path: Path
) -> None:
    run = finished()
    layout = run.layout.seed(1)
    outside = tmp_path / "mine"
    outside.mkdir()
    (outside / "notes").write_text("precious")
    for path in (layout.lock, layout.metrics, layout.status):
        path.unlink()
        path.symlink_to(outside / "notes")
        with pytest.raises(Damaged, match="is a link"), locked(layout.lock):
            pass
        path.unlink()
    with pytest.raises(Exception, match="symbolic link"):
        layout.metrics.symlink_to(outside / "notes")
        Journal.append(_empty(layout.metrics), rows_of(0))
    layout.metrics.unlink()
    (layout.root / "weights").symlink_to(outside)
    with pytest.raises(Damaged, match="leads out of its folder"), locked(layout.lock):
        pass
    assert (outside / "notes").read_text() == "precious"
    assert [path.name for path in outside.iterdir()] == ["notes"]


def _empty(path: Path) -> Journal:
    """Return a journal that has not looked at its file."""
    journal = Journal(path.with_name("none"))
    journal.path = path
    return journal


def test_what_a_killed_holder_left_unfinished_is_swept(finished: MakeFinished) -> None:
    run = finished(seeds=2)
    mine = run.layout.seed(1).correlations / ".tmp-abcdefgh-epoch-00003.npz"
    others = run.layout.seed(2).root / ".tmp-abcdefgh-status.json"
    own = run.layout.root / ".tmp-abcdefgh-summary.json"
    notes = run.layout.root / ".notes"
    for path in (mine, others, own, notes):
        path.write_text("half")
    with locked(run.layout.lock):
        assert not own.exists() and mine.exists() and others.exists()
    with locked(run.layout.seed(1).lock):
        assert not mine.exists() and others.exists()
    assert notes.exists(), "what is not ours is left"


def test_a_students_rows_stand_in_its_place(finished: MakeFinished) -> None:
    """The order of every list is the order of ``seeds``; who has not begun has null."""
    import shutil

    run = finished(seeds=3)
    shutil.rmtree(run.layout.seed(1).root)
    shutil.rmtree(run.layout.seed(2).root)
    found = summarize(run)
    assert found["seeds"] == [1, 2, 3]
    assert found["loss"]["initial_eval"] == [None, None, 1.0]
    assert found["loss"]["final_eval"] == [None, None, 0.25]
    assert {seed for seed, _ in tidy_rows(run)} == {3}
    assert run.status() == "new" and list_runs(run.layout.root.parent)[0].run == run


def test_a_run_without_a_teacher_says_so_and_not_that_a_file_is_missing(
    finished: MakeFinished,
) -> None:
    from tfluck.foundations.errors import BadInput
    from tfluck.runs.weights import kept_weights

    labels = {
        "dataset": "digits",
        "sample_shape": (8, 8, 1),
        "outputs": 10,
        "targets": "labels",
        "loss": "cross-entropy",
        "multiplier": 1,
    }
    run = finished("pretraining", **labels)
    with pytest.raises(BadInput, match="has no teacher: its student learned labels"):
        kept_weights(run, 1)


def test_a_table_replaces_a_link_and_a_picture_does_not_follow_one(
    finished: MakeFinished, tmp_path: Path
) -> None:
    from tfluck.cli.train import draw
    from tfluck.runs import save_csv

    run = finished()
    (tmp_path / "mine").write_text("precious")
    (tmp_path / "table.csv").symlink_to(tmp_path / "mine")
    save_csv(run, tmp_path / "table.csv")
    assert (tmp_path / "mine").read_text() == "precious"
    assert (tmp_path / "table.csv").read_text().startswith("seed,epoch,split")
    (tmp_path / "elsewhere").mkdir()
    run.layout.figures.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Damaged, match="leads out of its folder"):
        draw(run)
    assert not list((tmp_path / "elsewhere").iterdir())
