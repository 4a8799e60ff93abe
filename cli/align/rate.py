"""``tfluck align rate``: flow or descent against the proved bounds."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

from tfluck.foundations.errors import BadInput, ClaimFailed

from ..bar import bar
from ..options import FiniteFloat, click, json_option
from ..options import command as declare
from ..output import emit_json, table

if TYPE_CHECKING:
    from tfluck.alignment.geometry import Array
    from tfluck.alignment.gradient_flow import Flow


def start_of(
    kind: str, m: int, dim: int, scale: float, seed: int
) -> "tuple[Array, Array]":
    """Return students (m, d) and the unit teacher e_1 for a named kind of start."""
    import numpy as np

    from tfluck.alignment.geometry import checked_size

    checked_size(m + 1, dim)
    teacher = np.eye(1, dim)[0]
    random = np.random.default_rng(seed)
    if kind == "symmetric":
        if (m, dim) != (2, 2):
            raise BadInput("The symmetric start is two students in the plane.")
        angles = np.array([0.3, -0.3])
        return 0.5 * np.stack([np.cos(angles), np.sin(angles)], axis=1), teacher
    students = random.normal(0.0, scale, (m, dim))
    if kind == "antipodal":
        lengths = np.linalg.norm(students, axis=1, keepdims=True)
        students = lengths * (-teacher + 0.05 * random.standard_normal((m, dim)))
    return students, teacher


@declare(
    "tfluck align rate --m 5 --dim 3",
    "tfluck align rate --m 2 --dim 2 --start symmetric --time 3000 --plot rate.png",
    "tfluck align rate --m 5 --dim 3 --method descent --lr 0.1 --json",
)
@click.option(
    "--m", type=click.IntRange(1), default=5, show_default=True, help="Students."
)
@click.option(
    "--dim", type=click.IntRange(1), default=3, show_default=True, help="Dimension."
)
@click.option(
    "--time",
    type=FiniteFloat(0.0, above=True),
    default=1000.0,
    show_default=True,
    help="How long; for descent, rate times steps.",
)
@click.option(
    "--start",
    type=click.Choice(["random", "antipodal", "symmetric"]),
    default="random",
    show_default=True,
    help="Gaussian, close to the antipode, or two students at ±0.3 from the teacher.",
)
@click.option(
    "--init",
    type=FiniteFloat(0.0, above=True),
    default=0.3,
    show_default=True,
    help="Standard deviation of each coordinate of a student at the start.",
)
@click.option(
    "--method",
    type=click.Choice(["flow", "descent"]),
    default="flow",
    show_default=True,
    help="Gradient flow (the bounds' subject), or descent with --lr.",
)
@click.option("--lr", type=FiniteFloat(0.0, above=True), default=0.1, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--check", is_flag=True, help="Exit with 4 if a bound is exceeded.")
@click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Draw the loss, its bounds and the slope t⁻³ to .png, .pdf or .svg.",
)
@json_option
def command(
    m: int,
    dim: int,
    time: float,
    start: str,
    init: float,
    method: str,
    lr: float,
    seed: int,
    check: bool,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Follow the loss of one unit teacher's students and compare it with Theorems B3, B5.

    From any start but "all students exactly opposite", the flow has ℓ(t) ≤ 1/(1/ℓ(0) +
    4t/C²), and O(t⁻³) once ℓ ≤ 1/36π. A student that reaches zero is removed.
    """
    from tfluck.alignment.gradient_flow import descend_as_flow, flow

    if plot is not None:
        from tfluck.figures.style import format_of

        format_of(plot)
    students, teacher = start_of(start, m, dim, init, seed)
    if method == "flow":
        with bar(59, " times") as advance:
            found = flow(students, teacher, time, progress=advance)
    else:
        found = descend_as_flow(students, teacher, time, lr)
    _print(found, teacher, m, dim, as_json)
    if plot is not None:
        from tfluck.figures.alignment import draw_rate

        draw_rate(found, plot)
    if check and not found.worst <= 1 + 1e-6:
        raise ClaimFailed(f"The loss exceeds its bound {found.worst:.6g} times.")


def _print(found: "Flow", teacher: "Array", m: int, dim: int, as_json: bool) -> None:
    import numpy as np

    from tfluck.alignment.gradient_flow import final_alignment

    result = {
        "m": m,
        "dim": dim,
        "loss": np.stack([found.times, found.losses], axis=1).tolist(),
        "bound_ratio_max": found.worst,
        "cube_limit": found.cube,
        "deaths": found.deaths,
        "reach_ratio_min": found.least_reach,
        "max_angle": final_alignment(found, teacher),
    }
    if as_json:
        emit_json(result)
        return
    rows = [
        {"t": t, "loss": loss, "bound": bound, "t^3 loss": t**3 * loss}
        for t, loss, bound in zip(
            found.times.tolist(),
            found.losses.tolist(),
            found.bound.tolist(),
            strict=True,
        )
    ]
    click.echo(table(rows[:: max(1, len(rows) // 12)]))
    click.echo(
        f"\nloss over its proved bound: at most {found.worst:.4g}; t³ℓ at the end "
        f"{found.cube:.4g} (proved: lim sup ≤ {243 * math.pi**2 / 16:.4g}); "
        f"{found.deaths} students died."
    )
