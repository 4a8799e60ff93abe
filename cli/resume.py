"""``tfluck resume``: go on with a run exactly where it stopped."""

import os
from pathlib import Path

from tfluck.experiment.execution import Places
from tfluck.experiment.experiment import Experiment
from tfluck.runs import resolve_run

from .options import click, json_option, out_option, run_argument
from .options import command as declare
from .train import drive, engine_options


@declare("tfluck resume gaus-fc-82b713afe6cf", name="resume")
@run_argument
@engine_options
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, resolve_path=True),
    help="Where its image set lies now, if it has moved.",
)
@out_option
@json_option
def command(
    run: str,
    jobs: int | None,
    engine: str,
    scheduler: str | None,
    data_dir: str | None,
    out: Path,
    as_json: bool,
) -> None:
    """Go on with RUN: a path, a name, or the beginning of one.

    The result is the same, bit for bit, as that of a run that was never interrupted,
    whatever --jobs and the cores are; another TensorFlow or processor is told.
    """
    jobs = jobs or os.cpu_count() or 1
    found = resolve_run(out, run)
    found = found.placed(_places(found.experiment, data_dir))
    drive(found, jobs, as_json, engine, scheduler)


def _places(experiment: Experiment, data_dir: str | None) -> Places:
    """Say where the data are in ``data_dir``: an npz file keeps its name there."""
    if data_dir is None or experiment.data.kind != "npz":
        return Places(data_dir=data_dir)
    name = Path(experiment.data.dataset).name
    return Places(dataset=f"npz:{Path(data_dir) / name}")
