"""The page of both papers: every claim with its verdict, every figure, every run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfluck.foundations.errors import TfluckError
from tfluck.papers import VERDICTS, Paper, judge_all
from tfluck.papers.figures import FIGURES, Scope
from tfluck.papers.gathering import gathered
from tfluck.papers.report.again import command_of
from tfluck.papers.report.drawn import Drawn, Which, drawn
from tfluck.papers.report.rendering import render, surroundings
from tfluck.papers.telling import counted_verdicts, told
from tfluck.runs import Run, open_run

Row = Mapping[str, Any]
#: What each verdict means, in a line.
MEANING = {
    "reproduced": "shown beyond its threshold, in every part",
    "partly": "the direction is shown and the size is not, or some parts hold",
    "not reproduced": "the opposite is shown",
    "not decided": "neither is shown: too few students, or a scale that cannot tell",
    "vacuous": "its hypothesis is measured to be false here",
    "needs data": "data or weights are not here",
    "not computable": "nothing that a computer measures would tell",
}
#: What the papers are called among those who read this.
SHORT = {"luck-matters": "Luck Matters", "alignment": "Alignment"}
#: Directions of claims before their thresholds.
SIDES = {
    "greater": "above",
    "less": "below",
    "at least": "at least",
    "at most": "at most",
    "equivalent": "within ±",
}


@dataclass(frozen=True)
class PapersPage:
    """A page, and what stands on it.

    Attributes:
        text: the page.
        claims: rows as ``tfluck verdict --json`` has them.
        figures: drawn or not.
    """

    text: str
    claims: tuple[Row, ...]
    figures: tuple[Drawn, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many claims have each verdict."""
        return counted_verdicts(self.claims)


def papers_page(
    papers: Sequence[Paper], scope: Scope, folder: Path, which: Which
) -> PapersPage:
    """Return the page; evidence of claims that is not there leaves them undecided.

    Args:
        papers: whose claims and figures.
        scope: size, folder of runs, and how figures are made.
        folder: of the figures' files, ``folder/PAPER``.
        which: figures are drawn.

    Raises:
        TfluckError: a run that is there is damaged, or making a figure was interrupted.
    """
    claims = [_claims(paper, scope) for paper in papers]
    figures = [
        [drawn(one, scope, folder, which) for one in FIGURES if one.paper == paper.name]
        for paper in papers
    ]
    every = tuple(row for rows in claims for row in rows)
    pictures = tuple(one for some in figures for one in some)
    text = render(
        "papers.html",
        title=" and ".join(SHORT[paper.name] for paper in papers) + ", claim by claim",
        short=SHORT,
        scale=scope.scale,
        papers=list(zip(papers, claims, figures, strict=True)),
        counts={
            p.name: counted_verdicts(c) for p, c in zip(papers, claims, strict=True)
        },
        total=counted_verdicts(every),
        verdicts=VERDICTS,
        meaning=MEANING,
        sides=SIDES,
        runs=_runs(every, pictures, scope.out),
        surroundings=surroundings(),
    )
    return PapersPage(text, every, pictures)


def _claims(paper: Paper, scope: Scope) -> list[Row]:
    evidence = gathered(paper, scope.scale, scope.out)
    rows = [told(paper, one) for one in judge_all(paper, evidence, scope.scale)]
    return [_shown(row, scope.scale) for row in rows]


def _shown(row: dict[str, Any], scale: str) -> Row:
    """Name runs without the folders of this machine, and a command for every claim."""
    command, computation = str(row["command"]), ""
    if not command.startswith("tfluck "):
        computation = command
        command = f"tfluck verdict --paper {row['paper']} --scale {scale}"
    runs = [Path(one).name for one in row["run"]]
    return row | {"command": command, "computation": computation, "runs": runs}


def _runs(
    claims: Sequence[Row], figures: Sequence[Drawn], out: Path
) -> list[dict[str, Any]]:
    """Return every run behind the page, each once, by name."""
    names = {name for row in claims for name in row["runs"]}
    names |= {str(run["run"]) for figure in figures for run in figure.runs}
    return [_run(out / name) for name in sorted(names)]


def _run(path: Path) -> dict[str, Any]:
    try:
        return _described(open_run(path))
    except TfluckError as error:
        return {"name": path.name, "why": str(error)}


def _described(run: Run) -> dict[str, Any]:
    manifest = run.manifest
    return {
        "name": run.name,
        "why": "",
        "status": run.status(),
        "seeds": run.seeds,
        "preset": manifest.get("preset"),
        "scale": manifest.get("scale"),
        "created": manifest.get("created"),
        "tfluck": manifest.get("tfluck"),
        "git": manifest.get("git"),
        "packages": manifest.get("packages") or {},
        "processor": manifest.get("processor"),
        "cores": manifest.get("cores"),
        "command": command_of(run),
    }
