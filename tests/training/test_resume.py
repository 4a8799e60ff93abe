"""A real process that is really killed, and what else stands between two trainings.

That a stop or a death at any moment changes nothing is a law of all specimens
(``laws/test_stopping.py``), what damaged files do is in ``runs/test_training_store.py``.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from laws.specimens import SPECIMENS, config_of, outcome, train
from making import make

from tfluck.experiment.experiment import Experiment
from tfluck.foundations.errors import Damaged, RunBusy
from tfluck.foundations.files import make_directory
from tfluck.runs import Run

#: What is killed by default: each kill is a process of its own that must load
#: TensorFlow. ``tests/runs/kills.py`` kills hundreds of times.
KILLED = ("momentum",)
#: Those that may be: of their own files none, and of no other run's.
ALONE = [name for name, chosen in SPECIMENS.items() if not chosen.keys() & {"teacher"}]


@pytest.fixture
def long_run(tmp_path: Path) -> Callable[[str, str], Run]:
    """Return a specimen that trains for long enough to be met alive."""

    def made(name: str, folder: str) -> Run:
        experiment, execution = config_of(name, tmp_path)
        rarely = {"epochs": 60, "eval_every": 20}
        pair = experiment.but(**rarely), execution.but(seeds=1, keep_epochs=())
        return make(tmp_path / folder, pair)

    return made


@pytest.mark.parametrize(
    "name",
    [n if n in KILLED else pytest.param(n, marks=pytest.mark.slow) for n in ALONE],
)
def test_sigkill_at_random_moments(
    name: str, long_run: Callable[[str, str], Run], tf: Any
) -> None:
    """A real process, really killed, twice; then this one finishes the run."""
    run, unbroken = long_run(name, "killed"), long_run(name, "whole")
    seed, draw = run.seeds[0], random.Random(name)
    caught = sum(kill_somewhere(run, draw.random()) for _ in range(2))
    assert caught >= 1, "the process was never met alive"
    train(run, seed)
    train(unbroken, seed)
    assert outcome(run, seed) == outcome(unbroken, seed)


def kill_somewhere(run: Run, where: float) -> bool:
    """Resume ``run`` in a process of its own and kill it ``where`` of the way on."""
    config: Experiment = run.experiment
    seed = run.seeds[0]
    before = run.seed_status(seed).get("step", 0)
    goal = before + where * 0.5 * (config.training.steps - before)
    process = subprocess.Popen(
        [sys.executable, "-m", "tfluck.cli", "resume", str(run.layout.root), "-q"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline:
        status = run.seed_status(seed)
        if (
            status.get("status") == "running"
            and status["step"] >= goal
            and status["step"]
        ):
            break
        time.sleep(0.02)
    alive = process.poll() is None
    process.kill()
    process.wait()
    return alive


def test_a_program_that_imported_tensorflow_first_trains_the_same(
    long_run: Callable[[str, str], Run], tf: Any
) -> None:
    """Its cross-entropy would be the faster one, whose last bits are others."""
    run, unbroken = long_run("labels", "elsewhere"), long_run("labels", "here")
    program = (
        "import sys, tensorflow; from pathlib import Path; import tfluck.runs as runs; "
        "from tfluck.sweeps import train_run; train_run(runs.open_run(Path(sys.argv[1])))"
    )
    subprocess.run([sys.executable, "-c", program, run.layout.root], check=True)
    train(unbroken, run.seeds[0])
    assert outcome(run, run.seeds[0]) == outcome(unbroken, run.seeds[0])


def test_no_whole_checkpoint_is_an_error_not_a_fresh_start(
    make_run: Any, tf: Any
) -> None:
    run = make_run()
    train(run, 1)
    for path in run.layout.seed(1).checkpoints.glob("*.npz"):
        path.write_bytes(b"not a checkpoint")
    with pytest.raises(Damaged, match="--fresh"):
        train(run, 1)


def test_two_on_one_student_is_one_too_many(make_run: Any, tf: Any) -> None:
    from tfluck.runs.lock import locked

    run = make_run()
    make_directory(run.layout.seed(1).root)
    with (
        locked(run.layout.seed(1).lock),
        pytest.raises(RunBusy, match=str(os.getpid())),
    ):
        train(run, 1)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_signals_end_a_run_cleanly(
    number: signal.Signals, code: int, make_run: Any, tf: Any
) -> None:
    run = make_run(epochs=2000, eval_every=500)
    process = subprocess.Popen(
        [sys.executable, "-m", "tfluck.cli", "resume", str(run.layout.root)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not run.seed_status(1).get("step"):
        time.sleep(0.05)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == code
    assert "Traceback" not in errors and "checkpoint" in errors
    assert run.status() == "interrupted"
    step = run.seed_status(1)["step"]
    assert (run.layout.seed(1).checkpoints / f"step-{step:010d}.npz").exists()
