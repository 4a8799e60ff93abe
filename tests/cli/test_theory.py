"""``tfluck theory``: tables, JSON, exit codes, refusals."""

import json
from collections.abc import Callable

import pytest
from click.testing import Result

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


WRONG = [("check", "T9"), ("check", "T4.x"), ("nonsense",)]


@pytest.mark.parametrize("arguments", WRONG, ids=" ".join)
def test_wrong_input_is_refused(tfluck: Call, arguments: tuple) -> None:
    result = tfluck("theory", *arguments)
    assert result.exit_code == 2, result.output
    assert "Traceback" not in result.stderr
