"""A run that was stopped, however it was stopped, ends as if it had not been.

The specimens cover dense and conv, with and without BatchNorm, momentum, finite data,
augmented images, pretraining on labels, compiled and not. The laws hold for each: bit
for bit, weights and metrics.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making import make

from tfluck.experiment.experiment import Experiment
from tfluck.experiment.scales import configure
from tfluck.foundations.errors import Damaged, RunBusy
from tfluck.foundations.files import make_directory, write_json
from tfluck.runs import Run, RunLayout, read_rows

#: Real images, cropped and mirrored anew at every step.
DIGITS = {
    "dataset": "digits",
    "sample_shape": (8, 8, 1),
    "outputs": 10,
    "augment": True,
}
SPECIMENS: dict[str, dict[str, Any]] = {
    "fc": {"batch_norm": "none", "jit": True},
    "fc-bn": {"batch_norm": "after-relu", "bn_affine": True, "momentum": 0.9},
    "cnn": {"arch": "cnn", "batch_norm": "none", "lr": ((0, 1e-3),), "samples": 64},
    "cnn-bn": {"arch": "cnn", "batch_norm": "before-relu", "normalize": True},
    "images": DIGITS | {"batch_norm": "none", "samples": 90},
    "pretraining": DIGITS
    | {
        "arch": "cnn",
        "targets": "labels",
        "loss": "cross-entropy",
        "batch_norm": "after-relu",
        "momentum": 0.9,
        "weight_decay": 5e-4,
        "multiplier": 1,
    },
}
#: Those that are killed by default: each kill is a process of its own that must load
#: TensorFlow. ``tests/runs/kills.py`` kills all of them, hundreds of times.
KILLED = ("fc-bn", "pretraining")


def train(
    run: Run,
    stop_asked: Callable[[], int | None] = lambda: None,
    seed: int = 1,
    kernel: Any = None,
) -> Any:
    from tfluck.training.trainer import Trainer

    trainer = Trainer(run, seed, lambda step, note: None, kernel)
    trainer.train(stop_asked)
    return trainer


def outcome(run: Run, seed: int = 1) -> dict[str, Any]:
    """Everything a training leaves behind that may not depend on how often it stopped."""
    layout = run.layout.seed(seed)
    arrays = {}
    newest = sorted(layout.checkpoints.glob("*.npz"))[-1]
    for path in [newest, *sorted(layout.correlations.glob("*.npz"))]:
        with np.load(path) as archive:
            arrays |= {
                f"{path.name}/{name}": archive[name].tobytes() for name in archive.files
            }
    return arrays | {
        "metrics": layout.metrics.read_bytes(),
        "ranks": layout.ranks.read_bytes(),
        "status": run.seed_status(seed)["status"],
    }


@pytest.fixture(scope="module")
def unbroken(
    tmp_path_factory: pytest.TempPathFactory, tiny: dict[str, Any], tf: Any
) -> Callable[..., dict]:
    """Return the outcome of training without a stop; each setting is trained once."""
    known: dict[str, dict] = {}

    def outcome_of(**settings: Any) -> dict:
        config = configure(**tiny | settings)
        if config[0].digest() not in known:
            run = make(tmp_path_factory.mktemp("whole"), config)
            train(run)
            known[config[0].digest()] = outcome(run)
        return known[config[0].digest()]

    return outcome_of


@pytest.fixture(params=SPECIMENS)
def specimen(
    request: pytest.FixtureRequest, make_run: Any, unbroken: Callable[..., dict]
) -> tuple[Any, dict]:
    settings = SPECIMENS[request.param]
    return (lambda folder: make_run(folder, **settings)), unbroken(**settings)


def test_dying_inside_any_write_changes_nothing(
    specimen: tuple[Any, dict], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Like SIGKILL between two system calls: the write fails, nothing cleans up."""
    make, expected = specimen
    run = make("died")

    class Killed(BaseException):
        pass

    import tfluck.foundations.files

    real = Path.replace
    for survived in (0, 1, 2):
        left = [survived]

        def replace(self: Path, target: Path, left: list[int] = left) -> Path:
            if str(target).endswith(".npz"):
                left[0] -= 1
                if left[0] < 0:
                    raise Killed
            return real(self, target)

        monkeypatch.setattr(tfluck.foundations.files.Path, "replace", replace)
        with pytest.raises(Killed):
            train(run)
        monkeypatch.setattr(tfluck.foundations.files.Path, "replace", real)
    train(run)
    assert outcome(run) == expected


def test_a_damaged_checkpoint_falls_back_and_says_so(
    specimen: tuple[Any, dict],
) -> None:
    make, expected = specimen
    run = make("damaged")
    train(run)
    layout = run.layout.seed(run.experiment.seed)
    for damage in ("flip", "cut", "empty"):
        newest = sorted(layout.checkpoints.glob("*.npz"))[-1]
        newest.write_bytes(harmed(newest, damage))
        trainer = train(run)
        assert trainer.status.complaints and newest.name in trainer.status.complaints[0]
        assert run.seed_status(run.experiment.seed)["complaints"]
        assert outcome(run) == expected


def harmed(path: Path, damage: str) -> bytes:
    data = bytearray(path.read_bytes())
    if damage == "flip":
        with path.open("rb") as stream, np.load(stream) as archive:
            weights = archive["layer0_linear/kernel"].tobytes()
        data[data.index(weights) + 3] ^= 1
        return bytes(data)
    return bytes(data[: len(data) // 2]) if damage == "cut" else b""


def test_a_program_that_imported_tensorflow_first_trains_the_same(
    make_run: Any, unbroken: Callable[..., dict]
) -> None:
    """Its cross-entropy would be the faster one, whose last bits are others."""
    settings = SPECIMENS["pretraining"] | {"epochs": 20, "eval_every": 20}
    run = make_run("elsewhere", **settings)
    program = (
        "import sys, tensorflow; from pathlib import Path; import tfluck.runs as runs; "
        "from tfluck.sweeps import train_run; train_run(runs.open_run(Path(sys.argv[1])))"
    )
    subprocess.run([sys.executable, "-c", program, run.layout.root], check=True)
    assert outcome(run) == unbroken(**settings)


def test_no_whole_checkpoint_is_an_error_not_a_fresh_start(
    make_run: Any, tf: Any
) -> None:
    run = make_run()
    train(run)
    for path in run.layout.seed(1).checkpoints.glob("*.npz"):
        path.write_bytes(b"not a checkpoint")
    with pytest.raises(Damaged, match="--fresh"):
        train(run)


def test_two_on_one_student_is_one_too_many(make_run: Any, tf: Any) -> None:
    from tfluck.runs.lock import locked

    run = make_run()
    make_directory(run.layout.seed(1).root)
    with (
        locked(run.layout.seed(1).lock),
        pytest.raises(RunBusy, match=str(os.getpid())),
    ):
        train(run)


def test_a_torn_line_is_cut(make_run: Any, tf: Any) -> None:
    run = make_run()
    train(run)
    expected = outcome(run)
    metrics = run.layout.seed(1).metrics
    with metrics.open("ab") as stream:
        stream.write(b'{"epoch": 3, "split": "ev')
    assert read_rows(metrics)
    train(run)
    assert outcome(run) == expected


@pytest.mark.parametrize(
    "name",
    [n if n in KILLED else pytest.param(n, marks=pytest.mark.slow) for n in SPECIMENS],
)
def test_sigkill_at_random_moments(
    name: str, make_run: Any, unbroken: Callable[..., dict]
) -> None:
    """A real process, really killed, twice; then the command line finishes the run."""
    settings = SPECIMENS[name] | {"epochs": 60, "eval_every": 20}
    run = make_run("killed", **settings)
    draw = random.Random(name)
    killed = 0
    for _ in range(2):
        killed += kill_somewhere(run, draw.random())
    assert killed >= 1, "the process was never caught alive"
    train(run)
    assert outcome(run) == unbroken(**settings)


def kill_somewhere(run: Run, where: float) -> bool:
    """Resume ``run`` in a process of its own and kill it ``where`` of the way on."""
    config: Experiment = run.experiment
    before = run.seed_status(1).get("step", 0)
    goal = before + where * 0.5 * (config.training.steps - before)
    process = subprocess.Popen(
        [sys.executable, "-m", "tfluck.cli", "resume", str(run.layout.root), "-q"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline:
        status = run.seed_status(1)
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


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_signals_end_a_run_cleanly(
    number: signal.Signals, code: int, make_run: Any, tf: Any
) -> None:
    settings = {"epochs": 2000, "eval_every": 500}
    run = make_run(**settings)
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


def test_a_run_of_a_newer_format_is_left_alone(make_run: Any) -> None:
    from tfluck.runs import open_run

    run = make_run()
    manifest = json.loads(run.layout.manifest.read_text())
    write_json(run.layout.manifest, manifest | {"format_version": 99})
    with pytest.raises(Damaged, match="update tfluck"):
        open_run(run.layout.root)
    assert RunLayout(run.layout.root).config.exists()
