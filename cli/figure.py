"""``tfluck figure``: a figure of a paper, made again."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfluck.experiment.scales import DEFAULT_SCALE, SCALES
from tfluck.foundations.errors import BadInput

from .options import click, json_option, out_option, talk
from .options import command as declare
from .output import emit_json, table
from .progress import progress_bar
from .settings import COUNT

if TYPE_CHECKING:
    from tfluck.papers.figures.making import Made


def _complete(context: click.Context, parameter: Any, begun: str) -> list[str]:
    """Return the papers, and behind one of them its numbers."""
    from tfluck.papers.figures import FIGURES, PAPERS

    before = context.params.get("words") or ()
    numbers = [str(one.number) for one in FIGURES if one.paper in before]
    return [word for word in numbers or PAPERS if word.startswith(begun)]


@declare(
    "tfluck figure --list",
    "tfluck figure luck-matters 14",
    "tfluck figure alignment 2 --scale smoke -o pictures",
    "tfluck figure 7 --scale smoke",
    name="figure",
)
@click.argument("words", metavar="[PAPER] [NUMBER]", nargs=-1, shell_complete=_complete)
@click.option("--list", "listed", is_flag=True, help="Name the figures, make none.")
@click.option(
    "-o",
    "--output",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the files.  [default: figures/PAPER]",
)
@click.option(
    "--scale",
    type=click.Choice(list(SCALES)),
    default=DEFAULT_SCALE,
    show_default=True,
    help="How large its networks, samples and runs are.",
)
@out_option
@click.option("--jobs", type=COUNT, help="Processes. [cores]")
@click.option("--fresh", is_flag=True, help="Measure again; finished runs are kept.")
@json_option
def command(
    words: tuple[str, ...],
    listed: bool,
    folder: Path | None,
    scale: str,
    out: Path,
    jobs: int | None,
    fresh: bool,
    as_json: bool,
) -> None:
    """Make figure NUMBER of PAPER (luck-matters or alignment): PDF, PNG and CSV.

    The paper may be left out where only one has that number. Figures of trainings are
    drawn from runs, which are found, made or gone on with; sketches of the paper are
    drawn from small networks that were trained and measured. The second time nothing is
    computed, and the files are the same to the byte.
    """
    if listed:
        _list(words, as_json)
        return
    from tfluck.papers.figures import Scope, find_figure

    figure = find_figure(*_asked(words))
    from tfluck.papers.figures.making import make_figure

    scope = Scope(scale, out, jobs or os.cpu_count() or 1, talk, progress_bar)
    made = make_figure(
        figure, scope, folder or Path("figures") / figure.paper, fresh=fresh
    )
    _show(made, scale, as_json)


def _paper(word: str) -> str:
    from tfluck.papers.figures import PAPERS

    fitting = [name for name in PAPERS if name.startswith(word)]
    if len(fitting) != 1:
        raise BadInput(f"There is no paper {word!r}; choose {' or '.join(PAPERS)}.")
    return fitting[0]


def _asked(words: tuple[str, ...]) -> tuple[int, str | None]:
    """Read ``luck-matters 7`` and ``7``."""
    *papers, number = words or ("",)
    if not number.isascii() or not number.isdigit() or len(papers) > 1:
        raise click.UsageError(
            "Say which figure, as `tfluck figure luck-matters 7`; --list names all."
        )
    return int(number), _paper(papers[0]) if papers else None


def _list(words: tuple[str, ...], as_json: bool) -> None:
    """Print the figures, of one paper if it is named."""
    from tfluck.papers.figures import FIGURES

    if len(words) > 1:
        raise click.UsageError("--list takes a paper, or nothing.")
    papers = [_paper(word) for word in words]
    chosen = [one for one in FIGURES if not papers or one.paper in papers]
    if as_json:
        rows = [
            {key: value for key, value in vars(one).items() if key != "place"}
            for one in chosen
        ]
        emit_json({"figures": rows})
        return
    click.echo(
        table(
            [
                {"paper": o.paper, "figure": o.number, "from": o.kind, "title": o.title}
                for o in chosen
            ]
        )
    )


def _show(made: "Made", scale: str, as_json: bool) -> None:
    """Print the files, and what they were made of."""
    figure = made.figure
    if as_json:
        emit_json(
            {
                "paper": figure.paper,
                "figure": figure.number,
                "title": figure.title,
                "shows": figure.shows,
                "kind": figure.kind,
                "scale": scale,
                "seeds": list(made.seeds),
                "files": [str(path) for path in made.files],
                "runs": [dict(run) for run in made.runs],
                "measured": made.measured,
                "notes": list(made.notes),
            }
        )
        return
    for path in made.files:
        click.echo(path)
    talk(f"In the paper: {figure.shows}")
    for note in made.notes:
        talk(note)
