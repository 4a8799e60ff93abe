"""A run is there or it is not, whenever its maker or its remover dies."""

import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from making import make
from runs.conftest import SMALL, MakeFinished
from runs.killing import reaped

from tfluck.experiment.scales import configure
from tfluck.foundations.errors import BadInput, Damaged, RunBusy, TooNew
from tfluck.runs import (
    Run,
    find_or_create,
    find_run,
    find_to_remove,
    list_runs,
    open_run,
    remove_run,
    resolve_run,
)
from tfluck.runs import birth as module
from tfluck.runs.lock import locked
from tfluck.runs.run import settings_of
from tfluck.runs.seal import read_object, write_object

CONFIG = configure(**SMALL)


def test_dying_before_any_operation_of_a_birth_leaves_a_run_or_none(
    tmp_path: Path,
) -> None:
    with reaped(tmp_path, None) as whole:
        make(tmp_path / "runs", CONFIG)
    assert whole.done > 10
    for survives in range(whole.done):
        root = tmp_path / f"dead-{survives}"
        with reaped(tmp_path, survives) as reaper:
            make(root, CONFIG)
        assert reaper.done == survives, "it died"
        assert {found.status for found in list_runs(root)} <= {"new"}
        run = make(root, CONFIG)
        assert (run.experiment, run.execution) == CONFIG and run.status() == "new"
        assert [found.name for found in list_runs(root)] == [run.name]


@pytest.mark.parametrize("fresh", [False, True], ids=["rm", "fresh"])
def test_dying_before_any_operation_of_a_removal_leaves_the_run_or_none(
    finished: MakeFinished, tmp_path: Path, fresh: bool
) -> None:
    """Or, with --fresh, the new one: the name is never taken by half a run."""

    def work(run: Run) -> None:
        if fresh:
            make(run.layout.root.parent, CONFIG, run.name, fresh=True)
        else:
            remove_run(run.layout.root)

    with reaped(tmp_path, None) as whole:
        work(finished("counted"))
    for survives in range(whole.done):
        run = finished(f"run-{survives}")
        with reaped(tmp_path, survives):
            work(run)
        if run.layout.root.exists():
            assert open_run(run.layout.root).status() in {"finished", "new"}
        again = make(run.layout.root.parent, CONFIG, run.name)
        remove_run(again.layout.root)
    assert not list((tmp_path / "runs").glob(".removal-*"))


def test_what_killed_births_leave_is_swept_once_it_is_nobodys(tmp_path: Path) -> None:
    root = tmp_path / "runs"
    for name in (".birth-dead", ".birth-held", ".birth-young"):
        (root / name).mkdir(parents=True)
        write_object(root / name / "config.json", settings_of(*CONFIG))
    old = 1_000_000_000
    with locked(root / ".birth-held" / "lock"):
        for name in (".birth-dead", ".birth-held"):
            os.utime(root / name, (old, old))
        run = make(root, CONFIG)
        names = {path.name for path in root.iterdir()}
    assert names == {".birth-held", ".birth-young", run.name}
    assert [found.name for found in list_runs(root)] == [run.name]


def test_of_many_at_once_one_makes_the_run_and_all_get_it(tmp_path: Path) -> None:
    found: list[Run] = []
    start = threading.Barrier(8)

    def together() -> None:
        start.wait()
        found.append(make(tmp_path, CONFIG))

    threads = [threading.Thread(target=together) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and len({run.layout.root for run in found}) == 1
    assert [path.name for path in tmp_path.iterdir()] == [found[0].name]


def test_a_born_run_keeps_what_its_maker_records(tmp_path: Path) -> None:
    run = make(tmp_path, CONFIG, record={"preset": "demo"})
    assert open_run(run.layout.root).manifest["preset"] == "demo"
    assert run.manifest["digest"] == CONFIG[0].digest()
    assert read_object(run.layout.config) == json.loads(
        json.dumps(settings_of(*CONFIG))
    )


def test_a_held_student_keeps_its_run_from_being_thrown_away(
    finished: MakeFinished, tmp_path: Path
) -> None:
    """Also one whose driver is dead, as a cluster's worker may be."""
    run = finished("held", seeds=2)
    before = sorted(run.layout.root.rglob("*"))
    for lock in (run.layout.seed(2).lock, run.layout.lock):
        with locked(lock, to_delete=True):
            with pytest.raises(RunBusy, match=f"in use by process {os.getpid()}"):
                remove_run(run.layout.root)
            with pytest.raises(RunBusy):
                find_or_create(tmp_path / "runs", run.experiment, "held", fresh=True)
    assert sorted(run.layout.root.rglob("*")) == before
    remove_run(run.layout.root)
    assert not list((tmp_path / "runs").iterdir())


def test_a_lock_of_a_removed_run_is_no_lock(finished: MakeFinished) -> None:
    """Whoever opened it before the removal does not go on beside the run's successor."""
    run = finished("gone")
    remove_run(run.layout.root)
    for lock in (run.layout.seed(1).lock, run.layout.lock):
        with pytest.raises(Damaged, match="not any more"), locked(lock):
            pass
        assert not run.layout.root.exists()


def test_who_opened_a_lock_before_its_run_was_reborn_does_not_hold_it(
    finished: MakeFinished, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else two processes would work on one run, each with a lock of its own."""
    from tfluck.runs import lock as locks

    run, acquire = finished("reborn"), locks._acquire

    def late(handle: int, folder: Path) -> None:
        monkeypatch.setattr(locks, "_acquire", acquire)
        make(run.layout.root.parent, CONFIG, "reborn", fresh=True)
        acquire(handle, folder)

    monkeypatch.setattr(locks, "_acquire", late)
    with pytest.raises(RunBusy, match="was removed"), locked(run.layout.lock):
        pass
    with locked(run.layout.lock):
        assert open_run(run.layout.root).status() == "new"


def test_fresh_throws_away_only_what_it_was_told_to(
    finished: MakeFinished, tmp_path: Path
) -> None:
    root = tmp_path / "runs"
    run = finished("precious")
    assert find_or_create(root, run.experiment).name == "precious"
    with pytest.raises(BadInput, match="--name precious --fresh"):
        find_or_create(root, run.experiment, fresh=True)
    assert open_run(run.layout.root).status() == "finished"
    assert (
        find_or_create(root, run.experiment, "precious", fresh=True).status() == "new"
    )
    remove_run(run.layout.root)
    made = finished()
    assert find_or_create(root, run.experiment, fresh=True).name == made.name
    assert open_run(made.layout.root).status() == "new"


def test_only_a_whole_name_is_removed(finished: MakeFinished, tmp_path: Path) -> None:
    root = tmp_path / "runs"
    run = finished("one")
    for name in ("", "o", "on", ".", "..", "one/..", "two", "/", "\0", "x" * 5000):
        with pytest.raises(BadInput, match="No run"):
            find_to_remove(root, name)
    with pytest.raises(BadInput, match="Did you mean one"):
        find_to_remove(root, "o")
    assert find_to_remove(root, "one") == run.layout.root
    assert find_to_remove(tmp_path, str(run.layout.root)) == run.layout.root
    assert resolve_run(root, "o").name == "one", "to look at, a beginning is enough"
    with pytest.raises(BadInput):
        resolve_run(root, "")


@pytest.mark.parametrize(
    "name", ["", "..", ".hidden", "a/b", "a\nb", "\udcff", "\x1b[31m", "é" * 101]
)
def test_a_name_that_is_no_plain_folders_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput, match="run's name is a folder's"):
        make(tmp_path, CONFIG, name)
    assert not list(tmp_path.iterdir())


def test_a_name_that_is_taken_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "notes.txt").write_text("mine too")
    (tmp_path / "empty").mkdir()
    for name in ("file", "folder"):
        for fresh in (False, True):
            with pytest.raises(BadInput, match="holds no run"):
                make(tmp_path, CONFIG, name, fresh=fresh)
    assert (tmp_path / "folder" / "notes.txt").read_text() == "mine too"
    assert make(tmp_path, CONFIG, "empty").status() == "new"


def test_what_an_old_kill_left_can_be_removed_or_started_over(tmp_path: Path) -> None:
    """Before births were whole, a folder could hold settings and no manifest."""
    made = tmp_path / module_name()
    for path in (made, tmp_path / "named"):
        path.mkdir()
        (path / "config.json").write_text(json.dumps(settings_of(*CONFIG)))
        with pytest.raises(Damaged, match=r"manifest.json is missing.*runs rm"):
            open_run(path)
        assert path.name in {found.name for found in list_runs(tmp_path)}
    assert make(tmp_path, CONFIG, fresh=True).layout.root == made
    assert make(tmp_path, CONFIG, "named", fresh=True).status() == "new"
    remove_run(find_to_remove(tmp_path, "named"))


def module_name() -> str:
    from tfluck.runs.directory import made_name

    return made_name(CONFIG[0])


def test_a_newer_run_is_not_thrown_away_either(tmp_path: Path) -> None:
    run = make(tmp_path, CONFIG, "mine")
    write_object(run.layout.manifest, dict(run.manifest) | {"format_version": 99})
    for fresh in (False, True):
        with pytest.raises(TooNew, match="update tfluck"):
            make(tmp_path, CONFIG, "mine", fresh=fresh)
    assert run.layout.config.exists()


def test_looking_for_a_run_makes_none(tmp_path: Path) -> None:
    assert find_run(tmp_path / "runs", CONFIG[0]) is None
    assert find_run(tmp_path / "runs", CONFIG[0], "x") is None
    assert not list(tmp_path.iterdir())
    run = make(tmp_path / "runs", CONFIG)
    assert find_run(tmp_path / "runs", CONFIG[0]) == run


def test_a_link_is_not_removed_with_what_it_leads_to(
    finished: MakeFinished, tmp_path: Path
) -> None:
    run = finished("real")
    (tmp_path / "runs" / "link").symlink_to(run.layout.root)
    with pytest.raises(BadInput, match="is a link to"):
        remove_run(find_to_remove(tmp_path / "runs", "link"))
    assert open_run(run.layout.root).status() == "finished"


def test_the_sweeper_waits_a_minute() -> None:
    """Between its folder and its lock a birth is young, not dead."""
    assert module.FORGOTTEN >= 60


def test_a_removal_leaves_no_trace(finished: MakeFinished, tmp_path: Any) -> None:
    run = finished()
    (run.layout.root / "deep" / "er").mkdir(parents=True)
    remove_run(run.layout.root)
    assert not list((tmp_path / "runs").iterdir())
