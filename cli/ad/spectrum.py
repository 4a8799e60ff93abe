"""``tfluck ad spectrum``: coefficients, verdicts, lemmas."""

from pathlib import Path
from typing import TYPE_CHECKING

from tfluck.foundations.errors import ClaimFailed

from ..options import click, json_option
from ..options import command as declare
from ..output import emit_json, table
from .common import check_option, function_option, plot_option, warn_uncertified

if TYPE_CHECKING:
    from tfluck.angular.functions import AngularFunction
    from tfluck.angular.lemmas import Finding
    from tfluck.angular.spectrum import Spectrum


@declare(
    "tfluck ad spectrum --function relu",
    "tfluck ad spectrum --function cosines:1,-0.5,2 --json",
)
@function_option
@click.option("--terms", type=click.IntRange(2, 2000), default=16, show_default=True)
@check_option("f is proved to be AD and PAD")
@plot_option
@json_option
def command(
    function: "AngularFunction",
    terms: int,
    check_it: bool,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Expand f in cosines; say whether it is AD and PAD, and why; check Lemmas 4.2, 4.3."""
    from tfluck.angular.lemmas import decreasing, end_values, product_inequality
    from tfluck.angular.spectrum import spectrum_of

    warn_uncertified(function)
    found = spectrum_of(function, terms)
    lemmas = [decreasing(function), product_inequality(function)]
    first, last = end_values(function)
    _print(function, found, lemmas, (first, last), as_json)
    if plot:
        from tfluck.figures.angular import draw_spectrum

        draw_spectrum(found, plot)
    if check_it and (found.ad, found.pad, found.certified) != ("yes", "yes", True):
        raise ClaimFailed(f"{function.name}: AD {found.ad}, PAD {found.pad}.")


def _print(
    function: "AngularFunction",
    found: "Spectrum",
    lemmas: "list[Finding]",
    ends: tuple[float, float],
    as_json: bool,
) -> None:
    if as_json:
        emit_json(
            {
                "function": function.name,
                "coefficients": found.coefficients,
                "enclosures": found.enclosures,
                "tail_bound": found.tail_bound,
                "ad": found.ad,
                "pad": found.pad,
                "negative": found.negative,
                "reason": found.reason,
                "certified": found.certified,
                "end_values": list(ends),
                "lemmas": [_object(lemma) for lemma in lemmas],
            }
        )
        return
    click.echo(
        table(
            [
                {"k": k, "c_k": f"{c:.12g}"}
                for k, c in enumerate(found.coefficients.tolist())
            ]
        )
    )
    tail = "unknown" if found.tail_bound is None else f"at most {found.tail_bound:.3g}"
    click.echo(
        f"\nsum of the rest: {tail}\nAD: {found.ad}   PAD: {found.pad}\n{found.reason}."
    )
    click.echo(f"f(0) = {ends[0]:.12g}, f(π) = {ends[1]:.12g}")
    for lemma in lemmas:
        answer = {True: "holds", False: "fails", None: "undecided"}[lemma.holds]
        click.echo(
            f"{lemma.statement}: {answer} on a grid, least margin {lemma.margin:.3g}"
        )


def _object(lemma: "Finding") -> dict[str, object]:
    return {
        "statement": lemma.statement,
        "holds": lemma.holds,
        "margin": lemma.margin,
        "where": lemma.where,
        "certified": lemma.certified,
    }
