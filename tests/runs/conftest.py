"""A finished run that no training made, so that these tests need no TensorFlow."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from making import make

from tfluck.experiment.scales import configure
from tfluck.foundations.files import make_directory
from tfluck.runs import Journal, Row, Run, Status
from tfluck.runs.correlations import write_matrices
from tfluck.runs.records import write_rows
from tfluck.runs.seal import write_arrays

SMALL = {
    "teacher_widths": (2, 3),
    "multiplier": 2,
    "outputs": 2,
    "input_dim": 3,
    "epochs": 2,
    "samples_per_epoch": 32,
    "batch_size": 16,
    "eval_samples": 16,
}
#: (root, name, settings) → a run that says it is finished, and is.
MakeFinished = Callable[..., Run]


def rows_of(epoch: int, metric: str = "loss") -> list[Row]:
    """Return a few rows of one evaluation."""
    return [
        Row(epoch, "eval", None, metric, 2.0**-epoch),
        Row(epoch, "eval", 0, "mean_best_correlation", 0.25 + epoch / 8),
        Row(epoch, "eval", 1, "mean_best_correlation", None),
    ]


def finish(run: Run, seed: int) -> None:
    """Leave behind what a student leaves that was trained to the end."""
    layout, config = run.layout.seed(seed), run.experiment
    for folder in (layout.root, layout.correlations, layout.checkpoints):
        make_directory(folder)
    metrics = Journal(layout.metrics)
    widths = zip(
        config.network.teacher_widths, config.network.student_widths, strict=True
    )
    rho = [np.linspace(-1, 1, m * n).reshape(m, n) for m, n in widths]
    for epoch in range(config.training.epochs + 1):
        write_matrices(layout, epoch, rho, [np.ones(len(r), bool) for r in rho])
        metrics.append(rows_of(epoch))
    ranks = write_rows(layout.ranks, [Row(0, "eval", 0, "mean_rank", 0.5)])
    step = {"step": np.int64(config.training.steps), "head": np.str_(metrics.head)}
    write_arrays(layout.checkpoint(config.training.steps), step)
    heads = {"metrics": metrics.head, "ranks": ranks}
    Status(layout, config.training.steps).close(
        "finished", config.training.steps, heads=heads
    )
    layout.lock.touch()


@pytest.fixture
def finished(tmp_path: Path) -> MakeFinished:
    """Make a finished run in ``tmp_path/runs``."""

    def finished_run(name: str | None = None, **settings: Any) -> Run:
        config = configure(**SMALL | settings)
        run = make(tmp_path / "runs", config, name)
        for seed in run.seeds:
            finish(run, seed)
        return run

    return finished_run
