"""The runs behind a figure: found, made where they are missing, resumed where cut off."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from tfluck.data import describe
from tfluck.experiment.execution import Places
from tfluck.experiment.presets import load_preset
from tfluck.experiment.scales import configure
from tfluck.foundations.errors import BadInput, Diverged, TfluckError
from tfluck.papers.figures.figure import NotMade, Scope
from tfluck.runs import Run, csv_text, find_or_create, find_run, read_teacher
from tfluck.runs.table import COLUMNS, tidy_rows
from tfluck.runs.teachers import find_teacher

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


def of_presets(
    names: Sequence[str], scope: Scope, *, optional: bool = False
) -> tuple[Source, ...]:
    """Return a finished run for each preset, each run once.

    Args:
        names: of the presets.
        scope: size, folder of runs and processes.
        optional: leave out a preset whose data or teacher are not here.

    Raises:
        NotMade: a run is missing or unfinished, and ``scope`` makes none.
        BadInput: a preset needs a trained teacher that is not here.
        TfluckError: its data are not here.
        Interrupted: with checkpoints; the same call goes on.
    """
    sources = []
    for name in names:
        try:
            sources.append(Source(name, _found(name, scope)))
        except NotMade:
            raise
        except TfluckError:
            if not optional:
                raise
    if not scope.make:
        return tuple(map(_ended, sources))
    for number, source in enumerate(sources, 1):
        if source.run.status() != "finished":
            scope.tell(f"Run {number} of {len(sources)}: {source.run.layout.root}")
            _train(source.run, scope)
    return tuple(sources)


def _ended(source: Source) -> Source:
    """Return a source that is at its end; one that diverged is shown as far as it came.

    Raises:
        NotMade: it is not.
    """
    if source.run.status() not in ("finished", "diverged"):
        raise NotMade(f"The run of {source.preset} is not finished.")
    return source


def _found(name: str, scope: Scope) -> Run:
    preset = load_preset(name)
    settings, data = preset.at(scope.scale), {}
    if preset.teacher:
        data = describe(settings["dataset"])
        settings |= _teacher(name, scope)
    experiment, execution = configure(scope.scale, data=data, **settings)
    if not scope.make:
        found = find_run(scope.out, experiment, seeds=execution.seeds)
        if found is None or len(found.seeds) < execution.seeds:
            raise NotMade(f"There is no run of {name} yet at the scale {scope.scale}.")
        return found.placed(Places.of(experiment, execution))
    experiment.data.source.require(execution.data_dir)
    return find_or_create(
        scope.out,
        experiment,
        execution=execution,
        record={"preset": name, "scale": scope.scale},
    )


def _teacher(name: str, scope: Scope) -> dict[str, Any]:
    """Return what the pretrained teacher of a preset decides.

    Raises:
        BadInput: it is not there; the message says how to make it.
    """
    try:
        folder = find_teacher(scope.out, _teacher_name(name, scope.scale))
        return read_teacher(folder).settings(folder)
    except TfluckError as error:
        raise BadInput(needs_teacher(name, scope)) from error


def _teacher_name(name: str, scale: str) -> str:
    return f"{load_preset(name).teacher.rpartition('/')[2]}-{scale}"


def needs_teacher(name: str, scope: Scope) -> str:
    """Say how the trained teacher of a preset is made."""
    preset = load_preset(name)
    data = preset.settings["dataset"]
    return (
        f"{name} needs {data} and a teacher trained on it: `tfluck data prepare {data}`, "
        f"then `tfluck pretrain --preset {preset.teacher} --scale {scope.scale} --out "
        f"{scope.out} --name {_teacher_name(name, scope.scale)}`, then this again."
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
