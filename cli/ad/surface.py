"""``tfluck ad surface``: z over two free angles."""

from pathlib import Path
from typing import TYPE_CHECKING

from tfluck.foundations.errors import BadInput, ClaimFailed

from ..options import click, json_option
from ..options import command as declare
from ..output import emit_json, table
from .common import (
    check_option,
    function_option,
    plot_option,
    students_option,
    warn_uncertified,
)

if TYPE_CHECKING:
    from tfluck.angular.functions import AngularFunction
    from tfluck.angular.grid import Surface


def _fixed(pairs: tuple[str, ...]) -> dict[int, float]:
    """Read ``1=1`` and ``1=1,4=4`` as student numbers and angles."""
    fixed: dict[int, float] = {}
    for pair in ",".join(pairs).split(",") if pairs else ():
        number, _, angle = pair.partition("=")
        try:
            index, value = int(number), float(angle)
        except ValueError as error:
            raise BadInput(
                f"--fix takes STUDENT=ANGLE, such as 1=1, not {pair!r}."
            ) from error
        if index in fixed:
            raise BadInput(f"--fix names student {index} twice.")
        fixed[index] = value
    return fixed


@declare(
    "tfluck ad surface --m 3 --fix 1=1 --plot figure-2.png",
    "tfluck ad surface --m 4 --fix 1=1,4=4 --plot figure-3.png",
)
@students_option(2, 3)
@click.option("--fix", multiple=True, help="STUDENT=ANGLE; all but two must be fixed.")
@click.option("--points", type=click.IntRange(2, 2001), default=181, show_default=True)
@function_option
@check_option("every sign is certified and no point violates the condition")
@plot_option
@json_option
def command(
    m: int,
    fix: tuple[str, ...],
    points: int,
    function: "AngularFunction",
    check_it: bool,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Evaluate z = min det M_i on a grid of two angles in [0, 2π], signs certified.

    As for `ad sample`, signs that float64 certifies rest on NumPy's sin, cos, exp and sqrt
    being within 4 units in the last place.
    """
    from tfluck.angular.grid import surface

    warn_uncertified(function)
    found = surface(function, m, _fixed(fix), points)
    _print(found, as_json)
    if plot:
        from tfluck.figures.angular import draw_surfaces

        draw_surfaces([found], plot)
    open_ones = found.violated + found.undecided
    if check_it and (open_ones or not found.certified):
        raise ClaimFailed(
            f"min det M_i <= 0 is not certified at {open_ones} of {found.z.size} points."
        )


def _print(found: "Surface", as_json: bool) -> None:
    result: dict[str, object] = {
        "function": found.function,
        "m": found.m,
        "fixed": {str(i): value for i, value in found.fixed.items()},
        "points": len(found.axis),
        "min_z": float(found.z.min()),
        "mean_z": float(found.z.mean()),
        "max_z": float(found.z.max()),
        "holds": found.holds,
        "violated": found.violated,
        "zero": found.zero,
        "undecided": found.undecided,
        "degenerate": found.degenerate,
        "depth_correlation": found.depth_correlation,
        "certified": found.certified,
    }
    if as_json:
        emit_json(result)
        return
    rows = [{"quantity": k, "value": v} for k, v in result.items() if k != "fixed"]
    click.echo(table(rows))
