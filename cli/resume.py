"""``tfluck resume``: go on with a run exactly where it stopped."""

import os
from pathlib import Path

from tfluck.experiment.choices import kept_epochs, parse_epochs
from tfluck.experiment.execution import Places
from tfluck.runs import resolve_run
from tfluck.runs.students import extended

from .options import click, json_option, out_option, run_argument
from .options import command as declare
from .settings import Parsed
from .train import drive, engine_options


@declare("tfluck resume gaus-fc-82b713afe6cf", name="resume")
@run_argument
@engine_options
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, resolve_path=True),
    help="Where its image set lies now, if it has moved.",
)
@click.option(
    "--keep-epochs",
    type=Parsed("0,1,every:5", parse_epochs),
    default=(),
    help="Keep weights at these epochs too.",
)
@out_option
@json_option
def command(
    run: str,
    jobs: int | None,
    engine: str,
    scheduler: str | None,
    data_dir: str | None,
    keep_epochs: tuple[int, ...],
    out: Path,
    as_json: bool,
) -> None:
    """Go on with RUN: a path, a name, or the beginning of one.

    The result is the same, bit for bit, as that of a run that was never interrupted,
    whatever --jobs and the cores are; another TensorFlow or processor is told.
    """
    jobs = jobs or os.cpu_count() or 1
    found = resolve_run(out, run)
    kept_epochs(keep_epochs, found.experiment.training.epochs)
    found = extended(found, found.execution.but(keep_epochs=keep_epochs))
    places = Places(**found.experiment.data.source.places(data_dir))
    drive(found.placed(places), jobs, as_json, engine, scheduler)
