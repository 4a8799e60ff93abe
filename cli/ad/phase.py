"""``tfluck ad phase``: the determinant condition over spectral decay."""

from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from tfluck.foundations.errors import BadInput, ClaimFailed

from ..bar import bar
from ..options import click, json_option
from ..options import command as declare
from ..output import emit_json, table
from .common import Numbers, check_option, plot_option, seed_option

if TYPE_CHECKING:
    from tfluck.angular.phase import Phase, Point

#: Tenths below, through and above (2, 4), the edge at 2 from both sides, and A3's 6.8.
DEFAULT = "1.1,1.3,1.5,1.7,1.9,2,2.1,2.3,2.5,2.7,2.9,3,3.1,3.3,3.5,3.7,3.9,4,4.5,5,6,6.7,6.8,8"


@declare(
    "tfluck ad phase --plot phase.png",
    "tfluck ad phase --decays 1.5,1.9,2,2.1,2.5 --m 3,4,5 --json",
)
@click.option(
    "--decays",
    default=DEFAULT,
    help="p, from 1.1 to 20; default 24 values from 1.1 to 8.",
)
@click.option(
    "--m", "sizes", type=Numbers(), default=[3.0], help="Students; default 3."
)
@click.option(
    "--samples",
    type=click.IntRange(1, 10**9),
    default=500,
    show_default=True,
    help="Random angle sets at each p, beside the search.",
)
@seed_option
@check_option("no violation is found")
@plot_option
@json_option
def command(
    decays: str,
    sizes: list[float],
    samples: int,
    seed: int,
    check_it: bool,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Say where min det M_i ≤ 0 fails for ½ + Σ cos(nθ)/(1 + n^p), over p.

    Each p gets a certified violation with its witness, the theorem that excludes one, or
    "none found in N" sets of angles: regular polygons, clusters near the teacher on both
    sides, and random draws. That none was found is no proof that there is none.
    """
    from tfluck.angular.phase import phase_diagram

    if any(m != int(m) for m in sizes):
        raise BadInput("--m takes whole numbers.")
    values = sorted(set(_decimals(decays)))
    with bar(len(values) * len(sizes), " decays") as advance:
        found = phase_diagram(values, [int(m) for m in sizes], samples, seed, advance)
    _print(found, seed, as_json)
    if plot:
        from tfluck.figures.angular import draw_phase

        draw_phase(found, plot)
    violated = [point for point in found.points if point.witness]
    if check_it and violated:
        raise ClaimFailed(
            f"min det M_i <= 0 is violated at {len(violated)} of {len(found.points)} points."
        )


def _decimals(text: str) -> list[Fraction]:
    """Read the decimals typed, exactly: 2.2 is 11/5, where five powers make a whole one."""
    Numbers().convert(text, None, None)
    return [Fraction(part.strip()) for part in text.split(",")]


def _print(found: "Phase", seed: int, as_json: bool) -> None:
    if as_json:
        rows = [_object(point) for point in found.points]
        emit_json({"samples": found.samples, "seed": seed, "rows": rows})
        return
    click.echo(
        table(
            [
                {
                    "decay": point.decay,
                    "m": point.m,
                    "mark": point.mark
                    + (f" in {point.tried}" if point.mark == "none found" else ""),
                    "theorem": point.theorem,
                    "witness": ", ".join(_names(point) or []),
                    "random": point.random_share,
                }
                for point in found.points
            ]
        )
    )


def _names(point: "Point") -> list[str] | None:
    return [str(angle) for angle in point.nodes] if point.nodes else None


def _object(point: "Point") -> dict[str, object]:
    witness = point.witness
    return {
        "decay": point.decay,
        "m": point.m,
        "mark": point.mark,
        "theorem": point.theorem,
        "witness": _names(point),
        "weights": witness.weights if witness else None,
        "tried": point.tried,
        "random_share": point.random_share,
    }
