"""A run that is read and never trained, pleasant in a notebook."""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tfluck.experiment.wording import counted, described
from tfluck.foundations.errors import BadInput
from tfluck.instruments.instrument import Need
from tfluck.instruments.labelled import LabelledArray
from tfluck.instruments.run_view import RunView
from tfluck.instruments.view import Tell, silent
from tfluck.runs import Run, resolve_run, tidy_rows
from tfluck.runs.correlations import Matrices, read_history
from tfluck.runs.table import COLUMNS
from tfluck.runs.weights import kept_weights

if TYPE_CHECKING:
    import keras
    import pandas as pd

#: Where names of runs are looked for.
RUNS = Path("runs")


class LoadedRun:
    """The numbers, matrices and networks of a run.

    Only networks and evaluation inputs take TensorFlow, and no training is built for
    them.

    Args:
        run: its folder, settings and manifest.
        tell: hears of damaged matrices, which are left out.
    """

    def __init__(self, run: Run, tell: Tell = silent) -> None:
        self.run = run
        self.tell = tell

    @property
    def path(self) -> Path:
        """The run's folder."""
        return self.run.layout.root

    @property
    def seeds(self) -> tuple[int, ...]:
        """The students."""
        return self.run.seeds

    @property
    def layers(self) -> tuple[int, ...]:
        """The hidden layers, the lowest first."""
        return tuple(range(len(self.run.experiment.network.student_widths)))

    @cached_property
    def epochs(self) -> tuple[int, ...]:
        """Every epoch at which some student was evaluated; 0 is before training."""
        kept = [self.run.layout.seed(seed).epochs() for seed in self.seeds]
        return tuple(sorted({epoch for epochs in kept for epoch in epochs}))

    @cached_property
    def correlations(self) -> dict[int, LabelledArray]:
        """Layer → ρ, dims ``seed, epoch, teacher, student``; NaN where none is kept."""
        return {
            layer: self._gathered([m and m.rho[layer] for m in self._matrices], shape)
            for layer, shape in enumerate(self._shapes)
        }

    @cached_property
    def live(self) -> dict[int, LabelledArray]:
        """Layer → which teacher nodes change at all, dims ``seed, epoch, teacher``."""
        return {
            layer: self._gathered([m and m.live[layer] for m in self._matrices], shape)
            for layer, (*shape, _) in enumerate(self._shapes)
        }

    @property
    def _shapes(self) -> list[tuple[int, ...]]:
        net = self.run.experiment.network
        return list(zip(net.teacher_widths, net.student_widths, strict=True))

    @cached_property
    def _matrices(self) -> list[Matrices | None]:
        """The matrices of every seed and epoch, None where there are none."""
        found: list[Matrices | None] = []
        for seed in self.seeds:
            kept = {m.epoch: m for m in read_history(self.run, seed, self.tell)}
            found += [kept.get(epoch) for epoch in self.epochs]
        return found

    def _gathered(self, arrays: list[Any], shape: Any) -> LabelledArray:
        absent = np.full(tuple(shape), np.nan)
        values = np.array([absent if a is None else a for a in arrays], np.float64)
        sizes = len(self.seeds), len(self.epochs), *shape
        nodes = {
            dim: tuple(range(size))
            for dim, size in zip(("teacher", "student"), shape, strict=False)
        }
        coords = {"seed": self.seeds, "epoch": self.epochs} | nodes
        return LabelledArray(values.reshape(sizes), tuple(coords), coords)

    def table(self) -> "pd.DataFrame":
        """Return every number recorded: seed, epoch, split, layer, metric, value."""
        import pandas as pd

        rows = [(seed, *row) for seed, row in tidy_rows(self.run)]
        return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"layer": "Int64"})

    def view(
        self,
        seed: int | None = None,
        epoch: int | None = None,
        needs: frozenset[Need] = frozenset(),
    ) -> RunView:
        """Return one student, the first by default, at an epoch, by default the newest.

        Raises:
            BadInput, Damaged: as :class:`RunView`, or there is no such student.
        """
        return RunView(self, self.student_seed(seed), epoch, needs)

    def student_seed(self, seed: int | None) -> int:
        """Return ``seed``, or the first student's if None.

        Raises:
            BadInput: there is no such student.
        """
        chosen = self.seeds[0] if seed is None else seed
        if chosen not in self.seeds:
            known = ", ".join(map(str, self.seeds))
            raise BadInput(
                f"{self.run.name} has no student of seed {chosen}; it has {known}."
            )
        return chosen

    def teacher(self) -> "keras.Model":
        """Return the teacher, whose outputs are its hidden activations and its logits."""
        return self._teacher

    @cached_property
    def _teacher(self) -> "keras.Model":
        _prepare()
        from tfluck.instruments.loading import build, is_sealed
        from tfluck.networks.shapes import networks

        path = self.run.layout.teacher_weights
        return build(
            networks(self.run.experiment)[0], "teacher", path, is_sealed(self.run)
        )

    def student(
        self, seed: int | None = None, epoch: int | None = None
    ) -> "keras.Model":
        """Return a student before (epoch 0) or after training, with outputs as above.

        Raises:
            BadInput, Damaged: as :func:`tfluck.runs.weights.kept_weights`.
        """
        chosen = self.student_seed(seed)
        path = kept_weights(self.run, chosen, epoch).path
        _prepare()
        from tfluck.instruments.loading import build
        from tfluck.networks.shapes import networks

        sealed = self.run.layout.seed(chosen).sealed
        return build(networks(self.run.experiment)[1], "student", path, sealed)

    @cached_property
    def batches(self) -> list[Any]:
        """The fixed evaluation inputs, cut as training cuts them, as tensors."""
        _prepare()
        from tfluck.data.training_data import evaluation_set, open_images

        run = self.run
        images = open_images(run.experiment, run.execution.data_dir)
        return evaluation_set(run.experiment, images)[0]

    def title(self, seed: int | None = None) -> str:
        """Say what a picture shows: one student of the run, or all of them."""
        who = counted(len(self.seeds), "student") if seed is None else f"student {seed}"
        run = self.run
        return f"{run.name}, {who}: {described(run.experiment, run.manifest)}"

    def __repr__(self) -> str:
        """Say what is there."""
        experiment, epochs = self.run.experiment, self.epochs
        widths = ["-".join(map(str, w)) for w in zip(*self._shapes, strict=True)]
        at = f"{len(epochs)} evaluations up to epoch {epochs[-1]}" if epochs else "none"
        return (
            f"<run {self.run.name} ({self.run.status()}): {experiment.data.dataset}, "
            f"{experiment.network.arch} teacher {widths[0]}, students {widths[1]}; "
            f"seeds {', '.join(map(str, self.seeds))}; {at}>"
        )


def _prepare() -> None:
    from tfluck.foundations.runtime import compute_exactly, start_tensorflow

    start_tensorflow()
    compute_exactly()


def load_run(run: "str | Path | Run | LoadedRun", tell: Tell = silent) -> LoadedRun:
    """Open a run to read it.

    Args:
        run: its folder, its name below ``runs``, or the beginning of that.
        tell: hears of damaged matrices, which are left out.

    Raises:
        BadInput: there is no such run.
        Damaged: its settings cannot be read.
    """
    if isinstance(run, LoadedRun):
        return run
    return LoadedRun(run if isinstance(run, Run) else resolve_run(RUNS, str(run)), tell)
