"""What a training does with damaged files of its own, and with its death at any of them."""

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from laws import specimens
from runs.killing import reaped

from tfluck.foundations.errors import Damaged, Interrupted
from tfluck.runs import Run, SeedLayout, open_run, read_rows, summarize
from tfluck.runs.records import encode
from tfluck.runs.seal import (
    read_arrays,
    read_object,
    write_arrays,
    write_object,
)


class Student:
    """A small run: new, stopped in its second epoch, and whole; and what it came to."""

    def __init__(self, folder: Path, name: str) -> None:
        from tfluck.training.kernel import Kernel

        self.new = specimens.make(name, folder / "new")
        self.seed = self.new.seeds[0]
        self.kernel = Kernel(self.new)
        self.half = self.copy(self.new, folder / "half")
        chunks = iter(range(3))
        with pytest.raises(Interrupted):
            specimens.train(
                self.half,
                self.seed,
                self.kernel,
                lambda: 15 if next(chunks, None) is None else None,
            )
        self.whole = self.copy(self.half, folder / "whole")
        self.train(self.whole)
        self.outcome = self.ended(self.whole)

    def train(self, run: Run) -> None:
        specimens.train(run, self.seed, self.kernel)

    def ended(self, run: Run) -> dict[str, str]:
        return specimens.outcome(run, self.seed)

    def files(self, run: Run) -> SeedLayout:
        return run.layout.seed(self.seed)

    def copy(self, run: Run, folder: Path) -> Run:
        shutil.copytree(run.layout.root, folder)
        return open_run(folder)


@pytest.fixture(scope="module")
def student(tmp_path_factory: pytest.TempPathFactory, tf: Any) -> Student:
    return Student(tmp_path_factory.mktemp("students"), "momentum")


def records(run: Run) -> dict[str, bytes]:
    """Every byte of the run that is a result."""
    root = run.layout.root
    named = {str(p.relative_to(root)): p for p in root.rglob("*") if p.is_file()}
    kept = ("metrics", "ranks", "epoch-", "step-", "weights", "config", "manifest")
    return {n: p.read_bytes() for n, p in named.items() if p.name.startswith(kept)}


def die_everywhere(student: Student, folder: Path, stride: int) -> int:
    """Die before every ``stride``-th operation of a training, then train on."""
    run = student.copy(student.new, folder / "counted")
    with reaped(folder, None) as whole:
        student.train(run)
    assert whole.done > 60 and student.ended(run) == student.outcome
    for survives in range(whole.done % stride, whole.done, stride):
        run = student.copy(student.new, folder / str(survives))
        with reaped(folder, survives) as reaper:
            student.train(run)
        assert reaper.done == survives, "it died"
        assert run.status() in {"new", "interrupted"}
        summarize(run)
        student.train(run)
        assert student.ended(run) == student.outcome, f"after {survives} operations"
        assert not list(run.layout.root.rglob(".tmp-*"))
        shutil.rmtree(run.layout.root)
    return whole.done


def test_dying_before_an_operation_of_a_training_changes_nothing(
    student: Student, tmp_path: Path
) -> None:
    die_everywhere(student, tmp_path, 17)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["plain", "momentum", "conv", "conv-after", "labels"])
def test_dying_before_each_operation_of_a_training_changes_nothing(
    name: str, tmp_path: Path, tf: Any
) -> None:
    (tmp_path / "made").mkdir()
    (tmp_path / "runs").mkdir()
    die_everywhere(Student(tmp_path / "made", name), tmp_path / "runs", 1)


def flip(path: Path, place: int) -> None:
    raw = bytearray(path.read_bytes())
    raw[place] ^= 1
    path.write_bytes(raw)


def line_end(path: Path, at: int) -> int:
    """Return where the line that byte ``at`` lies in ends."""
    return path.read_bytes().index(b"\n", at) + 1


#: Damages of metrics.jsonl, each of which the first version answered by deleting rows.
LOST: dict[str, Callable[[Path], object]] = {
    "a letter in the first line": lambda path: flip(path, 30),
    "a digit": lambda path: flip(path, path.read_bytes().index(b"0.") + 3),
    "a line's end in the middle": lambda path: flip(path, line_end(path, 400) - 1),
    "the last line's end": lambda path: flip(path, path.stat().st_size - 1),
    "deleted": lambda path: path.unlink(),
    "emptied": lambda path: path.write_bytes(b""),
    "cut between lines": lambda path: path.write_bytes(
        path.read_bytes()[: line_end(path, 900)]
    ),
    "cut in a line": lambda path: path.write_bytes(path.read_bytes()[:1000]),
    "a line gone": lambda path: path.write_bytes(
        path.read_bytes()[: line_end(path, 300)]
        + path.read_bytes()[line_end(path, line_end(path, 300)) :]
    ),
}


@pytest.mark.parametrize("damage", LOST.values(), ids=LOST)
def test_lost_rows_stop_the_training_and_nothing_is_deleted(
    student: Student, tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    run = student.copy(student.half, tmp_path / "run")
    damage(student.files(run).metrics)
    before = records(run)
    with pytest.raises(Damaged, match=r"metrics\.jsonl .*Nothing was deleted"):
        student.train(run)
    assert records(run) == before
    for path in (student.half, run):
        shutil.copy(student.files(student.half).metrics, student.files(path).root / "m")
    (student.files(run).root / "m").rename(student.files(run).metrics)
    (student.files(student.half).root / "m").unlink()
    student.train(run)
    assert student.ended(run) == student.outcome, "the copy put back, it goes on"


def test_a_torn_line_is_cut_and_the_training_goes_on(
    student: Student, tmp_path: Path
) -> None:
    run = student.copy(student.half, tmp_path / "run")
    with student.files(run).metrics.open("ab") as stream:
        stream.write(b'{"epoch": 3, "split": "ev')
    student.train(run)
    assert student.ended(run) == student.outcome


def test_rows_without_any_checkpoint_are_not_forgotten(
    student: Student, tmp_path: Path
) -> None:
    run = student.copy(student.half, tmp_path / "run")
    shutil.rmtree(student.files(run).checkpoints)
    before = records(run)
    with pytest.raises(Damaged, match="holds no checkpoint, though rows reach epoch 1"):
        student.train(run)
    assert records(run) == before


def rewrite(path: Path, **arrays: Any) -> None:
    """Change arrays of a checkpoint, seal and all."""
    write_arrays(path, read_arrays(path) | arrays)


def far(path: Path) -> None:
    shutil.copy(path, path.with_name("step-1000000000000.npz"))
    rewrite(path.with_name("step-1000000000000.npz"), step=np.int64(10**12))


def encrypted(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[raw.rindex(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(raw)


BAD: dict[str, Callable[[Path], object]] = {
    "a step beyond the end": lambda path: rewrite(path, step=np.int64(10**12)),
    "another step than its name": lambda path: rewrite(path, step=np.int64(1)),
    "a newer one of step 10^12": far,
    "an encrypted flag": encrypted,
    "no step": lambda path: rewrite(path, step=np.array("x")),
    "no history": lambda path: rewrite(path, history=np.zeros(3, np.uint8)),
    "weights that are no numbers": lambda path: rewrite(
        path, **{"layer0_linear/kernel": np.full((6, 6), np.nan, np.float32)}
    ),
    "weights of another shape": lambda path: rewrite(
        path, **{"layer0_linear/kernel": np.zeros((6, 7), np.float32)}
    ),
    "half a file": lambda path: path.write_bytes(path.read_bytes()[:2000]),
    "no file but a folder": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.parametrize("damage", BAD.values(), ids=BAD)
def test_a_bad_checkpoint_is_told_and_the_one_before_is_taken(
    student: Student, tmp_path: Path, damage: Callable[[Path], object]
) -> None:
    run = student.copy(student.half, tmp_path / "run")
    layout = student.files(run)
    steps = layout.checkpoint_steps()
    damage(layout.checkpoint(steps[-1]))
    student.train(run)
    told = run.seed_status(student.seed)["complaints"]
    assert len(told) == 1 and "Going back to the one before" in told[0]
    assert student.ended(run)["metrics"] == student.outcome["metrics"]
    last = read_arrays(layout.checkpoint(run.experiment.training.steps))
    wanted = read_arrays(
        student.files(student.whole).checkpoint(run.experiment.training.steps)
    )
    assert {n: a.tobytes() for n, a in last.items()} == {
        n: a.tobytes() for n, a in wanted.items()
    }


def test_a_lie_of_the_status_finishes_nothing(student: Student, tmp_path: Path) -> None:
    run = student.copy(student.half, tmp_path / "run")
    path = student.files(run).status
    for more in ({}, {"step": run.experiment.training.steps}):
        write_object(path, read_object(path) | {"status": "finished"} | more)
        assert run.seed_status(student.seed)["status"] == "interrupted"
    student.train(run)
    assert student.ended(run) == student.outcome


@pytest.mark.parametrize("epoch", [0, 1])
def test_a_damaged_matrix_does_not_keep_a_run_from_its_end(
    student: Student, tmp_path: Path, epoch: int
) -> None:
    run = student.copy(student.half, tmp_path / "run")
    layout = student.files(run)
    flip(layout.correlation(epoch), 200)
    student.train(run)
    assert run.seed_status(student.seed)["status"] == "finished"
    (told,) = run.seed_status(student.seed)["complaints"]
    assert layout.correlation(epoch).name in told and "left out of the ranks" in told
    whole = read_rows(student.files(student.whole).ranks)
    assert read_rows(layout.ranks) == [row for row in whole if row.epoch != epoch]


def test_without_the_last_matrices_nobody_won(student: Student, tmp_path: Path) -> None:
    run = student.copy(student.whole, tmp_path / "run")
    layout = student.files(run)
    flip(layout.correlation(run.experiment.training.epochs), 200)
    layout.ranks.unlink()
    assert run.seed_status(student.seed)["status"] == "interrupted"
    student.train(run)
    assert read_rows(layout.ranks) == []


def test_lost_ranks_are_worked_out_again(student: Student, tmp_path: Path) -> None:
    run = student.copy(student.whole, tmp_path / "run")
    flip(student.files(run).ranks, 40)
    with pytest.raises(Damaged, match="`tfluck resume` works them out again"):
        summarize(run)
    student.train(run)
    assert student.ended(run) == student.outcome


def unsealed(run: Run) -> Run:
    """Turn ``run`` into one of the first format, which had no seals and no parts."""
    flat = run.experiment.settings() | run.execution.to_dict()
    del flat["keep_epochs"]
    for path in run.layout.root.rglob("*.json"):
        value = read_object(path)
        value.pop("heads", None)
        if path.name == "manifest.json":
            value["format_version"] = 1
            value["digest"] = run.experiment.first_digest(flat)
        if path.name == "config.json":
            value = flat
        path.write_text(json.dumps(value))
    for path in run.layout.root.rglob("*.jsonl"):
        path.write_bytes(encode(read_rows(path), sealed=False))
    for path in run.layout.root.rglob("*.npz"):
        arrays = read_arrays(path)
        arrays.pop("head", None)
        np.savez(path, **arrays)  # type: ignore[arg-type]
    return open_run(run.layout.root)


def test_a_run_of_the_first_format_goes_on_to_the_same_end(
    student: Student, tmp_path: Path
) -> None:
    run = unsealed(student.copy(student.half, tmp_path / "run"))
    student.train(run)
    assert open_run(run.layout.root).status() == "new", "its second student"
    found = student.files(run)
    assert read_rows(found.metrics, sealed=False) == read_rows(
        student.files(student.whole).metrics
    )
    assert b"seal" not in found.metrics.read_bytes(), "one file has one form"
    steps = run.experiment.training.steps
    wanted = read_arrays(student.files(student.whole).checkpoint(steps))
    last = read_arrays(found.checkpoint(steps))
    assert {n: a.tobytes() for n, a in last.items()} == {
        n: a.tobytes() for n, a in wanted.items()
    }


@pytest.mark.parametrize("field", [6, 8, 10, 24])
def test_damage_of_an_old_checkpoints_directory_falls_back_too(
    student: Student, tmp_path: Path, field: int
) -> None:
    """Version, flags (encrypted), compression, sizes: no seal, yet never a bare error."""
    run = unsealed(student.copy(student.half, tmp_path / "run"))
    layout = student.files(run)
    path = layout.checkpoint(layout.checkpoint_steps()[-1])
    raw = bytearray(path.read_bytes())
    raw[raw.index(b"PK\x01\x02") + field] ^= 0x41
    path.write_bytes(raw)
    assert zipfile.is_zipfile(path)
    student.train(run)
    rows = read_rows(layout.metrics, sealed=False)
    assert rows == read_rows(student.files(student.whole).metrics)


def test_weights_that_changed_or_are_no_numbers_name_their_file(
    student: Student, tmp_path: Path
) -> None:
    from tfluck.training.teachers import keep_teacher, load_weights, save_weights

    run = student.copy(student.whole, tmp_path / "run")
    model = student.kernel.teacher
    path = run.layout.teacher_weights
    keep_teacher(run, model)
    keep_teacher(run, model)
    raw = path.read_bytes()
    for place in range(0, len(raw), 499):
        flip(path, place)
        with pytest.raises(Damaged, match=r"teacher\.weights\.h5 .* seal"):
            load_weights(model, path)
        path.write_bytes(raw)
    # Without a seal, what HDF5 and Keras say of damage is a sentence all the same.
    for place in range(0, len(raw) - 79, 997):
        path.unlink()  # HDF5 remembers files by their number
        damaged = raw[:place] + bytes([raw[place] ^ 0x10]) + raw[place + 1 : -79]
        path.write_bytes(damaged)
        try:
            load_weights(model, path, sealed=False)
        except Damaged as error:
            assert str(path) in str(error)
    path.unlink()
    path.write_bytes(raw)
    load_weights(model, path)
    drawn = model.get_weights()
    model.set_weights([np.full_like(array, np.nan) for array in drawn])
    save_weights(model, path)
    model.set_weights(drawn)
    with pytest.raises(Damaged, match="are not finite"):
        keep_teacher(run, model)
    model.set_weights(drawn)
