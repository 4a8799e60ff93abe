"""Studies upon runs as evidence: planted students for whom a claim is true, and false."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tfluck.analysis.dominance import dominance
from tfluck.analysis.relu_net import Affine, ReluNet
from tfluck.foundations.errors import BadInput
from tfluck.papers import Claim, Evidence, Judgement, Part, judge_all, load_paper
from tfluck.papers.cache import keep
from tfluck.papers.gathering import perform, plan, tasks_of
from tfluck.papers.studied import (
    joined,
    parts_of_study,
    reduced,
    studies_of,
    study_evidence,
    task_of,
    ticket_differences,
    tickets_plan,
)
from tfluck.papers.trained import Wanted, wanted_by
from tfluck.papers.upon_runs import (
    Found,
    diagonals,
    flatness,
    pruning,
    rank_correlation,
    ratio,
    shared_by,
    sharing,
    sharpness,
    study,
    usage,
    weights,
)
from tfluck.runs import Run
from tfluck.studies.outcomes import Arm

PAPER = load_paper("luck-matters")
STUDIED = [one for one in PAPER.claims if one.kind == "study"]
RUN: Any = SimpleNamespace(
    experiment=SimpleNamespace(
        training=SimpleNamespace(epochs=3, targets="labels"),
        network=SimpleNamespace(student_widths=(3,)),
        graph=lambda: None,
    )
)


def shipped(name: str) -> Claim:
    return next(one for one in STUDIED if one.id == name)


def judged(claim: Claim, evidence: Evidence, scale: str = "laptop") -> Judgement:
    alone = replace(PAPER, claims=(claim,))
    return judge_all(alone, {claim.id: evidence}, scale)[0]


def five(value: float) -> tuple[float, ...]:
    return tuple(value + 0.001 * np.linspace(-1, 1, 5))


@pytest.mark.parametrize("claim", STUDIED, ids=[one.id for one in STUDIED])
def test_planted_students_decide_each_claim(claim: Claim) -> None:
    assert claim.threshold is not None
    # So far off that it lies beyond a weaker threshold too.
    side = 2.0 if claim.direction == "greater" else -2.0
    for shift, verdict in ((side, "reproduced"), (-side, "not reproduced")):
        parts = tuple(Part(n, five(claim.threshold + shift)) for n in ("a", "b"))
        assert judged(claim, Evidence(parts, sampled=True)).verdict == verdict
    assert judged(claim, Evidence(parts, sampled=True), "smoke").note == (
        "Cannot be judged at the scale smoke."
    )


def view_of(
    monkeypatch: pytest.MonkeyPatch, rho: Sequence[Sequence[float]], fan_out: Any
) -> None:
    """Plant a student of one layer: its ρ, and the norm of each node's fan-out."""
    matrices = SimpleNamespace(rho=[np.array(rho)], live=[np.ones(len(rho), bool)])
    kernels = [np.ones((2, len(fan_out))), np.array(fan_out, float)[:, None]]
    view = SimpleNamespace(matrices=matrices, kernels=kernels)
    loaded = SimpleNamespace(view=lambda *_, **__: view)
    monkeypatch.setattr("tfluck.instruments.loaded.load_run", lambda run: loaded)


RHO = [[0.9, 0.8, 0.1, 0.3], [0.1, 0.2, 0.7, 0.95]]


def test_large_fan_out_of_the_best_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    # Students 0 and 3 win; best ρ is .9, .8, .7, .95.
    view_of(monkeypatch, RHO, [3.0, 2.0, 1.0, 4.0])
    good = weights(RUN, 1)
    assert good["spearman"] == {"layer 0": pytest.approx(1)}
    assert good["winners_larger"] == {"layer 0": 1}
    view_of(monkeypatch, RHO, [2.0, 3.0, 4.0, 1.0])
    bad = weights(RUN, 1)
    assert bad["spearman"] == {"layer 0": pytest.approx(-1)}
    assert bad["winners_larger"] == {"layer 0": 0}


def test_few_and_many_that_share_a_teacher_node(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rho = np.repeat([[0.9, 0.1], [0.2, 0.8]], 4, axis=1)
    view_of(monkeypatch, rho.tolist(), [5, 0, 0, 0, 0, 0, 3, 0])
    assert sharing(RUN, 1) == {"participation": {"layer 0": 1}}
    view_of(monkeypatch, rho.tolist(), [1] * 8)
    assert sharing(RUN, 1) == {"participation": {"layer 0": pytest.approx(4)}}
    # Three equal ones of one node, a single one of the other.
    mixed = np.array([[0.9, 0.9, 0.9, 0.1], [0.2, 0.5, 0.2, 0.8], [0.0] * 4])
    assert shared_by(mixed, np.ones(4)) == pytest.approx(2)
    assert shared_by(np.zeros((0, 4)), np.ones(4)) is None


def dominances(*squares: Any) -> list[dict[str, Any]]:
    draw = np.random.default_rng(0)
    names = ("h_cross", "beta_cross")
    return [
        {n: dominance(s, draw) for n, s in zip(names, squares, strict=True)},
    ]


def test_diagonals_that_rise_and_that_do_not() -> None:
    flat, near, nearer = (np.ones((4, 4)) + k * np.eye(4) for k in (0, 5, 50))
    found = diagonals(dominances(flat, flat), dominances(nearer, near))
    assert found["diagonals"] == {
        "layer 0, H* rises": pytest.approx(50),
        "layer 0, β* rises": pytest.approx(5),
        "layer 0, H* over β*": pytest.approx(45),
    }
    hits = found["hits_above_null"]["layer 0"]
    assert hits is not None and hits == pytest.approx(0.75, abs=0.05)
    fallen = diagonals(dominances(nearer, near), dominances(flat, flat + np.eye(4)))
    assert all(v is not None and v < 0 for v in fallen["diagonals"].values())
    alone = diagonals(dominances(*[np.ones((1, 1))] * 2), dominances(flat, flat))
    assert alone["diagonals"]["layer 0, H* rises"] is None


@pytest.mark.usefixtures("tf")
@pytest.mark.parametrize(("winners", "others"), [(8.0, 2.0), (1.0, 3.0), (-1.0, 1.0)])
def test_curvature_of_winners_over_others(
    monkeypatch: pytest.MonkeyPatch, winners: float, others: float
) -> None:
    curvature = np.array([winners] * 3 + [others] * 5 + [7.0])
    surface = SimpleNamespace(product=lambda v: curvature * v, parameters=9, model=None)
    codes = np.array([1] * 3 + [2] * 5 + [3], np.uint8)
    matrices = SimpleNamespace(rho=[], live=[])
    for name, value in {
        "tfluck.papers.upon_runs.read_matrices": matrices,
        "tfluck.studies.run_flatness.run_surface": surface,
        "tfluck.networks.curvature.touched_codes": codes,
    }.items():
        monkeypatch.setattr(name, lambda *_, found=value: found)
    found = flatness(RUN, 1, samples=9, products=30)["curvature_ratio"][""]
    wanted = winners / others if winners > 0 else None
    assert found == (None if wanted is None else pytest.approx(wanted))
    assert ratio(1.0, 0.0) is None


@pytest.mark.usefixtures("tf")
def test_pruning_by_what_tells_and_by_what_misleads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first node carries the output; the second has the large weights, cancelled."""
    from tfluck.analysis.losses import SquaredError
    from tfluck.studies.pruning import Subject

    x = np.abs(np.random.default_rng(0).normal(size=(40, 2))) + 0.1

    def lossy(fan_in: Sequence[float], fan_out: Sequence[float]) -> Found:
        kernel = np.diag(np.array(fan_in, float))
        layers = (
            Affine(kernel, np.array([0.0, -1e3 * (fan_in[1] > 5)])),
            Affine(np.array(fan_out, float)[:, None], np.zeros(1)),
        )
        net = ReluNet(layers)
        target = SquaredError(net.activations(x)[-1])
        subject = Subject(None, net, x, target, x, target)
        monkeypatch.setattr("tfluck.studies.pruning.of_run", lambda *_: subject)
        return pruning(RUN, 1, share=0.5, samples=40)

    # A node that is never on has all the norm: only modulation knows it is idle.
    found = lossy([1.0, 9.0], [1.0, 9.0])["loss_by_norm"]
    assert all(value is not None and value > 0.01 for value in found.values())
    # What has the larger norms also matters more: nobody beats anybody.
    same = lossy([2.0, 1.0], [2.0, 1.0])
    assert same["loss_by_norm"] == {"fan-in": 0, "fan-out": 0}
    assert same["agreement"]["layer 0"] == pytest.approx(1)
    assert rank_correlation(np.ones(3), np.arange(3.0)) is None


@pytest.mark.parametrize(("fan_out", "used"), [([9, 0, 0], 1), ([1, 1, 1], 3)])
def test_used_nodes_of_a_net_that_learned_labels(
    monkeypatch: pytest.MonkeyPatch, fan_out: Sequence[float], used: float
) -> None:
    above = Affine(np.array(fan_out, float)[:, None], np.zeros(1))
    net = ReluNet((Affine(np.eye(3), np.zeros(3)), above))
    monkeypatch.setattr("tfluck.studies.labelled.network_of", lambda *_: net)
    monkeypatch.setattr("tfluck.studies.labelled.evaluated", lambda _: np.ones((4, 3)))
    assert usage(RUN, 1) == {"used": {"layer 0": pytest.approx(used)}}


@pytest.mark.parametrize(("largest", "wanted"), [(np.e, 1.0), (-1.0, None)])
def test_sharpness_is_a_logarithm(
    monkeypatch: pytest.MonkeyPatch, largest: float, wanted: float | None
) -> None:
    monkeypatch.setattr("tfluck.studies.labelled.sharpest", lambda *_: largest)
    found = sharpness(RUN, 1, samples=5)["log_sharpness"][""]
    assert found == (None if wanted is None else pytest.approx(wanted))


def arm(name: str, *losses: float | None) -> Arm:
    count = len(losses)
    return Arm(name, None, [(1,)] * count, [*losses], [None] * count, [[None]] * count)


def test_tickets_that_matter_and_that_do_not() -> None:
    arms = [arm("full", 1, 1), arm("lucky", 1, 2), arm("reinit", np.e, None)]
    found = ticket_differences(arms)
    assert found["reinit_minus_lucky"][""] == [pytest.approx(1), None]
    assert found["lucky_minus_full"][""] == [0, pytest.approx(np.log(2))]
    assert "random_minus_lucky" not in found
    better = ticket_differences([arm("lucky", 3), arm("random", 1)])
    assert better["random_minus_lucky"][""] == [pytest.approx(-np.log(3))]


def test_students_are_joined_part_by_part() -> None:
    found = joined([{"m": {"a": 1.0, "b": 2.0}}, {}, {"m": {"a": 3.0}}])
    assert found == {"m": {"a": [1.0, None, 3.0], "b": [2.0, None, None]}}
    assert parts_of_study(found, "m")[0] == Part("a", (1.0, None, 3.0))
    assert parts_of_study(found, "other") == ()
    with pytest.raises(BadInput, match="No study"):
        study("magic", RUN, 1, {})


def planted(
    monkeypatch: pytest.MonkeyPatch, make_run: Callable[..., Run], ends: Sequence[str]
) -> Run:
    """Let every wanted run be one whose students ended so."""
    run = make_run(seeds=len(ends))
    told = dict(zip(run.seeds, ends, strict=True))
    monkeypatch.setattr(Run, "seed_status", lambda _, seed: {"status": told[seed]})
    monkeypatch.setattr(Wanted, "find", lambda *_: run)
    return run


def test_a_student_that_diverged_has_no_numbers_and_is_told(
    monkeypatch: pytest.MonkeyPatch, make_run: Callable[..., Run], tmp_path: Path
) -> None:
    run = planted(monkeypatch, make_run, ("finished", "diverged"))
    monkeypatch.setattr(
        "tfluck.papers.studied.study", lambda *_: {"participation": {"layer 0": 2.0}}
    )
    [task] = studies_of(shipped("X4"), "smoke", 2)
    found = perform(task, tmp_path)
    assert found["participation"] == {"layer 0": [2.0, None]}
    assert found["note"] == f"Seed {run.seeds[1]} is diverged."
    keep(tmp_path, task, found)
    evidence = study_evidence(shipped("X4"), "smoke", 2, tmp_path)
    assert evidence.parts == (Part("layer 0", (2.0, None)),)
    assert evidence.sampled
    assert judged(shipped("X4"), evidence).note == found["note"]
    [tickets] = studies_of(shipped("X5"), "smoke", 2)
    assert tickets_plan(tickets, tmp_path) is None
    assert "is diverged" in perform(tickets, tmp_path)["note"]


def test_a_study_that_refuses_is_told(
    monkeypatch: pytest.MonkeyPatch, make_run: Callable[..., Run], tmp_path: Path
) -> None:
    def refuses(*_: object) -> None:
        raise BadInput("No weights.")

    run = planted(monkeypatch, make_run, ("finished",))
    monkeypatch.setattr("tfluck.papers.studied.study", refuses)
    [task] = studies_of(shipped("X3"), "smoke", 1)
    assert perform(task, tmp_path) == {"note": f"Seed {run.seeds[0]}: No weights."}


def test_two_runs_are_held_together_student_by_student(
    monkeypatch: pytest.MonkeyPatch, make_run: Callable[..., Run], tmp_path: Path
) -> None:
    planted(monkeypatch, make_run, ("finished",) * 2)
    claim = shipped("X1")
    own, other = wanted_by(claim, "smoke", 2)
    assert "labels-shuffled" in own.command
    for wanted, values in ((own, [5.0, 6.0]), (other, [1.0, 1.0])):
        found = {"used": {"layer 0": values}}
        keep(tmp_path, task_of(claim, wanted, "smoke"), found)
    evidence = study_evidence(claim, "smoke", 2, tmp_path)
    assert evidence.parts == (Part("layer 0", (4.0, 5.0)),)


def test_data_that_are_not_here_are_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Wanted, "lacks", "Install the digits.")
    claim = shipped("X1")
    alone = replace(PAPER, claims=(claim,))
    assert plan([alone], "smoke", tmp_path).size == 0
    found = judged(claim, study_evidence(claim, "smoke", 2, tmp_path), "smoke")
    assert (found.verdict, found.note) == ("needs data", "Install the digits.")


def test_studies_wait_for_runs_and_are_asked_for_once(tmp_path: Path) -> None:
    todo = plan([PAPER], "smoke", tmp_path)
    names = [task.name for task in todo.studies]
    assert names.count("tickets") == names.count("pruning") == 1
    assert names.count("usage") == 2
    assert {task.room for task in todo.studies} == {"studied", "computed"}
    assert not {task.room for task in todo.tasks} - {"theory", "computed"}
    evidence = study_evidence(shipped("X7"), "smoke", 2, tmp_path)
    assert not evidence.parts
    assert evidence.note == "Not studied yet."
    task = tasks_of(shipped("X7"), PAPER, "laptop")[0]
    assert task.arguments["options"]["samples"] == 1000
    assert "1000 samples in place of 4000" in reduced(shipped("X7"), "laptop")
