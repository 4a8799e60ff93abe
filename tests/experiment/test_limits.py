"""Each limit to the last number: what is allowed, and what is one too many."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tfluck.experiment import limits
from tfluck.experiment.cost import Plan
from tfluck.experiment.experiment import Experiment
from tfluck.experiment.limits import (
    LARGEST,
    LONGEST,
    MOST_LAYERS,
    Machine,
    check_chunk,
    check_patterns,
    excess,
    this_machine,
)
from tfluck.experiment.scales import configure
from tfluck.foundations.errors import BadInput

SMALL: dict[str, Any] = {
    "teacher_widths": (2, 3), "multiplier": 2, "outputs": 2, "input_dim": 3, "epochs": 2,
    "samples_per_epoch": 32, "batch_size": 16, "eval_samples": 16,
}  # fmt: skip


def config(**given: Any) -> Experiment:
    return configure(**SMALL | given)[0]


#: A student has a folder, an epoch has rows and perhaps a file.
MOST = {"seeds": 10_000, "epochs": 1_000_000, "seed": 10**18, "threads": 1024}


@pytest.mark.parametrize("name", MOST)
def test_counts_up_to_their_limit(name: str) -> None:
    most = MOST[name]
    experiment, execution = configure(**SMALL | {name: most})
    assert (experiment.settings() | execution.to_dict())[name] == most
    with pytest.raises(
        BadInput, match=rf"^{name} must be at most {most:,}, not {most + 1:,}\.$"
    ):
        configure(**SMALL | {name: most + 1})


def test_a_hundred_layers() -> None:
    assert len(config(teacher_widths=(2,) * MOST_LAYERS).network.teacher_widths) == 100
    with pytest.raises(BadInput, match="layers must be at most 100, not 101"):
        config(teacher_widths=(2,) * 101)


def test_steps_are_counted_in_32_bits() -> None:
    most = 2 * LARGEST
    fits = config(epochs=1, samples_per_epoch=most, batch_size=2)
    assert fits.training.steps == LARGEST
    with pytest.raises(
        BadInput, match=r"1 epochs of 4,294,967,296 samples .* --batch-size"
    ):
        config(epochs=1, samples_per_epoch=most + 2, batch_size=2)
    halved = config(epochs=1, samples_per_epoch=most + 2, batch_size=4)
    assert halved.training.steps == 2**30


@pytest.mark.parametrize("fan_in", [1, 2, 3])
def test_different_rows_of_five_numbers(fan_in: int) -> None:
    check_patterns(5**fan_in - 1, fan_in)
    words = f"layer of {5**fan_in} nodes with fan-in {fan_in} .* only {5**fan_in - 1} patterns"
    with pytest.raises(BadInput, match=words):
        check_patterns(5**fan_in, fan_in)
    check_patterns(10**9, 10**9)


def test_only_a_teacher_that_is_drawn_needs_different_rows() -> None:
    assert config(input_dim=1, teacher_widths=(4, 3)).input_shape == (1,)
    with pytest.raises(BadInput, match="only 4 patterns"):
        config(input_dim=1, teacher_widths=(5, 3))


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("eval_samples", LARGEST // 3, "The evaluation set"),
        ("input_dim", LARGEST // 16, "A batch"),
        ("outputs", LARGEST // 16, "activations of the student's output"),
    ],
)
def test_a_tensor_has_so_many_numbers(name: str, value: int, words: str) -> None:
    settings: dict[str, Any] = {"chunk": 1, "teacher_init": "default"}
    assert config(**settings | {name: value}).settings()[name] == value
    with pytest.raises(
        BadInput, match=f"{words} would be .* holds at most 2,147,483,647"
    ):
        config(**settings | {name: value + 1})


def test_every_tensor_is_counted() -> None:
    """Everything that a setting makes large, with the sizes it is a product of."""
    sizes = dict(
        limits._tensors(config(batch_size=2, samples_per_epoch=2, eval_samples=5))
    )
    assert sizes == {
        "A batch": (2, 3), "The evaluation set": (5, 3),
        "The data set": (0, 3),
        "The weights of the student's layer0": (3, 4),
        "The weights of the student's layer1": (4, 6),
        "The weights of the student's output": (6, 2),
        "A batch's activations of the student's layer0": (2, 4),
        "A batch's activations of the student's layer1": (2, 6),
        "A batch's activations of the student's output": (2, 2),
        "The correlations of layer 0": (2, 4), "The correlations of layer 1": (3, 6),
    }  # fmt: skip


def test_a_chunk_of_batches_is_a_tensor() -> None:
    batch = 2**20
    experiment = config(batch_size=batch, samples_per_epoch=2000 * batch)
    check_chunk(experiment, 682)
    with pytest.raises(
        BadInput, match=r"chunk of batches would be 683 × 1,048,576 × 3 "
    ):
        check_chunk(experiment, 683)
    wide = experiment.but(input_dim=1, teacher_widths=(4, 3))
    check_chunk(wide, 511)
    with pytest.raises(BadInput, match="A chunk's activations of the teacher's layer0"):
        check_chunk(wide, 512)


HERE = Machine(memory=4e9, disk=1e9)


@pytest.mark.parametrize(
    ("plan", "processes", "words"),
    [
        (Plan(LONGEST, 4e9, 1e9), 1, ""),
        (Plan(1, 2e9, 1), 2, ""),
        (Plan(1, 4.1e9, 1), 1,
         "This run needs about 4.1 GB of memory, and this machine has 4 GB."),
        (Plan(1, 1.5e9, 1), 3, "3 students at once need about 4.5 GB of memory, and this machine "
         "has 4 GB; --jobs 2 fits."),
        (Plan(1, 1e9, 1.1e9), 1, "This run needs about 1.1 GB of disk, and there are 1 GB free."),
        (Plan(3 * LONGEST, 1e9, 1), 1, "This run would take about 3 years here."),
        (Plan(9e99, 9e99, 9e99), 9, "This run needs about "),
    ],
)  # fmt: skip
def test_what_a_machine_has_no_room_for(plan: Plan, processes: int, words: str) -> None:
    said = excess(plan, HERE, processes)
    assert said == words or (words.endswith("about ") and said.startswith(words))


def test_sizes_are_said_in_three_digits_up_to_a_terabyte() -> None:
    assert "needs about 123 GB" in excess(Plan(1, 1.234e11, 1), HERE)
    assert "needs about 12,345 GB" in excess(Plan(1, 1.2345e13, 1), HERE)


@pytest.mark.parametrize(
    ("given", "found"),
    [("max\n", 8192.0), ("5000\n", 5000.0), ("99999\n", 8192.0), (None, 8192.0)],
)
def test_a_container_is_given_less(
    given: str | None, found: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    def text(path: Path) -> str:
        if given is None:
            raise FileNotFoundError
        return given

    monkeypatch.setattr(
        limits.os, "sysconf", lambda name: {"SC_PAGE_SIZE": 4096}.get(name, 2)
    )
    monkeypatch.setattr(Path, "read_text", text)
    assert limits._memory() == found


def test_a_folder_that_is_not_there_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is that of the nearest folder above it."""
    asked: list[Path] = []

    def usage(path: Path) -> Any:
        asked.append(path)
        return SimpleNamespace(free=7)

    monkeypatch.setattr(limits.shutil, "disk_usage", usage)
    (tmp_path / "file").touch()
    for folder in (tmp_path / "a" / "b", tmp_path, tmp_path / "file" / "c"):
        assert this_machine(folder).disk == 7
    assert asked == [tmp_path] * 3
