"""The curvature of a run's student: its loss, its winners and its networks in float64."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from tfluck.experiment.choices import OBJECTIVES
from tfluck.foundations.runtime import start_tensorflow
from tfluck.instruments.loaded import load_run
from tfluck.runs import Run
from tfluck.runs.correlations import read_matrices
from tfluck.runs.weights import kept_weights
from tfluck.studies.flatness import Effort, Flatness, flatness, winners_of

if TYPE_CHECKING:
    from tfluck.networks.curvature import Surface


def run_flatness(
    run: Run,
    seed: int,
    epoch: int | None = None,
    *,
    names: Sequence[str] = ("winners", "others"),
    samples: int = 500,
    effort: Effort | None = None,
    report: Callable[[str], None] = lambda note: None,
) -> tuple[int, Flatness]:
    """Measure the curvature at the weights of the student ``seed`` of ``run``.

    Returns:
        The epoch, and what was found. Winners are those of the same epoch.

    Raises:
        BadInput, Damaged: weights or matrices are not kept of that epoch.
    """
    kept = kept_weights(run, seed, epoch)
    matrices = read_matrices(run, seed, kept.epoch)
    won = winners_of(matrices.rho, matrices.live)
    start_tensorflow()
    from tfluck.networks.curvature import touched_codes

    surface = run_surface(run, seed, kept.epoch, samples)
    codes = touched_codes(run.experiment.graph(), surface.model, won)
    found = flatness(surface, codes, names, effort or Effort(), seed, report)
    counts = tuple(int(nodes.sum()) for nodes in won)
    return kept.epoch, replace(found, winners=counts)


def run_surface(run: Run, seed: int, epoch: int, samples: int) -> "Surface":
    """Return the evaluation loss of a student, in float64, around its weights."""
    from tfluck.networks.curvature import Surface, in_float64
    from tfluck.networks.shapes import networks

    loaded = load_run(run)
    models = loaded.teacher(), loaded.student(seed, epoch)
    teacher, student = map(in_float64, networks(run.experiment), models)
    x = loaded.view(seed, epoch, frozenset({"inputs"})).inputs(samples)
    piece = 64 if run.experiment.network.reads_images else 1000
    targets = np.concatenate(
        [
            teacher(x[at : at + piece], training=False)[-1].numpy()
            for at in range(0, len(x), piece)
        ]
    )
    return Surface(
        student, OBJECTIVES.find(run.experiment.training.loss), x, targets, piece
    )
