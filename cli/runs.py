"""``tfluck runs``: list, show, export and remove runs."""

from pathlib import Path
from typing import Any

from tfluck.foundations.errors import Damaged
from tfluck.runs import (
    Run,
    csv_text,
    find_to_remove,
    list_runs,
    remove_run,
    resolve_run,
    save_csv,
    summarize,
)
from tfluck.runs.seal import read_object

from .options import Command, Group, click, json_option, out_option, run_argument, talk
from .output import emit_json, printable, table
from .summaries import print_summary


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
    runs = list_runs(out)
    rows = [
        {"run": printable(found.name), "status": printable(found.status)}
        | _settings(found.run)
        for found in runs
    ]
    for sentence in (doubt for found in runs for doubt in found.doubts):
        talk(printable(sentence))
    if as_json:
        emit_json({"runs": rows})
    elif rows:
        click.echo(table(rows))
    else:
        talk(f"No runs in {out}.")


def _settings(run: Run | None) -> dict[str, Any]:
    """Say what tells one run from another; nothing of a damaged one."""
    experiment = run and run.experiment
    return {
        "data": experiment and printable(experiment.data.kind),
        "arch": experiment and experiment.network.arch,
        "teacher": experiment and "-".join(map(str, experiment.network.teacher_widths)),
        "batch-norm": experiment and experiment.network.batch_norm,
        "seeds": run and len(run.seeds),
        "epochs": experiment and experiment.training.epochs,
        "preset": run and _recorded(run, "preset"),
        "scale": run and _recorded(run, "scale"),
        "warnings": run and _warnings(run),
    }


def _warnings(run: Run) -> int | None:
    """Count what its summary warns of; None without one, and older ones warn not."""
    if not run.layout.summary.exists():
        return None
    try:
        found = read_object(run.layout.summary, run.layout.sealed).get("warnings")
    except Damaged:
        return None
    return len(found) if isinstance(found, list) else None


def _recorded(run: Run, name: str) -> str | None:
    """Return what a run's maker wrote down; older runs say nothing."""
    found = run.manifest.get(name)
    return printable(found) if isinstance(found, str) else None


@_command("show", "tfluck runs show gaus-fc", "tfluck runs show gaus-fc --json")
@run_argument
@out_option
@json_option
def show(run: str, out: Path, as_json: bool) -> None:
    """Show what RUN has found so far."""
    found = resolve_run(out, run)
    for sentence in found.doubts():
        talk(printable(sentence))
    print_summary(summarize(found), as_json)


@_command("export", "tfluck runs export gaus-fc --to csv -o table.csv")
@run_argument
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
        click.echo(csv_text(found), nl=False)
    else:
        save_csv(found, output)


@_command("rm", "tfluck runs rm gaus-fc --yes")
@run_argument
@click.option("--yes", is_flag=True, help="Do not ask.")
@out_option
def remove(run: str, yes: bool, out: Path) -> None:
    """Delete RUN, given by its whole name or path, and all its files."""
    found = find_to_remove(out, run)
    if not yes:
        click.confirm(f"Delete {found}?", abort=True, err=True)
    remove_run(found)
    talk(f"Deleted {found}.")
