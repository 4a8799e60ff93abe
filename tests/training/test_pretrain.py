"""A network learns labels, becomes a directory, and students learn from that directory."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making import make

from tfluck.experiment.scales import configure, configure_pretraining
from tfluck.foundations.errors import BadInput, Damaged
from tfluck.runs import Run, Teacher, TeacherLayout, read_teacher
from tfluck.runs.seal import read_object, write_object
from tfluck.runs.teachers import adopt_teacher, find_teacher
from tfluck.sweeps import train_run


def pretrain(root: Path, dataset: str, **settings: Any) -> tuple[Run, Teacher]:
    from tfluck.data import describe
    from tfluck.training.pretrain import finish_teacher

    config = configure_pretraining(
        dataset=dataset, data=describe(dataset), jit=False, **settings
    )
    run = make(root, config)
    train_run(run)
    return run, finish_teacher(run)


@pytest.fixture(scope="module")
def squares(tmp_path_factory: pytest.TempPathFactory) -> str:
    """32×32×3 images: noise with a bright square in one of four corners."""
    draw = np.random.default_rng(0)
    y = draw.integers(0, 4, 2500)
    x = draw.integers(0, 120, (2500, 32, 32, 3)).astype(np.uint8)
    for image, corner in zip(x, y, strict=True):
        top, left = 16 * (corner // 2), 16 * (corner % 2)
        image[top + 5 : top + 11, left + 5 : left + 11] += 130
    path = tmp_path_factory.mktemp("data") / "squares.npz"
    np.savez(path, x_train=x[:2000], y_train=y[:2000], x_test=x[2000:], y_test=y[2000:])
    return f"npz:{path}"


@pytest.fixture(scope="module")
def made(
    tmp_path_factory: pytest.TempPathFactory, squares: str, tf: Any
) -> tuple[Run, Teacher]:
    root = tmp_path_factory.mktemp("runs")
    return pretrain(root, squares, teacher_widths=(12, 8), epochs=4, prune=(0.25, 0.5))


@pytest.fixture
def folder(made: tuple[Run, Teacher], tmp_path: Path) -> Path:
    """A copy of the teacher directory, somewhere else."""
    return Path(shutil.copytree(made[0].layout.pretrained, tmp_path / "elsewhere"))


def student_run(root: Path, squares: str, folder: Path, **settings: Any) -> Run:
    from tfluck.data import describe

    teacher = read_teacher(folder).settings(folder)
    config = configure(
        data=describe(squares),
        dataset=squares,
        multiplier=3,
        jit=False,
        **teacher | settings,
    )
    return make(root, config)


def test_the_directory_says_what_the_teacher_is(made: tuple[Run, Teacher]) -> None:
    run, teacher = made
    assert teacher.widths == (9, 4) and teacher.input_shape == (32, 32, 3)
    assert teacher.outputs == 4 and teacher.dataset == "npz"
    assert teacher.pruned["from_widths"] == [12, 8]
    assert teacher.pruned["accuracy_before"]["test"] >= 0.97
    assert teacher.recipe["training"]["loss"] == "cross-entropy"
    assert read_teacher(run.layout.pretrained) == teacher


def test_a_student_of_32x32x3_images_catches_up(
    made: tuple[Run, Teacher], squares: str, folder: Path, tmp_path: Path
) -> None:
    teacher = made[1]
    run = student_run(tmp_path, squares, folder, epochs=16)
    adopt_teacher(run)
    shutil.rmtree(folder)  # from here on the run needs no other place
    train_run(run)
    from tfluck.runs import summarize

    summary = summarize(run)
    assert [layer["teacher_nodes"] for layer in summary["layers"]] == [9, 4]
    assert run.experiment.network.student_widths == (27, 12)
    accuracy = summary["accuracy"]
    assert accuracy["teacher_accuracy"] == [pytest.approx(teacher.accuracy["test"])]
    assert accuracy["accuracy_difference"][0] >= -0.01
    assert accuracy["agreement"][0] > 0.9
    (row,) = (
        layer["mean_best_correlation"]
        for layer in summary["layers"]
        if layer["layer"] == 0
    )
    assert row["final"][0] > row["initial"][0]


def test_pretraining_goes_on_from_a_pruned_teacher(
    made: tuple[Run, Teacher], squares: str, folder: Path, tmp_path: Path
) -> None:
    pruned = made[1]
    decided = pruned.settings(folder)
    decided["batch_norm"] = decided.pop("teacher_batch_norm")
    decided["bn_affine"] = decided.pop("teacher_bn_affine")
    _, same = pretrain(tmp_path / "0", squares, epochs=0, **decided)
    assert same.accuracy == pruned.accuracy, "no training, no change"
    _, tuned = pretrain(tmp_path / "5", squares, epochs=5, **decided)
    assert tuned.widths == pruned.widths
    assert tuned.accuracy["train"] >= pruned.accuracy["train"]


def test_weights_that_changed_are_refused(
    squares: str, folder: Path, tmp_path: Path
) -> None:
    run = student_run(tmp_path / "runs", squares, folder)
    weights = TeacherLayout(folder).weights
    data = bytearray(weights.read_bytes())
    data[len(data) // 2] ^= 1
    weights.write_bytes(data)
    with pytest.raises(Damaged, match="checksum"):
        read_teacher(folder)
    with pytest.raises(Damaged, match="not the teacher this run was made with"):
        adopt_teacher(run)


def test_a_description_of_another_network_is_refused(
    squares: str, folder: Path, tmp_path: Path, tf: Any
) -> None:
    recipe = TeacherLayout(folder).recipe
    write_object(recipe, read_object(recipe) | {"widths": [9, 5]})
    run = student_run(tmp_path / "runs", squares, folder)
    with pytest.raises(Damaged, match="does not hold a teacher of widths 9-5"):
        train_run(run)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format_version": 1}', "\x80\x04."])
def test_a_damaged_description_is_a_sentence(folder: Path, text: str) -> None:
    TeacherLayout(folder).recipe.write_text(text)
    with pytest.raises(Damaged, match=r"teacher.json cannot be read"):
        read_teacher(folder)


def test_a_newer_directory_is_not_guessed_at(folder: Path) -> None:
    recipe = TeacherLayout(folder).recipe
    recipe.write_text(
        json.dumps(json.loads(recipe.read_text()) | {"format_version": 99})
    )
    with pytest.raises(Damaged, match="update tfluck"):
        read_teacher(folder)


def test_a_teacher_is_found_by_folder_run_or_name(
    made: tuple[Run, Teacher], tmp_path: Path
) -> None:
    run, _ = made
    root = run.layout.root.parent
    for name in (run.layout.pretrained, run.layout.root, run.name):
        assert (
            find_teacher(root, str(name)).resolve() == run.layout.pretrained.resolve()
        )
    with pytest.raises(BadInput, match="holds no teacher"):
        find_teacher(root, str(tmp_path))
