"""``tfluck ad search``: hunt for a counterexample."""

from typing import TYPE_CHECKING

from tfluck.foundations.errors import ClaimFailed

from ..options import click, json_option
from ..options import command as declare
from ..output import emit_json
from .common import (
    check_option,
    function_option,
    seed_option,
    students_option,
    warn_uncertified,
)

if TYPE_CHECKING:
    from tfluck.angular.functions import AngularFunction
    from tfluck.angular.search import Hunt


@declare(
    "tfluck ad search --m 4 --function poisson:0.8",
    "tfluck ad search --m 3 --function power:2.51",
    "tfluck ad search --m 3 --function relu --json",
)
@students_option(3, 3)
@function_option
@seed_option
@click.option(
    "--draws", type=click.IntRange(1, 10**9), default=50_000, show_default=True
)
@check_option("no counterexample is found")
@json_option
def command(
    m: int,
    function: "AngularFunction",
    seed: int,
    draws: int,
    check_it: bool,
    as_json: bool,
) -> None:
    """Look for angles where every det M_i is positive; certify what is found.

    Regular polygons and clusters near the teacher first, then random angles, then an ascent
    from the best of them. Finding none proves nothing; `ad criteria` may.
    """
    from tfluck.angular.search import hunt

    warn_uncertified(function)
    found = hunt(function, m, seed, draws)
    best = found.check
    if as_json:
        emit_json(
            {
                "function": function.name,
                "m": m,
                "found": found.found,
                "angles": best.angles,
                "dets": best.dets,
                "det": best.det,
                "certified": best.certified,
                "tried": found.tried,
                "strategy": found.strategy,
                "exact_angles": list(map(str, found.nodes)) or None,
            }
        )
    else:
        _print(found)
    if check_it and found.found:
        raise ClaimFailed(f"A counterexample was found for {function.name}.")


def _print(found: "Hunt") -> None:
    best = found.check
    if not found.found:
        click.echo(f"No counterexample among {found.tried} configurations.")
        return
    proof = "certified" if best.certified else "not certified"
    click.echo(f"Counterexample ({proof}), after {found.tried} configurations:")
    click.echo("angles  " + ",".join(map(str, found.nodes or best.angles)))
    click.echo("det M_i " + ", ".join(f"{value:.12g}" for value in best.dets))
