"""``tfluck align several``: stationary points of positive loss, with several teachers."""

import math

from tfluck.foundations.errors import ClaimFailed

from ..options import click, json_option
from ..options import command as declare
from ..output import emit_json, table


@declare(
    "tfluck align several --k 2", "tfluck align several --k 6 --m 4 --check --json"
)
@click.option(
    "--k",
    type=click.IntRange(2, 1000),
    default=2,
    show_default=True,
    help="Orthonormal teachers.",
)
@click.option(
    "--m", type=click.IntRange(1, 1000), default=2, show_default=True, help="Students."
)
@click.option(
    "--check", is_flag=True, help="Exit with 4 unless stationary at positive loss."
)
@json_option
def command(k: int, m: int, check: bool, as_json: bool) -> None:
    """Enclose the stationary point of Proposition C1: all students on the teachers' sum.

    Its loss is positive, so with two teachers or more no theorem can say that every
    stationary point is aligned. Theorem C2 bounds the loss by the angles that remain.
    """
    import numpy as np

    from tfluck.alignment.several import bisector, survival

    found = bisector(k)
    students = np.full((m, k), (sum(found.length) / 2) / (m * math.sqrt(k)))
    there = survival(students, np.eye(k))
    result = {
        "k": k,
        "m": m,
        "length": found.length,
        "loss": found.loss,
        "gradient_along_the_ray": found.slope,
        "bend": found.bend,
        "kind": _kind(k, m),
        "angle": found.angle,
        "bound": found.bound,
        "inequality": {"twice_the_loss": 2 * there.loss, "right": there.right},
    }
    if as_json:
        emit_json(result)
    else:
        shown = {name: value for name, value in result.items() if name != "inequality"}
        click.echo(
            table([{"quantity": n, "value": _text(v)} for n, v in shown.items()])
        )
    low, high = found.slope
    if check and not (low <= 0 <= high and high - low < 1e-12 and found.loss[0] > 0):
        raise ClaimFailed(f"C1 is not confirmed for {k} teachers.")


def _kind(k: int, m: int) -> str:
    if k > 2:
        return "stationary"
    return "saddle" if m >= 2 else "local minimum under rotation"


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{value[0]!r}, {value[1]!r}]"
    return "–" if value is None else str(value)
