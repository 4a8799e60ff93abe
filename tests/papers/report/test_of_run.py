"""The page of one run: what the run has, and sentences in place of what it has not."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from pages import Page, check

from tfluck.instruments.analyzing import analyze
from tfluck.instruments.loaded import LoadedRun
from tfluck.papers.report.again import command_of
from tfluck.papers.report.of_run import run_page
from tfluck.runs import Run, summarize


@pytest.fixture(scope="module")
def page(ended: Run, run_text: str) -> tuple[Run, str, Page]:
    return ended, run_text, check(run_text)


def test_curves_matrices_fan_outs_and_modulation_are_pictures(
    page: tuple[Run, str, Page],
) -> None:
    run, _, found = page
    alts = [image["alt"] or "" for image in found.images]
    frames = [alt for alt in alts if re.match(r"Student \d+, layer", alt)]
    assert len(frames) == len(run.seeds) * 2 * 4
    heads = [alt.split(" of ")[0] for alt in alts if alt not in frames]
    assert heads == [
        "Curves over epochs",
        "Fan-out norm against best correlation",
        "Fan-out norm against best correlation",
        "H*, E[Gβ*G] and β*",
    ]
    for section in ("curves", "matrices", "fan-out", "modulation", "settings", "again"):
        assert section in found.ids and f"#{section}" in found.links


def test_its_numbers_are_those_of_the_instruments(page: tuple[Run, str, Page]) -> None:
    run, _, found = page
    modulation = analyze(run, "modulation")
    for line in modulation.lines():
        assert f"{line['diagonal']:.4g}" in found.text
    for row in analyze(run, "weights", all_seeds=True).lines():
        assert f"{row['mean_fan_out']:.4g}" in found.text
    summary = summarize(run)
    rho = summary["layers"][1]["mean_best_correlation_live"]["final"]
    assert f"{sum(rho) / len(rho):.3g} ({min(rho):.3g} to {max(rho):.3g})" in found.text


def test_its_command_settings_and_birth_are_there(page: tuple[Run, str, Page]) -> None:
    run, text, found = page
    assert command_of(run) in found.text
    assert "teacher-widths 3-4" in found.text and "samples infinite" in found.text
    for value in (run.digest, run.manifest["created"], run.manifest["platform"]):
        assert value in found.text
    assert str(run.layout.root.parent) not in text


def test_twice_it_is_the_same(page: tuple[Run, str, Page]) -> None:
    run, text, _ = page
    assert run_page(LoadedRun(run)) == text


def test_a_run_that_has_not_begun_has_a_page(make_run: Callable[..., Run]) -> None:
    found = check(run_page(LoadedRun(make_run(seeds=2))))
    assert not found.images
    assert "Nothing was recorded yet." in found.text
    assert "None are kept of this run." in found.text
    assert found.text.count("Not shown here.") == 3
    assert "Status: new." in found.text


def test_what_is_damaged_is_a_sentence(
    page: tuple[Run, str, Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tfluck.foundations.errors import Damaged
    from tfluck.papers.report import of_run

    def damaged(*_: Any, **__: Any) -> None:
        raise Damaged("student.weights.h5", "was <changed>.")

    monkeypatch.setattr(of_run, "analyze", damaged)
    found = check(run_page(LoadedRun(page[0])))
    assert found.text.count("Not shown here. student.weights.h5 was <changed>.") == 2
    assert "Curves over epochs" in (found.images[0]["alt"] or "")
