"""``tfluck ticket``: do the winners win again without the others? (X5, figure 3)"""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfluck.experiment.choices import shown, whole
from tfluck.foundations.errors import BadInput

from ..analyze.common import plot_option, save_plot
from ..options import click, is_verbose, json_option, out_option, run_argument, talk
from ..options import command as declare
from ..output import emit_json, table
from ..progress import progress_bar
from ..summaries import heading

if TYPE_CHECKING:
    from tfluck.figures.tickets import Series
    from tfluck.runs import Run
    from tfluck.studies.arms import Plan
    from tfluck.studies.figure_3 import Verdict
    from tfluck.studies.outcomes import Arm, Difference


def _words(context: Any, parameter: Any, text: str | None) -> tuple[str, ...] | None:
    return None if text is None else tuple(word.strip() for word in text.split(","))


def _keep(context: Any, parameter: Any, text: str) -> tuple[int, ...]:
    try:
        return tuple(whole(word.strip()) for word in text.split(","))
    except BadInput as error:
        raise BadInput(
            f"--keep takes whole numbers like 1 or 1,2,3,5, not {shown(text)}: {error}"
        ) from None


@declare(
    "tfluck ticket demo",
    "tfluck ticket demo --arms lucky,reinit,random --keep 1,2,3,5 --plot tickets.png",
    "tfluck ticket demo --rewind 2 --json",
    name="ticket",
)
@run_argument
@click.option(
    "--arms",
    callback=_words,
    metavar="NAME,NAME,…",
    help="Of full, lucky, reinit, reinit-full, random, first, magnitude, twin.  "
    "[default: all]",
)
@click.option(
    "--keep",
    callback=_keep,
    default="1",
    show_default=True,
    metavar="K,K,…",
    help="Best students kept for each teacher node; several draw a curve.",
)
@click.option(
    "--rewind",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    metavar="EPOCH",
    help="Start the kept nodes from their weights at this epoch (train --keep-epochs keeps "
    "them); without the arms of a new start.",
)
@click.option("--seeds", type=int, help="Use the run's first students.  [default: all]")
@click.option("--jobs", type=click.IntRange(1), help="Processes.  [cores]")
@click.option("--csv", "as_csv", is_flag=True, help="Print tidy CSV, a number a line.")
@plot_option
@out_option
@json_option
def command(
    run: str,
    arms: tuple[str, ...] | None,
    keep: tuple[int, ...],
    rewind: int,
    seeds: int | None,
    jobs: int | None,
    as_csv: bool,
    plot: Path | None,
    out: Path,
    as_json: bool,
) -> None:
    """Train parts of RUN's students again, alone, and compare them student by student.

    An arm is a smaller network that keeps some nodes and trains on the student's own
    data for the same steps: full (the run itself), lucky (for each live teacher node the
    K best students after training, with their own start), reinit and reinit-full (the
    same structure with a new start, at the small or the full network's scale), random
    (as many random nodes), first (the best correlated before training), magnitude (the
    largest fan-out), twin (the winners' nearest rivals). What is trained is kept in the
    run, below tickets, and found again. × says by which factor the loss differs, with
    its 95 % interval over students.
    """
    from tfluck.runs import resolve_run
    from tfluck.studies.arms import ARMS, make_plan

    if as_csv and as_json:
        raise BadInput("Choose one of --csv and --json.")
    found = resolve_run(out, run)
    plan = make_plan(found, tuple(ARMS) if arms is None else arms, keep, rewind, seeds)
    _train(found, plan, jobs or os.cpu_count() or 1)
    from tfluck.studies.figure_3 import verdicts
    from tfluck.studies.outcomes import differences, outcomes

    results = outcomes(found, plan)
    compared = differences(results)
    judged = verdicts(compared)
    if as_json:
        emit_json(_object(found, plan, results, compared, judged))
    elif as_csv:
        click.echo(_csv(plan, results), nl=False)
    else:
        _print(results, compared, judged)
    if plot is not None:
        _draw(found, plan, results, plot)


def _train(run: "Run", plan: "Plan", jobs: int) -> None:
    """Train what is left; nothing that needs TensorFlow is imported if nothing is."""
    from tfluck.studies.arms import steps_done
    from tfluck.studies.driver import todo, train_all

    training = run.experiment.training
    if not todo(run, plan):
        return
    run.experiment.data.source.require(run.execution.data_dir)
    steps = (training.epochs - plan.rewind) * training.steps_per_epoch
    total = len(plan.cells) * steps
    talk(f"{run.layout.tickets}: {len(plan.seeds)} × {len(plan.cells)} × {steps} steps")
    done = {seed: steps_done(run, plan, seed) for seed in plan.seeds}
    with progress_bar(total, done) as report:
        train_all(run, plan, report, jobs=jobs, quiet=not is_verbose())


def _object(
    run: "Run",
    plan: "Plan",
    arms: "list[Arm]",
    compared: "list[Difference]",
    judged: "list[Verdict]",
) -> dict[str, Any]:
    return {
        "run": str(run.layout.root),
        "seeds": plan.seeds,
        "rewind": plan.rewind,
        "arms": [arm.to_row() for arm in arms],
        "differences": [one.to_row() for one in compared],
        "verdicts": [one.to_row() for one in judged],
    }


def _csv(plan: "Plan", arms: "list[Arm]") -> str:
    """Return arm, keep, seed, layer, metric, value; ``layer`` empty where none applies."""
    import csv
    import io

    from tfluck.studies.outcomes import RHO

    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("arm", "keep", "seed", "layer", "metric", "value"))
    for arm in arms:
        for index, seed in enumerate(plan.seeds):
            head = (arm.arm, arm.keep, seed)
            writer.writerow((*head, None, "loss", arm.loss[index]))
            writer.writerow((*head, None, "accuracy", arm.accuracy[index]))
            for layer, width in enumerate(arm.widths[index]):
                writer.writerow((*head, layer, "nodes", width))
                writer.writerow((*head, layer, RHO, arm.rho[index][layer]))
    return text.getvalue()


def _print(
    arms: "list[Arm]", compared: "list[Difference]", judged: "list[Verdict]"
) -> None:
    from tfluck.studies.figure_3 import WHY

    click.echo(table([_line(arm, compared) for arm in arms]))
    if not judged:
        return
    click.echo()
    for one in judged:
        click.echo(f"{one.verdict}: {one.claim} (keep {one.keep}): {one.sentence}")
    click.echo(WHY[0].upper() + WHY[1:])
    if any(one.log_loss.pairs < 2 for one in compared):
        talk("Intervals need at least two students; train more with --seeds.")


def _line(arm: "Arm", compared: "list[Difference]") -> dict[str, Any]:
    from tfluck.studies.figure_3 import factor

    mine = [one for one in compared if (one.arm, one.keep) == (arm.arm, arm.keep)]
    against = {one.against: factor(one.log_loss) for one in mine}
    row: dict[str, Any] = {
        "arm": arm.arm,
        "keep": "all" if arm.keep is None else str(arm.keep),
        "nodes": _nodes(arm.widths),
        "loss": _mean(arm.loss),
        "× full": against.get("full"),
        "× random": against.get("random"),
        "accuracy": _mean(arm.accuracy),
    }
    rho = {f"ρ̄ {i}": _mean(arm.layer(i)) for i in range(len(arm.rho[0]))}
    return row | rho


def _nodes(widths: "list[tuple[int, ...]]") -> str:
    """Write 10-15-19–20-23–24 where students keep different numbers."""
    ends = [(min(layer), max(layer)) for layer in zip(*widths, strict=True)]
    return "-".join(str(a) if a == b else f"{a}…{b}" for a, b in ends)


def _mean(values: Sequence[float | None]) -> float | None:
    """Return the mean of the students that have a value."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _draw(run: "Run", plan: "Plan", arms: "list[Arm]", path: Path) -> None:
    from tfluck.figures.tickets import draw_tickets

    names = list(dict.fromkeys(arm.arm for arm in arms))
    full, *others = (_series([a for a in arms if a.arm == name]) for name in names)
    students = (
        f"{len(plan.seeds)} of them; " if len(plan.seeds) < len(run.seeds) else ""
    )
    start = f", from epoch {plan.rewind}" if plan.rewind else ""
    kept = ", ".join(map(str, plan.keep))
    title = f"{heading(run)}; {students}tickets, K = {kept} a teacher node{start}"
    save_plot(path, lambda: draw_tickets(full, others, title))


def _series(arms: "list[Arm]") -> "Series":
    import numpy as np

    from tfluck.figures.tickets import Series

    return Series(
        arms[0].arm,
        np.array([np.mean([sum(widths) for widths in arm.widths]) for arm in arms]),
        np.array([arm.loss for arm in arms], np.float64),
        np.array([arm.rho for arm in arms], np.float64),
    )
