"""``tfluck ad check``: the determinants at one set of angles."""

from typing import TYPE_CHECKING

from tfluck.foundations.errors import BadInput, ClaimFailed

from ..options import click, json_option, talk
from ..options import command as declare
from ..output import emit_json, table
from .common import Angles, check_option, function_option, warn_uncertified

if TYPE_CHECKING:
    from tfluck.angular.angle import Angle
    from tfluck.angular.functions import AngularFunction
    from tfluck.angular.verdicts import Check

WORDS = {
    "holds": "some det M_i is negative, as Conjecture 5.5 says",
    "violated": "every det M_i is positive",
    "zero": "the least det M_i is exactly zero",
    "undecided": "the sign of the least det M_i could not be decided",
    "degenerate": "two of the angles, the teacher's among them, coincide",
}


@declare(
    "tfluck ad check 1,2,3",
    "tfluck ad check --angles pi/3,2pi/5,4pi/3",
    "tfluck ad check --function power:2.51 --angles=-1/1000,2/1000,1",
    'tfluck ad check "exp(-sqrt(t))" --angles 1,3,5 --json',
)
@click.argument("given", nargs=-1, metavar="[ANGLES] [FORMULA]")
@click.option(
    "--angles",
    type=Angles(),
    help="θ_1,…,θ_m in (−2π, 2π), such as 1.5, 1/1000 or 2pi/5; the teacher is at 0.",
)
@function_option
@check_option("some det M_i is proved to be negative, or the least to be zero")
@json_option
def command(
    given: tuple[str, ...],
    angles: "list[Angle] | None",
    function: "AngularFunction",
    check_it: bool,
    as_json: bool,
) -> None:
    """Enclose det M and every det M_i, and judge the determinant condition.

    Angles are exactly what is typed: decimals are decimals, and multiples of π are known
    to coincide or to be opposite when they are. What is given without --angles or
    --function is taken for angles if it can be read as such, else for a function.
    """
    from tfluck.angular.verdicts import check

    angles, function = _given(given, angles, function)
    found = check(function, angles)
    warn_uncertified(function)
    if as_json:
        emit_json(as_object(function, found, angles))
    else:
        _print(found)
    if check_it and not (found.certified and found.verdict in ("holds", "zero")):
        raise ClaimFailed(
            f"min det M_i <= 0 does not hold, provably, at these angles: {found.verdict}."
        )


def _given(
    words: tuple[str, ...], angles: "list[Angle] | None", function: "AngularFunction"
) -> "tuple[list[Angle], AngularFunction]":
    """Sort what was typed without an option into angles and a function."""
    from tfluck.angular.angle import parse_angle
    from tfluck.angular.naming import parse

    for word in words:
        try:
            read = [parse_angle(part) for part in word.split(",")]
        except BadInput:
            function = parse(word)
        else:
            angles = [*(angles or []), *read]
    if not angles:
        raise BadInput("Which angles? Such as: tfluck ad check --angles 1,2,3.")
    return angles, function


def _print(found: "Check") -> None:
    click.echo(table(_rows(found)))
    if found.least_eigenvalue is not None:
        low, high = found.least_eigenvalue
        click.echo(f"\nleast eigenvalue of M between {low!r} and {high!r}")
    for i, j in found.antipodal:
        other = f"student {i}" if i else "the teacher"
        click.echo(f"degenerate: student {j} is exactly opposite {other}")
    proof = " (certified)." if found.certified else " (not certified)."
    click.echo(f"\n{found.verdict}: {WORDS[found.verdict]}{proof}")
    if found.verdict == "violated" and len(found.dets) < 3:
        talk(
            "The conjecture is about m ≥ 3; for fewer students this is no counterexample."
        )


def _rows(found: "Check") -> list[dict[str, object]]:
    names = ["det M", *(f"det M_{i}" for i in range(1, len(found.dets) + 1))]
    values = [found.det, *found.dets]
    if found.det_enclosure is None or found.dets_enclosure is None:
        return [
            {"determinant": name, "value": f"{value:.16g}"}
            for name, value in zip(names, values, strict=True)
        ]
    intervals = [found.det_enclosure, *found.dets_enclosure]
    for i, weight in enumerate(found.weights or (), 1):
        names.append(f"weight {i}")
        values.append((weight[0] + weight[1]) / 2)
        intervals.append(weight)
    return [
        {
            "determinant": name,
            "value": f"{value:.16g}",
            "at least": f"{low!r}",
            "at most": f"{high!r}",
        }
        for name, value, (low, high) in zip(names, values, intervals, strict=True)
    ]


def as_object(
    function: "AngularFunction", found: "Check", angles: "list[Angle]"
) -> dict[str, object]:
    """Return the check as the contract's JSON object.

    Only what there is to say is added: exact names of angles that are no decimals, and
    exactly opposite pairs (0 is the teacher).
    """
    enclosures: dict[str, object] = {
        "det": found.det_enclosure,
        "dets": found.dets_enclosure,
    }
    if found.least_eigenvalue is not None:
        enclosures["weights"] = found.weights
        enclosures["least_eigenvalue"] = found.least_eigenvalue
    result: dict[str, object] = {
        "function": function.name,
        "angles": found.angles,
        "det": found.det,
        "dets": found.dets,
        "z": found.z,
        "enclosures": enclosures,
        "verdict": found.verdict,
        "certified": found.certified,
    }
    if any(angle.k for angle in angles):
        result["exact_angles"] = [str(angle) for angle in angles]
    if found.antipodal:
        result["antipodal"] = found.antipodal
    return result
