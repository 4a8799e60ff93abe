"""Where everything of a run lies: scripts of users and runs of old versions rely on it."""

import dataclasses
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfluck.runs import RunLayout, TeacherLayout

RUN = RunLayout(Path("runs/x"))
PLACES = {
    "config": "config.json",
    "manifest": "manifest.json",
    "students": "students.json",
    "teacher_weights": "teacher.weights.h5",
    "pretrained": "teacher",
    "summary": "summary.json",
    "figures": "figures",
    "tickets": "tickets",
    "lock": "lock",
    "stop": "stop",
}
SEED = {
    "metrics": "metrics.jsonl",
    "ranks": "ranks.jsonl",
    "status": "status.json",
    "checkpoints": "checkpoints",
    "correlations": "correlations",
    "initial_weights": "weights/student_init.weights.h5",
    "final_weights": "weights/student.weights.h5",
    "kept_nodes": "kept.npz",
    "lock": "lock",
}


@pytest.mark.parametrize(("name", "place"), PLACES.items())
def test_files_of_a_run(name: str, place: str) -> None:
    assert getattr(RUN, name) == Path("runs/x") / place


@pytest.mark.parametrize(("name", "place"), SEED.items())
def test_files_of_a_student(name: str, place: str) -> None:
    assert getattr(RUN.seed(7), name) == Path("runs/x/seed-7") / place


def test_files_of_a_teacher_and_of_tensorboard() -> None:
    teacher = TeacherLayout(Path("t"))
    assert teacher.recipe == Path("t/teacher.json")
    assert teacher.weights == Path("t/teacher.weights.h5")
    assert RUN.tensorboard(7) == Path("runs/x/tensorboard/seed-7")


@given(st.integers(0, 99_999))
def test_numbered_files_sort_as_their_numbers(number: int) -> None:
    seed = RUN.seed(1)
    assert seed.correlation(number).name == f"epoch-{number:05d}.npz"
    assert seed.checkpoint(number).name == f"step-{number:010d}.npz"
    assert seed.correlation(number) < seed.correlation(number + 1) or number == 99_999


def test_numbers_are_read_from_names_that_are_ours(tmp_path: Path) -> None:
    seed = RunLayout(tmp_path).seed(1)
    assert seed.epochs() == [] == seed.checkpoint_steps()
    seed.correlations.mkdir(parents=True)
    for path in (seed.correlation(3), seed.correlation(12), seed.correlation(0)):
        path.touch()
    for name in ("epoch-5.npz", "epoch-00007.npy", "notes.txt", "epoch-x.npz"):
        (seed.correlations / name).touch()
    assert seed.epochs() == [0, 3, 12]


@pytest.mark.parametrize("layout", [RUN, RUN.seed(1), TeacherLayout(Path("t"))])
def test_a_layout_does_not_change(layout: object) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        layout.root = Path("elsewhere")  # type: ignore[attr-defined]
