"""Which figures a page has: none, those whose evidence is there, or all of them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tfluck.foundations.errors import Interrupted, TfluckError
from tfluck.papers.figures import NotMade, Scope, find_figure
from tfluck.papers.figures.making import make_figure
from tfluck.papers.report import drawn as drawn_module
from tfluck.papers.report.described import in_numbers
from tfluck.papers.report.drawn import drawn
from tfluck.runs import list_runs

SKETCH, CURVES = find_figure(14), find_figure(22)


def test_none_is_none_and_still_has_its_command(scope: Scope, tmp_path: Path) -> None:
    found = drawn(SKETCH, scope, tmp_path, "none")
    assert found.picture is None and found.why == "Figures were not asked for."
    assert found.command == "tfluck figure luck-matters 14 --scale smoke"
    assert not list(tmp_path.iterdir())


def test_what_nobody_measured_is_not_present(scope: Scope, tmp_path: Path) -> None:
    found = drawn(SKETCH, scope, tmp_path, "present")
    assert found.picture is None
    assert found.why == "It was not measured yet at the scale smoke."
    assert not list(tmp_path.iterdir())
    assert drawn(SKETCH, scope, tmp_path, "all").picture is not None
    again = drawn(SKETCH, scope, tmp_path, "present")
    assert again.picture is not None and again.notes
    larger = drawn(SKETCH, replace(scope, scale="laptop"), tmp_path, "present")
    assert larger.why == "It was not measured yet at the scale laptop."


def test_curves_are_present_where_their_runs_are(
    scope: Scope, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("trained")

    monkeypatch.setattr("tfluck.sweeps.train_run", refuse)
    found = drawn(CURVES, scope, tmp_path, "present")
    assert found.picture is not None and found.seeds == (1, 2)
    table = pd.read_csv(tmp_path / "luck-matters" / "figure-22.csv")
    assert list(found.numbers) == in_numbers(table)
    elsewhere = replace(scope, out=tmp_path / "runs")
    absent = drawn(CURVES, elsewhere, tmp_path, "present")
    assert absent.picture is None and "There is no run of" in absent.why
    assert not (tmp_path / "runs").exists()


def test_a_run_with_too_few_students_or_cut_off_is_not_present(
    scope: Scope, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tfluck.experiment.presets import Preset
    from tfluck.papers.figures import runs

    present = replace(scope, make=False)
    monkeypatch.setattr("tfluck.runs.Run.status", lambda run: "interrupted")
    with pytest.raises(NotMade, match="not finished"):
        make_figure(CURVES, present, tmp_path)
    monkeypatch.setattr("tfluck.runs.Run.status", lambda run: "diverged")
    assert make_figure(CURVES, present, tmp_path).seeds == (1, 2)
    settings = runs.load_preset("x").settings | {"seeds": 3}
    monkeypatch.setattr(runs, "load_preset", lambda name: Preset(name, (), settings))
    with pytest.raises(NotMade, match="There is no run"):
        make_figure(CURVES, present, tmp_path)
    (listed,) = list_runs(scope.out)
    assert listed.run is not None and listed.run.seeds == (1, 2)


def test_what_is_drawn_is_not_drawn_again(
    scope: Scope, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tfluck.papers.figures import making

    first = make_figure(CURVES, scope, tmp_path)
    before = {path.name: path.read_bytes() for path in first.files}
    drawings: list[Path] = []
    save = making.save

    def counted(figure: Any, path: Path, **more: Any) -> None:
        drawings.append(path)
        save(figure, path, **more)

    monkeypatch.setattr(making, "save", counted)
    make_figure(CURVES, scope, tmp_path)
    assert not drawings
    png = tmp_path / "figure-22.png"
    png.write_bytes(before["figure-22.png"][:-1] + b"x")
    make_figure(CURVES, scope, tmp_path)
    assert png in drawings
    assert {path.name: path.read_bytes() for path in first.files} == before
    drawings.clear()
    monkeypatch.setattr(making, "_code", lambda: "another")
    make_figure(CURVES, scope, tmp_path)
    assert png in drawings


def test_a_failure_is_said_and_an_interruption_ends_all(
    scope: Scope, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(error: Exception) -> None:
        def make(*_: Any, **__: Any) -> None:
            raise error

        monkeypatch.setattr(drawn_module, "make_figure", make)

    fails(TfluckError("No weights are here."))
    assert drawn(SKETCH, scope, tmp_path, "all").why == "No weights are here."
    fails(Interrupted("Stopped.", 2))
    with pytest.raises(Interrupted):
        drawn(SKETCH, scope, tmp_path, "all")


def test_the_words_beside_a_picture_are_the_figures(
    scope: Scope, tmp_path: Path
) -> None:
    found = drawn(SKETCH, scope, tmp_path, "all")
    assert found.picture is not None
    alt = found.picture.alt
    assert alt.startswith("Figure 14 of luck-matters: Lemma 4. In the paper: Affected")
    assert all(note in alt for note in found.notes)
