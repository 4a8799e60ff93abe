"""`tfluck sweep`: any settings of a training against each other, in one table."""

import logging
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tfluck.experiment.scales import DEFAULT_SCALE, SCALES, configure
from tfluck.foundations.errors import BadInput, Damaged, Interrupted
from tfluck.foundations.files import make_directory
from tfluck.runs import Run, find_run
from tfluck.sweeps.grid import Axis, Cell, Pair, grid, parse_axis, sweep_name

from .hints import complete_preset, complete_run
from .ingredients import require_teacher, with_ingredients
from .launch import Means, launch
from .options import click, is_verbose, json_option, out_option, talk
from .options import command as declare
from .output import emit_json, table
from .progress import progress_bar
from .settings import given_settings, settings_options
from .summaries import duration
from .train import engine_options
from .varying import read_value


@dataclass(frozen=True)
class Wanted:
    """What is to be swept, where and how."""

    cells: Sequence[Cell]
    name: str
    means: Means
    typed: Mapping[str, Any]
    fresh: bool
    engine: str
    scheduler: str | None


@declare(
    "tfluck sweep --vary multiplier=1,2,5,10,20 --scale laptop --seeds 5",
    "tfluck sweep --vary multiplier=2,10 --vary batch-norm=none,after-relu --dry-run",
    'tfluck sweep --vary "lr=0:0.05,10:0.01;0.05" --scale smoke',
    name="sweep",
)
@click.option(
    "--vary",
    multiple=True,
    metavar="NAME=V1,V2,…",
    help="A setting and its values; again for another one. With ; between values, commas "
    "belong to them.",
)
@settings_options()
@click.option(
    "--teacher",
    help="A pretrained teacher: its folder, or pretraining run.",
    shell_complete=complete_run,
)
@click.option(
    "--preset",
    help="An experiment of the paper to vary.",
    shell_complete=complete_preset,
)
@engine_options
@click.option(
    "--scale",
    type=click.Choice(list(SCALES)),
    default=DEFAULT_SCALE,
    show_default=True,
    help="How large what was not given is: laptop is minutes on two cores a run.",
)
@out_option
@click.option("--name", help="Of the table and the figure. [made from the runs]")
@click.option(
    "--fresh", is_flag=True, help="Throw away earlier runs of these settings."
)
@click.option(
    "--force", is_flag=True, help="Start runs however much the plan asks for."
)
@click.option(
    "--dry-run", is_flag=True, help="Say how many runs and how long, and stop."
)
@json_option
def command(
    vary: tuple[str, ...],
    preset: str | None,
    scale: str,
    jobs: int | None,
    engine: str,
    scheduler: str | None,
    out: Path,
    name: str | None,
    fresh: bool,
    force: bool,
    dry_run: bool,
    as_json: bool,
    **settings: Any,
) -> None:
    """Train every combination of the values of some settings; one table, one figure.

    Each combination is a run like any other, found again by its settings: called again,
    also after a kill, the sweep repeats none that is done and goes on with the one that
    was not. A combination that cannot be run, or diverges, is a line of the table. The
    table has a line a student; what is printed is the mean over students.
    """
    from tfluck.sweeps import check_engine

    axes = [parse_axis(text, read_value) for text in vary]
    typed = given_settings(None, scale, settings)
    base = _base(preset, scale, axes, typed)
    cells = grid(axes, base, partial(_configure, preset, scale, out))
    jobs = jobs or os.cpu_count() or 1
    means = Means(out, scale, preset, jobs, engine == "local", force, base)
    named = _checked(name) if name else sweep_name(cells)
    wanted = Wanted(cells, named, means, typed, fresh, engine, scheduler)
    if dry_run:
        _show_plan(wanted, as_json)
        return
    check_engine(engine, scheduler)
    _show(wanted, _run(wanted), as_json)


def _base(
    preset: str | None, scale: str, axes: Sequence[Axis], typed: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what does not vary: the preset's settings, and over them what was typed."""
    varied = {axis.field for axis in axes}
    chosen = given_settings(preset, scale, {})
    return {k: v for k, v in chosen.items() if k not in varied} | dict(typed)


def _configure(
    preset: str | None, scale: str, out: Path, settings: dict[str, Any]
) -> Pair:
    data, wanted = with_ingredients(settings, out, preset)
    require_teacher(wanted, data, out, scale)
    return configure(scale, data=data, **wanted)


def _checked(name: str) -> str:
    if Path(name).name != name or name[:1] == "." or not name.isprintable():
        raise BadInput(f"--name is a file's name without folders, not {name!r:.80}.")
    return name


def _run(wanted: Wanted) -> list[Any]:
    """Run what is left, and keep the table after every cell."""
    from tfluck.sweeps import cluster, train_run
    from tfluck.sweeps.sweeping import run_cells
    from tfluck.sweeps.table import save_table

    path = make_directory(wanted.means.out) / f"{wanted.name}.csv"
    if not is_verbose():
        # Every run compiles a step of its own, which TensorFlow takes for a mistake.
        logging.getLogger("tensorflow").setLevel(logging.ERROR)

    def start(pair: Pair) -> Run:
        return launch(*pair, wanted.means, None, wanted.typed, fresh=wanted.fresh)

    with cluster(wanted.engine, wanted.scheduler) as executor:

        def train(run: Run) -> None:
            done = {s: int(run.seed_status(s).get("step", 0)) for s in run.seeds}
            with progress_bar(run.experiment.training.steps, done) as report:
                train_run(
                    run,
                    report,
                    jobs=wanted.means.jobs,
                    executor=executor,
                    quiet=not is_verbose(),
                )

        try:
            return run_cells(
                wanted.cells, start, train, talk, lambda lines: save_table(lines, path)
            )
        except Interrupted as stop:
            raise Interrupted(
                f"{stop} The same `tfluck sweep` goes on with all of it.", stop.signal
            ) from None


def _show(wanted: Wanted, lines: list[Any], as_json: bool) -> None:
    """Draw the figure and print the means over students."""
    from dataclasses import asdict

    from tfluck.figures.style import save
    from tfluck.figures.sweep import draw_sweep
    from tfluck.sweeps.table import summarize_lines

    summaries = summarize_lines(lines)
    stem = wanted.means.out / wanted.name
    known = [(found.labels, found.numbers) for found in summaries]
    paths = [stem.with_name(f"{stem.name}{suffix}") for suffix in (".png", ".pdf")]
    title = f"{wanted.name}, scale {wanted.means.scale}"
    for path in paths:
        save(draw_sweep(known, title), path)
    csv = stem.with_name(f"{stem.name}.csv")
    if as_json:
        emit_json(
            {
                "sweep": wanted.name,
                "table": str(csv),
                "figures": [str(path) for path in paths],
                "cells": [asdict(found) for found in summaries],
                "students": [asdict(line) for line in lines],
            }
        )
        return
    click.echo(table([_row(found) for found in summaries]))
    click.echo(f"\ntable   {csv}\nfigure  {paths[0]}")


def _row(found: Any) -> dict[str, Any]:
    """Choose what fits a line: means over students."""
    row: dict[str, Any] = dict(found.labels) | {
        "status": found.status,
        "students": found.students,
    }
    layers = [name for name in found.numbers if name.startswith("rho_bar_")]
    at = [name.removeprefix("rho_bar_layer") for name in layers]
    for heading, column in (
        ("ρ̄ by layer", "rho_bar"),
        ("covered", "covered_0.95"),
        ("steps to 0.95", "steps_to_0.95"),
    ):
        means = [found.mean(f"{column}_layer{layer}") for layer in at]
        form = "{:.0f}" if column.startswith("steps") else "{:.3f}"
        row[heading] = " ".join("–" if m is None else form.format(m) for m in means)
    return row | {"loss": found.mean("loss"), "note": found.note}


def _show_plan(wanted: Wanted, as_json: bool) -> None:
    """Say how many runs there are, how many are done, and how long the rest takes."""
    from tfluck.experiment.cost import plan
    from tfluck.foundations.runtime import matmul_rate

    rate, jobs = matmul_rate(), wanted.means.jobs
    pairs = [cell.pair for cell in wanted.cells if cell.pair is not None]
    left = [pair for pair in pairs if wanted.fresh or not _done(wanted.means.out, pair)]
    plans = [plan(*pair, rate, jobs) for pair in left]
    impossible = [
        {"settings": cell.labels, "reason": cell.reason}
        for cell in wanted.cells
        if cell.pair is None
    ]
    numbers = {
        "runs": len(wanted.cells),
        "finished": len(pairs) - len(left),
        "impossible": impossible,
        "students_left": sum(execution.seeds for _, execution in left),
        "seconds": sum(p.seconds for p in plans),
        "memory_bytes": max((p.memory for p in plans), default=0.0),
        "disk_bytes": sum(p.disk for p in plans),
    }
    if as_json:
        emit_json({"sweep": wanted.name} | numbers)
        return
    click.echo(_plan_text(wanted.name, numbers))


def _plan_text(name: str, plan: Mapping[str, Any]) -> str:
    lines = [
        f"sweep     {name}",
        f"runs      {plan['runs']}: {plan['finished']} finished, "
        f"{len(plan['impossible'])} impossible",
        f"students  {plan['students_left']} to train",
        f"time      {duration(plan['seconds']) if plan['students_left'] else 'none'}"
        " on this device, one run after another",
        f"memory    about {plan['memory_bytes'] / 1e9:.1f} GB a process",
        f"disk      about {plan['disk_bytes'] / 1e6:.0f} MB",
    ]
    for cell in plan["impossible"]:
        words = ", ".join(f"{k} {v}" for k, v in cell["settings"].items())
        lines.append(f"cannot be run: {words}: {cell['reason']}")
    return "\n".join(lines)


def _done(out: Path, pair: Pair) -> bool:
    experiment, execution = pair
    with suppress(Damaged):
        run = find_run(out, experiment, seeds=execution.seeds)
        grows = run is not None and len(run.seeds) < execution.seeds
        return run is not None and not grows and run.status() == "finished"
    return False
