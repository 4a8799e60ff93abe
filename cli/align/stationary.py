"""``tfluck align stationary``: critical points from many starts."""

from ..bar import bar
from ..options import click, json_option
from ..options import command as declare
from ..output import emit_json, table
from .descent import teachers_from


@declare(
    "tfluck align stationary --m 3 --starts 200",
    "tfluck align stationary --m 6 --starts 50 --teachers 5 --json",
)
@click.option(
    "--m", type=click.IntRange(1), default=3, show_default=True, help="Students."
)
@click.option("--starts", type=click.IntRange(1, 10**7), default=200, show_default=True)
@click.option(
    "--teachers", default="0.0", show_default=True, help="Angles, or a number."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@json_option
def command(m: int, starts: int, teachers: str, seed: int, as_json: bool) -> None:
    """Solve for a vanishing gradient and name what is found.

    aligned: zero loss, students on teachers. antipodal: zero loss, some student opposite
    a teacher. stationary: positive loss (impossible with one teacher). vanished: all
    students shrank to zero, where there is no gradient. open: the solver did not arrive.
    """
    from tfluck.alignment.stationary import survey

    with bar(starts, " starts") as advance:
        found = survey(m, starts, seed, teachers_from(teachers), advance)
    rows: list[dict[str, object]] = []
    for kind, count in sorted(found.counts.items()):
        points = [point for point in found.points if point.kind == kind]
        rows.append(
            {
                "kind": kind,
                "count": count,
                "max_loss": max(point.loss for point in points),
                "max_gradient": max(point.gradient for point in points),
                "max_angle": max(point.max_angle for point in points),
                "saddles": sum(point.negative_directions > 0 for point in points),
            }
        )
    if as_json:
        emit_json(
            {
                "m": m,
                "starts": starts,
                "seed": seed,
                "counts": found.counts,
                "kinds": rows,
            }
        )
        return
    click.echo(table(rows))
