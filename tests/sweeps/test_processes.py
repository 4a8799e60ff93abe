"""Many processes stop as one: Ctrl-C to all of them, a killed worker, a killed parent."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from tfluck.runs import Run, open_run

LONG = [
    "--teacher-widths", "3-4", "--multiplier", 2, "--outputs", 5, "--input-dim", 6,
    "--samples-per-epoch", 300, "--batch-size", 16, "--eval-samples", 100, "--no-jit",
    "--epochs", 100_000, "--eval-every", 1000, "--name", "long",
]  # fmt: skip
PAIR = [*LONG, "--seeds", 2, "--jobs", 2]
Process = subprocess.Popen[str]


@contextmanager
def training(
    tmp_path: Path, *arguments: object, python: tuple[str, ...] = ()
) -> Iterator[Process]:
    """``tfluck train`` in a process group of its own, as a shell starts it."""
    process = subprocess.Popen(
        [sys.executable, *python, "-m", "tfluck.cli", "train"]
        + [str(each) for each in [*arguments, "--out", tmp_path]],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def until(fact: Callable[[], Any], seconds: float = 180) -> Any:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := fact():
            return found
        time.sleep(0.05)
    pytest.fail("waited in vain")


def trained(tmp_path: Path) -> Run:
    """Wait until every student of the run has made steps."""
    path = tmp_path / "long"
    until(lambda: (path / "manifest.json").exists() and (path / "config.json").exists())
    run = open_run(path)
    until(lambda: all(run.seed_status(s).get("step") for s in run.seeds))
    return run


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def has_checkpoint(run: Run, seed: int) -> bool:
    """Tell whether the student can go on from the very step it has told of last."""
    step = run.seed_status(seed)["step"]
    return (run.layout.seed(seed).checkpoints / f"step-{step:010d}.npz").exists()


def test_ctrl_c_while_the_command_line_loads_is_quiet(tmp_path: Path) -> None:
    """From our first line on; before it only Python is there, whose end is its own."""
    with training(tmp_path, *PAIR, python=("-X", "importtime")) as process:
        assert process.stderr is not None
        any(line.split("|")[-1].strip() == "click" for line in process.stderr)
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=120)
    assert process.returncode == 130 and "Traceback" not in errors
    assert errors.rstrip().endswith("Interrupted.")


#: Seconds after the run is born: its workers load, then TensorFlow.
MOMENTS = [*(pytest.param(m, marks=pytest.mark.slow) for m in (0.2, 0.6)), 1.5]


@pytest.mark.parametrize("moment", MOMENTS)
def test_ctrl_c_while_the_workers_load_is_quiet(tmp_path: Path, moment: float) -> None:
    with training(tmp_path, *PAIR) as process:
        until(lambda: (tmp_path / "long" / "lock").exists())
        time.sleep(moment)
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=120)
    assert process.returncode == 130, errors
    assert "Traceback" not in errors and "abruptly" not in errors
    assert "`tfluck resume " in errors


def test_a_killed_parent_leaves_checkpoints_and_no_orphans(tmp_path: Path) -> None:
    with training(tmp_path, *PAIR) as process:
        run = trained(tmp_path)
        workers = [run.seed_status(seed)["pid"] for seed in run.seeds]
        assert process.pid not in workers and all(map(alive, workers))
        process.kill()
        process.wait()
        until(lambda: not any(map(alive, workers)), 60)
    for seed in run.seeds:
        assert run.seed_status(seed)["status"] == "interrupted"
        assert has_checkpoint(run, seed)


def test_a_killed_worker_is_told_with_the_way_back(tmp_path: Path) -> None:
    with training(tmp_path, *PAIR) as process:
        run = trained(tmp_path)
        os.kill(run.seed_status(1)["pid"], signal.SIGKILL)
        _, errors = process.communicate(timeout=120)
    assert process.returncode == 1 and "Traceback" not in errors
    last = errors.strip().splitlines()[-1]
    assert "was killed" in last and f"`tfluck resume {run.layout.root}`" in last
    assert has_checkpoint(run, 2), "the other one was stopped in order"


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_the_group_while_all_train(
    tmp_path: Path, number: signal.Signals
) -> None:
    with training(tmp_path, *PAIR) as process:
        run = trained(tmp_path)
        os.killpg(process.pid, number)
        _, errors = process.communicate(timeout=120)
    assert process.returncode == 128 + number and "Traceback" not in errors
    assert run.status() == "interrupted" and not run.layout.stop.exists()
    assert f"`tfluck resume {run.layout.root}`" in errors
    assert all(has_checkpoint(run, seed) for seed in run.seeds)
