"""``tfluck report``: one page of both papers' figures and verdicts, or of one run."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from tfluck.experiment.scales import DEFAULT_SCALE, SCALES

from .hints import complete_run
from .options import click, json_option, out_option, talk
from .options import command as declare
from .output import emit_json
from .progress import progress_bar
from .reproduction import Work, carry_out
from .settings import COUNT
from .verdict import PAPERS

if TYPE_CHECKING:
    from tfluck.papers.report import PapersPage

#: As :data:`tfluck.papers.report.Which`, which would bring Jinja to every ``--help``.
WHICH = ("none", "present", "all")
#: Options that say nothing of the page of one run.
OF_PAPERS = ("paper", "scale", "evidence", "figures", "pictures", "jobs")


def _checked(context: Any, parameter: Any, path: Path | None) -> Path | None:
    """Refuse what is no page before any work is done."""
    if path is not None and path.suffix.lower() not in (".html", ".htm"):
        raise click.BadParameter(f"'{path}' does not end in .html.")
    return path


@declare(
    "tfluck report -o report.html",
    "tfluck report --paper alignment --scale smoke --figures all",
    "tfluck report gaus-fc -o run.html",
    name="report",
)
@click.argument("run", required=False, shell_complete=complete_run)
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    callback=_checked,
    help="The page.  [default: report.html, or the run's name]",
)
@click.option(
    "--paper",
    type=click.Choice([*PAPERS, "all"]),
    default="all",
    show_default=True,
    help="Whose figures and claims.",
)
@click.option(
    "--scale",
    type=click.Choice(list(SCALES)),
    default=DEFAULT_SCALE,
    show_default=True,
    help="How large the experiments are.",
)
@click.option(
    "--evidence",
    type=click.Choice(WHICH[1:]),
    default="all",
    show_default=True,
    help="Judge by what is present, or make what is missing first, as `tfluck verdict`.",
)
@click.option(
    "--figures",
    type=click.Choice(WHICH),
    default="present",
    show_default=True,
    help="Draw those whose runs or measurements are present, or make what all need.",
)
@click.option(
    "--pictures",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("figures"),
    show_default=True,
    help="Folder of the figures' files, as `tfluck figure` writes them.",
)
@click.option("--jobs", type=COUNT, help="Processes. [cores]")
@out_option
@json_option
def command(
    run: str | None, output: Path | None, out: Path, as_json: bool, **asked: Any
) -> None:
    """Write one self-contained page: every figure, claim and verdict, or one RUN.

    The page opens from disk and asks nothing of any network. Evidence that is missing is
    made; the second time nothing is computed, and the bytes are the same.

    With RUN: its curves, correlation matrices over epochs, fan-outs, β* and H*, settings
    and the command that makes it again.
    """
    if run is not None:
        _refuse(run)
        _one_run(run, output, out, as_json)
        return
    page = _both_papers(out, **asked)
    path = output or Path("report.html")
    told = {
        "figures": [one.figure.name for one in page.figures if one.picture],
        "left_out": {one.figure.name: one.why for one in page.figures if one.why},
        "counts": page.counts,
    }
    _write(path, page.text, told, as_json)
    counts = ", ".join(
        f"{count} {word}" for word, count in page.counts.items() if count
    )
    talk(f"Claims: {counts}.")
    if told["left_out"]:
        drawn, whole = len(told["figures"]), len(page.figures)
        talk(f"{drawn} of {whole} figures are drawn; the page says why others are not.")


def _refuse(run: str) -> None:
    """Refuse options that a page of one run does not have."""
    context = click.get_current_context()
    for name in OF_PAPERS:
        source = context.get_parameter_source(name)
        if source is click.core.ParameterSource.COMMANDLINE:
            raise click.UsageError(
                f"--{name} is of the papers' page, not of one of {run}."
            )


def _one_run(name: str, output: Path | None, out: Path, as_json: bool) -> None:
    from tfluck.instruments.loaded import LoadedRun
    from tfluck.runs import resolve_run

    run = resolve_run(out, name)
    from tfluck.papers.report import run_page

    text = run_page(LoadedRun(run, talk))
    _write(output or Path(f"{run.name}.html"), text, {"run": run.name}, as_json)


def _both_papers(
    out: Path,
    paper: str,
    scale: str,
    evidence: str,
    figures: str,
    pictures: Path,
    jobs: int | None,
) -> "PapersPage":
    from tfluck.papers import load_paper
    from tfluck.papers.figures import Scope
    from tfluck.papers.gathering import plan
    from tfluck.papers.report import Which, papers_page

    papers = [load_paper(name) for name in (PAPERS if paper == "all" else (paper,))]
    jobs = jobs or os.cpu_count() or 1
    if evidence == "all":
        carry_out(Work(plan(papers, scale, out), (), scale, out, jobs), None)
    scope = Scope(scale, out, jobs, talk, progress_bar)
    which: Which = next(word for word in get_args(Which) if word == figures)
    return papers_page(papers, scope, pictures, which)


def _write(path: Path, text: str, told: dict[str, Any], as_json: bool) -> None:
    """Write the page and print where it is."""
    from tfluck.papers.report import write_page

    size = write_page(path, text)
    if as_json:
        emit_json({"page": str(path), "bytes": size, **told})
    else:
        click.echo(path)
