"""The hunt: its merit, its stages, and what it takes for a counterexample."""

import math

import numpy as np
import pytest

from tfluck.angular import AngularFunction, associated, hunt, parse
from tfluck.angular.matrices import TURN, least_gap
from tfluck.angular.search import _best, _prove, merit
from tfluck.foundations.errors import BadInput


def test_merit_by_its_definition() -> None:
    function = parse("relu")
    angles = np.random.default_rng(1).random((4, 5)) * TURN
    matrix, right = associated(function, angles)
    found = merit(function, angles)
    for n in range(5):
        theta = angles[:, n]
        weights = np.linalg.solve(matrix[:, :, n], right[:, n])
        values = []
        for j in range(4):
            others = [i for i in range(4) if i != j]
            spread = math.prod(abs(math.sin((theta[i] - theta[j]) / 2)) for i in others)
            below = math.prod(math.sin(theta[i] / 2) for i in others)
            values.append(weights[j] * spread / below)
        assert found[n] == pytest.approx(min(values), rel=1e-8)


def test_merit_is_positive_exactly_at_counterexamples() -> None:
    good = np.array([[1.5], [3.0], [4.5]])
    assert merit(parse("triangle:1,1"), good)[0] > 0
    assert merit(parse("relu"), good)[0] < 0
    # Where it makes no sense it is the worst there is.
    assert merit(parse("relu"), np.array([[0.0], [1.0], [2.0]]))[0] == -np.inf
    assert merit(parse("relu"), np.array([[1.0], [1.0], [2.0]]))[0] == -np.inf


def test_the_best_come_first() -> None:
    pool = np.arange(10.0).reshape(2, 5)
    scores = np.array([3.0, -np.inf, 5.0, 4.0, 1.0])
    kept, sorted_scores = _best(pool, scores, 3)
    assert sorted_scores.tolist() == [5, 4, 3]
    assert kept.tolist() == [[2, 3, 0], [7, 8, 5]]
    assert _best(pool, scores, 99)[1].size == 5


def test_hopefuls_are_put_to_the_proof() -> None:
    function = parse("triangle:1,1")
    pool = np.array([[4.5, 1.0], [1.5, 1.1], [3.0, 1.2]])
    found = _prove(function, pool, np.array([0.5, -1.0]), 77)
    assert (found.found, found.tried, found.strategy) == (True, 77, "random")
    assert found.check.angles == (1.5, 3.0, 4.5)  # sorted
    # A positive score that the proof does not confirm is no counterexample.
    wrong = _prove(parse("relu"), pool, np.array([0.5, 0.1]), 5)
    assert not wrong.found
    assert wrong.check.angles == (1.5, 3.0, 4.5)
    # With no hope at all the first is looked at.
    hopeless = _prove(function, pool[:, ::-1], np.array([-1.0, -2.0]), 5)
    assert hopeless.check.angles == (1.0, 1.1, 1.2)
    # A later candidate may be the one.
    second = _prove(function, pool[:, ::-1], np.array([0.2, 0.1]), 5)
    assert second.found
    assert second.check.angles == (1.5, 3.0, 4.5)


def test_random_draws_find_what_is_common() -> None:
    found = hunt(parse("poisson:0.9"), 3, draws=100, rounds=0, gap=0.05)
    assert (found.found, found.strategy, found.tried) == (True, "random", 4096)
    assert found.nodes == ()


def test_the_ascent_counts_its_rounds_and_keeps_its_gaps() -> None:
    found = hunt(parse("relu"), 3, seed=2, draws=5000, rounds=7, gap=0.3)
    assert (found.found, found.strategy) == (False, "ascent")
    assert found.tried == 2 * 4096 + 7 * 512
    theta = np.array(found.check.angles)
    assert least_gap(theta[:, None])[0] >= 0.3
    # It comes closer than the draws alone do.
    before = hunt(parse("relu"), 3, seed=2, draws=5000, rounds=0, gap=0.3)
    assert (
        merit(parse("relu"), theta[:, None])[0]
        >= (merit(parse("relu"), np.array(before.check.angles)[:, None])[0])
    )


def test_exact_candidates_come_first_and_only_without_a_gap() -> None:
    found = hunt(parse("poisson:0.5"), 3)
    assert (found.strategy, found.tried) == ("exact", 1)
    assert [str(node) for node in found.nodes] == ["pi/2", "pi", "-pi/2"]
    assert hunt(parse("poisson:0.5"), 3, gap=0.01).strategy == "random"


def test_exact_candidates_are_counted_when_they_fail() -> None:
    found = hunt(parse("relu"), 3, draws=4096, rounds=1)
    assert found.tried == 289 + 4096 + 512


def test_the_same_seed_hunts_alike() -> None:
    one, two, other = (
        hunt(parse("relu"), 3, seed, draws=4096, rounds=2, gap=0.2)
        for seed in (4, 4, 5)
    )
    assert one.check.angles == two.check.angles
    default = hunt(parse("relu"), 3, draws=4096, rounds=0, gap=0.2)
    zero = hunt(parse("relu"), 3, 0, draws=4096, rounds=0, gap=0.2)
    assert default.check.angles == zero.check.angles
    assert one.check.angles != other.check.angles


def test_callables_are_hunted_without_certificates() -> None:
    own = AngularFunction("bump", None, callable=parse("triangle:1,1").values)
    found = hunt(own, 3, draws=4096, rounds=0)
    assert found.found
    assert not found.check.certified
    assert found.check.verdict == "violated"


@pytest.mark.parametrize("gap", [TURN / 4, 2.0])
def test_gaps_that_do_not_fit(gap: float) -> None:
    with pytest.raises(BadInput) as caught:
        hunt(parse("relu"), 3, gap=gap)
    assert str(caught.value) == (
        f"No 3 students and a teacher have gaps of {gap:g} all round."
    )


def test_the_conjecture_begins_at_three() -> None:
    with pytest.raises(BadInput, match="must be 3 to 32 here; it is 2"):
        hunt(parse("relu"), 2)
