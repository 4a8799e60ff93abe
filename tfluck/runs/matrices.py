"""The correlation matrices a run keeps of every evaluation."""

import re
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tfluck.errors import BadInput, RunDamaged
from tfluck.runs.layout import SeedLayout


class Matrices(NamedTuple):
    """One evaluation: per hidden layer ρ, ``[m, n]``, and the live teacher nodes."""

    epoch: int
    path: Path
    rho: list[NDArray[np.float64]]
    live: list[NDArray[np.bool_]]


def evaluated_epochs(layout: SeedLayout) -> list[int]:
    """Return the epochs of which matrices are kept, ascending; 0 is before training."""
    names = (
        re.fullmatch(r"epoch-(\d+)", p.stem) for p in layout.correlations.glob("*.npz")
    )
    return sorted(int(name[1]) for name in names if name)


def read_matrices(layout: SeedLayout, epoch: int | None = None) -> Matrices:
    """Read the matrices of ``epoch``, the newest if None.

    Raises:
        BadInput: none are kept of that epoch.
        RunDamaged: the file cannot be read.
    """
    epochs = evaluated_epochs(layout)
    if not epochs:
        raise BadInput(f"{layout.root} has no correlation matrices yet.")
    chosen = epochs[-1] if epoch is None else epoch
    if chosen not in epochs:
        known = ", ".join(map(str, epochs))
        raise BadInput(f"No evaluation at epoch {chosen}; there are {known}.")
    path = layout.correlation(chosen)
    try:
        with path.open("rb") as stream, np.load(stream) as archive:
            layers = range(sum(name.startswith("layer") for name in archive.files))
            rho = [np.asarray(archive[f"layer{i}"], np.float64) for i in layers]
            live = [np.asarray(archive[f"live{i}"], np.bool_) for i in layers]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise RunDamaged(f"{path} is damaged: {error}") from error
    return Matrices(chosen, path, rho, live)
