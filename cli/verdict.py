"""``tfluck verdict``: do the papers' claims hold? One row for each, none left out."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfluck.experiment.scales import DEFAULT_SCALE, SCALES
from tfluck.foundations.errors import ClaimFailed

from .options import click, json_option, out_option, talk
from .options import command as declare
from .output import cell, emit_json, table
from .reproduction import Work, carry_out, show_plan
from .train import engine_options

if TYPE_CHECKING:
    from tfluck.papers import Judgement, Paper
    from tfluck.papers.figures import PaperFigure

#: As :data:`tfluck.papers.PAPERS`, which would bring SciPy to every ``--help``.
PAPERS = ("luck-matters", "alignment")


@declare(
    "tfluck verdict --paper alignment --scale smoke",
    "tfluck verdict --paper all --scale laptop --csv verdicts.csv",
    "tfluck verdict --paper luck-matters --dry-run",
    "tfluck verdict --scale laptop --figures figures",
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
@engine_options
@click.option("--check", is_flag=True, help="Exit with 4 if a verdict is unexpected.")
@click.option(
    "--csv",
    "csv_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the table there as well.",
)
@click.option(
    "--figures",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Make every figure of the papers there as well, at the same scale.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be computed, and stop.")
@out_option
@json_option
def command(
    paper: str,
    scale: str,
    jobs: int | None,
    engine: str,
    scheduler: str | None,
    check: bool,
    csv_file: Path | None,
    folder: Path | None,
    dry_run: bool,
    out: Path,
    as_json: bool,
) -> None:
    """Judge every computable claim of the papers.

    Evidence that is missing is made: runs are trained or resumed, theorems are checked,
    determinants certified. What is there is used, so that a second call computes nothing,
    and one after an interruption what is left.

    Verdicts: reproduced, partly, not reproduced, not decided (too few students, or this
    scale cannot tell), vacuous (its hypothesis is false), needs data, not computable.
    """
    from tfluck.papers import judge_all, load_paper
    from tfluck.papers.gathering import gathered, plan
    from tfluck.papers.telling import counted_verdicts, told

    papers = [load_paper(name) for name in (PAPERS if paper == "all" else (paper,))]
    figures = _figures(papers) if folder else ()
    missing = plan(papers, scale, out, figures)
    jobs = jobs or os.cpu_count() or 1
    work = Work(missing, figures, scale, out, jobs, engine, scheduler)
    if dry_run:
        show_plan(work, as_json)
        return
    carry_out(work, folder)
    found = [
        (one, judgement)
        for one in papers
        for judgement in judge_all(one, gathered(one, scale, out), scale)
    ]
    rows = [told(*pair) for pair in found]
    answer = {
        "paper": paper,
        "scale": scale,
        "claims": rows,
        "counts": counted_verdicts(rows),
    }
    _show(answer, csv_file, as_json)
    _conclude([judgement for _, judgement in found], check)


def _figures(papers: "Sequence[Paper]") -> "tuple[PaperFigure, ...]":
    from tfluck.papers.figures import FIGURES

    names = {one.name for one in papers}
    return tuple(figure for figure in FIGURES if figure.paper in names)


def _show(answer: dict[str, Any], csv_file: Path | None, as_json: bool) -> None:
    """Print the answer, and write its rows where they are wanted."""
    rows = answer["claims"]
    if csv_file is not None:
        from tfluck.foundations.tables import save_csv

        save_csv([_flat(row) for row in rows], csv_file)
    if as_json:
        emit_json(answer)
    else:
        click.echo(table([_row(row) for row in rows]))


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
        talk(
            f"Unexpected: {one.claim.id} is {one.verdict}; expected was {one.claim.expect}."
        )
    if failed and check:
        names = ", ".join(one.claim.id for one in failed)
        raise ClaimFailed(f"Unexpected verdicts: {names}.")
