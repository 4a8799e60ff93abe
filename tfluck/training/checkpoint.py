"""Everything a student's training needs to go on exactly where it was.

A checkpoint is one sealed npz file, written atomically. The newest two are kept.
"""

import json
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tfluck.foundations.errors import Damaged
from tfluck.foundations.files import make_directory, to_json
from tfluck.runs import SeedLayout
from tfluck.runs.records import EMPTY
from tfluck.runs.seal import write_arrays
from tfluck.runs.store import KINDS, RESTORE, Tell, read
from tfluck.training.optimizers import Optimizer

KEPT = 2
#: What a checkpoint holds beside variables.
HEADER = ("step", "loss_sum", "loss_count", "history", "head")
State = dict[str, np.ndarray]


@dataclass
class Progress:
    """How far a training is.

    Attributes:
        step: batches trained on.
        loss_sum: of this epoch's batches so far, in float64.
        loss_count: how many they are.
        history: the surroundings it was computed in, each with its first ``step``.
        head: of the metrics recorded so far; None where an old run did not say.
    """

    step: int = 0
    loss_sum: float = 0.0
    loss_count: int = 0
    history: list[dict[str, Any]] = field(default_factory=list)
    head: str | None = EMPTY


class Checkpoints:
    """The checkpoints of one student, whose training has ``steps`` steps."""

    def __init__(
        self,
        layout: SeedLayout,
        student: keras.Model,
        optimizer: Optimizer,
        steps: int,
    ) -> None:
        self.layout = layout
        self.student = student
        self.optimizer = optimizer
        self.steps = steps
        names = [*HEADER, *(name for name, _ in self._variables())]
        if len(set(names)) < len(names):
            raise ValueError(f"two things of a checkpoint have one name: {names}")

    def save(self, progress: Progress) -> None:
        """Write the state and drop the checkpoints before the newest two."""
        make_directory(self.layout.checkpoints)
        state: dict[str, Any] = {
            "step": np.int64(progress.step),
            "loss_sum": np.float64(progress.loss_sum),
            "loss_count": np.int64(progress.loss_count),
            "history": np.frombuffer(to_json(progress.history).encode(), np.uint8),
            "head": np.str_(progress.head or ""),
        }
        state |= {name: variable.numpy() for name, variable in self._variables()}
        arrays = {name: np.asarray(value) for name, value in state.items()}
        write_arrays(self.layout.checkpoint(progress.step), arrays)
        past = [s for s in self.layout.checkpoint_steps() if s <= progress.step]
        for step in past[:-KEPT]:
            with suppress(OSError):  # a folder of that name is not ours to delete
                self.layout.checkpoint(step).unlink()

    def restore(self, tell: Tell) -> Progress:
        """Load the newest checkpoint that is whole; start at step 0 if there is none.

        Args:
            tell: hears one sentence for each damaged file that is passed over.

        Raises:
            Damaged: there are checkpoints, and none is whole.
        """
        steps = self.layout.checkpoint_steps()
        for step in reversed(steps):
            path = self.layout.checkpoint(step)
            state = read("checkpoint", path, self.layout.sealed, tell)
            try:
                if state is not None:
                    return self._load(path, step, state)
            except Damaged as error:
                tell(f"{error} {KINDS['checkpoint'].advice}")
        if steps:
            raise Damaged(
                self.layout.checkpoints, f"holds no whole checkpoint. {RESTORE}"
            )
        return Progress()

    def _variables(self) -> list[tuple[str, Any]]:
        named = [(variable.path, variable) for variable in self.student.variables]
        return named + self.optimizer.slots()

    def _load(self, path: Path, step: int, state: dict[str, np.ndarray]) -> Progress:
        """Take over ``state`` if it is what :meth:`save` writes at ``step``."""
        for name, variable in self._variables():
            found = state.get(name)
            shape = tuple(variable.shape)
            if found is None or found.shape != shape or found.dtype.kind != "f":
                raise Damaged(path, f"holds no {name} of shape {shape}.")
            if not np.isfinite(found).all():
                raise Damaged(path, f"holds a {name} that is not finite.")
        try:
            progress = Progress(
                int(state["step"]),
                float(state["loss_sum"]),
                int(state["loss_count"]),
                json.loads(state["history"].tobytes() if "history" in state else b"[]"),
                str(state["head"]) if "head" in state else None,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise Damaged(path, f"does not say how far it is: {error}.") from error
        if progress.step != step or step > self.steps:
            raise Damaged(
                path, f"says step {progress.step}, and the training has {self.steps}."
            )
        for name, variable in self._variables():
            variable.assign(state[name])
        return progress
