"""``tfluck align inequality``: try to break the loss-gradient inequality."""

from tfluck.foundations.errors import ClaimFailed

from ..bar import bar
from ..options import click, json_option
from ..options import command as declare
from ..output import emit_json, table


@declare(
    "tfluck align inequality --m 5 --dim 3 --samples 10000",
    "tfluck align inequality --m 2 --dim 7 --samples 2000 --json",
)
@click.option(
    "--m", type=click.IntRange(1), default=5, show_default=True, help="Students."
)
@click.option(
    "--dim", type=click.IntRange(1), default=3, show_default=True, help="Dimension."
)
@click.option(
    "--samples", type=click.IntRange(1, 10**9), default=10_000, show_default=True
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--check", is_flag=True, help="Exit with 4 if it is violated.")
@json_option
def command(
    m: int, dim: int, samples: int, seed: int, check: bool, as_json: bool
) -> None:
    """Evaluate the inequality and its exact slack at random and adversarial students.

    Errors and slacks are relative to the size of the terms (docs/alignment.md).
    """
    from tfluck.alignment.inequality import challenge

    with bar(samples, " samples") as advance:
        found = challenge(m, dim, samples, seed, advance)
    result = {
        "samples": found.samples,
        "identity_error": found.identity_error,
        "min_slack": found.min_slack,
        "min_gradient_bound": found.min_gradient_bound,
        "violations": found.violations,
    }
    if as_json:
        emit_json(result)
    else:
        click.echo(table([{"quantity": k, "value": v} for k, v in result.items()]))
    if check and found.violations:
        raise ClaimFailed(
            f"The inequality is violated at {found.violations} configurations."
        )
