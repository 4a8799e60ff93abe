"""``tfluck ad criteria``: which theorem decides a function."""

from pathlib import Path
from typing import TYPE_CHECKING

from tfluck.foundations.errors import ClaimFailed

from ..options import click, json_option
from ..options import command as declare
from ..output import emit_json, table
from .common import Angles, Picture, check_option, function_option, warn_uncertified

if TYPE_CHECKING:
    from tfluck.angular.angle import Angle
    from tfluck.angular.criteria import Criterion
    from tfluck.angular.functions import AngularFunction

WORDS = {
    "nw": "some weight is negative at all angles, for every m ≥ 3: min det M_i < 0",
    "positive": "all weights are positive at all angles, for every m",
    "zero": "the least weight is exactly zero at all angles, for every m ≥ 3",
    "fails": "all weights are positive at some angles",
    "undecided": "no theorem known to us decides it",
}


@declare(
    "tfluck ad criteria -f matern:2,1",
    "tfluck ad criteria -f power:6.8 --json",
    "tfluck ad criteria --frequencies 6Z,1+6Z,5+6Z",
)
@function_option
@click.option(
    "--angles",
    type=Angles(),
    help="Ask Proposition A6 (dense nodes) at these angles too.",
)
@click.option(
    "--frequencies",
    help='Decide PAD from the k with c_k > 0 alone, such as "6Z,1+6Z,5+6Z".',
)
@click.option(
    "--map",
    "path",
    type=Picture(),
    help="Draw what decides each family, over its parameter, to .png, .pdf or .svg.",
)
@check_option("a theorem proves the condition (with --frequencies: PAD)")
@json_option
def command(
    function: "AngularFunction",
    angles: "list[Angle] | None",
    frequencies: str | None,
    path: Path | None,
    check_it: bool,
    as_json: bool,
) -> None:
    """Say which theorem of docs/alignment.md decides the signs of the weights of -f.

    Constants are enclosed in ball arithmetic. A theorem that does not apply says nothing.
    """
    from tfluck.angular.criteria import criteria, decide, dense

    if frequencies is not None:
        _pad(frequencies, check_it, as_json)
        return
    warn_uncertified(function)
    found = criteria(function)
    if angles:
        found.append(dense(function, angles))
    answer = decide([one for one in found if one.theorem != "A6"])
    if as_json:
        emit_json(
            {
                "function": function.name,
                "decision": answer.decision,
                "theorem": answer.theorem,
                "reason": answer.reason,
                "criteria": [_object(one) for one in found],
            }
        )
    else:
        for one in found:
            constants = ", ".join(
                f"{name} in [{low!r}, {high!r}]"
                for name, (low, high) in one.constants.items()
            )
            click.echo(
                f"{one.theorem}: {one.decision}; {one.reason}"
                + (f" ({constants})" if constants else "")
            )
        click.echo(f"{function.name}: {WORDS[answer.decision]} ({answer.theorem}).")
    if path is not None:
        _draw(path)
    if check_it and answer.decision not in ("nw", "zero"):
        raise ClaimFailed(f"No theorem proves min det M_i <= 0 for {function.name}.")


#: Families on the map, and the values of their parameter.
MAP = {
    "power:P, c_n = 1/(1 + n^P)": (
        "power:{}",
        "1.2 1.5 1.8 2 2.2 2.5 2.8 3 3.2 3.5 3.8 4 4.4 4.8 5.2 5.6 6 6.4 6.8 7.2 7.6 8",
    ),
    "matern:S,1, a_n = (1 + n²)^−S": (
        "matern:{},1",
        "0.6 0.7 0.8 0.9 1 1.1 1.3 1.5 1.7 1.9 2 2.2 2.5 2.8 3 3.3 3.7 4 4.3 4.7 5",
    ),
    "poisson:R, a_n = R^n": (
        "poisson:{}",
        "0.02 0.1 0.2 0.3 0.34 0.35 0.4 0.6 0.8 0.9",
    ),
    "cosh:1,CONSTANT, a_n = c/(1 + n²) and a_0 free": (
        "cosh:1,{}",
        "-3 -2 -1 -0.5 0 0.5 1 2 3",
    ),
}


def _draw(path: Path) -> None:
    from tfluck.angular.criteria import criteria, decide
    from tfluck.angular.naming import parse
    from tfluck.figures.angular import draw_criteria

    draw_criteria(
        [
            (
                label,
                [
                    (float(value), decide(criteria(parse(form.format(value)))))
                    for value in values.split()
                ],
            )
            for label, (form, values) in MAP.items()
        ],
        path,
    )


def _object(one: "Criterion") -> dict[str, object]:
    return {
        "theorem": one.theorem,
        "decision": one.decision,
        "reason": one.reason,
        "constants": one.constants,
    }


def _pad(text: str, check_it: bool, as_json: bool) -> None:
    from tfluck.angular.frequencies import decide_pad, parse_frequencies

    parsed = parse_frequencies(text)
    found = decide_pad(parsed)
    result = {
        "frequencies": text,
        "modulus": parsed.modulus,
        "pad": found.pad,
        "theorem": found.theorem,
        "reason": found.reason,
    }
    if as_json:
        emit_json(result)
    else:
        click.echo(table([{"quantity": k, "value": v} for k, v in result.items()]))
    if check_it and found.pad != "yes":
        raise ClaimFailed(f"The frequencies {text} are not proved to be PAD.")
