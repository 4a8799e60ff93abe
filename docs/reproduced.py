"""What ``make reproduce`` found, put where it is read: README, docs/, assets/.

    python docs/reproduced.py build/reproduce

keeps the verdicts as ``assets/verdicts-laptop.csv`` and the pictures of trainings, brought
to few colours, in ``assets/gallery``; then writes the tables below from that file.
"""

import csv
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "assets" / "verdicts-laptop.csv"
README, PAGE = ROOT / "README.md", ROOT / "docs" / "verdicts_laptop.md"
BEGIN, END = "<!-- verdicts of make reproduce -->\n", "<!-- end of verdicts -->\n"
#: In the order of the page on verdicts.
VERDICTS = ("reproduced", "partly", "not reproduced", "not decided", "vacuous",
            "needs data", "not computable")  # fmt: skip
PAPERS = {"luck-matters": "Luck Matters", "alignment": "Alignment"}
HEAD = """# Verdicts at the scale laptop

What `make reproduce` found: every claim, with what was measured and its 95 % interval over
students where there are several. Thresholds, tests, p-values, notes and commands stand in
`assets/verdicts-laptop.csv`, from which this page is written (`docs/reproduced.py`).
[Verdicts](verdicts.md) says what the words mean.
"""


def rows() -> list[dict[str, str]]:
    """Return the verdicts that are kept."""
    with KEPT.open(newline="") as stream:
        return list(csv.DictReader(stream))


def summary() -> str:
    """Return README's table: the claims of each paper by verdict."""
    lines = ["| verdict | Luck Matters | Alignment |", "|---|---|---|"]
    for verdict in VERDICTS:
        named = [
            [
                row["id"]
                for row in rows()
                if (row["paper"], row["verdict"]) == (p, verdict)
            ]
            for p in PAPERS
        ]
        cells = [f"{len(ids)}: {', '.join(ids)}" if ids else "–" for ids in named]
        lines.append(f"| {verdict} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def page() -> str:
    """Return the page with all claims."""
    return "\n".join([HEAD, *_tables()])


def _tables() -> Iterator[str]:
    for paper, title in PAPERS.items():
        yield f"## {title}\n\n| id | claim | source | measured | verdict |\n|---|---|---|---|---|"
        for row in rows():
            if row["paper"] == paper:
                cells = (
                    row["id"],
                    row["claim"],
                    row["source"],
                    _number(row),
                    row["verdict"],
                )
                yield f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"
        yield ""


def _number(row: dict[str, str]) -> str:
    """Write what was measured, with its interval."""
    if not row["measured"]:
        return "–"
    ends = [row["interval_low"], row["interval_high"]]
    said = f"{float(row['measured']):.4g}"
    return said + (" ({:.4g} to {:.4g})".format(*map(float, ends)) if all(ends) else "")


def write() -> None:
    """Write the tables into README and docs/."""
    before, _, rest = README.read_text().partition(BEGIN)
    README.write_text(before + BEGIN + summary() + END + rest.partition(END)[2])
    PAGE.write_text(page())


def main(folder: Path) -> None:
    """Keep what ``make reproduce`` wrote into ``folder``."""
    from gallery import keep

    from tfluck.papers.figures import FIGURES

    shutil.copyfile(folder / "verdicts.csv", KEPT)
    for figure in FIGURES:
        made = folder / figure.paper / f"figure-{figure.number}.png"
        if figure.kind == "runs" and made.exists():
            keep(made, figure)
    write()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
