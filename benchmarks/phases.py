"""Where the time of a run goes, and what grows with width and with the number of runs.

``make bench`` runs this after ``training.py``; it prints a table and writes it to
``benchmarks/phases.txt``. Every row is a process of its own, the median of three.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import Any

from training import circumstances

HERE = Path(__file__).parent
TURNS = 3
NETS = {
    "small dense 10-15-20-25 ×10": ("fc", "10-15-20-25", 10),
    "large dense 50-75-100-125 ×10": ("fc", "50-75-100-125", 10),
    "conv 4-4-4-4 ×10": ("cnn", "4-4-4-4", 10),
}
PHASES = ("import", "build", "compile", "step", "first look", "look", "checkpoint")
MULTIPLIERS = (10, 20, 40, 80)
RUNS = (1, 2, 4, 8)


def timed(call: Any, times: int = 1) -> float:
    """Return the seconds of one of ``times`` calls."""
    start = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - start) / times


def measure(arch: str, widths: str, multiplier: int) -> dict[str, float]:
    """Go through a run's phases in this process and time each, in milliseconds."""
    from tfluck.experiment.choices import parse_widths
    from tfluck.experiment.scales import configure
    from tfluck.runs import find_or_create

    found = {}

    def load() -> None:
        from tfluck.foundations.runtime import start_tensorflow

        start_tensorflow()
        import_module("tfluck.training.trainer")

    found["import"] = timed(load)
    from tfluck.training.trainer import Trainer

    experiment, execution = configure(
        "paper",
        arch=arch,
        teacher_widths=parse_widths(widths),
        multiplier=multiplier,
        batch_norm="none",
        lr=((0, 1e-4),),
    )
    with tempfile.TemporaryDirectory() as folder:
        run = find_or_create(Path(folder), experiment, execution=execution)
        made: list[Trainer] = []
        found["build"] = timed(
            lambda: made.append(Trainer(run, 1, lambda step, note: None))
        )
        (trainer,) = made
        trainer.layout.root.mkdir(parents=True)
        chunks = trainer.clock.chunks()
        starts = (chunk.start for chunk in trainer.clock.chunks())
        batches = iter(trainer.stream.chunks(starts, trainer.clock.length))
        steps = []

        def advance() -> None:
            chunk = next(chunks)
            trainer._train_chunk(chunk, next(batches))
            steps.append(chunk.steps)

        first = timed(advance)
        found["step"] = timed(advance, 5) / statistics.mean(steps[1:])
        found["compile"] = first - found["step"] * steps[0]
        found["first look"] = timed(trainer.kernel.evaluator.evaluate)
        found["look"] = timed(trainer.kernel.evaluator.evaluate, 5)
        save = trainer.checkpoints.save
        found["checkpoint"] = timed(lambda: save(trainer.progress), 5)
    return {name: 1e3 * seconds for name, seconds in found.items()}


def apart(arch: str, widths: str, multiplier: int) -> dict[str, float]:
    """Measure in processes of their own; return medians."""
    command = [sys.executable, __file__, "--one", arch, widths, str(multiplier)]
    each = []
    for _ in range(TURNS):
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        each.append(json.loads(done.stdout.splitlines()[-1]))
    return {name: statistics.median(one[name] for one in each) for name in each[0]}


def sweep(runs: int) -> float:
    """Return the seconds of a sweep of so many small runs, whole command."""
    with tempfile.TemporaryDirectory() as folder:
        rates = ",".join(f"{0.01 * (1 + each)}" for each in range(runs))
        command = (
            f"{sys.executable} -m tfluck.cli sweep --vary lr={rates} --seeds 2 --quiet "
            "--teacher-widths 10-15-20-25 --batch-norm none --epochs 2 --scale paper "
            f"--out {folder}"
        )
        return timed(
            lambda: subprocess.run(
                command.split(), check=True, stdout=subprocess.DEVNULL
            )
        )


def main() -> None:
    """Print the tables and write them beside this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--one", nargs=3, metavar=("ARCH", "WIDTHS", "MULTIPLIER"))
    parser.add_argument("--out", type=Path, default=HERE / "phases.txt")
    given = parser.parse_args()
    if given.one:
        arch, widths, multiplier = given.one
        print(json.dumps(measure(arch, widths, int(multiplier))))
        return
    lines = []

    def add(line: str) -> None:
        lines.append(line)
        print(line, flush=True)

    for line in circumstances():
        add(line)
    add(f"milliseconds, medians of {TURNS} processes; a look is one evaluation")
    add("")
    add(f"{'net':34}" + "".join(f"{name:>12}" for name in PHASES))
    for name, net in NETS.items():
        found = apart(*net)
        add(f"{name:34}" + "".join(f"{found[phase]:12.1f}" for phase in PHASES))
    add("")
    add(f"{'small dense, width':34}{'step':>12}{'look':>12}{'checkpoint':>12}")
    for multiplier in MULTIPLIERS:
        found = apart("fc", "10-15-20-25", multiplier)
        cells = (found[phase] for phase in ("step", "look", "checkpoint"))
        add(f"×{multiplier:<33}" + "".join(f"{cell:12.2f}" for cell in cells))
    add("")
    add(f"{'a sweep of runs of two students':34}{'seconds':>12}{'a run':>12}")
    for runs in RUNS:
        seconds = sweep(runs)
        add(f"{runs:<34}{seconds:12.1f}{seconds / runs:12.1f}")
    given.out.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
