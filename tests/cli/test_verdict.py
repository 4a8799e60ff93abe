"""``tfluck verdict``: a table in which no claim is missing, made once."""

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from papers.toy import GATE, made

from tfluck.cli import verdict as verdict_command
from tfluck.papers import PAPERS, load_paper
from tfluck.papers.claim import read_paper

Call = Callable[..., Result]


@pytest.fixture
def verdict(
    tfluck: Call, tf: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Call:
    """Call the command on claims that take a moment."""
    paper = made(tmp_path)
    monkeypatch.setattr("tfluck.papers.load_paper", lambda name: paper)

    def call(*options: object) -> Result:
        where = ("--out", tmp_path / "runs", "--scale", "smoke", "--jobs", 1)
        return tfluck("verdict", "--paper", "luck-matters", *where, *options)

    return call


def test_runs_are_made_once_and_the_bytes_are_the_same(
    verdict: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "table.csv"
    first = verdict("--json", "--csv", table)
    assert first.exit_code == 0, first.output
    found = json.loads(first.stdout)
    names = ["RUN", "RANK", "D1", "FEW", "LUCK", "F8"]
    assert [one["id"] for one in found["claims"]] == names
    by_id = {one["id"]: one for one in found["claims"]}
    assert by_id["D1"]["verdict"] == "reproduced"
    assert by_id["F8"]["verdict"] == "needs data"
    assert "photographs" in by_id["F8"]["note"]
    assert by_id["RUN"]["verdict"] == "not decided"
    assert "smoke" in by_id["RUN"]["note"]
    assert set(by_id["RUN"]["parts"]) == {"layer 0", "layer 1"}
    measured = [v for [v] in by_id["RUN"]["parts"].values()]
    assert by_id["RUN"]["measured"] == min(measured)
    assert Path(by_id["RUN"]["run"][0]).is_dir()
    assert by_id["RANK"]["run"] == by_id["RUN"]["run"]
    assert by_id["FEW"]["run"] == by_id["RUN"]["run"]
    assert set(by_id["FEW"]["parts"]) == {"layer 0", "layer 1"}
    assert by_id["FEW"]["measured"] >= 1
    assert by_id["LUCK"]["measured"] is not None
    assert len(list(Path(by_id["LUCK"]["run"][0]).glob("tickets/*"))) == 3
    assert found["counts"]["not decided"] == 4
    assert sum(found["counts"].values()) == 6
    assert {"paper", "scale"} <= set(found)

    def nothing(*_: object, **__: object) -> None:
        raise AssertionError("nothing is left to compute")

    written = table.read_bytes()
    monkeypatch.setattr("tfluck.sweeps.train_run", nothing)
    monkeypatch.setattr("tfluck.studies.driver.train_all", nothing)
    monkeypatch.setattr("tfluck.papers.gathering.perform", nothing)
    again = verdict("--json", "--csv", table)
    assert again.stdout == first.stdout
    assert table.read_bytes() == written
    rows = list(csv.DictReader(written.decode().splitlines()))
    assert [row["id"] for row in rows] == names
    assert rows[2]["verdict"] == "reproduced"


def test_a_plan_computes_nothing(verdict: Call, tmp_path: Path) -> None:
    shown = verdict("--dry-run")
    assert shown.exit_code == 0
    assert "1 run to train" in shown.stdout
    assert "1 computation" in shown.stdout
    assert "2 studies upon runs" in shown.stdout
    plan = json.loads(verdict("--dry-run", "--json").stdout)
    assert plan["computations"] == ["D1.gate"]
    assert plan["studies"] == ["sharing", "tickets"]
    assert [run["students"] for run in plan["runs"]] == [1]
    assert plan["seconds"] > 0
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(("expect", "code"), [("reproduced", 0), ("not reproduced", 4)])
def test_check_fails_where_a_verdict_is_unexpected(
    tfluck: Call,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    expect: str,
    code: int,
) -> None:
    head = 'paper = "alignment"\ntitle = "t"\nlevel = 0.05\n'
    seeds = "seeds = { smoke = 1, laptop = 1, paper = 1 }\n"
    paper = read_paper(head + seeds + GATE + f'expect = "{expect}"', "made.toml")
    monkeypatch.setattr("tfluck.papers.load_paper", lambda name: paper)
    options = ("--paper", "alignment", "--scale", "smoke", "--out", tmp_path)
    told = tfluck("verdict", *options, "--check")
    assert told.exit_code == code
    assert "D1" in told.stdout
    if code:
        assert (
            "Unexpected: D1 is reproduced; expected was not reproduced." in told.stderr
        )
        assert tfluck("verdict", *options).exit_code == 0


def test_the_command_names_every_paper() -> None:
    assert verdict_command.PAPERS == PAPERS


def test_both_papers_are_judged_together(tfluck: Call, tmp_path: Path) -> None:
    """Without computing anything: the plan counts what each of them asks for."""
    options = ("--scale", "smoke", "--out", tmp_path, "--dry-run", "--json")
    counts = {
        name: json.loads(tfluck("verdict", "--paper", name, *options).stdout)
        for name in ("luck-matters", "alignment", "all")
    }
    together = [
        *counts["luck-matters"]["computations"],
        *counts["alignment"]["computations"],
    ]
    assert counts["all"]["computations"] == together
    assert counts["all"]["runs"]
    assert not counts["alignment"]["runs"]
    checks = {c for one in load_paper("luck-matters").claims for c in one.checks}
    exact = {"correlations", "setting"}
    assert checks | exact == set(counts["luck-matters"]["computations"])
    assert "separated" in counts["luck-matters"]["studies"]
    assert not counts["alignment"]["studies"]
