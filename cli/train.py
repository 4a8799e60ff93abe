"""``tfluck train`` and the driving that ``resume`` shares with it."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfluck.experiment.choices import ENGINES
from tfluck.experiment.scales import configure
from tfluck.foundations.files import make_directory

from .hints import complete_preset, complete_run
from .ingredients import require_teacher, with_ingredients
from .launch import Means, launch, show_plan
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
from .settings import COUNT, given_settings, run_options, settings_options
from .summaries import heading, print_summary
from .teacher_report import show_teacher

if TYPE_CHECKING:
    from tfluck.runs import Run


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
@click.option(
    "--teacher",
    help="A pretrained teacher: its folder, or pretraining run.",
    shell_complete=complete_run,
)
@click.option(
    "--preset",
    help="An experiment of the paper, as luck-matters/figure-7-fc-bn.",
    shell_complete=complete_preset,
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
    experiment, execution = configure(scale, data=data, **wanted)
    jobs = jobs or os.cpu_count() or 1
    means = Means(out, scale, preset, jobs, engine == "local", force, wanted)
    if dry_run:
        show_plan(experiment, execution, means, as_json)
        return
    from tfluck.sweeps import check_engine

    check_engine(engine, scheduler)
    run = launch(experiment, execution, means, name, settings, fresh=fresh)
    drive(run, jobs, as_json, engine, scheduler)


def drive(
    run: "Run",
    jobs: int,
    as_json: bool,
    engine: str = "local",
    scheduler: str | None = None,
) -> None:
    """Train what is left of ``run`` and print what it found."""
    from tfluck.runs import summarize
    from tfluck.runs.weights import unkept_epochs
    from tfluck.sweeps import cluster, settle, train_run

    experiment = run.experiment
    if run.status() == "finished":
        talk(f"{run.layout.root} is finished already; --fresh recomputes it.")
        settle(run)
        if lost := unkept_epochs(run):
            talk(f"Weights of epochs {', '.join(map(str, lost))} were not kept by it.")
    else:
        experiment.data.source.require(run.execution.data_dir)
        talk(f"{run.layout.root}: {len(run.seeds)} × {experiment.training.steps} steps")
        done = {seed: int(run.seed_status(seed).get("step", 0)) for seed in run.seeds}
        try:
            with (
                cluster(engine, scheduler) as executor,
                progress_bar(experiment.training.steps, done) as report,
            ):
                quiet = not is_verbose()
                train_run(run, report, jobs=jobs, executor=executor, quiet=quiet)
        except Exception:
            if as_json and run.layout.summary.exists():
                emit_json(summarize(run))
            raise
    if experiment.training.targets == "labels":
        show_teacher(run, as_json)
        return
    if not as_json:
        draw(run)
    show(run, as_json)


def draw(run: "Run") -> list[Path]:
    """Draw the run's figure, as PNG and PDF with the table behind it."""
    import pandas as pd

    from tfluck.figures.style import save
    from tfluck.figures.training import draw_training
    from tfluck.runs import save_csv
    from tfluck.runs.lock import refuse_links

    refuse_links(run.layout.root)
    folder = run.layout.figures
    table = make_directory(folder) / "training.csv"
    save_csv(run, table)
    frame = pd.read_csv(table)
    paths = [folder / "training.png", folder / "training.pdf"]
    for path in paths:
        save(draw_training(frame, heading(run)), path)
    return paths


def show(run: "Run", as_json: bool) -> None:
    """Print the summary of ``run``."""
    from tfluck.runs import RunLayout, summarize

    print_summary(summarize(run), as_json)
    if as_json:
        return
    layout = RunLayout(run.layout.root)
    click.echo(f"figure       {layout.figures / 'training.png'}")
    click.echo(f"TensorBoard  tensorboard --logdir {layout.root / 'tensorboard'}")
