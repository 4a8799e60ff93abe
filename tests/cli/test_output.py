"""Tables stand straight, and a summary does not keep quiet about what went wrong."""

import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from making import make

from tfluck.cli.output import table
from tfluck.cli.summaries import result_text
from tfluck.runs.warnings import warnings


def columns(line: str) -> str:
    """Return what a terminal shows in one column each."""
    return "".join(sign for sign in line if not unicodedata.combining(sign))


def test_a_combining_mark_moves_no_column() -> None:
    rows = [
        {"ρ̄ start": 0.5, "layer": 1, "x̄": "a"},
        {"ρ̄ start": 10.25, "layer": 2, "x̄": "b"},
    ]
    head, *lines = map(columns, table(rows).splitlines())
    assert head.index("layer") + len("layer") == lines[0].index("1") + 1
    assert {line.index(name) for line, name in zip(lines, "ab", strict=True)} == {
        head.index("x")
    }
    assert head.startswith("ρ start") and lines[1].startswith("  10.25")


def test_a_wide_sign_takes_two_columns() -> None:
    head, line = table([{"本": "a", "n": 1}]).splitlines()
    assert head == "本  n" and line == "a   1"


def layer(
    rho: tuple[list[Any], list[Any]], dead: tuple[list[Any], list[Any]], index: int = 0
) -> dict[str, Any]:
    pair = [dict(zip(("initial", "final"), both, strict=True)) for both in (rho, dead)]
    return {
        "layer": index,
        "student_nodes": 80,
        "mean_best_correlation_live": pair[0],
        "dead_student_nodes": pair[1],
    }


def test_dead_students_and_a_fallen_rho_are_told() -> None:
    """The conv run without BatchNorm of which 58 of 80 students died."""
    found = warnings([layer(([0.167], [0.037]), ([3], [58]), 3)], [1], 256)
    assert len(found) == 2
    assert "58 of 80 student nodes of layer 3 are dead" in found[0]
    assert "seed 1; 3 before" in found[0]
    assert "ρ̄ of layer 3 fell from 0.167 to 0.037" in found[1]


@pytest.mark.parametrize(
    ("dead", "end", "told"),
    [(8, 0.5, 0), (9, 0.5, 1), (8, 0.439, 0), (8, 0.437, 1), (8, 0.9, 0)],
)
def test_a_tenth_and_the_noise_are_the_bounds(dead: int, end: float, told: int) -> None:
    """1/√256 is 0.0625."""
    assert len(warnings([layer(([0.5], [end]), ([0], [dead]))], [1], 256)) == told


def test_the_worst_student_speaks_and_the_unknown_are_silent() -> None:
    rho = [0.5, 0.5, None, 0.5], [0.4, 0.1, None, 0.9]
    dead = [0, 1, None, 2], [20, 30, None, None]
    found = warnings([layer(rho, dead)], [3, 4, 5, 6], 1000)
    assert "30 of 80" in found[0] and "seed 4; 1 before" in found[0]
    assert "to 0.100 (seed 4)" in found[1]
    assert warnings([layer(([None], [None]), ([None], [None]))], [1], 1000) == []


def summary(**layers: Any) -> dict[str, Any]:
    nothing: dict[str, list[None]] = {"initial": [None], "final": [None]}
    one = {
        "layer": 0,
        "teacher_nodes": 4,
        "live_teacher_nodes": [3],
        "null": [0.9],
        "null_live": [0.25],
        "mean_best_correlation_live": {"initial": [0.5], "final": [0.75]},
        "mean_rank": {"initial": [None], "final": [None]},
        "dead_student_nodes": nothing,
    }
    return {
        "run": "runs/a",
        "status": "finished",
        "seeds": [1],
        "epochs": 0,
        "steps_per_second": None,
        "layers": [one | layers],
        "warnings": [],
        "loss": {"initial_eval": [1.0], "final_eval": [1.0]},
        "accuracy": {"initial": [0.5], "final": [0.5], "teacher_accuracy": None},
    }


def test_rho_and_its_null_are_both_over_live_teacher_nodes() -> None:
    text = result_text(summary())
    assert "live teacher nodes" in text
    assert "0.250" in text and "0.900" not in text
    older = result_text(summary(null_live=[None]))
    assert "0.900" not in older, "an older run has no null that could stand beside ρ̄"


def test_a_run_with_warnings_is_not_just_finished() -> None:
    assert "(finished, " in result_text(summary())
    assert "(finished with 1 warning, " in result_text(
        summary() | {"warnings": ["ρ̄ fell."]}
    )


def test_every_seed_keeps_its_place(make_run: Any) -> None:
    """Only the last of three students has begun."""
    from tfluck.runs import Journal, Row, summarize

    run = make_run(seeds=3)
    layout = run.layout.seed(3)
    layout.root.mkdir(parents=True)
    name = "mean_best_correlation_live"
    Journal(layout.metrics).append([Row(0, "eval", 0, name, 0.3)])
    found = summarize(run)
    assert found["layers"][0][name] == {
        "initial": [None, None, 0.3],
        "final": [None, None, 0.3],
    }
    assert found["loss"]["final_eval"] == [None] * 3


def test_a_title_says_which_run_at_which_scale_by_which_preset(
    tmp_path: Path,
) -> None:
    from tfluck.cli.summaries import heading
    from tfluck.experiment.scales import configure

    preset = "luck-matters/figure-7-fc-bn"
    config = configure("smoke", epochs=0)
    asked = {"scale": "smoke", "preset": preset}
    run = make(tmp_path, config, "mine", record=asked)
    plain = make(tmp_path / "python", config, "mine")
    words = "gaus, fc 5-8 ×10, BatchNorm after-relu, 0 epochs"
    assert heading(run) == (
        f"mine, 1 student: {words}, scale\N{NO-BREAK SPACE}smoke, "
        f"preset\N{NO-BREAK SPACE}{preset}"
    )
    assert heading(plain, 3) == f"mine, student 3: {words}"


def test_the_list_of_runs_counts_warnings(tfluck: Any, tmp_path: Path) -> None:
    from tfluck.experiment.scales import configure
    from tfluck.runs.seal import write_object

    runs = {
        name: make(tmp_path, configure("smoke", seed=seed), name).layout
        for seed, name in enumerate(("fell", "well", "torn", "new"))
    }
    write_object(runs["fell"].summary, {"warnings": ["ρ̄ fell."]})
    write_object(runs["well"].summary, {"warnings": []})
    runs["torn"].summary.write_text("{")
    result = tfluck("runs", "list", "--out", tmp_path, "--json")
    rows = {row["run"]: row["warnings"] for row in json.loads(result.stdout)["runs"]}
    assert rows == {"fell": 1, "well": 0, "torn": None, "new": None}
