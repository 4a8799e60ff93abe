"""Use an instrument on a run: ``tfluck.analyze(run, "modulation")``."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfluck.foundations.errors import BadInput
from tfluck.foundations.files import finite, make_directory, write_arrays
from tfluck.instruments import find_instrument
from tfluck.instruments.instrument import Finding, Instrument, Line
from tfluck.instruments.loaded import LoadedRun, load_run
from tfluck.instruments.view import Tell, silent
from tfluck.runs import Run

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.figure import Figure


@dataclass(frozen=True, eq=False, repr=False)
class Analysis:
    """What an instrument found in a run.

    Attributes:
        instrument: that looked.
        loaded: the run.
        findings: student by student, each at one or two epochs.
        alone: whether one student was asked for, not all.
    """

    instrument: Instrument
    loaded: LoadedRun
    findings: tuple[Finding, ...]
    alone: bool

    @property
    def seeds(self) -> tuple[int, ...]:
        """The students that were looked at."""
        return tuple(dict.fromkeys(found.seed for found in self.findings))

    def of(self, seed: int) -> list[Finding]:
        """Return what was found of one student."""
        return [found for found in self.findings if found.seed == seed]

    @property
    def result(self) -> Any:
        """The newest result of the first student, the only one there is as a rule."""
        return self.of(self.seeds[0])[-1].result

    def to_json(self) -> dict[str, Any]:
        """Return what ``tfluck analyze --json`` prints."""
        run = {"run": str(self.loaded.path)}
        told = [
            {"seed": seed} | self.instrument.answer(self.of(seed))
            for seed in self.seeds
        ]
        whole: dict[str, Any] = finite(
            run | (told[0] if self.alone else {"students": told})
        )
        return whole

    def rows(self) -> list[Line]:
        """Return flat lines, what ``--csv`` writes."""
        return [
            {"seed": found.seed, "epoch": found.epoch} | row
            for found in self.findings
            for row in found.result.rows()
        ]

    def lines(self) -> Iterator[Line]:
        """Yield the lines that a terminal shows; what there is one of is left out."""
        for found in self.findings:
            head = {} if self.alone else {"seed": found.seed}
            if self.instrument.ends:
                head["epoch"] = found.epoch
            yield from (head | line for line in found.result.lines())

    def table(self) -> "pd.DataFrame":
        """Return the rows as a data frame."""
        import pandas as pd

        return pd.DataFrame(self.rows())

    def arrays(self) -> "dict[str, np.ndarray]":
        """Return the matrices behind the numbers, ``epochE/…``; of all, ``seedS/…``."""
        return {
            f"{'' if self.alone else f'seed{found.seed}/'}epoch{found.epoch}/{name}": array
            for found in self.findings
            for name, array in found.result.arrays().items()
        }

    def save_arrays(self, path: Path) -> None:
        """Write the matrices as npz.

        Raises:
            BadInput: there are none.
        """
        arrays = self.arrays()
        if not arrays:
            raise BadInput(f"{self.instrument.name} has no matrices to write.")
        make_directory(path.parent)
        write_arrays(path, arrays)

    def draw(self, seed: int | None = None) -> "Figure":
        """Draw what was found of one student, by default the first."""
        chosen = self.seeds[0] if seed is None else seed
        return self.instrument.draw(self.of(chosen), self.loaded.title(chosen))

    def __repr__(self) -> str:
        """Say what was looked at."""
        seeds = ", ".join(map(str, self.seeds))
        epochs = ", ".join(map(str, dict.fromkeys(f.epoch for f in self.findings)))
        return (
            f"<{self.instrument.name} of {self.loaded.run.name}: seeds {seeds}, "
            f"epochs {epochs}>"
        )


def analyze(
    run: str | Path | Run | LoadedRun,
    name: str | Instrument,
    *,
    seed: int | None = None,
    epoch: int | None = None,
    all_seeds: bool = False,
    tell: Tell = silent,
    **options: Any,
) -> Analysis:
    """Look at a run with an instrument.

    Args:
        run: what :func:`tfluck.load_run` takes or returns.
        name: an instrument's, as ``tfluck analyze`` lists them, or the instrument.
        seed: which student; None is the run's first.
        epoch: 0 is before training; None is the instrument's choice.
        all_seeds: look at every student.
        tell: hears what goes on.
        **options: the instrument's.

    Raises:
        BadInput: there is no such instrument, option, run, student or epoch.
        Damaged: a file that is needed is missing or damaged.
    """
    instrument = find_instrument(name)
    chosen = instrument.chosen(options)
    loaded = load_run(run, tell)
    if all_seeds and seed is not None:
        raise BadInput("Give a seed or all_seeds, not both.")
    seeds = loaded.seeds if all_seeds else (loaded.student_seed(seed),)
    both = instrument.ends and epoch is None
    epochs = sorted({0, loaded.run.experiment.training.epochs}) if both else [epoch]
    # What is missing is told of all before anything dear begins.
    views = [loaded.view(s, e, instrument.needs) for s in seeds for e in epochs]
    findings = [Finding(view, instrument.compute(view, **chosen)) for view in views]
    return Analysis(instrument, loaded, tuple(findings), not all_seeds)
