"""The runs behind a figure: found, made where they are missing, resumed where cut off."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from tfluck.experiment.presets import load_preset
from tfluck.experiment.scales import configure
from tfluck.foundations.errors import BadInput, Diverged
from tfluck.papers.figures.figure import Scope
from tfluck.runs import Run, csv_text, find_or_create
from tfluck.runs.table import COLUMNS, tidy_rows

#: What the figures show of a run.
METRICS = (
    "mean_best_correlation_live",
    "null_mean_best_correlation_live",
    "mean_rank",
    "median_rank",
    "loss",
)


@dataclass(frozen=True, eq=False)
class Source:
    """A run, and the preset it was made of."""

    preset: str
    run: Run

    def key(self) -> dict[str, object]:
        """Say which run it is, and what it holds."""
        held = hashlib.sha256(csv_text(self.run).encode()).hexdigest()
        return {
            "preset": self.preset,
            "run": self.run.name,
            "digest": self.run.digest,
            "seeds": list(self.run.seeds),
            "status": self.run.status(),
            "sha256": held,
        }


def of_presets(names: Sequence[str], scope: Scope) -> tuple[Source, ...]:
    """Return a finished run for each preset.

    Raises:
        BadInput: a preset needs data and a teacher that a figure does not make.
        Interrupted: with checkpoints; the same call goes on.
    """
    sources = [Source(name, _found(name, scope)) for name in names]
    for number, source in enumerate(sources, 1):
        if source.run.status() != "finished":
            scope.tell(f"Run {number} of {len(sources)}: {source.run.layout.root}")
            _train(source.run, scope)
    return tuple(sources)


def _found(name: str, scope: Scope) -> Run:
    preset = load_preset(name)
    if preset.teacher:
        raise BadInput(needs_data(name))
    experiment, execution = configure(scope.scale, **preset.at(scope.scale))
    return find_or_create(
        scope.out,
        experiment,
        execution=execution,
        record={"preset": name, "scale": scope.scale},
    )


def needs_data(name: str) -> str:
    """Say how the run of a preset that needs a trained teacher is made by hand."""
    teacher = load_preset(name).teacher
    data = load_preset(name).settings["dataset"]
    return (
        f"{name} needs {data} and a teacher trained on it: `tfluck data prepare {data}`, "
        f"`tfluck pretrain --preset {teacher} --name {teacher.rpartition('/')[2]}`, then "
        f"`tfluck train --preset {name} --teacher {teacher.rpartition('/')[2]}`."
    )


def _train(run: Run, scope: Scope) -> None:
    """Train what is left; a student that diverged is shown as far as it came."""
    from tfluck.sweeps import train_run

    steps = run.experiment.training.steps
    done = {seed: int(run.seed_status(seed).get("step", 0)) for seed in run.seeds}
    try:
        with scope.watch(steps, done) as report:
            train_run(run, report, jobs=scope.jobs)
    except Diverged as error:
        scope.tell(f"{run.name}: {error}")


def table_of(sources: Sequence[Source]) -> pd.DataFrame:
    """Return the tidy tables of all runs in one, ``preset`` in front."""
    rows = [
        (source.preset, seed, *row)
        for source in sources
        for seed, row in tidy_rows(source.run)
        if row.metric in METRICS
    ]
    return pd.DataFrame(rows, columns=["preset", *COLUMNS])


def seeds_of(sources: Sequence[Source]) -> tuple[int, ...]:
    """Return the seeds of all runs, each once."""
    return tuple(sorted({seed for source in sources for seed in source.run.seeds}))


def endings(sources: Sequence[Source]) -> tuple[str, ...]:
    """Say which runs did not come to their end."""
    return tuple(
        f"{source.run.name} {source.run.status()}."
        for source in sources
        if source.run.status() != "finished"
    )
