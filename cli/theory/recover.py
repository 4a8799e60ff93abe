"""``tfluck theory recover``: Theorem 4 simulated."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfluck.foundations.errors import ClaimFailed
from tfluck.foundations.seeds import generator

from ..analyze.common import save_plot
from ..bar import bar
from ..options import FiniteFloat, click, json_option, talk
from ..options import command as declare
from ..output import emit_json, table
from .common import between_looks, plot_option, simulation_options

if TYPE_CHECKING:
    from tfluck.theory.recovery import Constants, Recovery


@declare(
    "tfluck theory recover --m 5 --bias -2.5 --angle 0.05 --lr 2",
    "tfluck theory recover --m 10 --angle 1 --plot recover.png",
    "tfluck theory recover --m 1 --angle 0.5 --json",
    name="recover",
)
@click.option("--m", type=int, default=5, show_default=True, help="Teacher nodes.")
@click.option("--dim", type=click.IntRange(2), help="Inputs.  [default: m + 2]")
@click.option(
    "--teacher",
    type=click.Choice(["orthogonal", "random"]),
    default="orthogonal",
    show_default=True,
    help="How the teacher's weights lie.",
)
@click.option(
    "--angle",
    type=FiniteFloat(0.0),
    default=0.3,
    show_default=True,
    help="θ₀ of every node, radians below π/2.",
)
@click.option(
    "--bias", type=FiniteFloat(), default=0.0, show_default=True, help="Of every node."
)
@simulation_options(3000, 0.05)
@click.option("--check", is_flag=True, help="Exit with 4 if a promise is broken.")
@plot_option
@json_option
def command(
    steps: int,
    lr: float,
    seed: int,
    check: bool,
    plot: Path | None,
    as_json: bool,
    **instance: Any,
) -> None:
    """Let as many students as teacher nodes turn to their own (Theorem 4).

    Inputs are N(0, 1) and all overlaps are exact. γ > 0 promises that sin θ stays below
    (1 − η d̄ γ)^t sin θ₀; otherwise the theorem is silent, whatever happens.
    """
    with bar(steps, " steps") as advance:
        known, course = simulate(instance, steps, lr, seed, advance)
    found = summary(known, course)
    if as_json:
        looks = zip(course.steps, course.worst, strict=True)
        emit_json(
            instance
            | {"lr": lr, "steps": steps}
            | found
            | {"course": [list(pair) for pair in looks]}
        )
    else:
        click.echo(table([{"quantity": k, "value": v} for k, v in found.items()]))
    if plot is not None:
        from tfluck.figures.theory import draw_recovery

        title = "m = {m}, {teacher} in {dim} dimensions, θ₀ = {angle:g}, bias {bias:g}"
        save_plot(plot, lambda: draw_recovery(course, known, title.format(**instance)))
    _conclude(found, check)


def simulate(
    instance: dict[str, Any],
    steps: int,
    lr: float,
    seed: int,
    advance: Callable[[int], object],
) -> "tuple[Constants, Recovery]":
    """Draw the instance, fill in its dimension, and follow it."""
    from tfluck.theory.recovery import (
        constants,
        orthogonal,
        random_unit,
        recover,
        start_at,
    )

    draw = generator(seed, "theory", "recover")
    m, angle, bias = instance["m"], instance["angle"], instance["bias"]
    instance["dim"] = dim = instance["dim"] or max(m, 0) + 2
    teacher = (
        orthogonal(m, dim)
        if instance["teacher"] == "orthogonal"
        else random_unit(max(m, 0), dim, draw)
    )
    known = constants(teacher, angle, bias)
    course = recover(
        teacher,
        start_at(teacher, angle, draw),
        steps=steps,
        rate=lr,
        bias=bias,
        every=between_looks(steps),
        advance=advance,
    )
    return known, course


def summary(known: "Constants", course: "Recovery") -> dict[str, Any]:
    """Return the theorem's constants, what was measured, and a verdict."""
    import numpy as np

    excess = None
    verdict = "vacuous"
    if known.applies:
        excess = course.excess(known.rate(), float(np.sin(known.angle)))
        verdict = "holds" if excess <= 1 + 1e-9 else "violated"
    _, rates = course.local_rates()
    return {
        "verdict": verdict,
        "gamma": known.gamma,
        "eps_d": known.eps_d,
        "k_d": known.k_d,
        "m_d": known.m_d,
        "d_bar": known.d_bar,
        "d_printed": known.d_printed,
        "promised_rate": known.rate() if known.applies else None,
        "promised_rate_printed": known.rate(printed=True) if known.applies else None,
        "initial_rate": float(rates[0]) if len(rates) else None,
        "asymptotic_rate": course.asymptotic_rate(),
        "final_sine": float(course.worst[-1]),
        "bound_ratio_max": excess,
    }


def _conclude(found: dict[str, Any], check: bool) -> None:
    words = {
        "vacuous": "The theorem promises nothing here: γ or d̄ is not positive.",
        "holds": "γ > 0, and the course stayed below the bound.",
        "violated": "γ > 0, but the course broke the bound.",
    }
    talk(words[found["verdict"]])
    if check and found["verdict"] == "violated":
        raise ClaimFailed(words["violated"])
