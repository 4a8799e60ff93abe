"""Training without TensorFlow: leaves what a finished student leaves, made-up numbers in it.

As a program it sweeps 20 such runs and writes down in a diary when each one begins and
ends, so that a test may kill it at any moment and look at what it does when called again.
"""

import math
import sys
import time
from pathlib import Path
from typing import Any

from making import make

from tfluck.experiment.scales import configure
from tfluck.runs import Journal, Row, Run, Status
from tfluck.runs.lock import locked
from tfluck.sweeps.grid import Cell, Pair, grid, parse_axis
from tfluck.sweeps.sweeping import run_cells

SMALL = {
    "teacher_widths": (3, 4),
    "outputs": 5,
    "input_dim": 6,
    "epochs": 3,
    "samples_per_epoch": 300,
    "batch_size": 16,
    "eval_samples": 100,
}


def read(name: str, text: str) -> Any:
    return float(text) if "." in text else int(text) if text.isdigit() else text


def cells_of(*axes: str, **base: Any) -> list[Cell]:
    """Return the cells of ``multiplier=1,2``, ``…`` upon small settings."""
    chosen = [parse_axis(axis, read) for axis in axes]
    return grid(chosen, SMALL | base, lambda given: configure(**given))


def rho(seed: int, layer: int, epoch: int, multiplier: int) -> float:
    """Grow towards 1, the sooner the wider and the lower, a little by seed."""
    return 1 - math.exp(-multiplier * epoch / (1 + layer)) * (1 + 0.1 * (seed % 2))


def pretend(run: Run, pause: float = 0.0) -> None:
    """Finish every student of ``run``."""
    training, net = run.experiment.training, run.experiment.network
    with locked(run.layout.lock):
        for seed in run.seeds:
            layout = run.layout.seed(seed)
            if run.seed_status(seed).get("status") == "finished":
                continue
            layout.root.mkdir(exist_ok=True)
            layout.metrics.unlink(missing_ok=True)
            journal = Journal(layout.metrics)
            for epoch in range(training.epochs + 1):
                rows = [Row(epoch, "eval", None, "loss", 2.0**-epoch)]
                for layer in range(len(net.teacher_widths)):
                    value = rho(seed, layer, epoch, net.multiplier)
                    for metric in ("mean_best_correlation_live", "covered_0.95_live"):
                        rows.append(Row(epoch, "eval", layer, metric, value))
                journal.append(rows)
                time.sleep(pause)
            Status(layout, training.steps).close("finished", training.steps)


def twenty() -> list[Cell]:
    return cells_of("multiplier=1,2,3,4,5", "seed=1,2,3,4")


def sweep(out: Path, diary: Path, pause: float) -> list[Any]:
    """Sweep the 20 runs, and write into ``diary`` which begin and which end."""

    def start(pair: Pair) -> Run:
        return make(out, pair)

    def train(run: Run) -> None:
        with diary.open("a") as stream:
            print("begin", run.name, file=stream, flush=True)
            pretend(run, pause)
            print("end", run.name, file=stream, flush=True)

    return run_cells(twenty(), start, train)


if __name__ == "__main__":
    sweep(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]))
