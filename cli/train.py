"""``tfluck train`` and the driving that ``resume`` shares with it."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tfluck.config import (
    CHOICES,
    STUDENT_INITS,
    RunConfig,
    parse_schedule,
    parse_widths,
)
from tfluck.cost import plan
from tfluck.errors import BadInput
from tfluck.files import explained, make_directory
from tfluck.presets import load_preset
from tfluck.runs import Run, RunLayout, find_or_create, summarize
from tfluck.scales import SCALES, make_config

from .options import (
    FiniteFloat,
    click,
    is_verbose,
    json_option,
    out_option,
    talk,
)
from .options import (
    command as declare,
)
from .output import emit_json
from .progress import progress_bar
from .report import describe_plan, duration, result_text

#: A plan above this many seconds is worth a warning.
LONG = 3600.0


class Parsed(click.ParamType):
    """An option whose text a function of the library reads."""

    def __init__(self, name: str, parse: Callable[[str], Any]) -> None:
        self.name = name
        self.parse = parse

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Parse, or fail as a usage error."""
        try:
            return self.parse(value) if isinstance(value, str) else value
        except BadInput as error:
            self.fail(str(error), param, ctx)


def _samples(text: str) -> int | None:
    if text == "infinite":
        return None
    if not text.isdigit() or int(text) < 1:
        raise BadInput(f"Give 'infinite' or a number of samples, not {text!r}.")
    return int(text)


WIDTHS = Parsed("widths", parse_widths)
SCHEDULE = Parsed("rate", parse_schedule)
SAMPLES = Parsed("infinite|N", _samples)
COUNT = click.IntRange(min=1)


def _choice(name: str) -> click.Choice[str]:
    return click.Choice(CHOICES[name])


#: Option → (type, help). Defaults live in the library: what is not given is not passed.
SETTINGS: dict[str, tuple[Any, str]] = {
    "dataset": (click.Choice(["gaus"]), "Data: gaus draws N(0, std²) for ever. [gaus]"),
    "arch": (_choice("arch"), "Dense or convolutional networks. [fc]"),
    "teacher-widths": (WIDTHS, "[50-75-100-125 for fc, 64-64-64-64 for cnn]"),
    "multiplier": (COUNT, "Student width over teacher width. [10]"),
    "outputs": (COUNT, "Outputs (classes). [100]"),
    "input-dim": (COUNT, "Input dimension of fc. [20]"),
    "image-size": (COUNT, "Height and width of the images of cnn. [16]"),
    "data-std": (FiniteFloat(0), "Standard deviation of the inputs. [10]"),
    "batch-norm": (_choice("batch_norm"), "Where BatchNorm stands. [after-relu]"),
    "samples": (SAMPLES, "Size of the data set. [infinite]"),
    "epochs": (click.IntRange(min=0), "[40]"),
    "samples-per-epoch": (COUNT, "[100000; the size of a finite set]"),
    "batch-size": (COUNT, "[64]"),
    "lr": (SCHEDULE, "A rate, or a schedule like 0:0.05,20:0.01. [0.05]"),
    "momentum": (FiniteFloat(0), "In PyTorch's meaning. [0]"),
    "weight-decay": (FiniteFloat(0), "In PyTorch's meaning. [0]"),
    "loss": (_choice("loss"), "cross-entropy is on the teacher's argmax. [mse]"),
    "teacher-init": (_choice("teacher_init"), "separated is the paper's. [separated]"),
    "teacher-bias": (FiniteFloat(), "Added to every hidden teacher bias. [0]"),
    "student-init": (str, f"One of {', '.join(STUDENT_INITS)}. [default]"),
    "seed": (click.IntRange(min=0), "Seed of the teacher and the first student. [1]"),
    "seeds": (COUNT, "Number of students of the one teacher. [1]"),
    "eval-samples": (COUNT, "[10000 fc, 1024 cnn]; 192 is the original's."),
    "eval-every": (COUNT, "Epochs between evaluations. [1]"),
    "chunk": (COUNT, "Steps fused into one call. [by size]"),
}


def settings_options(function: Any) -> Any:
    """Add one option for every setting of a run."""
    for name in ("--jit/--no-jit", "--normalize", "--bn-affine/--no-bn-affine"):
        text = {
            "--jit/--no-jit": "Compile with XLA. [fc yes, cnn no]",
            "--normalize": "Student rows back to norm 1 after every step.",
            "--bn-affine/--no-bn-affine": "BatchNorm scale and shift. [fc no, cnn yes]",
        }[name]
        function = click.option(name, default=None, is_flag=True, help=text)(function)
    for name, (kind, text) in reversed(SETTINGS.items()):
        function = click.option(f"--{name}", type=kind, help=text)(function)
    return function


def engine_options(function: Any) -> Any:
    """Add the options that say where students train."""
    for option in (
        click.option("--scheduler", help="Address of the cluster, as tcp://host:8786."),
        click.option(
            "--engine",
            type=click.Choice(["local", "dask"]),
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
@settings_options
@click.option(
    "--preset", help="An experiment of the paper, as luck-matters/figure-7-fc-bn."
)
@click.option(
    "--scale",
    type=click.Choice(list(SCALES)),
    default="paper",
    show_default=True,
    help="Shrink widths, samples and epochs that were not given.",
)
@engine_options
@out_option
@click.option("--name", help="Name of the run's folder. [made from the settings]")
@click.option(
    "--fresh", is_flag=True, help="Throw away an earlier run of these settings."
)
@click.option("--dry-run", is_flag=True, help="Print the plan and stop.")
@json_option
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
    **settings: Any,
) -> None:
    """Train wide students of a small teacher and watch which of their nodes win.

    The first evaluation comes before any training. An unfinished run of the same
    settings goes on where it stopped; a finished one is reported, not recomputed.
    """
    config = configure(preset, scale, settings)
    jobs = jobs or os.cpu_count() or 1
    if dry_run:
        show_plan(config, jobs, as_json)
        return
    if name is not None and Path(name).name != name:
        raise BadInput(f"--name is a folder's name, not a path: {name!r}.")
    run = find_or_create(out, config, name, fresh=fresh)
    if run.status() != "finished":
        warn_if_long(run.config, jobs, scale, preset)
    drive(run, jobs, as_json, engine, scheduler)


def configure(preset: str | None, scale: str, settings: Mapping[str, Any]) -> RunConfig:
    """Let the preset speak first, then the options that were given."""
    chosen = load_preset(preset).at(scale) if preset else {}
    context = click.get_current_context()
    given = {
        key: value
        for key, value in settings.items()
        if context.get_parameter_source(key) is click.core.ParameterSource.COMMANDLINE
    }
    return make_config(scale, **chosen | given)


def show_plan(config: RunConfig, jobs: int, as_json: bool) -> None:
    """Print what the run would do and cost."""
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


def warn_if_long(config: RunConfig, jobs: int, scale: str, preset: str | None) -> None:
    """Say so when the run needs more than an hour, and what would take minutes."""
    from tfluck.runtime import matmul_rate

    rate = matmul_rate()
    seconds = plan(config, rate, jobs).seconds
    if seconds <= LONG:
        return
    settings = load_preset(preset).at("laptop") if preset else {"arch": config.arch}
    short = plan(make_config("laptop", **settings), rate, jobs).seconds
    hint = "" if scale != "paper" else f"; --scale laptop would take {duration(short)}"
    talk(f"This run will take {duration(seconds)} on this device{hint}. It starts now.")


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
    if not as_json:
        draw(run)
    show(run, as_json)


def draw(run: Run) -> list[Path]:
    """Draw the run's figure, as PNG and PDF with the table behind it."""
    import pandas as pd

    from tfluck.figures.training import draw_training
    from tfluck.runs import write_csv

    folder = run.layout.figures
    table = make_directory(folder) / "training.csv"
    with explained(table), table.open("w", newline="") as stream:
        write_csv(run, stream)
    frame = pd.read_csv(table)
    paths = [folder / "training.png", folder / "training.pdf"]
    for path in paths:
        draw_training(frame, run.name, path)
    return paths


def show(run: Run, as_json: bool) -> None:
    """Print the summary of ``run``."""
    summary = summarize(run)
    if as_json:
        emit_json(summary)
        return
    click.echo(result_text(summary))
    layout = RunLayout(run.layout.root)
    click.echo(f"figure       {layout.figures / 'training.png'}")
    click.echo(f"TensorBoard  tensorboard --logdir {layout.root / 'tensorboard'}")
