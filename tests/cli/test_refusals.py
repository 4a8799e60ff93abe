"""What cannot be is refused in a sentence, before time, memory or a folder is spent."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from tfluck.experiment.limits import Machine

Call = Callable[..., Result]

HUGE = "9" * 400
MANY_LAYERS = "-".join(["20"] * 3000)

#: Arguments (one space between two), exit code, a word of the sentence.
REFUSED: list[tuple[str, int, str]] = [
    # Sizes no machine can do.
    ("train --input-dim 1000000000", 2, "64 × 1,000,000,000 numbers"),
    ("train --seeds 1000000000", 2, "seeds must be at most 10,000"),
    ("train --seed 1000000000000000001", 2, "19 digits"),
    (
        "train --arch cnn --teacher-widths 100000-100000",
        2,
        "activations of the student's layer0",
    ),
    ("train --arch cnn --image-size 100000", 2, "A batch would be"),
    ("train --batch-size 1000000000", 2, "A batch would be"),
    ("train --eval-samples 1000000000", 2, "The evaluation set would be"),
    ("train --samples 1000000000", 2, "The data set would be"),
    ("train --multiplier 1000000000", 2, "The weights of the student's layer0"),
    ("train --outputs 1000000000", 2, "The weights of the student's output"),
    ("train --epochs 10000000", 2, "epochs must be at most 1,000,000"),
    ("train --samples-per-epoch 1000000000000000", 2, "312,500,000,000,000 steps"),
    (f"train --teacher-widths {MANY_LAYERS}", 2, "layers must be at most 100"),
    ("train --batch-size 4000 --chunk 1000000 --input-dim 30000", 2, "A chunk"),
    ("train --threads 1000000", 2, "threads must be at most 1,024"),
    ("train --teacher-widths 1", 2, "only 4 patterns"),
    ("train --teacher-widths 1 --seeds 2", 2, "only 4 patterns"),
    ("pretrain --dataset digits --epochs 10000000", 2, "at most 1,000,000"),
    ("pretrain --dataset digits --teacher-widths 99999999", 2, "The weights"),
    # Sizes this machine cannot do.
    ("train --scale paper --epochs 1000000 --samples-per-epoch 640", 2, "of disk"),
    ("train --teacher-widths 4000-4000-4000 --jobs 1", 2, "of memory"),
    ("train --scale paper --arch cnn --samples-per-epoch 1000000000", 2, "years"),
    ("pretrain --dataset digits --teacher-widths 40000-40000-40000", 2, "of memory"),
    # Numbers as nobody writes them.
    *(
        (f"train --{name} {HUGE}", 2, "A whole number of 400 digits is too large")
        for name in (
            "seed",
            "seeds",
            "epochs",
            "batch-size",
            "multiplier",
            "outputs",
            "input-dim",
            "samples",
            "samples-per-epoch",
            "eval-samples",
            "eval-every",
            "chunk",
            "jobs",
        )
    ),
    (f"train --teacher-widths 10-{HUGE}", 2, "400 digits"),
    ("train --seed ²", 2, "is not a whole number"),
    ("train --samples ²", 2, "is not a whole number"),
    ("train --epochs 1_0", 2, "is not a whole number"),
    ("train --epochs 1\n", 2, "is not a whole number"),
    ("train --data-std 1\n", 2, "is not a number"),
    ("train --momentum inf", 2, "is not a finite number"),
    ("train --momentum 1e999", 2, "is not a finite number"),
    ("train --lr 0:0.1,5\n:0.01", 2, "A learning rate is a number or a schedule"),
    ("train --lr 1:2:3", 2, "A learning rate is a number or a schedule"),
    ("train --student-init perturb:inf", 2, "Write perturb:S with a number S"),
    ("train --student-init perturb:1\n", 2, "Write perturb:S with a number S"),
    ("pretrain --dataset digits --prune 0.1,x", 2, "--prune: Give shares like"),
    ("ad sample --m 1_0", 2, "is not a whole number"),
    ("align --students ٣", 2, "is not a whole number"),
    ("analyze rank x --seed 1_0", 2, "is not a whole number"),
    # Empty words, as an unset variable leaves them.
    ("train --preset ", 2, "--preset is empty"),
    ("train --preset=", 2, "--preset is empty"),
    ("train --name ", 2, "--name is empty"),
    ("train --out ", 2, "--out is empty"),
    ("train --teacher ", 2, "--teacher is empty"),
    ("pretrain --dataset digits --prune ", 2, "--prune is empty"),
    ("resume ", 2, "is empty"),
    ("runs rm  --yes", 2, "is empty"),
    ("analyze bn-bias --weights ", 2, "--weights is empty"),
    # Names.
    ("train --name a/b", 2, "without /"),
    ("train --name ..", 2, "without /"),
    (f"train --name {'n' * 5000}", 2, "at most 200 bytes"),
    ("train --name bad\x1b[31m", 2, "printable"),
    ("train --name bad\udcff", 2, "printable"),
    # Engines that are not there.
    ("train --engine dask", 2, "needs --scheduler ADDRESS"),
    ("train --scheduler tcp://host:1", 2, "belongs to --engine dask"),
    # Cheap checks come before dear imports.
    ("analyze compare a.keras b.keras --data x.npz", 2, "There is no file"),
    ("analyze bn-bias --weights nothere.pth", 2, "There is no file nothere.pth"),
    ("data verify npz:nothere.npz", 2, "nothere.npz"),
    ("train --dataset npz:nothere.npz", 2, "nothere.npz"),
    ("train --teacher nothere", 2, "No teacher in nothere"),
    ("resume nothere", 2, "No run 'nothere'"),
    ("analyze modulation nothere", 2, "No run 'nothere'"),
    # What a library says keeps its words, whoever catches a ValueError on the way.
    ("align --teachers 0", 2, "At least one teacher is needed"),
]


def identity(row: Any) -> str:
    return ascii(row[0])[1:70]


@pytest.fixture
def nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, from which neither training nor TensorFlow is reached."""

    def reached(*args: object, **kwargs: object) -> None:
        raise AssertionError("this should have been refused before")

    monkeypatch.setattr("tfluck.sweeps.train_run", reached)
    monkeypatch.setattr("tfluck.foundations.runtime.start_tensorflow", reached)
    laptop = Machine(memory=2e10, disk=1e11)
    monkeypatch.setattr("tfluck.cli.launch.this_machine", lambda folder: laptop)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("row", REFUSED, ids=identity)
def test_a_refusal_is_a_sentence_and_leaves_nothing(
    row: tuple[str, int, str], tfluck: Call, nothing_else: Path
) -> None:
    line, code, words = row
    result = tfluck(*line.split(" "))
    assert (result.exit_code, words in result.stderr) == (code, True), result.output
    assert not result.stdout
    assert list(nothing_else.iterdir()) == []
    assert len(result.stderr) < 600


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"seeds": 10_001}, "at most 10,000"),
        ({"teacher_widths": (20,) * 101}, "at most 100"),
        ({"teacher_widths": (40_000, 60_000), "multiplier": 1}, "weights"),
        ({"multiplier": 2**31 // 20 // 50 + 1}, "weights of the student's layer0"),
        ({"batch_size": 2**31 // 20 + 1}, "A batch would be"),
        ({"eval_samples": 2**31 // 20 + 1}, "The evaluation set"),
        ({"epochs": 2**31 // 1563 + 1}, "at most 1,000,000"),
        ({"epochs": 10**6, "samples_per_epoch": 64 * 2148}, "steps"),
        ({"chunk": 200, "batch_size": 10**5, "samples_per_epoch": 10**8}, "chunk"),
    ],
    ids=str,
)
def test_python_is_refused_what_no_machine_can_do(given: dict, words: str) -> None:
    from tfluck.experiment.scales import configure
    from tfluck.foundations.errors import BadInput

    with pytest.raises(BadInput, match=words):
        configure("paper", **given)


def test_the_largest_that_fits_is_let_through() -> None:
    from tfluck.experiment.scales import make_experiment

    make_experiment("paper", epochs=10**6, samples_per_epoch=64 * 2147)
    make_experiment(
        batch_size=10**5, samples_per_epoch=10**8
    )  # its chunk is chosen to fit
    make_experiment(
        teacher_widths=(46_340,), multiplier=1, input_dim=46_340, batch_size=2
    )
    make_experiment(teacher_widths=(24,), input_dim=2, outputs=10**6)


PLAN = {"seconds": 60.0, "memory": 4e9, "disk": 1e9}


@pytest.mark.parametrize(
    ("more", "processes", "words"),
    [
        ({}, 1, ""),
        (
            {"memory": 8.1e9},
            1,
            "needs about 8.1 GB of memory, and this machine has 8 GB",
        ),
        ({}, 2, ""),
        ({}, 3, "--jobs 2 fits"),
        ({"disk": 2.1e9}, 1, "about 2.1 GB of disk, and there are 2 GB free"),
        ({"seconds": 3e8}, 1, "about 10 years"),
        ({"seconds": 3e7}, 1, ""),
    ],
)
def test_a_plan_is_held_against_the_machine(
    more: dict, processes: int, words: str
) -> None:
    from tfluck.experiment.cost import Plan
    from tfluck.experiment.limits import excess

    said = excess(Plan(**PLAN | more), Machine(memory=8e9, disk=2e9), processes)
    assert words in said and bool(words) == bool(said)


#: Disk for years.
LARGE = "--scale paper --epochs 1000000 --samples-per-epoch 640"


def test_force_tries_it_all_the_same(
    tfluck: Call, nothing_else: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    monkeypatch.setattr(
        "tfluck.cli.train.drive", lambda run, *more: started.append(run.name)
    )
    large = f"train {LARGE}".split()
    assert tfluck(*large).exit_code == 2 and not started
    assert tfluck(*large, "--force").exit_code == 0 and len(started) == 1


def test_a_dry_run_says_that_it_is_too_much(tfluck: Call, nothing_else: Path) -> None:
    result = tfluck("train", *LARGE.split(), "--dry-run")
    assert result.exit_code == 0 and "of disk, and there are" in result.stderr
    assert list(nothing_else.iterdir()) == []


#: How a stream may be that takes nothing, exit code, what stderr says.
STREAMS = [
    (">/dev/full", 1, "Cannot write to stdout"),
    (">&-", 1, "Cannot write to stdout"),
    ("2>&-", 0, ""),
    ("2>/dev/full", 0, ""),
    ("<&-", 0, ""),
    ("| true", 0, ""),
]


@pytest.mark.parametrize(
    ("stream", "code", "words"), STREAMS, ids=[s[0] for s in STREAMS]
)
def test_a_stream_that_takes_nothing_is_no_riddle(
    stream: str, code: int, words: str, tmp_path: Path
) -> None:
    """Results that nobody got are a failure, talk that nobody heard is none."""
    script = (
        f"set -o pipefail; {sys.executable} -m tfluck.cli runs list --json {stream}"
    )
    done = subprocess.run(
        ["/bin/bash", "-c", script], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == code and words in done.stderr
    assert "Exception" not in done.stderr and "Traceback" not in done.stderr


def test_a_terminal_without_greek_letters_reads_words(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tfluck.cli", "analyze", "--help"],
        capture_output=True,
        check=True,
        env=os.environ | {"PYTHONIOENCODING": "latin-1"},
    )
    assert b"beta*, H*, beta, H" in done.stdout


@pytest.mark.parametrize(
    ("text", "spelt"),
    [("ρ̄ 0.5", "rho 0.5"), ("50 × 2 → ē", "50 x 2 -> e"), ("\udcff…", "\\udcff...")],
)
def test_letters_are_spelt(text: str, spelt: str) -> None:
    import tfluck.cli.streams  # noqa: F401 - registers the handler

    assert text.encode("ascii", "tfluck.spell").decode() == spelt


def test_a_working_directory_that_is_gone_is_named(tmp_path: Path) -> None:
    code = (
        "import os, sys\n"
        f"os.mkdir({str(tmp_path / 'gone')!r}); os.chdir({str(tmp_path / 'gone')!r})\n"
        f"os.rmdir({str(tmp_path / 'gone')!r})\n"
        "from tfluck.cli.main import main\n"
        "main(['train', '--scale', 'smoke', '--samples-per-epoch', '64'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 1
    assert "The working directory is gone" in done.stderr


def test_the_list_says_data_preset_and_scale(
    tfluck: Call, nothing_else: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tfluck.cli.train.drive", lambda *of: None)
    preset = "luck-matters/figure-7-fc-bn"
    assert tfluck("train", "--preset", preset, "--scale", "smoke").exit_code == 0
    assert tfluck("train", "--scale", "smoke", "--seed", "7").exit_code == 0
    listed = json.loads(tfluck("runs", "list", "--json").stdout)["runs"]
    told = {(row["data"], row["preset"], row["scale"]) for row in listed}
    assert told == {("gaus", preset, "smoke"), ("gaus", None, "smoke")}
    assert preset in tfluck("runs", "list").stdout
