"""``tfluck theory suppress``: Theorem 5 simulated."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfluck.foundations.errors import BadInput, ClaimFailed
from tfluck.foundations.seeds import generator

from ..analyze.common import save_plot
from ..bar import bar
from ..options import FiniteFloat, click, json_option, talk
from ..options import command as declare
from ..output import emit_json, table
from .common import between_looks, plot_option, simulation_options

if TYPE_CHECKING:
    import numpy as np

    from tfluck.figures.theory import FanOuts
    from tfluck.theory.suppression import Suppression

#: Options that only --start separated reads.
OWN = ("m", "n", "angle", "bias", "spread", "size")
#: The authors' own setting: inputs, teacher nodes, outputs; students are twice as many.
WIDTHS, MULTIPLIER = (10, 20, 30), 2
WORDS = {
    "separated": "W* and W_r orthonormal, inputs N(0, 1), exact overlaps",
    "random": "10-20-30, 40 random students, exact overlaps",
    "perturbed": "10-20-30, 40 students, the teacher plus noise, batches of 64",
}


@declare(
    "tfluck theory suppress --m 5 --n 10 --plot suppress.png",
    "tfluck theory suppress --m 2 --n 4 --bias -3 --angle 0.05 --spread 0.05 --size 0.2 --lr 200",
    "tfluck theory suppress --start perturbed --steps 20000 --lr 0.05 --json",
    name="suppress",
)
@click.option(
    "--start",
    type=click.Choice(list(WORDS)),
    default="separated",
    show_default=True,
    help="Made for the theorem; at random (relevant: those that end at a teacher node); or "
    "the authors' perturbed teacher.",
)
@click.option(
    "--m", type=click.IntRange(1), default=5, show_default=True, help="Teacher nodes."
)
@click.option(
    "--n", type=click.IntRange(1), default=10, show_default=True, help="Students."
)
@click.option(
    "--angle", type=FiniteFloat(0.0), default=0.3, show_default=True, help="θ₀ of W_u."
)
@click.option(
    "--bias", type=FiniteFloat(), default=-1.0, show_default=True, help="Of every node."
)
@click.option(
    "--spread",
    type=FiniteFloat(0.0),
    default=0.3,
    show_default=True,
    help="|V_u − V*| at first.",
)
@click.option(
    "--size",
    type=FiniteFloat(0.0),
    default=1.0,
    show_default=True,
    help="|V_r| at first.",
)
@simulation_options(3000, 0.1)
@click.option("--check", is_flag=True, help="Exit with 4 if a promise is broken.")
@plot_option
@json_option
@click.pass_context
def command(
    context: click.Context,
    start: str,
    steps: int,
    lr: float,
    seed: int,
    check: bool,
    plot: Path | None,
    as_json: bool,
    **instance: Any,
) -> None:
    """Let more students than teacher nodes learn both layers (Theorem 5).

    W_u should turn to W*, V_u to V*, and the fan-out V_r of all others vanish. γ > 0
    (Eq. 41 to 54, mended) promises it; then every hypothesis is watched at every step.
    """
    _refuse_foreign(context, start)
    draw = generator(seed, "theory", "suppress")
    with bar(steps, " steps") as advance:
        run = {"perturbed": _perturbed, "random": _random, "separated": _separated}[
            start
        ]
        found, course, promised = run(instance, steps, lr, draw, advance)
    if as_json:
        emit_json(
            {"start": start, "steps": steps, "lr": lr}
            | found
            | {"course": _looks(course)}
        )
    else:
        click.echo(table([{"quantity": k, "value": v} for k, v in found.items()]))
    if plot is not None:
        from tfluck.figures.theory import draw_suppression

        save_plot(plot, lambda: draw_suppression(course, WORDS[start], promised))
    _conclude(found, check)


def _refuse_foreign(context: click.Context, start: str) -> None:
    given = click.core.ParameterSource.COMMANDLINE
    named = [name for name in OWN if context.get_parameter_source(name) is given]
    if start != "separated" and named:
        options = ", ".join(f"--{name}" for name in named)
        raise BadInput(
            f"{options} belong to --start separated, not to --start {start}."
        )


Result = tuple[dict[str, Any], Any, "tuple[float, float] | None"]
Advance = Callable[[int], object]


def _perturbed(
    instance: dict[str, Any],
    steps: int,
    lr: float,
    draw: "np.random.Generator",
    advance: Advance,
) -> Result:
    """Run the authors' setting; its teacher is not one that γ is defined for."""
    from tfluck.theory.perturbed import perturbed_course

    course = perturbed_course(
        WIDTHS,
        draw,
        steps=steps,
        every=between_looks(steps),
        rate=lr,
        multiplier=MULTIPLIER,
        advance=advance,
    )
    return {"verdict": "vacuous", "gamma": None} | fan_outs(course), course, None


def _random(
    instance: dict[str, Any],
    steps: int,
    lr: float,
    draw: "np.random.Generator",
    advance: Advance,
) -> Result:
    """Run a random student; who is relevant is seen at the end."""
    from tfluck.theory.suppression import random_pair, split, suppress

    inputs, m, outputs = WIDTHS
    pair = random_pair(inputs, m, outputs, MULTIPLIER * m, draw)
    every = between_looks(steps)
    course = suppress(pair, steps=steps, rate=lr, every=every, advance=advance)
    parted = split(course, owners(course) >= 0)
    found = {"verdict": "vacuous", "gamma": None} | fan_outs(parted) | _grouped(course)
    return found, parted, None


def _separated(
    instance: dict[str, Any],
    steps: int,
    lr: float,
    draw: "np.random.Generator",
    advance: Advance,
) -> Result:
    """Run the theorem's own setting; where γ > 0 watch the induction too."""
    from tfluck.theory.feasibility import premises, solve
    from tfluck.theory.induction import watch
    from tfluck.theory.suppression import separated, suppress

    pair = separated(**instance, draw=draw)
    every = between_looks(steps)
    course = suppress(pair, steps=steps, rate=lr, every=every, advance=advance)
    known = premises(pair, lr)
    promise = solve(known)
    found: dict[str, Any] = {"verdict": "vacuous", "gamma": promise.gamma}
    if promise.feasible:
        seen = watch(pair, known, promise, steps)
        broken = {name: step for name, step in seen.first.items() if step is not None}
        found["verdict"] = "violated" if broken else "holds"
        found["first_broken"] = broken or None
    found |= {
        "eps_d": known.eps_d,
        "eps_l": known.eps_l,
        "k_d": known.k_d,
        "k_l": known.k_l,
    }
    found |= {
        "promised_rate": promise.promised if promise.feasible else None,
        "measured_rate": _rate(course),
        "final_sine": float(course.sines[-1].max()),
        "moved": float(course.moved[-1].max(initial=0.0)),
    }
    bound = (lr * promise.promised, known.size) if promise.feasible else None
    return found | fan_outs(course) | _grouped(course), course, bound


def _rate(course: "Suppression") -> float | None:
    if not course.irrelevant.shape[1]:
        return None
    return course.decay(course.irrelevant.max(axis=1))


def fan_outs(course: "FanOuts") -> dict[str, Any]:
    """Return the fan-outs of both sets at the start and the end."""
    u, r = course.relevant, course.irrelevant
    found: dict[str, Any] = {
        "relevant": u.shape[1],
        "relevant_start": float(u[0].mean()),
        "relevant_end": float(u[-1].mean()),
        "relevant_min": float(u[-1].min()),
    }
    if r.shape[1]:
        found |= {
            "irrelevant_start": float(r[0].mean()),
            "irrelevant_end": float(r[-1].mean()),
            "irrelevant_max": float(r[-1].max()),
            "ratio": float(r[-1].mean() / u[-1].mean()),
        }
    return found


def owners(course: "Suppression") -> "np.ndarray":
    """Return whose node each student is at the end (cosine of weights ≥ 0.95)."""
    from tfluck.theory.suppression import group_by_teacher

    return group_by_teacher(course.last.teacher_w.T @ course.last.w, 0.95)


def _grouped(course: "Suppression") -> dict[str, Any]:
    """Return how students share teacher nodes at the end."""
    import numpy as np

    from tfluck.theory.suppression import grouped_fan_out

    last, owner = course.last, owners(course)
    m = last.relevant
    counts = np.bincount(owner[owner >= 0], minlength=m)
    error = np.linalg.norm(grouped_fan_out(last.v, owner, m) - last.teacher_v, axis=1)
    relative = (error / np.linalg.norm(last.teacher_v, axis=1))[counts > 0]
    return {
        "teacher_nodes_shared": int((counts > 1).sum()),
        "teacher_nodes_uncovered": int((counts == 0).sum()),
        "summed_fan_out_error": float(np.median(relative)) if relative.size else None,
    }


def _looks(course: "FanOuts") -> list[dict[str, Any]]:
    return [
        {
            "step": int(step),
            "relevant_mean": float(u.mean()),
            "irrelevant_mean": float(r.mean()) if r.size else None,
            "irrelevant_max": float(r.max()) if r.size else None,
        }
        for step, u, r in zip(
            course.steps, course.relevant, course.irrelevant, strict=True
        )
    ]


def _conclude(found: dict[str, Any], check: bool) -> None:
    words = {
        "vacuous": "The theorem promises nothing here: no γ > 0 is feasible, or none is defined.",
        "holds": "γ > 0, and every hypothesis held at every step.",
        "violated": "γ > 0, but a hypothesis broke.",
    }
    talk(words[found["verdict"]])
    if check and found["verdict"] == "violated":
        raise ClaimFailed(words["violated"])
