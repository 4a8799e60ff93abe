"""Everything a student's training needs to go on exactly where it was.

A checkpoint is one npz file, written atomically; its zip carries a checksum of every
array, so damage is noticed. The newest two are kept.
"""

import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tfluck.errors import RunDamaged
from tfluck.files import make_directory, to_json, write_arrays
from tfluck.training.optimizer import SGD

KEPT = 2
State = dict[str, np.ndarray]


@dataclass
class Progress:
    """How far a training is.

    Attributes:
        step: batches trained on.
        loss_sum: of this epoch's batches so far, in float64.
        loss_count: how many they are.
        history: the surroundings it was computed in, each with its first ``step``.
    """

    step: int = 0
    loss_sum: float = 0.0
    loss_count: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)


class Checkpoints:
    """The checkpoints of one student, in one folder."""

    def __init__(self, folder: Path, student: keras.Model, optimizer: SGD) -> None:
        self.folder = folder
        self.student = student
        self.optimizer = optimizer

    def save(self, progress: Progress) -> None:
        """Write the state and drop all but the newest checkpoints."""
        make_directory(self.folder)
        state = self._variables() | {
            "step": np.int64(progress.step),
            "loss_sum": np.float64(progress.loss_sum),
            "loss_count": np.int64(progress.loss_count),
            "history": np.frombuffer(to_json(progress.history).encode(), np.uint8),
        }
        arrays = {name: np.asarray(value) for name, value in state.items()}
        path = self.folder / f"step-{progress.step:010d}.npz"
        write_arrays(path, arrays)
        for old in self._newest_first()[KEPT:]:
            old.unlink()

    def restore(self) -> tuple[Progress, list[str]]:
        """Load the newest checkpoint that is whole; start at step 0 if there is none.

        Returns:
            Where training stands, and one sentence for each damaged file passed over.

        Raises:
            RunDamaged: there are checkpoints, and none is whole.
        """
        complaints: list[str] = []
        paths = self._newest_first()
        for path in paths:
            try:
                return self._load(path), complaints
            except (
                OSError,
                ValueError,
                KeyError,
                EOFError,
                zipfile.BadZipFile,
            ) as error:
                complaints.append(
                    f"Checkpoint {path.name} is damaged ({error}); "
                    "going back to the one before."
                )
        if paths:
            raise RunDamaged(
                f"No checkpoint in {self.folder} is whole; start over with --fresh."
            )
        return Progress(), complaints

    def _newest_first(self) -> list[Path]:
        return sorted(self.folder.glob("step-*.npz"), reverse=True)

    def _variables(self) -> State:
        state = {v.path: v.numpy() for v in self.student.variables}
        for index, velocity in enumerate(self.optimizer.velocities):
            state[f"velocity/{index}"] = velocity.numpy()
        return state

    def _load(self, path: Path) -> Progress:
        with path.open("rb") as stream, np.load(stream) as archive:
            state = {name: archive[name] for name in archive.files}
        targets: list[tuple[str, Any]] = [(v.path, v) for v in self.student.variables]
        targets += [
            (f"velocity/{i}", v) for i, v in enumerate(self.optimizer.velocities)
        ]
        for name, variable in targets:
            if tuple(state[name].shape) != tuple(variable.shape):
                raise ValueError(f"{name} has shape {state[name].shape}")
        for name, variable in targets:
            variable.assign(state[name])
        return Progress(
            int(state["step"]),
            float(state["loss_sum"]),
            int(state["loss_count"]),
            json.loads(state["history"].tobytes() if "history" in state else b"[]"),
        )
