"""``tfluck theory check``: is it true as printed, and if not, what is?"""

from typing import TYPE_CHECKING, Any

from tfluck.foundations.errors import ClaimFailed

from ..bar import bar
from ..options import click, json_option, talk
from ..options import command as declare
from ..output import cell, emit_json, table

if TYPE_CHECKING:
    from tfluck.theory.checks import Check

WORDS = ("holds", "violated", "vacuous", "diagnostic")


@declare(
    "tfluck theory check",
    "tfluck theory check T1 T4 --notes",
    "tfluck theory check T4.designed --json --check",
    "tfluck theory check --list",
    name="check",
)
@click.argument("ids", metavar="[ID]...", nargs=-1)
@click.option("--list", "listed", is_flag=True, help="Name the claims, try none.")
@click.option("--notes", is_flag=True, help="Say what each instance is.")
@click.option("--check", is_flag=True, help="Exit with 4 if a verdict is unexpected.")
@json_option
def command(
    ids: tuple[str, ...], listed: bool, notes: bool, check: bool, as_json: bool
) -> None:
    """Try every statement of the paper, or those named (T4, or T4.designed).

    Verdicts: holds; violated (a printed slip is expected to be, and its corrected form to
    hold); vacuous (its hypothesis is false here); diagnostic (a size, nothing promised).
    docs/luck_matters.md says what each id is.
    """
    from tfluck.theory.checks import STATEMENTS, run, select

    chosen = select(ids)
    if listed:
        rows = [
            {"id": c.id, "expected verdict": c.expect, "claim": c.statement}
            for c in chosen
        ]
        if as_json:
            emit_json({"statements": STATEMENTS, "claims": rows})
        else:
            click.echo(table(rows))
        return
    found = []
    with bar(len(chosen), " claims") as advance:
        for one in run(chosen):
            found.append(one)
            advance(1)
    if as_json:
        emit_json({"checks": [as_object(one) for one in found]})
    else:
        click.echo(table([_row(one, notes) for one in found]))
    _conclude(found, check)


def as_object(check: "Check") -> dict[str, Any]:
    """Return the check as the contract's JSON object."""
    return dict(vars(check))


def _row(check: "Check", notes: bool) -> dict[str, Any]:
    against = f"{check.relation} {cell(check.expected)}".strip()
    row = {
        "id": check.id,
        "verdict": check.verdict,
        "measured": check.measured,
        "against": "–" if check.expected is None else against,
        "within": check.tolerance,
        "claim": check.statement,
    }
    return row | ({"instance": check.note} if notes else {})


def _conclude(found: "list[Check]", check: bool) -> None:
    """Count the verdicts, name the unexpected ones, and fail if asked to."""
    counts = {word: sum(one.verdict == word for one in found) for word in WORDS}
    talk(", ".join(f"{count} {word}" for word, count in counts.items() if count) + ".")
    surprises = [one for one in found if one.surprising]
    for one in surprises:
        talk(
            f"Unexpected: {one.id} is {one.verdict}; expected was {one.expected_verdict}."
        )
    if not surprises:
        talk("Every verdict is the expected one.")
    elif check:
        names = ", ".join(one.id for one in surprises)
        raise ClaimFailed(f"Unexpected verdicts: {names}.")
