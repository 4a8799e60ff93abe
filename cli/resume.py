"""``tfluck resume``: go on with a run exactly where it stopped."""

import os
from pathlib import Path

from tfluck.runs import resolve_run

from .options import click, json_option, out_option
from .options import command as declare
from .train import drive, engine_options


@declare("tfluck resume gaus-fc-82b713afe6cf", name="resume")
@click.argument("run")
@engine_options
@out_option
@json_option
def command(
    run: str,
    jobs: int | None,
    engine: str,
    scheduler: str | None,
    out: Path,
    as_json: bool,
) -> None:
    """Go on with RUN: a path, a name, or the beginning of one.

    The result is the same, bit for bit, as that of a run that was never interrupted.
    """
    jobs = jobs or os.cpu_count() or 1
    drive(resolve_run(out, run), jobs, as_json, engine, scheduler)
