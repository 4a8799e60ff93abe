"""Evidence: what is made of courses, what is kept, and what is found again."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from papers.toy import GATE

from tfluck.foundations.errors import BadInput, TfluckError
from tfluck.papers import Claim, Paper, Part, load_paper
from tfluck.papers.cache import FOLDER, ROOMS, Task, code, keep, recall
from tfluck.papers.claim import read_paper
from tfluck.papers.computations import SEEDED, compute
from tfluck.papers.courses import Courses, courses, minus, number, parts_of
from tfluck.papers.figures import FIGURES, find_figure
from tfluck.papers.gathering import carry_out, gathered, perform, plan, tasks_of
from tfluck.papers.set_ups import same_direction
from tfluck.papers.trained import (
    Shelf,
    Wanted,
    distinct,
    wanted_by,
    wanted_by_figure,
)
from tfluck.runs import Row, Run, list_runs
from tfluck.runs.records import write_rows

RHO, NULL = "mean_best_correlation_live", "null_mean_best_correlation_live"


def student(**rows: Mapping[int | None, list[float]]) -> Courses:
    """Return courses over the epochs 0, 1, …, 10 or as many as are given."""
    return {
        (layer, metric): (np.arange(float(len(values))), np.array(values))
        for metric, layers in rows.items()
        for layer, values in layers.items()
    }


RISING = [0.2, 0.5, 0.6, 0.65, 0.7, 0.72, 0.75, 0.74, 0.76, 0.79, 0.8]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("start", 0.2),
        ("end", 0.8),
        ("change", 0.6),
        ("early", 0.5),
        ("late-growth", 0.08),
        ("average", sum(RISING[1:]) / 10),
        ("drift", 3.0),
        ("time-to-0.95", 11.0),
        ("fall", -3.0),
        ("above-null", 0.5),
        ("of-null", 0.3),
    ],
)
def test_what_is_made_of_a_course(value: str, expected: float) -> None:
    found = student(**{RHO: {0: RISING}, NULL: {0: [0.2] * 10 + [0.3]}})
    assert number(found, 0, RHO, value) == pytest.approx(expected)


def test_a_trend_counts_one_step_down() -> None:
    found = number(student(**{RHO: {0: RISING}}), 0, RHO, "tau")
    assert found is not None
    assert 0.9 < found < 1


@pytest.mark.parametrize("value", ["end", "change", "tau", "above-null"])
def test_what_is_not_there_is_no_number(value: str) -> None:
    whole = student(**{RHO: {0: RISING}})
    assert number(whole, 1, RHO, value) is None
    assert number({}, 0, RHO, value) is None
    lost = student(**{RHO: {0: [*RISING[:-1], np.nan]}})
    assert number(lost, 0, RHO, value) is None
    assert number(student(loss={None: [0.0, 1.0]}), None, "loss", "drift") is None


def claim(**given: Any) -> Claim:
    base = next(c for c in load_paper("luck-matters").claims if c.id == "F7.rho.fc-bn")
    return Claim(**(vars(base) | {"value": "end"} | given))


def test_layers_become_parts() -> None:
    pair = [
        student(**{RHO: {0: [0, 0.9], 1: [0, 0.5], 2: [0, 0.3]}}),
        student(**{RHO: {0: [0, 0.8], 1: [0, 0.4], 2: [0, 0.2]}}),
    ]

    def told(**given: Any) -> list[tuple[str, list[float | None]]]:
        parts = parts_of(claim(**given), pair, 3)
        rounded = [[v if v is None else round(v, 9) for v in p.values] for p in parts]
        return list(zip([p.name for p in parts], rounded, strict=True))

    assert told()[1] == ("layer 1", [0.5, 0.4])
    assert len(told()) == 3
    assert told(layers="lowest") == [("layer 0", [0.9, 0.8])]
    assert told(layers="mean") == [("mean of layers", [0.566666667, 0.466666667])]
    assert told(value="lowest-lead")[0][1] == [0.5, 0.5]
    assert told(quantity="loss", layers="none") == [("", [None, None])]


def test_differences_are_student_by_student() -> None:
    left, right = (Part("a", (3.0, None)),), (Part("b", (1.0, 2.0)),)
    assert minus(left, right) == (Part("a", (2.0, None)),)
    assert not minus(left, right)[0].whole
    assert minus(left, right)[0].known.tolist() == [2.0]


def test_courses_are_read_from_a_run(make_run: Callable[..., Run]) -> None:
    run = make_run()
    layout = run.layout.seed(run.seeds[0])
    layout.root.mkdir(parents=True)
    rows = [
        Row(0, "eval", None, "loss", 2.0),
        Row(1, "train", None, "loss", 9.0),
        Row(2, "eval", None, "loss", None),
        Row(1, "eval", None, "loss", 1.0),
    ]
    write_rows(layout.metrics, rows)
    epochs, values = courses(run)[run.seeds[0]][None, "loss"]
    assert epochs.tolist() == [0, 1, 2]
    assert values[:2].tolist() == [2.0, 1.0]
    assert np.isnan(values[2])


def test_what_was_computed_is_kept_sealed(tmp_path: Path) -> None:
    task = Task.of("computed", "proof", {"m": 3, "delta": 0.5})
    assert recall(tmp_path, task) is None
    kept = keep(tmp_path, task, {"unproved": 0, "worst": float("nan")})
    assert kept == recall(tmp_path, task) == {"unproved": 0, "worst": None}
    path = task.path(tmp_path)
    path.write_text(path.read_text().replace('"unproved": 0', '"unproved": 1'))
    assert recall(tmp_path, task) is None
    path.write_text(json.dumps({"found": {}}))
    assert recall(tmp_path, task) is None
    assert list_runs(tmp_path) == []


def test_other_settings_or_other_code_are_found_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = Task.of("computed", "proof", {"m": 3, "delta": 0.5})
    same = Task.of("computed", "proof", {"delta": 0.5, "m": 3})
    assert task.path(tmp_path) == same.path(tmp_path)
    other = Task.of("computed", "proof", {"m": 3, "delta": 0.4})
    assert task.path(tmp_path) != other.path(tmp_path)
    before = task.path(tmp_path)
    assert len(code("computed")) == 64
    assert len({code(room) for room in ROOMS}) == len(ROOMS)
    monkeypatch.setattr("tfluck.papers.cache.code", lambda room: "new")
    assert task.path(tmp_path) != before
    assert before.parent == tmp_path / FOLDER


@pytest.mark.parametrize(
    ("name", "settings", "key", "expected"),
    [
        ("gradient", {"m": 2, "dim": 2, "trials": 2}, "printed_error", 0.5),
        ("gradient", {"m": 2, "dim": 2, "trials": 2}, "corrected_error", 0),
        ("aligned", {"m": 3, "dim": 2, "trials": 3}, "residual", 0),
        ("aligned", {"m": 3, "dim": 2, "trials": 3}, "merge_error", 0),
        ("projection", {"m": 3, "trials": 3}, "error", 0),
        ("inequality", {"m": 2, "dim": 2, "samples": 30}, "violations", 0),
        ("critical", {"m": 1, "starts": 3}, "non_trivial", 0),
        ("spectrum", {"function": "relu"}, "pad", 1),
        ("spectrum", {"function": "cosines:1,1"}, "pad", 0),
        ("definite", {"m": 3, "function": "relu", "samples": 5}, "not_definite", 0),
        (
            "definite",
            {"m": 4, "function": "cosines:1,1", "samples": 5},
            "not_definite",
            5,
        ),
        ("signs", {"m": 3, "samples": 50}, "violated", 0),
        ("signs", {"m": 3, "samples": 50, "turn": 0.5}, "violated", 0),
        ("rational", {"m": 3, "denominator": 5, "samples": 10}, "violated", 0),
        ("search", {"m": 3, "function": "relu", "draws": 50, "rounds": 1}, "found", 0),
        ("proof", {"m": 3, "delta": 1.2}, "unproved", 0),
        (
            "at_angles",
            {"function": "sqrt-exponential", "angles": [1.0, 3.0, 5.0]},
            "violated",
            1,
        ),
        ("at_angles", {"function": "relu", "angles": [1.0, 3.0, 5.0]}, "violated", 0),
        ("surfaces", {"m": 3, "fixed": [{"1": 1.0}], "points": 9}, "violated", 0),
        ("functions", {"m": 3, "dim": 2, "trials": 3}, "error", 0),
        ("residuals", {"m": 3, "dim": 2, "trials": 5}, "wrong", 0),
        (
            "told_apart",
            {"ad": ["relu"], "others": ["cosines:1,-1"], "m": 4, "draws": 50},
            "wrong",
            0,
        ),
        # Swapped, all four judgements are wrong.
        (
            "told_apart",
            {"ad": ["cosines:1,-1"], "others": ["relu"], "m": 4, "draws": 50},
            "wrong",
            4,
        ),
        (
            "ranks",
            {"function": "cosines:1,1", "rank": 3, "sizes": [2, 5], "draws": 4},
            "wrong",
            0,
        ),
        (
            "ranks",
            {"function": "cosines:1,1", "rank": 4, "sizes": [5], "draws": 4},
            "wrong",
            4,
        ),
        (
            "correlations",
            {"samples": 100, "teachers": 4, "students": 8, "dead": 2},
            "excess",
            0,
        ),
    ],
)
def test_computations_find_what_is_known(
    name: str, settings: dict[str, Any], key: str, expected: float
) -> None:
    assert compute(name, settings)[key] == pytest.approx(expected, abs=1e-8)


def test_starts_give_a_number_each() -> None:
    settings = {"teachers": [0.3, 2.0], "students": 4, "steps": 5, "rate": 0.1}
    found = compute("descent", settings | {"seeds": 3})
    assert len({*np.ravel(found["loss"])}) == 3
    moved = compute("movement", {"widths": [2, 4], "steps": 3, "dim": 2, "seeds": 2})
    assert set(np.ravel(moved["tau"])) <= {-1.0, 1.0}
    stuck = {"teachers": 1, "students": 1, "dim": 2, "steps": 400, "rate": 0.5}
    found = compute("stuck", stuck | {"start": 0.5, "above": 1e-4, "seeds": 3})
    assert found["stuck"] == [0, 0, 0]
    assert compute("stuck", stuck | {"start": 0.5, "above": -1, "seeds": 2}) == {
        "stuck": [1, 1]
    }
    assert {"descent", "movement", "stuck"} == SEEDED


def test_an_unknown_computation_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="No computation"):
        compute("magic", {})
    with pytest.raises(BadInput, match="cannot be called"):
        compute("proof", {"n": 3})
    with pytest.raises(TfluckError, match="no check"):
        perform(Task.of("theory", "D1", {}), tmp_path)


def test_presets_of_one_experiment_are_one_run() -> None:
    names = ("luck-matters/figure-7-fc-bn", "luck-matters/figure-17-fc")
    both = [Wanted(name, {}, "smoke", 2) for name in names]
    assert [one.preset for one in distinct(both)] == [names[0]]
    changed = Wanted(names[0], {"multiplier": 2}, "smoke", 2)
    assert len(distinct([*both, changed])) == 2
    assert "--multiplier 2" in changed.command
    with pytest.raises(BadInput, match="pretrained teacher"):
        _ = Wanted("luck-matters/figure-8-fc-bn", {}, "smoke", 2).specified


BOTH = GATE.replace('["D1.gate"]', '["D1.gate", "T2-b.top"]')
PAPER = f"""
paper = "made"
title = "made"
level = 0.05
seeds = {{ smoke = 1, laptop = 1, paper = 1 }}
{BOTH}[[claims]]
id = "Q"
sentence = "s."
source = "s"
kind = "computed"
compute = "at_angles"
settings = {{ function = "relu", angles = [1.0, 2.0] }}
metric = "violated"
direction = "at most"
threshold = 0
test = "t"
judged_at = ["smoke"]
refuted_by = "r"
vacuous_if = "v"
[claims.scales.smoke]
angles = [1.0, 2.0, 3.0]
"""


@pytest.fixture
def small() -> Paper:
    return read_paper(PAPER, "made.toml")


def never(run: Run) -> None:
    raise AssertionError("nothing is to be trained")


def test_evidence_is_made_once_and_then_recalled(small: Paper, tmp_path: Path) -> None:
    todo = plan([small, small], "smoke", tmp_path)
    assert [task.name for task in todo.tasks] == ["D1.gate", "T2-b.top", "at_angles"]
    assert todo.tasks[-1].arguments["angles"] == [1.0, 2.0, 3.0]
    before = gathered(small, "smoke", tmp_path)
    assert not before["D1"].tried
    assert "Not" in before["D1"].note
    assert not before["Q"].parts
    done: list[object] = []
    carry_out(todo, tmp_path, never, ended=done.append)
    assert done == list(todo.tasks)
    assert plan([small], "smoke", tmp_path).tasks == ()
    assert len(plan([small], "laptop", tmp_path).tasks) == 1
    after = gathered(small, "smoke", tmp_path)
    assert [one.verdict for one in after["D1"].tried] == ["holds", "holds"]
    assert after["Q"].parts == (Part("violated", (0,)),)
    assert "angles [1.0, 2.0, 3.0]" in after["Q"].note


def test_an_interruption_loses_only_what_was_being_computed(
    small: Paper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(name: str, settings: Mapping[str, Any]) -> Any:
        raise KeyboardInterrupt

    todo = plan([small], "smoke", tmp_path)
    monkeypatch.setattr("tfluck.papers.gathering.compute", stopped)
    with pytest.raises(KeyboardInterrupt):
        carry_out(todo, tmp_path, never)
    left = plan([small], "smoke", tmp_path)
    assert [task.name for task in left.tasks] == ["at_angles"]


def test_seeds_belong_to_computations_that_draw_starts(small: Paper) -> None:
    shipped = load_paper("alignment")
    descents = [one for one in shipped.claims if one.compute == "descent"]
    task = tasks_of(descents[0], shipped, "laptop")[0]
    assert task.arguments["seeds"] == shipped.seeds["laptop"]
    assert "seeds" not in tasks_of(small.claims[1], small, "laptop")[0].arguments


def test_runs_that_are_missing_are_said_to_be(tmp_path: Path) -> None:
    given = claim(against="luck-matters/figure-7-fc-none")
    found = Shelf(tmp_path).evidence(given, "smoke", 2)
    assert found.parts == ()
    assert found.note.startswith("There is no run yet: tfluck train --preset")
    assert len(wanted_by(given, "smoke", 2)) == 2


def test_a_run_is_wanted_once_with_all_the_students_that_somebody_wants() -> None:
    name = "luck-matters/figure-9a-small-bn"
    few, many = Wanted(name, seeds=2), Wanted(name, seeds=5)
    other = Wanted(name, {"multiplier": 3}, seeds=1)
    assert distinct([few, other, many]) == [many, other]
    assert distinct([many, other, few]) == [many, other]


def test_a_figure_wants_the_runs_that_need_no_trained_teacher() -> None:
    found = wanted_by_figure(find_figure(17), "smoke")
    names = [one.preset.rpartition("/")[2] for one in found]
    assert names == ["figure-17-fc", "figure-17-cnn"]
    assert [one.scale for one in found] == ["smoke", "smoke"]
    assert not wanted_by_figure(find_figure(8), "smoke")
    assert not wanted_by_figure(find_figure(14), "smoke")


def test_figures_add_the_runs_that_no_claim_asks_for(tmp_path: Path) -> None:
    papers = [load_paper("luck-matters")]
    alone, both = (plan(papers, "laptop", tmp_path, f) for f in ((), FIGURES))
    digests = [one.digest for one in both.runs]
    assert len(set(digests)) == len(digests)
    assert digests[: len(alone.runs)] == [one.digest for one in alone.runs]
    added = [one.preset for one in both.runs[len(alone.runs) :]]
    assert added == ["luck-matters/figure-9b-finite-none"]
    assert both.tasks == alone.tasks
    drawn = {
        one.digest for figure in FIGURES for one in wanted_by_figure(figure, "laptop")
    }
    assert drawn <= set(digests)


def test_what_is_left_of_a_run_is_what_no_student_has_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = Wanted("luck-matters/figure-9a-small-bn", scale="smoke", seeds=4)
    assert wanted.left(tmp_path) == 1.0
    steps = wanted.specified[0].training.steps

    class Begun:
        seeds = (1, 2, 3)

        def seed_status(self, seed: int) -> dict[str, int]:
            return {1: {"step": steps}, 2: {"step": steps // 2}, 3: {}}[seed]

    monkeypatch.setattr(Wanted, "find", lambda self, root: Begun())
    assert wanted.left(tmp_path) == pytest.approx(
        1 - (steps + steps // 2) / (4 * steps)
    )


SETTING = {"preset": "luck-matters/figure-9a-small-none"}


def test_a_setting_that_is_not_the_paper_s_is_counted() -> None:
    right: dict[str, Any] = {"teacher_widths": [10, 15, 20, 25], "seeds": 5}
    assert compute("setting", SETTING | {"wanted": right}) == {"different": 0}
    wrong = right | {"seeds": 4, "outputs": 7}
    assert compute("setting", SETTING | {"wanted": wrong}) == {"different": 2}


def test_correlations_above_one_and_of_dead_nodes_are_seen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = {"samples": 50, "teachers": 3, "students": 6, "dead": 2}
    large = np.full((3, 6), 0.5)
    for place, value, excess in ((0, 1.25, 0.25), (5, -0.5, 0.5), (0, 1.0, 0.0)):
        planted = large.copy()
        planted[:, 4:] = 0
        planted[1, place] = value
        monkeypatch.setattr(
            "tfluck.papers.set_ups.correlation", lambda *_, found=planted: found
        )
        assert compute("correlations", given)["excess"] == excess


def test_nodes_of_one_direction_are_counted(tf: Any) -> None:
    rows = np.array([[1.0, 0.5], [0.5, 0.25], [-1.0, -0.5], [2.0, 1.0], [0.0, 1.0]])
    assert same_direction(rows) == 3
    assert same_direction(rows[2:]) == 0
    few = {"widths": [6], "inputs": 2, "teachers": 2}
    assert compute("separated", few | {"inputs": 8})["duplicates"] == 0
    assert int(np.ravel(compute("separated", few | {"widths": [20]})["duplicates"])[0])


def test_a_gradient_that_does_not_vanish_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = {"m": 3, "dim": 2, "trials": 4}
    for both, wrong in (((1e-3, 1e-3), 4), ((0.0, 0.0), 4), ((0.0, 1e-9), 8)):
        monkeypatch.setattr(
            "tfluck.papers.definitions._parts", lambda *_, found=both: found
        )
        assert compute("residuals", given)["wrong"] == wrong
