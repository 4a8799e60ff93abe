"""What the commands on a run share: its options, its student, its pictures."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..options import click, json_option, out_option, run_argument, talk

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tfluck.instruments.loaded import LoadedRun

plot_option = click.option(
    "--plot",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    callback=lambda context, parameter, value: checked_plot(value),
    help="Draw it as .png, .pdf or .svg.",
)
csv_option = click.option(
    "--csv",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the rows as CSV.",
)
_run_options = (
    run_argument,
    click.option("--seed", type=int, help="Which student.  [default: the run's first]"),
    out_option,
    json_option,
)


def run_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add RUN, --seed, --out and --json."""
    for option in reversed(_run_options):
        function = option(function)
    return function


def checked_plot(path: Path | None) -> Path | None:
    """Refuse a suffix that cannot be drawn before any work is done."""
    if path is not None and path.suffix.lower() not in (".png", ".pdf", ".svg"):
        raise click.BadParameter(f"'{path}' ends in none of .png, .pdf and .svg.")
    return path


def open_run(
    out: Path, name: str, seed: int | None, *, quiet: bool = False
) -> "LoadedRun":
    """Open the run ``name``; unless ``quiet`` say which of several students is meant.

    Raises:
        BadInput: there is no such run or student.
    """
    from tfluck.instruments.loaded import LoadedRun
    from tfluck.runs import resolve_run

    loaded = LoadedRun(resolve_run(out, name), talk)
    chosen = loaded.student_seed(seed)
    if seed is None and len(loaded.seeds) > 1 and not quiet:
        talk(f"Student {chosen} of {len(loaded.seeds)}; --seed chooses another.")
    return loaded


def save_plot(path: Path, draw: "Callable[[], Figure]") -> None:
    """Draw and write a figure, and say so."""
    from tfluck.figures.style import save

    save(draw(), path)
    talk(f"Drew {path}.")


def save_csv(path: Path | None, rows: "Callable[[], list[dict[str, Any]]]") -> None:
    """Write ``rows`` as CSV, where a file was named, and say so."""
    if path is not None:
        from tfluck.foundations.tables import save_csv

        save_csv(rows(), path)
        talk(f"Wrote {path}.")
