"""``tfluck train`` and the driving that ``resume`` shares with it."""

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfluck.choices import ENGINES
from tfluck.config import HOW, RunConfig
from tfluck.cost import Plan, plan
from tfluck.data import describe
from tfluck.data.registry import require_data
from tfluck.errors import BadInput
from tfluck.files import make_directory
from tfluck.limits import Machine, excess, this_machine
from tfluck.presets import load_preset
from tfluck.runs import Run, RunLayout, find_or_create, list_runs, summarize
from tfluck.scales import make_config

from .ingredients import require_teacher, with_ingredients
from .options import (
    click,
    is_verbose,
    talk,
)
from .options import (
    command as declare,
)
from .output import emit_json
from .progress import progress_bar
from .report import describe_plan, duration, heading, print_summary
from .settings import COUNT, given_settings, run_options, settings_options
from .teacher_report import show_teacher

#: A plan above this many seconds is worth a warning.
LONG = 3600.0


def engine_options(function: Any) -> Any:
    """Add the options that say where students train."""
    for option in (
        click.option("--scheduler", help="Address of the cluster, as tcp://host:8786."),
        click.option(
            "--engine",
            type=click.Choice(ENGINES),
            default="local",
            show_default=True,
            help="Processes here, or a Dask cluster.",
        ),
        click.option("--jobs", type=COUNT, help="Processes. [cores]"),
    ):
        function = option(function)
    return function


@declare(
    "tfluck train --dataset gaus --arch fc --teacher-widths 10-15-20-25 --seeds 5",
    "tfluck train --dataset gaus --arch cnn --scale laptop",
    "tfluck train --preset luck-matters/figure-7-fc-bn --scale laptop",
    name="train",
)
@settings_options()
@click.option("--teacher", help="A pretrained teacher: its folder, or pretraining run.")
@click.option(
    "--preset", help="An experiment of the paper, as luck-matters/figure-7-fc-bn."
)
@engine_options
@run_options
def command(
    preset: str | None,
    scale: str,
    jobs: int | None,
    engine: str,
    scheduler: str | None,
    out: Path,
    name: str | None,
    fresh: bool,
    dry_run: bool,
    as_json: bool,
    force: bool,
    **settings: Any,
) -> None:
    """Train wide students of a small teacher and watch which of their nodes win.

    The first evaluation comes before any training. An unfinished run of the same
    settings goes on where it stopped; a finished one is reported, not recomputed.
    """
    wanted = given_settings(preset, scale, settings)
    data, wanted = with_ingredients(wanted, out, preset)
    require_teacher(wanted, data, out, scale)
    config = make_config(scale, data=data, **wanted)
    jobs = jobs or os.cpu_count() or 1
    if dry_run:
        show_plan(config, jobs, as_json, out)
        return
    from tfluck.sweeps import check_engine

    check_engine(engine, scheduler)
    if fresh or not is_finished(out, config, name):
        expected = require_means(config, jobs, out, force=force, here=engine == "local")
        warn_if_long(expected, config, jobs, scale, preset)
    run = find_or_create(out, config, name, fresh=fresh)
    tell_kept(run, settings, config)
    drive(run, jobs, as_json, engine, scheduler)


def is_finished(out: Path, config: RunConfig, name: str | None) -> bool:
    """Tell whether the run of these settings is there already and done."""
    digest = config.digest()
    return any(
        run.config.digest() == digest and run.status() == "finished"
        for run in list_runs(out)
        if name in (None, run.name)
    )


def require_means(
    config: RunConfig, jobs: int, out: Path, *, force: bool, here: bool = True
) -> Plan:
    """Refuse a run before any of it exists: its data are missing, or it is too large.

    Args:
        config: what to train.
        jobs: processes that train at the same time.
        out: folder of runs.
        force: try it however large it is.
        here: students train on this machine, not on a cluster.

    Raises:
        TfluckError: the data are not here.
        BadInput: memory, disk or a year will not do.
    """
    from tfluck.runtime import matmul_rate

    require_data(config.dataset, config.data_dir)
    expected = plan(config, matmul_rate(), jobs)
    machine = this_machine(out)
    if not here:
        machine = Machine(math.inf, machine.disk)
    reason = excess(expected, machine, min(jobs, config.seeds))
    if reason and not force:
        raise BadInput(f"{reason} --force tries it all the same.")
    return expected


def tell_kept(run: Run, asked: Mapping[str, Any], config: RunConfig) -> None:
    """Say it where a run keeps another way of computing than was ``asked`` for now."""
    for name in sorted(HOW):
        kept, wanted = getattr(run.config, name), getattr(config, name)
        if asked.get(name) is not None and kept != wanted:
            talk(
                f"{run.layout.root} goes on with {name} {str(kept).lower()}, as it began: "
                f"{str(wanted).lower()} gives other last bits. --fresh starts it anew."
            )


def show_plan(config: RunConfig, jobs: int, as_json: bool, out: Path) -> None:
    """Print what the run would do and cost, and say so if that is too much."""
    from tfluck.runtime import matmul_rate

    expected = plan(config, matmul_rate(), jobs)
    if as_json:
        costs = {
            "seconds": expected.seconds,
            "memory_bytes": expected.memory,
            "disk_bytes": expected.disk,
        }
        digest = config.digest()
        emit_json({"digest": digest, "config": config.to_dict(), "plan": costs})
    else:
        click.echo(describe_plan(config, expected, jobs))
    if reason := excess(expected, this_machine(out), min(jobs, config.seeds)):
        talk(reason)


def warn_if_long(
    expected: Plan, config: RunConfig, jobs: int, scale: str, preset: str | None
) -> None:
    """Say so when the run needs more than an hour, and what would take minutes."""
    from tfluck.runtime import matmul_rate

    seconds = expected.seconds
    if seconds <= LONG:
        return
    short = plan(_shorter(config, preset), matmul_rate(), jobs).seconds
    hint = "" if scale != "paper" else f"; --scale laptop would take {duration(short)}"
    talk(f"This run will take {duration(seconds)} on this device{hint}. It starts now.")


def _shorter(config: RunConfig, preset: str | None) -> RunConfig:
    """Return about what ``--scale laptop`` would make of ``config``."""
    settings = load_preset(preset).at("laptop") if preset else {"arch": config.arch}
    data = describe(config.dataset)
    return make_config("laptop", data=data, **settings | {"dataset": config.dataset})


def drive(
    run: Run,
    jobs: int,
    as_json: bool,
    engine: str = "local",
    scheduler: str | None = None,
) -> None:
    """Train what is left of ``run`` and print what it found."""
    from tfluck.sweeps import cluster, train_run

    config = run.config
    if run.status() == "finished":
        talk(f"{run.layout.root} is finished already; --fresh recomputes it.")
    else:
        require_data(config.dataset, config.data_dir)
        talk(f"{run.layout.root}: {config.seeds} × {config.steps} steps")
        try:
            with (
                cluster(engine, scheduler) as executor,
                progress_bar(config.steps, config.seeds) as report,
            ):
                quiet = not is_verbose()
                train_run(run, report, jobs=jobs, executor=executor, quiet=quiet)
        except Exception:
            if as_json and run.layout.summary.exists():
                emit_json(summarize(run))
            raise
    if config.targets == "labels":
        show_teacher(run, as_json)
        return
    if not as_json:
        draw(run)
    show(run, as_json)


def draw(run: Run) -> list[Path]:
    """Draw the run's figure, as PNG and PDF with the table behind it."""
    import pandas as pd

    from tfluck.figures.style import save
    from tfluck.figures.training import draw_training
    from tfluck.runs import save_csv

    folder = run.layout.figures
    table = make_directory(folder) / "training.csv"
    save_csv(run, table)
    frame = pd.read_csv(table)
    paths = [folder / "training.png", folder / "training.pdf"]
    for path in paths:
        save(draw_training(frame, heading(run)), path)
    return paths


def show(run: Run, as_json: bool) -> None:
    """Print the summary of ``run``."""
    print_summary(summarize(run), as_json)
    if as_json:
        return
    layout = RunLayout(run.layout.root)
    click.echo(f"figure       {layout.figures / 'training.png'}")
    click.echo(f"TensorBoard  tensorboard --logdir {layout.root / 'tensorboard'}")
