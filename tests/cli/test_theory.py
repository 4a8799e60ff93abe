"""``tfluck theory``: tables, JSON, exit codes, refusals."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from making import make

from tfluck.experiment.scales import configure
from tfluck.runs import Run
from tfluck.theory.checks import STATEMENTS, registry

Call = Callable[..., Result]
KEYS = {"id", "statement", "measured", "expected", "tolerance", "verdict", "note"}


def test_check_answers_as_the_contract_says(tfluck: Call) -> None:
    result = tfluck("theory", "check", "L1", "T4.gamma-3+0", "--json", "--check")
    assert result.exit_code == 0, result.stderr
    checks = json.loads(result.stdout)["checks"]
    assert {check["id"].split(".")[0] for check in checks} == {"L1", "T4"}
    assert all(set(check) >= KEYS for check in checks)
    assert checks[-1]["verdict"] == "vacuous" and checks[-1]["tolerance"] is None


def test_check_tells_in_words(tfluck: Call) -> None:
    result = tfluck("theory", "check", "e1", "--notes")
    assert result.exit_code == 0, result.stderr
    assert "E1.printed" in result.stdout and "central difference" in result.stdout
    assert "1 holds, 1 violated." in result.stderr
    assert "Every verdict is the expected one." in result.stderr
    assert tfluck("theory", "check", "e1", "--quiet").stderr == ""


def test_a_verdict_that_surprises_fails_under_check(
    tfluck: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = registry._CLAIMS["E1.printed"]
    other = registry.Claim(one.id, one.statement, "holds", one.compute)
    monkeypatch.setitem(registry._CLAIMS, one.id, other)
    assert tfluck("theory", "check", "E1").exit_code == 0
    result = tfluck("theory", "check", "E1", "--check")
    assert result.exit_code == 4 and "E1.printed" in result.stderr


def test_list_tries_nothing(tfluck: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry.Claim, "check", lambda self: pytest.fail("tried"))
    result = tfluck("theory", "check", "--list", "--json")
    listed = json.loads(result.stdout)
    assert set(listed["statements"]) == set(STATEMENTS)
    assert "T4.designed" in tfluck("theory", "check", "T4", "--list").stdout


DESIGNED = ("--m", 2, "--n", 4, "--bias", -3, "--angle", 0.05, "--spread", 0.05)


def test_recover(tfluck: Call, tmp_path: Path) -> None:
    picture = tmp_path / "recover.svg"
    call = ("theory", "recover", "--m", 5, "--bias", -2.5, "--angle", 0.05, "--lr", 2)
    result = tfluck(*call, "--steps", 900, "--check", "--json", "--plot", picture)
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["verdict"] == "holds" and found["gamma"] > 0
    assert (
        found["bound_ratio_max"] < 1 and found["initial_rate"] > found["promised_rate"]
    )
    assert found["course"][0][1] == pytest.approx(0.05, rel=1e-3)
    assert picture.read_bytes().startswith(b"<?xml")
    silent = tfluck(
        "theory", "recover", "--m", 10, "--angle", 1, "--steps", 5, "--check"
    )
    assert silent.exit_code == 0 and "promises nothing" in silent.stderr
    assert "vacuous" in silent.stdout


def test_a_broken_promise_fails_under_check(
    tfluck: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tfluck.theory.recovery import Constants

    monkeypatch.setattr(Constants, "rate", lambda self, printed=False: 0.01)
    call = (
        "theory",
        "recover",
        "--bias",
        -2.5,
        "--angle",
        0.05,
        "--lr",
        2,
        "--steps",
        50,
    )
    assert tfluck(*call).exit_code == 0
    result = tfluck(*call, "--check")
    assert result.exit_code == 4 and "broke the bound" in result.stderr


def test_suppress(tfluck: Call, tmp_path: Path) -> None:
    picture = tmp_path / "suppress.png"
    call = ("theory", "suppress", *DESIGNED, "--size", 0.2, "--lr", 200, "--steps", 60)
    result = tfluck(*call, "--check", "--json", "--plot", picture)
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["verdict"] == "holds" and found["first_broken"] is None
    assert found["irrelevant_end"] < found["irrelevant_start"] / 5
    assert found["course"][-1]["step"] == 60 and picture.stat().st_size > 1000
    alone = tfluck("theory", "suppress", "--m", 2, "--n", 2, "--steps", 3)
    assert alone.exit_code == 0, alone.stderr


@pytest.mark.parametrize("start", ["random", "perturbed"])
def test_other_starts_promise_nothing(tfluck: Call, start: str) -> None:
    result = tfluck("theory", "suppress", "--start", start, "--steps", 300, "--json")
    assert result.exit_code == 0, result.stderr
    found = json.loads(result.stdout)
    assert found["verdict"] == "vacuous" and found["gamma"] is None
    assert found["irrelevant_end"] < found["irrelevant_start"]
    wrong = tfluck("theory", "suppress", "--start", start, "--m", 3)
    assert wrong.exit_code == 2 and "--m belong" in wrong.stderr


def test_a_step_too_large_has_its_exit_code(tfluck: Call) -> None:
    result = tfluck("theory", "suppress", "--lr", 100)
    assert result.exit_code == 3 and "smaller rate" in result.stderr


WRONG = [
    ("check", "T9"),
    ("check", "T4.x"),
    ("nonsense",),
    ("recover", "--m", "0"),
    ("recover", "--angle", "nan"),
    ("recover", "--angle", "2"),
    ("recover", "--m", "3", "--dim", "2"),
    ("recover", "--plot", "x.bmp"),
    ("suppress", "--angle", "inf"),
    ("suppress", "--m", "5", "--n", "3"),
    ("suppress", "--angle", "2"),
    ("suppress", "--steps", "0"),
]


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_wrong_input_is_refused(tfluck: Call, arguments: tuple) -> None:
    result = tfluck("theory", *arguments)
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.stderr


@pytest.fixture(scope="module")
def run(tf: Any, tiny: dict[str, Any], tmp_path_factory: Any) -> Run:
    """A finished run of tiny networks with BatchNorm."""
    from tfluck.training.teachers import save_weights
    from tfluck.training.trainer import Trainer

    config = configure(**tiny | {"batch_norm": "after-relu"})
    found = make(tmp_path_factory.mktemp("runs"), config, "audited")
    trainer = Trainer(found, 1, lambda step, note: None)
    save_weights(trainer.kernel.teacher, found.layout.teacher_weights)
    trainer.train()
    return found


def test_audit(tfluck: Call, run: Run, tmp_path: Path) -> None:
    picture = tmp_path / "audit.svg"
    call = ("theory", "audit", run.layout.root, "--samples", 100)
    result = tfluck(*call, "--json", "--plot", picture)
    assert result.exit_code == 0, result.stderr
    assert "middle of training is not audited" in result.stderr
    rows = json.loads(result.stdout)["rows"]
    assert {row["epoch"] for row in rows} == {0, 3}
    exact = [row for row in rows if row["id"] == "T1"]
    assert len(exact) == 4 and all(row["verdict"] == "holds" for row in exact)
    assert {row["id"] for row in rows} == {
        "T1", "A1", "T2", "A2", "A3", "T4", "T3", "T5", "S3.3-many", "C-ML",
    }  # fmt: skip
    drift = [row for row in rows if row["id"] == "T3"]
    assert drift[0]["measured"] == 0 and drift[-1]["measured"] > 0
    assert picture.read_bytes().startswith(b"<?xml")
    text = tfluck(*call, "--quiet")
    assert text.exit_code == 0 and "Assumption 3, teacher" in text.stdout


def test_a_run_without_a_teacher_is_refused(tfluck: Call, tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    from tfluck.data import describe
    from tfluck.experiment.scales import configure_pretraining

    config = configure_pretraining(dataset="digits", data=describe("digits"))
    run = make(tmp_path, config, "labels")
    result = tfluck("theory", "audit", run.layout.root)
    assert result.exit_code == 2 and "has no teacher" in result.stderr
