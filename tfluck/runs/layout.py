"""Every file name of a run, once.

``sealed`` says whether every file must carry its seal, as in all runs but the oldest.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SeedLayout:
    """The files of one student."""

    root: Path
    sealed: bool = True

    @property
    def metrics(self) -> Path:
        """Rows appended at each evaluation."""
        return self.root / "metrics.jsonl"

    @property
    def ranks(self) -> Path:
        """Rows about the final winners, known only at the end."""
        return self.root / "ranks.jsonl"

    @property
    def status(self) -> Path:
        """How far the training is, and how it ended."""
        return self.root / "status.json"

    @property
    def checkpoints(self) -> Path:
        """Folder of what resuming needs."""
        return self.root / "checkpoints"

    @property
    def correlations(self) -> Path:
        """Folder of the correlation matrices."""
        return self.root / "correlations"

    def checkpoint(self, step: int) -> Path:
        """The state after ``step`` batches."""
        return self.checkpoints / f"step-{step:010d}.npz"

    def checkpoint_steps(self) -> list[int]:
        """The steps of which checkpoints are there, ascending."""
        return _numbers(self.checkpoints, self.checkpoint)

    def epochs(self) -> list[int]:
        """The epochs of which matrices are there, ascending; 0 is before training."""
        return _numbers(self.correlations, self.correlation)

    def correlation(self, epoch: int) -> Path:
        """One evaluation: ρ as ``layer0, …``, live teacher nodes as ``live0, …``."""
        return self.correlations / f"epoch-{epoch:05d}.npz"

    @property
    def initial_weights(self) -> Path:
        """The student before training."""
        return self.root / "weights" / "student_init.weights.h5"

    @property
    def final_weights(self) -> Path:
        """The student as it is now."""
        return self.root / "weights" / "student.weights.h5"

    def kept_weights(self, epoch: int) -> Path:
        """The student as it was at the end of ``epoch``; only of epochs that were named."""
        return self.root / "weights" / f"student-epoch-{epoch:05d}.weights.h5"

    def kept_epochs(self) -> list[int]:
        """The epochs of which weights are kept under their number, ascending."""
        return _numbers(self.root / "weights", self.kept_weights, ".weights.h5")

    @property
    def kept_nodes(self) -> Path:
        """Of a lottery ticket: the nodes of the whole student, as ``layer0, …``."""
        return self.root / "kept.npz"

    @property
    def lock(self) -> Path:
        """Held by the process that trains this student."""
        return self.root / "lock"


def _numbers(
    folder: Path, name: Callable[[int], Path], suffix: str = ".npz"
) -> list[int]:
    """Return the numbers of the files ``name(number)``; a copy or a stray is none."""
    files = set(folder.glob(f"*{suffix}"))
    pattern = re.compile(rf"-(\d{{1,18}}){re.escape(suffix)}$")
    found = (pattern.search(path.name) for path in files)
    return sorted(n for n in {int(m[1]) for m in found if m} if name(n) in files)


@dataclass(frozen=True)
class TeacherLayout:
    """The files of a pretrained teacher."""

    root: Path

    @property
    def recipe(self) -> Path:
        """What it is, how it was made, how good it is."""
        return self.root / "teacher.json"

    @property
    def weights(self) -> Path:
        """Its weights, as Keras' HDF5."""
        return self.root / "teacher.weights.h5"


@dataclass(frozen=True)
class RunLayout:
    """The files of a run: one teacher, one or more students."""

    root: Path
    sealed: bool = True

    @property
    def config(self) -> Path:
        """The settings."""
        return self.root / "config.json"

    @property
    def students(self) -> Path:
        """How many students there are, once some have joined, and what is kept of them."""
        return self.root / "students.json"

    @property
    def manifest(self) -> Path:
        """Format, digest, versions, hardware."""
        return self.root / "manifest.json"

    @property
    def teacher_weights(self) -> Path:
        """The teacher."""
        return self.root / "teacher.weights.h5"

    @property
    def pretrained(self) -> Path:
        """The teacher directory that pretraining made."""
        return self.root / "teacher"

    @property
    def summary(self) -> Path:
        """The result in one object, written last."""
        return self.root / "summary.json"

    @property
    def figures(self) -> Path:
        """Folder of pictures."""
        return self.root / "figures"

    @property
    def tickets(self) -> Path:
        """Folder of the run's lottery tickets, each with students of its own."""
        return self.root / "tickets"

    @property
    def lock(self) -> Path:
        """Held by the process that drives the run."""
        return self.root / "lock"

    @property
    def stop(self) -> Path:
        """Present while the students are asked to checkpoint and stop."""
        return self.root / "stop"

    def seed(self, seed: int) -> SeedLayout:
        """The files of one student."""
        return SeedLayout(self.root / f"seed-{seed}", self.sealed)

    def tensorboard(self, seed: int) -> Path:
        """The event files of one student."""
        return self.root / "tensorboard" / f"seed-{seed}"
