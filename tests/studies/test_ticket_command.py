"""What ``tfluck ticket`` and ``tfluck used`` print; what is said of figure 3."""

import csv
import io
import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result

from tfluck.analysis.paired import Paired
from tfluck.analysis.usage import participation
from tfluck.runs import Run
from tfluck.studies.figure_3 import verdicts
from tfluck.studies.outcomes import Difference

NONE = Paired(0, None, None, None, None)


def difference(arm: str, against: str, low: float, high: float) -> Difference:
    """A comparison whose loss differs by a factor between ``low`` and ``high``."""
    ends = math.log(low), math.log(high)
    found = Paired(5, sum(ends) / 2, ends, 0.5, 0.5)
    return Difference(arm, 1, against, found, NONE, [])


@pytest.mark.parametrize(
    ("arm", "against", "low", "high", "verdict"),
    [
        ("lucky", "full", 0.8, 1.09, "holds"),
        ("lucky", "full", 0.8, 1.2, "not decided"),
        ("lucky", "full", 1.01, 1.2, "does not hold"),
        ("lucky", "full", 0.2, 0.8, "holds"),
        ("lucky", "random", 0.5, 0.9, "holds"),
        ("lucky", "random", 0.9, 1.1, "not decided"),
        ("lucky", "random", 1.1, 1.2, "does not hold"),
        ("reinit", "lucky", 1.01, 1.5, "holds"),
        ("reinit-full", "lucky", 0.9, 1.5, "not decided"),
        ("reinit-full", "lucky", 0.5, 0.9, "does not hold"),
    ],
)
def test_an_interval_decides(
    arm: str, against: str, low: float, high: float, verdict: str
) -> None:
    (found,) = verdicts([difference(arm, against, low, high)])
    assert found.verdict == verdict
    assert f"({low:.3g}–{high:.3g})" in found.sentence


def test_one_student_decides_nothing() -> None:
    alone = Difference("lucky", 1, "full", Paired(1, 2.0, None, None, None), NONE, [])
    assert verdicts([alone])[0].verdict == "not decided"
    # Arms that figure 3 does not speak of are not judged.
    assert verdicts([difference("first", "random", 0.5, 0.9)]) == []


@pytest.fixture(scope="module")
def result(finished: Callable[[str], Run]) -> Any:
    """The JSON of three arms of two students, each at two sizes."""
    from click.testing import CliRunner

    from tfluck.cli.studies.ticket import command

    root = finished("dense").layout.root.parent
    words = ["dense", "--jobs", "1", "--json", "--keep", "1,2"]
    words += ["--arms", "lucky,random,reinit-full"]
    done = CliRunner().invoke(command, [*words, "--out", str(root)])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_arms_and_differences_fit_each_other(result: Any) -> None:
    arms = {(arm["arm"], arm["keep"]): arm for arm in result["arms"]}
    assert len(arms) == 7 and arms["full", None]["widths"] == [[9, 12]] * 2
    by = {(d["arm"], d["keep"], d["against"]): d for d in result["differences"]}
    assert len(by) == 2 * (2 + 1 + 3)
    ours, theirs = arms["lucky", 2]["loss"], arms["random", 2]["loss"]
    logs = np.log(ours) - np.log(theirs)
    found = by["lucky", 2, "random"]
    assert found["log_loss"] == pytest.approx(logs.mean()) and found["pairs"] == 2
    assert found["p_exact"] in (0.5, 1.0)
    layer = found["mean_best_correlation_live"][1]["difference"]
    key = "mean_best_correlation_live"
    rho = np.array(arms["lucky", 2][key]) - np.array(arms["random", 2][key])
    assert layer == pytest.approx(rho[:, 1].mean())
    assert {v["claim"][:8] for v in result["verdicts"]} == {"figure 3", "luck: th"}


def test_the_full_arm_is_the_run_s_own_table(
    result: Any, finished: Callable[[str], Run]
) -> None:
    from tfluck.runs import tidy_rows

    rows = {
        seed: row.value
        for seed, row in tidy_rows(finished("dense"))
        if (row.epoch, row.split, row.metric) == (2, "eval", "loss")
    }
    assert result["arms"][0]["loss"] == [rows[1], rows[2]]


def test_table_csv_and_figure(
    result: Any, tfluck: Callable[..., Result], runs: Path, tmp_path: Path
) -> None:
    """Nothing is trained any more."""
    picture = tmp_path / "tickets.png"
    words = ("dense", "--arms", "lucky,random,reinit-full", "--out", runs)
    shown = tfluck("ticket", *words, "--plot", picture)
    assert shown.exit_code == 0 and "figure 3 (b)" in shown.stdout
    assert "is the comparison that matters" in shown.stdout
    assert picture.stat().st_size > 5000 and "steps" not in shown.stderr
    told = tfluck("ticket", *words, "--keep", "1,2", "--csv", "--plot", picture)
    table = list(csv.DictReader(io.StringIO(told.stdout)))
    assert len(table) == 7 * 2 * (2 + 2 * 2)
    losses = [
        float(row["value"])
        for row in table
        if (row["arm"], row["keep"], row["metric"]) == ("random", "1", "loss")
    ]
    random = next(a for a in result["arms"] if (a["arm"], a["keep"]) == ("random", 1))
    assert losses == random["loss"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("dense --keep 0", "--keep 0 keeps nobody"),
        ("dense --keep x", "--keep takes whole numbers"),
        ("dense --arms winners", "no arm 'winners'"),
        ("dense --csv --json", "one of --csv and --json"),
        ("dense --seeds 9", "has 2 students, not 9"),
    ],
)
def test_wrong_words_get_a_sentence(
    tfluck: Callable[..., Result], runs: Path, arguments: str, sentence: str
) -> None:
    found = tfluck("ticket", *arguments.split(), "--out", runs)
    assert found.exit_code == 2 and sentence in found.stderr


def test_used_counts_nodes_and_compares_two_runs(
    tfluck: Callable[..., Result], runs: Path, finished: Callable[[str], Run]
) -> None:
    finished("dense-norm")
    found = tfluck("used", "dense", "dense-norm", "--out", runs, "--json")
    assert found.exit_code == 0, found.stderr
    told = json.loads(found.stdout)
    assert len(told["rows"]) == 2 * 2 * 2 and len(told["differences"]) == 2 * 4
    for row in told["rows"]:
        assert 1 <= row["winners"] <= (3, 4)[row["layer"]]
        assert 1 <= row["participation"] <= row["nodes"]
        assert 1 <= row["read"] <= row["nodes"]
    reads = [row["read"] for row in told["rows"] if row["layer"] == 0]
    layer, *_ = (d for d in told["differences"] if d["count"] == "read")
    assert layer["difference"] == np.mean(reads[2:]) - np.mean(reads[:2])
    assert (
        "second − first" in tfluck("used", "dense", "dense-norm", "--out", runs).stdout
    )


def test_participation_counts_equals() -> None:
    assert participation(np.array([2.0, 2.0, 0.0, 2.0])) == pytest.approx(3)
    assert participation(np.array([1e200, 0.0])) == 1
    assert participation(np.zeros(4)) == 0
