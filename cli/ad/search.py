"""``tfluck ad search``: hunt for a counterexample."""

from tfluck.angular.functions import AngularFunction
from tfluck.angular.search import hunt

from ..options import click, json_option
from ..options import command as declare
from ..output import emit_json
from .common import function_option, seed_option, students_option, warn_uncertified


@declare(
    "tfluck ad search --m 4 --function poisson:0.8",
    "tfluck ad search --m 3 --function relu --json",
)
@students_option(3, 3)
@function_option
@seed_option
@click.option(
    "--draws", type=click.IntRange(1, 10**9), default=50_000, show_default=True
)
@json_option
def command(
    m: int, function: AngularFunction, seed: int, draws: int, as_json: bool
) -> None:
    """Look for angles where every det M_i is positive; certify what is found.

    Random angles first, then an ascent from the best. Finding none proves nothing.
    """
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
            }
        )
        return
    if not found.found:
        click.echo(f"No counterexample among {found.tried} configurations.")
        return
    proof = "certified" if best.certified else "not certified"
    click.echo(f"Counterexample ({proof}), after {found.tried} configurations:")
    click.echo("angles  " + ",".join(map(repr, best.angles)))
    click.echo("det M_i " + ", ".join(f"{value:.12g}" for value in best.dets))
