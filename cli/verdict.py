"""``tfluck verdict``: do the papers' claims hold? One row for each, none left out."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfluck.experiment.execution import Execution
from tfluck.experiment.experiment import Experiment
from tfluck.experiment.scales import DEFAULT_SCALE, SCALES
from tfluck.experiment.wording import counted
from tfluck.foundations.errors import ClaimFailed

from .missing import make_missing, studies
from .options import click, json_option, out_option, talk
from .options import command as declare
from .output import cell, emit_json, table
from .settings import COUNT
from .summaries import duration

if TYPE_CHECKING:
    from tfluck.papers import Judgement
    from tfluck.papers.gathering import Plan

#: As :data:`tfluck.papers.PAPERS`, which would bring SciPy to every ``--help``.
PAPERS = ("luck-matters", "alignment")


@declare(
    "tfluck verdict --paper alignment --scale smoke",
    "tfluck verdict --paper all --scale laptop --csv verdicts.csv",
    "tfluck verdict --paper luck-matters --dry-run",
    name="verdict",
)
@click.option(
    "--paper",
    type=click.Choice([*PAPERS, "all"]),
    default="all",
    show_default=True,
    help="Whose claims.",
)
@click.option(
    "--scale",
    type=click.Choice(list(SCALES)),
    default=DEFAULT_SCALE,
    show_default=True,
    help="How large the experiments are; at smoke most training claims cannot be judged.",
)
@click.option("--jobs", type=COUNT, help="Processes. [cores]")
@click.option("--check", is_flag=True, help="Exit with 4 if a verdict is unexpected.")
@click.option(
    "--csv",
    "csv_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the table there as well.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be computed, and stop.")
@out_option
@json_option
def command(
    paper: str,
    scale: str,
    jobs: int | None,
    check: bool,
    csv_file: Path | None,
    dry_run: bool,
    out: Path,
    as_json: bool,
) -> None:
    """Judge every computable claim of the papers.

    Evidence that is missing is made: runs are trained or resumed, theorems are checked,
    determinants certified. What is there is used, so that a second call computes nothing.

    Verdicts: reproduced, partly, not reproduced, not decided (too few students, or this
    scale cannot tell), vacuous (its hypothesis is false), needs data, not computable.
    """
    from tfluck.papers import judge_all, load_paper
    from tfluck.papers.gathering import gathered, plan
    from tfluck.papers.telling import counted_verdicts, told

    papers = [load_paper(name) for name in (PAPERS if paper == "all" else (paper,))]
    todo = plan(papers, scale, out)
    jobs = jobs or os.cpu_count() or 1
    if dry_run:
        _show_plan(todo, jobs, as_json)
        return
    make_missing(todo, out, jobs)
    found = [
        (one, judgement)
        for one in papers
        for judgement in judge_all(one, gathered(one, scale, out), scale)
    ]
    rows = [told(*pair) for pair in found]
    if csv_file is not None:
        from tfluck.foundations.tables import save_csv

        save_csv([_flat(row) for row in rows], csv_file)
    answer = {
        "paper": paper,
        "scale": scale,
        "claims": rows,
        "counts": counted_verdicts(rows),
    }
    if as_json:
        emit_json(answer)
    else:
        click.echo(table([_row(row) for row in rows]))
    _conclude([judgement for _, judgement in found], check)


def _show_plan(todo: "Plan", jobs: int, as_json: bool) -> None:
    """Say what is missing and what it costs: runs by their plans, computations by count."""
    from tfluck.foundations.runtime import matmul_rate

    rate = matmul_rate() if todo.runs else 1.0
    rows = [
        {
            "preset": one.preset,
            "changed": ", ".join(f"{k} {v}" for k, v in one.settings.items()),
            "students": one.seeds,
            "seconds": _seconds(*one.specified, rate, jobs),
            "command": one.command,
        }
        for one in todo.runs
    ]
    seconds = sum(float(str(row["seconds"])) for row in rows)
    if as_json:
        names = [task.name for task in todo.tasks]
        upon = [task.name for task in todo.studies]
        found = {"runs": rows, "computations": names, "studies": upon}
        emit_json(found | {"seconds": seconds})
        return
    if rows:
        click.echo(table(rows))
    click.echo(
        f"{counted(len(rows), 'run')} to train, {duration(seconds)} on this device; "
        f"{counted(len(todo.tasks), 'computation')}; "
        f"{studies(todo)}"
    )


def _seconds(
    experiment: Experiment, execution: Execution, rate: float, jobs: int
) -> float:
    from tfluck.experiment.cost import plan

    return plan(experiment, execution, rate, jobs).seconds


def _flat(row: dict[str, Any]) -> dict[str, Any]:
    """Lay a row out for CSV: an interval in two columns, lists in words."""
    flat = {k: v for k, v in row.items() if k not in ("interval", "bootstrap", "parts")}
    for name in ("interval", "bootstrap"):
        low, high = row[name] or (None, None)
        flat |= {f"{name}_low": low, f"{name}_high": high}
    return flat | {"run": " ".join(row["run"])}


def _row(row: dict[str, Any]) -> dict[str, Any]:
    """Return what the terminal shows of a claim."""
    low, high = row["interval"] or (None, None)
    return {
        "claim": row["id"],
        "verdict": row["verdict"],
        "measured": row["measured"],
        "95 % interval": "–" if low is None else f"{cell(low)} … {cell(high)}",
        "effect": row["effect"],
        "could show": row["smallest_effect"],
        "p": row["p_adjusted"],
        "what is claimed": row["claim"],
        "note": row["note"],
    }


def _conclude(found: "Sequence[Judgement]", check: bool) -> None:
    """Count the verdicts, name the unexpected ones, and fail if asked to."""
    words = [one.verdict for one in found]
    counts = {word: words.count(word) for word in dict.fromkeys(words)}
    talk(", ".join(f"{count} {word}" for word, count in counts.items()) + ".")
    failed = [one for one in found if one.failed]
    for one in failed:
        talk(f"Unexpected: {one.claim.id} is {one.verdict}, not {one.claim.expect}.")
    if failed and check:
        names = ", ".join(one.claim.id for one in failed)
        raise ClaimFailed(f"Unexpected verdicts: {names}.")
