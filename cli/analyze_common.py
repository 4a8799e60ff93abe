"""What the commands on a run share: its options, its student, its pictures."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfluck.foundations.errors import BadInput

from .options import click, json_option, out_option, run_argument, talk

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tfluck.runs import Run

plot_option = click.option(
    "--plot",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    callback=lambda context, parameter, value: checked_plot(value),
    help="Draw it as .png, .pdf or .svg.",
)
epoch_option = click.option(
    "--epoch", type=click.IntRange(0), help="0 is before training.  [default: the last]"
)
_run_options = (
    run_argument,
    click.option("--seed", type=int, help="Which student.  [default: the run's first]"),
    out_option,
    plot_option,
    json_option,
)


def samples_option(default: str) -> Callable[..., Any]:
    """Return --samples, whose help names the default."""
    return click.option(
        "--samples",
        type=click.IntRange(1),
        help=f"Inputs of the evaluation set to use.  [default: {default}]",
    )


def run_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add RUN, --seed, --out, --plot and --json."""
    for option in reversed(_run_options):
        function = option(function)
    return function


def checked_plot(path: Path | None) -> Path | None:
    """Refuse a suffix that cannot be drawn before any work is done."""
    if path is not None and path.suffix.lower() not in (".png", ".pdf", ".svg"):
        raise click.BadParameter(f"'{path}' ends in none of .png, .pdf and .svg.")
    return path


def open_student(out: Path, name: str, seed: int | None) -> "tuple[Run, int]":
    """Open the run ``name`` and choose its student.

    Raises:
        BadInput: there is no such run or student.
    """
    from tfluck.runs import resolve_run

    run = resolve_run(out, name)
    chosen = run.seeds[0] if seed is None else seed
    if chosen not in run.seeds:
        known = ", ".join(map(str, run.seeds))
        raise BadInput(f"{run.name} has no student of seed {chosen}; it has {known}.")
    if seed is None and len(run.seeds) > 1:
        talk(f"Student {chosen} of {len(run.seeds)}; --seed chooses another.")
    return run, chosen


def save_plot(path: Path, draw: "Callable[[], Figure]") -> None:
    """Draw and write a figure, and say so."""
    from tfluck.figures.style import save

    save(draw(), path)
    talk(f"Drew {path}.")
