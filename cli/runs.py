"""``tfluck runs``: list, show, export and remove runs."""

import sys
from pathlib import Path
from typing import Any

from tfluck.files import explained
from tfluck.runs import (
    list_runs,
    remove_run,
    resolve_run,
    summarize,
    write_csv,
)

from .options import Command, Group, click, json_option, out_option, talk
from .output import emit_json, table
from .report import print_summary


@click.group(cls=Group, name="runs")
def command() -> None:
    """List, show, export and remove runs."""


def _command(name: str, *examples: str) -> Any:
    return command.command(name, cls=Command, examples=examples)


@_command("list", "tfluck runs list", "tfluck runs list --json")
@out_option
@json_option
def list_command(out: Path, as_json: bool) -> None:
    """List the runs, the newest first."""
    rows = [
        {
            "run": run.name,
            "status": run.status(),
            "arch": run.config.arch,
            "teacher": "-".join(map(str, run.config.teacher_widths)),
            "batch-norm": run.config.batch_norm,
            "seeds": run.config.seeds,
            "epochs": run.config.epochs,
        }
        for run in list_runs(out)
    ]
    if as_json:
        emit_json({"runs": rows})
    elif rows:
        click.echo(table(rows))
    else:
        talk(f"No runs in {out}.")


@_command("show", "tfluck runs show gaus-fc", "tfluck runs show gaus-fc --json")
@click.argument("run")
@out_option
@json_option
def show(run: str, out: Path, as_json: bool) -> None:
    """Show what RUN has found so far."""
    print_summary(summarize(resolve_run(out, run)), as_json)


@_command("export", "tfluck runs export gaus-fc --to csv -o table.csv")
@click.argument("run")
@click.option("--to", type=click.Choice(["csv"]), default="csv", show_default=True)
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="[stdout]"
)
@out_option
def export(run: str, to: str, output: Path | None, out: Path) -> None:
    """Write every number of RUN as one tidy table.

    Columns: seed, epoch (0 is before training), split, layer (empty where it does not
    apply), metric, value.
    """
    found = resolve_run(out, run)
    if output is None:
        write_csv(found, sys.stdout)
        return
    with explained(output), output.open("w", newline="") as stream:
        write_csv(found, stream)


@_command("rm", "tfluck runs rm gaus-fc --yes")
@click.argument("run")
@click.option("--yes", is_flag=True, help="Do not ask.")
@out_option
def remove(run: str, yes: bool, out: Path) -> None:
    """Delete RUN and all its files."""
    found = resolve_run(out, run)
    if not yes:
        click.confirm(f"Delete {found.layout.root}?", abort=True, err=True)
    remove_run(found)
    talk(f"Deleted {found.layout.root}.")
