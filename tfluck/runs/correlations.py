"""The correlation matrices a run keeps of every evaluation."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tfluck.foundations.errors import BadInput, Damaged
from tfluck.runs.layout import SeedLayout
from tfluck.runs.run import Run
from tfluck.runs.seal import write_arrays
from tfluck.runs.store import KINDS, Tell, read


class Matrices(NamedTuple):
    """One evaluation: per hidden layer ρ, ``[m, n]``, and the live teacher nodes.

    ``path`` is None where nothing was kept.
    """

    epoch: int
    path: Path | None
    rho: list[NDArray[np.float64]]
    live: list[NDArray[np.bool_]]


def write_matrices(
    layout: SeedLayout,
    epoch: int,
    rho: Sequence[NDArray[np.floating[Any]]],
    live: Sequence[NDArray[np.bool_]],
) -> None:
    """Keep ρ, in float32, and the live teacher nodes of every layer."""
    arrays: dict[str, NDArray[Any]] = {}
    for index, matrix in enumerate(rho):
        arrays[f"layer{index}"] = matrix.astype(np.float32)
        arrays[f"live{index}"] = live[index]
    write_arrays(layout.correlation(epoch), arrays)


def read_matrices(run: Run, seed: int, epoch: int | None = None) -> Matrices:
    """Read the matrices of student ``seed`` at ``epoch``, the newest if None.

    Raises:
        BadInput: none are kept of that epoch.
        Damaged: the file is damaged, or its matrices do not fit the run.
    """
    layout = run.layout.seed(seed)
    epochs = layout.epochs()
    if not epochs:
        raise BadInput(f"{layout.root} has no correlation matrices yet.")
    chosen = epochs[-1] if epoch is None else epoch
    if chosen not in epochs:
        known = ", ".join(map(str, epochs))
        raise BadInput(f"No evaluation at epoch {chosen}; there are {known}.")
    path = layout.correlation(chosen)
    return _fitting(run, chosen, path, read("matrix", path, layout.sealed))


def read_history(run: Run, seed: int, tell: Tell) -> list[Matrices]:
    """Read the matrices of every evaluation, without the damaged ones, which are told."""
    layout = run.layout.seed(seed)
    found = []
    for epoch in layout.epochs():
        try:
            found.append(read_matrices(run, seed, epoch))
        except Damaged as error:
            tell(f"{error} {KINDS['matrix'].advice}")
    return found


def _fitting(
    run: Run, epoch: int, path: Path, arrays: dict[str, NDArray[Any]]
) -> Matrices:
    """Take the matrices out of ``arrays`` if they are those of the run's networks."""
    rho, live = [], []
    for index, shape in enumerate(
        zip(run.experiment.network.teacher_widths, run.student_widths, strict=True)
    ):
        matrix, alive = arrays.get(f"layer{index}"), arrays.get(f"live{index}")
        if matrix is None or alive is None:
            raise Damaged(path, f"lacks layer {index}.")
        if (
            matrix.shape != shape
            or matrix.dtype.kind != "f"
            or alive.shape != shape[:1]
        ):
            raise Damaged(
                path,
                f"holds {matrix.dtype} of shape {matrix.shape} for layer {index}, "
                f"whose correlations are {shape}.",
            )
        if not np.isfinite(matrix).all():
            raise Damaged(
                path, f"holds correlations of layer {index} that are no numbers."
            )
        rho.append(matrix.astype(np.float64))
        live.append(alive.astype(np.bool_))
    return Matrices(epoch, path, rho, live)
