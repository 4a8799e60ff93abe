"""``tfluck ad check``: the determinants at one set of angles."""

from tfluck.angular.functions import AngularFunction
from tfluck.angular.verdicts import Check, check

from ..options import click, json_option, talk
from ..options import command as declare
from ..output import emit_json, table
from .common import Numbers, function_option, warn_uncertified

WORDS = {
    "holds": "some det M_i is negative, as Conjecture 5.5 says",
    "violated": "every det M_i is positive",
    "zero": "the least det M_i is exactly zero",
    "undecided": "the sign of the least det M_i could not be decided",
    "degenerate": "two of the angles, the teacher's among them, coincide",
}


@declare(
    "tfluck ad check --angles 1,2,3",
    "tfluck ad check --function triangle:1,1 --angles 1.5,3,4.5 --json",
)
@click.option(
    "--angles",
    type=Numbers(),
    required=True,
    help="θ_1,…,θ_m in [0, 2π); the teacher is at 0.",
)
@function_option
@json_option
def command(angles: list[float], function: AngularFunction, as_json: bool) -> None:
    """Enclose det M and every det M_i, and judge the determinant condition.

    Angles are taken as the doubles nearest to what is typed.
    """
    found = check(function, angles)
    warn_uncertified(function)
    if as_json:
        emit_json(as_object(function, found))
        return
    click.echo(table(_rows(found)))
    click.echo(f"\n{found.verdict}: {WORDS[found.verdict]}" + _proof(found))
    if found.verdict == "violated" and len(angles) < 3:
        talk(
            "The conjecture is about m ≥ 3; for fewer students this is no counterexample."
        )


def _proof(found: Check) -> str:
    return " (certified)." if found.certified else " (not certified)."


def _rows(found: Check) -> list[dict[str, object]]:
    names = ["det M", *(f"det M_{i}" for i in range(1, len(found.dets) + 1))]
    values = [found.det, *found.dets]
    if found.det_enclosure is None or found.dets_enclosure is None:
        return [
            {"determinant": name, "value": f"{value:.16g}"}
            for name, value in zip(names, values, strict=True)
        ]
    intervals = [found.det_enclosure, *found.dets_enclosure]
    return [
        {
            "determinant": name,
            "value": f"{value:.16g}",
            "at least": f"{low!r}",
            "at most": f"{high!r}",
        }
        for name, value, (low, high) in zip(names, values, intervals, strict=True)
    ]


def as_object(function: AngularFunction, found: Check) -> dict[str, object]:
    """Return the check as the contract's JSON object."""
    return {
        "function": function.name,
        "angles": found.angles,
        "det": found.det,
        "dets": found.dets,
        "z": found.z,
        "enclosures": {"det": found.det_enclosure, "dets": found.dets_enclosure},
        "verdict": found.verdict,
        "certified": found.certified,
    }
