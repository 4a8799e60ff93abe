"""``tfluck report``: what is refused before any work, what is written, what is printed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
from click.testing import Result
from pages import check
from papers.toy import GATE

from tfluck.cli import report as report_command
from tfluck.papers import PAPERS, load_paper
from tfluck.papers.claim import read_paper
from tfluck.papers.report import Which
from tfluck.runs import Run

Call = Callable[..., Result]
CLAIM = f"""
paper = "alignment"
title = "t"
level = 0.05
seeds = {{ smoke = 1, laptop = 1, paper = 1 }}
{GATE}"""


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def one_claim(monkeypatch: pytest.MonkeyPatch) -> tuple[str, ...]:
    """Options under which the page has one claim, proved in a moment."""
    paper = read_paper(CLAIM, "made.toml")
    monkeypatch.setattr("tfluck.papers.load_paper", lambda name: paper)
    return ("--paper", "alignment", "--scale", "smoke")


def test_the_choices_are_the_librarys() -> None:
    assert get_args(Which) == report_command.WHICH
    assert report_command.PAPERS == PAPERS


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("-o", "page.pdf"), "does not end in .html"),
        (("nobody",), "nobody"),
        (("a-run", "--scale", "smoke"), "--scale is of the papers' page"),
        (("a-run", "--figures", "all"), "--figures is of the papers' page"),
        (("--figures", "some"), "'some' is not one of"),
        (("--evidence", "none"), "'none' is not one of"),
        (("a", "b"), "unexpected extra argument"),
    ],
)
def test_what_makes_no_page_is_refused(
    tfluck: Call, tmp_path: Path, words: tuple[str, ...], sentence: str
) -> None:
    done = tfluck("report", *words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert sentence in done.stderr and "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_evidence_is_made_once_and_the_bytes_are_the_same(
    tfluck: Call,
    one_claim: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done = tfluck("report", *one_claim, "--figures", "none")
    assert done.exit_code == 0, done.stderr
    assert done.stdout == "report.html\n"
    assert "Claims: 1 reproduced." in done.stderr
    raw = Path("report.html").read_bytes()
    assert check(raw.decode()).rows == ["reproduced"]

    def nothing(*_: object, **__: object) -> None:
        raise AssertionError("nothing is left to compute")

    monkeypatch.setattr("tfluck.papers.gathering.perform", nothing)
    again = tfluck("report", *one_claim, "--figures", "none", "--json", "-o", "b.HTML")
    said: dict[str, Any] = json.loads(again.stdout)
    assert Path("b.HTML").read_bytes() == raw
    assert said["page"] == "b.HTML" and said["bytes"] == len(raw)
    assert said["counts"]["reproduced"] == 1 and said["figures"] == []
    assert set(said["left_out"]) == {f"alignment {n}" for n in range(1, 5)}


def test_present_evidence_alone_computes_nothing(
    tfluck: Call, one_claim: tuple[str, ...], tmp_path: Path
) -> None:
    done = tfluck("report", *one_claim, "--evidence", "present", "-o", "new/page.html")
    assert done.exit_code == 0, done.stderr
    assert "Claims: 1 not decided." in done.stderr
    assert "0 of 4 figures are drawn; the page says why" in done.stderr
    page = check(Path("new/page.html").read_text())
    assert page.rows == ["not decided"] and "Not tried yet: D1.gate." in page.text
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_both_papers_stand_on_one_page(tfluck: Call) -> None:
    done = tfluck(
        "report", "--scale", "smoke", "--evidence", "present", "--figures", "none"
    )
    assert done.exit_code == 0, done.stderr
    page = check(Path("report.html").read_text())
    assert len(page.rows) == sum(len(load_paper(name).claims) for name in PAPERS)
    assert len(Path("report.html").read_bytes()) < 15_000_000


def test_a_run_has_a_page_under_its_name(
    tfluck: Call, make_run: Callable[..., Run]
) -> None:
    run = make_run()
    done = tfluck("report", run.name[:6], "--json")
    assert done.exit_code == 0, done.stderr
    said = json.loads(done.stdout)
    assert (said["run"], said["page"]) == (run.name, f"{run.name}.html")
    assert run.name in check(Path(said["page"]).read_text()).text
