"""Kill processes that work on runs, with SIGKILL, and see that nothing is lost.

``python tests/runs/kills.py [KILLS]`` does it three ways and prints the counts: once
before each file operation of a birth, a removal and a ``--fresh``; at random moments of
births and removals; and at random moments of trainings of every kind, of pools too. Each
killed training is resumed until it ends, and then has the weights, the matrices, the
metrics, the ranks and the export of one that was never disturbed.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from making import make as put

from tfluck.experiment.scales import configure

LONG = {"epochs": 240, "eval_every": 8, "chunk": 7, "seeds": 1}
#: Specimen → what it has otherwise.
TRAININGS: dict[str, dict[str, Any]] = {
    "dense": {"specimen": "plain", "jit": False},
    "dense with BatchNorm": {"specimen": "momentum"},
    "conv": {"specimen": "conv", "epochs": 120},
    "conv with BatchNorm": {"specimen": "conv-before", "epochs": 120},
    "pretraining": {"specimen": "labels", "epochs": 120},
    "a pool of three": {"specimen": "momentum", "seeds": 3},
}
Work = Callable[[Path], object]


def child(work: Callable[[], object]) -> int:
    """Do ``work`` in a fork of this process, in which no TensorFlow is; return its id."""
    pid = os.fork()
    if not pid:
        work()
        os._exit(0)
    return pid


def survived(pid: int) -> bool:
    """Wait for a child, and tell whether it died a natural death."""
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def small(root: Path, *, finished: bool = False, fresh: bool = False) -> Any:
    """Find, make or make anew the one run in ``root``."""
    from runs.conftest import SMALL, finish

    run = put(root, configure(**SMALL), "run", fresh=fresh)
    if finished:
        finish(run, 1)
    return run


def remove(root: Path) -> None:
    """Remove the one run in ``root`` as the command does."""
    from tfluck.runs import find_to_remove, remove_run

    remove_run(find_to_remove(root, "run"))


def usable(root: Path) -> None:
    """Hold the run in ``root`` to be there whole or not at all, and the name to be free."""
    from tfluck.runs import list_runs

    assert {found.status for found in list_runs(root)} <= {"new", "finished"}
    small(root)
    small(root, fresh=True)
    remove(root)
    assert not list(root.glob(".removal-*"))


#: What is killed before each of its operations: (what stands there first, the work).
WORKS: dict[str, tuple[bool, Work]] = {
    "a birth": (False, small),
    "a removal": (True, remove),
    "--fresh": (True, lambda root: small(root, fresh=True)),
}


def kill_before_each(folder: Path, work: Work, stands: bool) -> int:
    """Kill ``work`` before its first, its second … file operation."""
    from runs.killing import deadly

    for survives in range(10_000):
        root = folder / str(survives)
        root.mkdir(parents=True)
        if stands:
            small(root, finished=True)

        def doomed(root: Path = root, survives: int = survives) -> None:
            with deadly(root, survives):
                work(root)

        done = survived(child(doomed))
        usable(root)
        if done:
            return survives
    raise AssertionError("it never ends")


def kill_births_at_random(root: Path, kills: int, draw: random.Random) -> int:
    """Kill a process that makes and removes one run again and again."""

    def forever() -> None:
        while True:
            small(root, finished=True)
            small(root, fresh=True)
            remove(root)

    for _ in range(kills):
        pid = child(forever)
        time.sleep(draw.uniform(0, 0.05))
        os.kill(pid, signal.SIGKILL)
        assert not survived(pid)
        usable(root)
    return kills


def make(folder: Path, specimen: str, **settings: Any) -> Any:
    """Make the run of a training."""
    from laws.specimens import config_of

    experiment, execution = config_of(specimen, folder)
    given = experiment.settings() | execution.to_dict() | LONG | settings
    return put(folder, configure("paper", **given), "run")


def result(run: Any) -> dict[str, Any]:
    """Everything that may not depend on how often a run was killed."""
    import h5py
    from laws.specimens import outcome

    from tfluck.runs import csv_text, open_run

    run = open_run(run.layout.root)
    assert run.status() == "finished" and not run.doubts()
    found: dict[str, Any] = {str(seed): outcome(run, seed) for seed in run.seeds}
    for path in sorted(run.layout.root.rglob("*.weights.h5")):
        with h5py.File(path) as file:
            file.visititems(
                lambda name, item, at=path.name: found.update(
                    {f"{at}/{name}": item[()].tobytes()}
                    if hasattr(item, "dtype")
                    else {}
                )
            )
    stray = sorted(map(str, run.layout.root.rglob(".tmp-*")))
    assert not stray, f"never swept: {stray}"
    return found | {"export": csv_text(run)}


def resume(run: Any) -> "subprocess.Popen[bytes]":
    """Start ``tfluck resume`` in a process group of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "tfluck.cli", "resume", str(run.layout.root), "-q"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def killed(run: Any, draw: random.Random) -> bool:
    """Kill the whole group at a random moment after the first student is begun."""
    from tfluck.runs.lock import is_locked

    process = resume(run)
    locks = [run.layout.seed(seed).lock for seed in run.seeds]
    while process.poll() is None and not any(map(is_locked, locks)):
        time.sleep(0.01)
    # Most work is in the first half second: a restored checkpoint, rows, matrices.
    deadline = time.monotonic() + draw.choice([0.3, 1, 3]) * draw.random()
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    alive = process.poll() is None
    if alive:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    time.sleep(0.05)
    return alive


def kill_trainings(folder: Path, kills: int, draw: random.Random, **how: Any) -> int:
    """Kill one training ``kills`` times, over as many runs as that takes."""
    whole = make(folder / "whole", **how)
    assert resume(whole).wait() == 0
    expected = result(whole)
    left, runs = kills, 0
    while left:
        run = make(folder / str(runs), **how)
        while left and run.status() != "finished":
            left -= killed(run, draw)
        assert resume(run).wait() == 0
        assert result(run) == expected, f"after kills of {run.layout.root}"
        shutil.rmtree(run.layout.root)
        runs += 1
    return runs


def parts(
    kills: int, folder: Path, draw: random.Random
) -> Iterator[tuple[str, int, str]]:
    """Do it all; yield (what, kills, more) as it is done."""
    for name, (stands, work) in WORKS.items():
        count = kill_before_each(folder / name, work, stands)
        yield f"before each operation of {name}", count, ""
    births = kills // 3
    (folder / "births").mkdir()
    yield (
        "births and removals at random moments",
        kill_births_at_random(folder / "births", births, draw),
        "",
    )
    each = (kills - births) // len(TRAININGS)
    for name, how in TRAININGS.items():
        runs = kill_trainings(folder / name, each, draw, **how)
        yield f"{name} at random moments", each, f" over {runs} runs"


def main(kills: int = 300) -> None:
    """Kill, and print the counts."""
    folder = Path(tempfile.mkdtemp())
    count: Counter[str] = Counter()
    try:
        for what, some, more in parts(kills, folder, random.Random(kills)):
            count[what.partition(" at random")[1]] += some
            print(f"{some:5} SIGKILLs, {what}{more}: no difference", flush=True)
        print(
            f"{count['']} before single operations and {count[' at random']} at random "
            "moments: every run stayed usable, and none ended otherwise."
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    main(*map(int, sys.argv[1:]))
