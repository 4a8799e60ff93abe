"""``tfluck ad sample``: random angles, every sign certified."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from tfluck.foundations.errors import ClaimFailed

from ..bar import bar
from ..options import click, json_option
from ..options import command as declare
from ..output import emit_json, table
from .common import (
    check_option,
    function_option,
    plot_option,
    seed_option,
    students_option,
    warn_uncertified,
)

if TYPE_CHECKING:
    from tfluck.angular.functions import AngularFunction
    from tfluck.angular.sampling import Sample


@declare(
    "tfluck ad sample --m 6 --samples 100000",
    "tfluck ad sample --m 9 --samples 100000 --plot figure-4.png",
)
@students_option(1, 6)
@click.option(
    "--samples", type=click.IntRange(1, 10**12), default=100_000, show_default=True
)
@function_option
@seed_option
@click.option(
    "--jobs",
    type=click.IntRange(1, 1024),
    default=None,
    help="Threads (default: cores).",
)
@check_option("every sign is certified and no draw violates the condition")
@plot_option
@json_option
def command(
    m: int,
    samples: int,
    function: "AngularFunction",
    seed: int,
    jobs: int | None,
    check_it: bool,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Draw uniform angles and certify the sign of z = min det M_i for each draw.

    "Certified by float64" takes for granted that NumPy's sin, cos, exp and sqrt are within
    4 units in the last place; ball arithmetic takes nothing for granted, and decides the
    rest.
    """
    from tfluck.angular.sampling import sample

    warn_uncertified(function)
    with bar(samples, " draws") as advance:
        found = sample(function, m, samples, seed, jobs or os.cpu_count() or 1, advance)
    _print(found, as_json)
    if plot:
        from tfluck.figures.angular import draw_samples

        draw_samples([found], plot)
    open_ones = found.violated + found.undecided
    if check_it and (open_ones or not found.certified):
        raise ClaimFailed(
            f"min det M_i <= 0 is not certified at {open_ones} of {found.samples} draws."
        )


def _print(found: "Sample", as_json: bool) -> None:
    result = {
        "function": found.function,
        "m": found.m,
        "samples": found.samples,
        "seed": found.seed,
        "holds": found.holds,
        "violated": found.violated,
        "zero": found.zero,
        "undecided": found.undecided,
        "degenerate": found.degenerate,
        "max_z": found.max_z,
        "quantiles": found.quantiles,
        "certified_by": {"float64": found.by_float, "ball": found.by_ball},
        "certified": found.certified,
        "seconds": found.seconds,
        "samples_per_second": found.samples_per_second,
    }
    if as_json:
        emit_json(result)
        return
    shown = {k: v for k, v in result.items() if not isinstance(v, dict)}
    shown |= {f"quantile {q}": z for q, z in found.quantiles.items()}
    shown |= {
        "certified by float64": found.by_float,
        "certified by ball": found.by_ball,
    }
    click.echo(table([{"quantity": k, "value": v} for k, v in shown.items()]))
