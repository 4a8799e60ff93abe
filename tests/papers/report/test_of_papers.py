"""The page of the papers: nothing is missing, nothing is asked for, twice it is the same."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pages import EVIL, check

from tfluck.papers import PAPERS, VERDICTS, Paper, load_paper
from tfluck.papers.figures import FIGURES, Scope
from tfluck.papers.report import of_papers as page_module
from tfluck.papers.report.of_papers import MEANING, SHORT, papers_page
from tfluck.runs import Run


def test_every_claim_has_its_row(paper: Paper, scope: Scope, tmp_path: Path) -> None:
    made = papers_page([paper], scope, tmp_path, "none")
    page = check(made.text)
    ids = [row["id"] for row in made.claims]
    assert ids == ["RUN", "D1", "LATER", "F8"]
    verdicts = [row["verdict"] for row in made.claims]
    assert verdicts == ["not decided", "reproduced", "not decided", "needs data"]
    assert page.rows == verdicts
    assert made.counts["not decided"] == 2 and sum(made.counts.values()) == 4
    for row in made.claims:
        for value in (row["id"], row["source"], row["test"], row["refuted_by"]):
            assert value in page.text
        assert row["command"].startswith("tfluck ") and row["command"] in page.text
    assert "Needs photographs." in page.text
    assert "Not tried yet: T1.dense." in page.text
    low, high = made.claims[0]["interval"]
    assert f"{low:.4g} to {high:.4g}".replace("-", "−") in page.text


def test_what_strangers_write_is_text(
    paper: Paper, scope: Scope, tmp_path: Path
) -> None:
    text = papers_page([paper], scope, tmp_path, "none").text
    page = check(text)
    assert f"ρ̄ grows {EVIL}." in page.text
    assert EVIL not in text and "<b>" not in text
    assert page.tags.count("script") == 1
    assert 'Section "3" <b>' in page.text
    assert "A paper, &c." in page.text


def test_every_picture_is_there_with_words_numbers_and_command(
    paper: Paper, scope: Scope, tmp_path: Path
) -> None:
    made = papers_page([paper], scope, tmp_path, "all")
    page = check(made.text)
    assert [one.figure.number for one in made.figures] == [14, 22]
    assert len(page.images) == 2
    for one, image in zip(made.figures, page.images, strict=True):
        assert one.picture is not None and image["alt"] == one.picture.alt
        assert one.figure.shows in page.text and one.command in page.text
        assert f"figure-luck-matters-{one.figure.number}" in page.ids
        assert all(str(value) in page.text for value in one.numbers[0].values())


def test_what_is_left_out_is_said(paper: Paper, scope: Scope, tmp_path: Path) -> None:
    made = papers_page([paper], scope, tmp_path, "present")
    page = check(made.text)
    assert len(page.images) == 1
    assert "Not drawn here. It was not measured yet at the scale smoke." in page.text


def test_runs_are_named_with_versions_machine_and_command(
    paper: Paper, scope: Scope, ended: Run, tmp_path: Path
) -> None:
    page = check(papers_page([paper], scope, tmp_path, "present").text)
    # Of a claim, and of a figure.
    assert page.links.count(f"#run-{ended.name}") == 2
    manifest = ended.manifest
    for told in (
        manifest["created"],
        manifest["processor"],
        *manifest["packages"].values(),
    ):
        assert told in page.text
    assert str(scope.out) not in page.text and "--teacher-widths 3-4" in page.text


def test_a_damaged_run_is_a_sentence(
    paper: Paper, scope: Scope, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tfluck.foundations.errors import Damaged

    def damaged(path: Path) -> None:
        raise Damaged("manifest.json", "was changed.")

    monkeypatch.setattr(page_module, "open_run", damaged)
    text = papers_page([paper], scope, tmp_path, "none").text
    assert "manifest.json was changed." in check(text).text


def test_the_second_time_nothing_is_computed_and_no_byte_differs(
    paper: Paper, scope: Scope, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = papers_page([paper], scope, tmp_path, "all")

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("computed again")

    for place in (
        "tfluck.sweeps.train_run",
        "tfluck.papers.gathering.perform",
        "tfluck.papers.figures.making.save",
        "tfluck.papers.figures.curves.Curves.measure",
    ):
        monkeypatch.setattr(place, refuse)
    assert papers_page([paper], scope, tmp_path, "all").text == first.text
    assert papers_page([paper], scope, tmp_path, "present").text == first.text


def test_the_papers_themselves_have_a_page_without_any_evidence(tmp_path: Path) -> None:
    papers = [load_paper(name) for name in PAPERS]
    scope = Scope("smoke", tmp_path / "runs")
    made = papers_page(papers, replace(scope, make=False), tmp_path, "none")
    page = check(made.text)
    claims = [claim for paper in papers for claim in paper.claims]
    assert len(page.rows) == len(claims) == len(made.claims)
    assert all(f"figure-{one.paper}-{one.number}" in page.ids for one in FIGURES)
    assert json.dumps(made.counts)
    assert not list(tmp_path.iterdir())


def test_every_verdict_and_paper_has_its_words() -> None:
    assert tuple(MEANING) == VERDICTS
    assert tuple(SHORT) == PAPERS
