"""Tickets are trained as the whole student was, kept, and found again."""

import dataclasses
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tfluck.foundations.errors import BadInput, Damaged, Interrupted
from tfluck.runs import Run, open_run
from tfluck.runs.correlations import read_matrices
from tfluck.runs.seal import read_arrays
from tfluck.studies.arms import Plan, folder_name, is_done, make_plan, ticket_run
from tfluck.studies.driver import todo, train_all, train_of_seed
from tfluck.studies.outcomes import outcomes

Finished = Callable[[str], Run]
FILES = ("initial_weights", "final_weights", "metrics", "ranks")


def copied(run: Run, place: Path) -> Run:
    """Copy a run without its tickets, for a test that must begin without any."""
    folder = place / run.name
    shutil.copytree(run.layout.root, folder, ignore=shutil.ignore_patterns("tickets"))
    return open_run(folder)


def plan_of(
    run: Run, *arms: str, keep: tuple[int, ...] = (1,), rewind: int = 0
) -> Plan:
    return make_plan(run, arms, keep, rewind, seeds=1)


@pytest.mark.parametrize("kind", ["dense", "dense-norm", "conv", "residual"])
def test_a_ticket_of_all_nodes_is_the_full_training_bit_for_bit(
    finished: Finished, kind: str
) -> None:
    run = finished(kind)
    train_all(run, plan_of(run, "lucky", keep=(99,)))
    ours = ticket_run(run, "lucky", 99).layout.seed(1)
    theirs = run.layout.seed(1)
    for name in FILES:
        assert getattr(ours, name).read_bytes() == getattr(theirs, name).read_bytes()
    last = ours.epochs()[-1]
    assert ours.correlation(last).read_bytes() == theirs.correlation(last).read_bytes()


@pytest.mark.parametrize("kind", ["dense-norm", "conv", "residual"])
def test_the_winners_start_where_they_started(finished: Finished, kind: str) -> None:
    """Kept nodes keep their weights from each other; a loop over layers says which."""
    from tfluck.studies.tickets import Whole

    run = finished(kind)
    whole = Whole(run, 1)
    ticket = whole.ticket("lucky", 1, 0)
    found = read_matrices(run, 1)
    for index, group in enumerate(whole.groups):
        winners = set()
        for layer in group:
            winners |= set(found.rho[layer][found.live[layer]].argmax(axis=1))
        # Where no teacher node is alive one student stays all the same.
        assert set(ticket.kept[index]) == (winners or {0})
    start = whole.at(0)
    model = ticket.network.build(lambda name, fan_in: {}, "net")
    model.set_weights(ticket.start)
    kernel = start.get_layer("layer1_linear").kernel.numpy()
    ours = model.get_layer("layer1_linear").kernel.numpy()
    np.testing.assert_array_equal(
        ours, kernel[..., ticket.kept[0], :][..., ticket.kept[1]]
    )


def test_new_starts_have_the_scale_of_the_small_or_of_the_full_net(
    finished: Finished,
) -> None:
    from tfluck.studies.tickets import Whole

    whole = Whole(finished("dense"), 1)
    small, full = (whole.ticket(arm, 1, 0) for arm in ("reinit", "reinit-full"))
    assert small.network == full.network == whole.ticket("lucky", 1, 0).network
    # Kernel and bias of layer 1, which reads 3 winners of 9 nodes.
    fan_in = len(small.kept[0])
    for ticket, bound in ((small, fan_in**-0.5), (full, 9**-0.5)):
        sizes = np.concatenate([np.abs(array).ravel() for array in ticket.start[2:4]])
        assert bound / 2 < sizes.max() <= bound
    own = whole.ticket("lucky", 1, 0)
    assert not np.array_equal(full.start[0], own.start[0])


def test_all_arms_are_as_large_as_the_winners(finished: Finished) -> None:
    from tfluck.analysis.leaders import CHOOSE
    from tfluck.studies.tickets import Whole

    whole = Whole(finished("dense"), 2)
    lucky = whole.choose("lucky", 1)
    for arm in CHOOSE:
        kept = whole.choose(arm, 1)
        assert [len(nodes) for nodes in kept] == [len(nodes) for nodes in lucky]
        for nodes in kept:
            assert np.array_equal(nodes, np.unique(nodes))
    for won, other in zip(lucky, whole.choose("twin", 1), strict=True):
        assert not np.intersect1d(won, other).size


def test_what_is_trained_is_kept_and_not_trained_again(
    finished: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = copied(finished("dense"), tmp_path)
    plan = plan_of(run, "lucky", "random")
    assert todo(run, plan) == [1]
    train_of_seed(plan, str(run.layout.root), 1, run.places, until=1)
    done = [is_done(ticket_run(run, arm, 1), 1) for arm in plan.arms]
    assert sorted(done) == [False, True], "another process takes the next turn"
    train_all(run, plan)
    assert todo(run, plan) == [] and len(outcomes(run, plan)) == 3

    def never(*arguments: Any, **named: Any) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr("tfluck.studies.tickets.train_tickets", never)
    train_all(run, plan)
    again = plan_of(run, "lucky", "random", "first")
    assert todo(run, again) == [1]
    with pytest.raises(AssertionError):
        train_all(run, again)


def test_a_stopped_ticket_goes_on_to_the_same_bits(
    finished: Finished, tmp_path: Path
) -> None:
    from tfluck.studies.tickets import train_tickets

    whole, run = finished("dense-norm"), copied(finished("dense-norm"), tmp_path)
    train_all(whole, plan_of(whole, "lucky"))
    plan, asked = plan_of(run, "lucky"), iter([None, None, signal.SIGTERM])
    with pytest.raises(Interrupted):
        train_tickets(run, 1, plan, stop_asked=lambda: next(asked))
    ticket = ticket_run(run, "lucky", 1)
    assert not is_done(ticket, 1)
    assert 0 < ticket.seed_status(1)["step"] < run.experiment.training.steps
    train_all(run, plan)
    for name in FILES:
        ours = getattr(ticket.layout.seed(1), name)
        theirs = getattr(ticket_run(whole, "lucky", 1).layout.seed(1), name)
        assert ours.read_bytes() == theirs.read_bytes()


def test_rewinding_goes_on_from_the_weights_of_that_epoch(
    finished: Finished, tmp_path: Path
) -> None:
    """Of all nodes, with the weights of epoch 1: the rest of the full training."""
    run = copied(finished("dense"), tmp_path)
    train_all(run, plan_of(run, "lucky", keep=(99,), rewind=1))
    ours = ticket_run(run, "lucky", 99, 1).layout.seed(1)
    theirs = run.layout.seed(1)
    assert ours.final_weights.read_bytes() == theirs.final_weights.read_bytes()
    start, middle = ours.initial_weights, theirs.kept_weights(1)
    assert start.read_bytes() == middle.read_bytes()
    assert ours.epochs() == [2]


def test_a_new_start_has_nothing_to_rewind(finished: Finished) -> None:
    plan = make_plan(finished("dense"), rewind=1)
    assert not {"reinit", "reinit-full"} & set(plan.arms)
    with pytest.raises(BadInput, match="nothing to rewind"):
        make_plan(finished("dense"), ("reinit",), rewind=1)


def test_a_ticket_of_other_nodes_is_not_gone_on_with(
    finished: Finished, tmp_path: Path
) -> None:
    run = copied(finished("dense"), tmp_path)
    plan = plan_of(run, "magnitude")
    train_all(run, plan)
    layout = ticket_run(run, "magnitude", 1).layout.seed(1)
    kept = read_arrays(layout.kept_nodes)
    assert sorted(kept) == ["layer0", "layer1"]
    layout.status.unlink()
    for path in layout.checkpoints.iterdir():
        path.unlink()
    from tfluck.runs.seal import write_arrays

    write_arrays(layout.kept_nodes, kept | {"layer0": kept["layer0"][:1]})
    with pytest.raises(Damaged, match="other nodes than are chosen now"):
        train_all(run, plan)


def test_arms_that_diverge_are_done_and_have_no_loss(
    finished: Finished, tmp_path: Path
) -> None:
    run = copied(finished("dense"), tmp_path)
    hot = run.experiment.but(lr=((0, 1e30),))
    plan = plan_of(run, "random")
    train_all(dataclasses.replace(run, experiment=hot), plan)
    assert todo(run, plan) == []
    full, arm = outcomes(run, plan)
    assert full.loss[0] is not None and arm.loss == [None] and arm.log_loss == [None]


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"arms": ("luckiest",)}, "no arm 'luckiest'; choose of full, lucky"),
        ({"arms": ()}, "at least one arm"),
        ({"keep": (2, 0)}, "--keep 0 keeps nobody"),
        ({"rewind": 5}, "No weights of epoch 5 are kept"),
        ({"rewind": 2}, "leaves nothing to train"),
        ({"seeds": 3}, "has 2 students, not 3"),
        ({"seeds": 0}, "has 2 students, not 0"),
    ],
)
def test_what_cannot_be_done_gets_a_sentence(
    finished: Finished, given: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(BadInput, match=sentence):
        make_plan(finished("dense"), **given)


def test_a_run_that_is_not_finished_is_refused(make_run: Callable[..., Run]) -> None:
    with pytest.raises(BadInput, match=r"Student 1 of .* is new; .*tfluck resume"):
        make_plan(make_run())


def test_names_of_folders_tell_all_that_counts() -> None:
    assert folder_name("lucky", 3, 0) == "lucky-keep-3"
    assert folder_name("lucky", 3, 2) == "lucky-keep-3-rewind-2"


def test_twins_are_not_invented(finished: Finished) -> None:
    """Of three nodes a teacher node, two each win: no other is left for every one."""
    run = finished("dense")
    with pytest.raises(BadInput, match="not a twin for each"):
        train_all(run, plan_of(run, "twin", keep=(3,)))
