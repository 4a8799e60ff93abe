"""``tfluck align``: gradient descent on the population loss (Figure 1)."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfluck.foundations.errors import BadInput

from ..bar import bar
from ..options import FiniteFloat, click, json_option, talk
from ..options import command as declare
from ..output import emit_json, table

if TYPE_CHECKING:
    from tfluck.alignment.descent import Descent
    from tfluck.alignment.geometry import Array

#: The recipe of figure 1: five teachers in an open half plane.
HALF_PLANE = "0.3,0.85,1.45,2.1,2.75"


def teachers_from(text: str, dimension: int = 2, seed: int = 0) -> "Array":
    """Read ``5`` as five teachers apart, ``0.3,0.9`` as angles in the first plane."""
    import numpy as np

    from tfluck.alignment.forced import polar, separate_teachers
    from tfluck.alignment.geometry import checked_size

    if text.strip().isdecimal():
        return separate_teachers(int(text[:20]), dimension, seed)
    try:
        angles = np.array([float(part) for part in text.split(",")])
    except ValueError as error:
        raise BadInput(
            f"--teachers takes a number or angles such as 0.3,0.85, not {text!r}."
        ) from error
    if not np.isfinite(angles).all():
        raise BadInput("Teacher angles must be finite numbers.")
    if dimension < 2:
        raise BadInput("Angles of teachers need two dimensions; give a number instead.")
    checked_size(len(angles), dimension)
    return np.pad(polar(angles), ((0, 0), (0, dimension - 2)))


def _steps(text: str | None, steps: int) -> list[int]:
    if text is None:
        return sorted(
            {step for step in (0, 10, 1000, 5000, 50000) if step <= steps} | {steps}
        )
    try:
        chosen = sorted({int(part) for part in text.split(",")})
    except ValueError as error:
        raise BadInput(
            f"--snapshots takes steps such as 0,10,1000, not {text!r}."
        ) from error
    return chosen


@declare(
    f"tfluck align --teachers {HALF_PLANE} --students 20 --steps 50000 --lr 0.1 --seed 1",
    "tfluck align --teachers 5 --steps 5000 --gif spread.gif",
    "tfluck align --dim 5 --teachers 3 --students 8 --steps 2000 --vectors --json",
)
@click.option(
    "--teachers", default=HALF_PLANE, show_default=True, help="Angles, or a number."
)
@click.option(
    "--students",
    type=click.IntRange(1),
    default=20,
    show_default=True,
    help="Number of student neurons.",
)
@click.option(
    "--steps",
    type=click.IntRange(0, 10**9),
    default=50_000,
    show_default=True,
    help="Descent steps.",
)
@click.option(
    "--lr",
    type=FiniteFloat(0.0, above=True),
    default=0.1,
    show_default=True,
    help="Learning rate; below 4 over the number of students is stable.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=1,
    show_default=True,
    help="Of the students' start, and of the batches of sgd.",
)
@click.option(
    "--init",
    type=FiniteFloat(0.0, above=True),
    default=0.1,
    show_default=True,
    help="Standard deviation of each coordinate of a student at the start.",
)
@click.option(
    "--dim",
    type=click.IntRange(1, 10_000),
    default=2,
    show_default=True,
    help="Dimension; N teachers are orthonormal there, or Gaussian if N is larger.",
)
@click.option(
    "--train-outputs",
    is_flag=True,
    help="Train the students' output weights too, from 1.",
)
@click.option(
    "--vectors", is_flag=True, help="Put teachers and students into the JSON object."
)
@click.option(
    "--snapshots", help="Steps, such as 0,10,1000; default those of figure 1."
)
@click.option(
    "--method",
    type=click.Choice(["population", "sgd"]),
    default="population",
    show_default=True,
    help="The exact gradient of the expected loss, or that of fresh Gaussian batches.",
)
@click.option(
    "--batch-size",
    type=click.IntRange(1, 10**6),
    default=64,
    show_default=True,
    help="Inputs a step of --method sgd.",
)
@click.option(
    "--plot",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Draw the snapshots side by side to .png, .pdf or .svg (plane only).",
)
@click.option(
    "--gif",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the way of the students as an animation (.gif, plane only).",
)
@json_option
def command(
    teachers: str, students: int, steps: int, as_json: bool, **options: Any
) -> None:
    """Train STUDENTS neurons on the teachers and watch them align.

    The learning rate goes with the constant 1/(2π) of the true gradient; the paper
    prints 1/(4π), so its rate is twice ours.
    """
    import numpy as np

    from tfluck.alignment.descent import descend, initial_students

    dim = options["dim"]
    if dim != 2 and (options["plot"] or options["gif"]):
        raise BadInput("Only networks in the plane can be drawn as arrows: --dim 2.")
    directions = teachers_from(teachers, dim, options["seed"])
    shown = _steps(options["snapshots"], steps)
    frames = _frames(options["gif"], options["plot"], steps)
    start = initial_students(students, dim, options["init"], options["seed"])
    outputs = np.ones(students) if options["train_outputs"] else None
    if options["lr"] >= 4 / students:
        talk(
            f"Above lr {4 / students:.2g} descent may be unstable for {students} students."
        )
    with bar(steps, " steps") as advance:
        found = descend(
            directions,
            start,
            steps,
            options["lr"],
            [*shown, *frames],
            options["method"],
            options["batch_size"],
            options["seed"],
            lambda step: advance(min(100, steps - step)),
            outputs,
        )
    report(found, {*shown, steps}, as_json, options["vectors"])
    _draw(found, shown, options["plot"], options["gif"])


def _frames(gif: Path | None, plot: Path | None, steps: int) -> list[int]:
    """Refuse bad names before the work, and return the steps an animation needs."""
    if plot is not None:
        from tfluck.figures.style import format_of

        format_of(plot)
    if gif is None:
        return []
    if gif.suffix.lower() != ".gif":
        raise BadInput(f"Animations are .gif files, not {gif.name!r}.")
    from tfluck.figures.alignment import frame_steps

    return frame_steps(steps)


def _draw(
    found: "Descent", shown: list[int], plot: Path | None, gif: Path | None
) -> None:
    if plot is None and gif is None:
        return
    from tfluck.figures.alignment import animate_descent, draw_descent

    if plot is not None:
        draw_descent(found, shown, plot)
    if gif is not None:
        animate_descent(found, gif)


def report(
    found: "Descent", steps: set[int], as_json: bool, vectors: bool = False
) -> None:
    """Print the snapshots taken at ``steps``; in JSON, ``vectors`` too if asked for."""
    rows: list[dict[str, object]] = [
        {
            "step": s.step,
            "loss": s.loss,
            "max_angle": s.max_angle,
            "median_angle": s.median_angle,
        }
        for s in found.snapshots
        if s.step in steps
    ]
    last = found.final
    if as_json:
        result: dict[str, object] = {
            "loss": last.loss,
            "max_angle": last.max_angle,
            "max_angle_mod_pi": last.max_angle_mod_pi,
            "aligned_fraction": last.aligned_fraction,
            "forced": found.forced,
            "snapshots": rows,
        }
        if vectors:
            result["teachers"] = found.teachers
            result["students"] = last.students
            result["outputs"] = last.outputs
        emit_json(result)
        return
    click.echo(table(rows))
    forces = "forces" if found.forced else "does not force"
    click.echo(
        f"\n{last.aligned_fraction:.1%} of the length is aligned; to the nearest teacher line "
        f"at most {last.max_angle_mod_pi:.3g}. Zero loss {forces} alignment here."
    )
