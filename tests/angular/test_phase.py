"""The family 1/(1 + n^p): folded sums, marks, and what they are allowed to claim."""

import math
from fractions import Fraction as F

import numpy as np
import pytest
from flint import arb

from tfluck.angular import check, parse, phase_diagram
from tfluck.angular.angle import parse_angle
from tfluck.angular.clusters import Witness
from tfluck.angular.criteria import Criterion
from tfluck.angular.engine import precision
from tfluck.angular.matrices import TURN, distance
from tfluck.angular.phase import (
    GRID,
    TABLE_ERROR,
    Point,
    _coincident,
    _point,
    decay_family,
    folded_table,
    random_share,
)
from tfluck.angular.spectral import power
from tfluck.foundations.errors import BadInput


@pytest.mark.parametrize("decay", [F(5, 2), F(7)])
def test_the_table_is_the_function_in_balls(decay: F) -> None:
    table, function = folded_table(float(decay)), power(decay)
    assert table.shape == (GRID // 2 + 1,)
    with precision(100):
        for j in (0, 1, 700, GRID // 2):
            exact = function.ball(2 * arb.pi() * j / GRID)
            assert abs(exact - arb(float(table[j]))) < arb(TABLE_ERROR)


def test_the_family_looks_distances_up() -> None:
    family = decay_family(2.5)
    table = folded_table(2.5)
    angles = np.array([0, 1, 5, 4095, 2048]) * (TURN / GRID)
    found = family.values(distance(angles, 0.0))
    np.testing.assert_array_equal(found, table[[0, 1, 5, 1, 2048]])
    assert family.name == "decay 2.5"
    assert family.float_error == TABLE_ERROR
    assert not family.provable
    assert family.certifiable
    with precision(64):
        assert family.series.coefficient(0) == arb(1) / 2
        assert abs(family.series.coefficient(4) - arb(1) / 33) < 1e-15


@pytest.mark.parametrize("decay", [1.09, 20.1, -1.0])
def test_decays_outside(decay: float) -> None:
    words = f"The decay must be between 1.1 and 20; it is {decay!r}."
    for call in (decay_family, lambda p: phase_diagram([p])):
        with pytest.raises(BadInput) as caught:
            call(decay)
        assert str(caught.value) == words
    assert decay_family(1.1).name == "decay 1.1"
    assert decay_family(20).name == "decay 20"


@pytest.mark.parametrize(
    ("decays", "sizes", "samples"), [([], (3,), 5), ([2.0], (), 5), ([2.0], (3,), 0)]
)
def test_nothing_to_do(decays: list, sizes: tuple, samples: int) -> None:
    with pytest.raises(BadInput) as caught:
        phase_diagram(decays, sizes, samples)
    assert str(caught.value) == (
        "The phase diagram needs decays, sizes m ≥ 3 and samples ≥ 1."
    )


def test_coincident_columns_do_not_count() -> None:
    step = TURN / GRID
    angles = np.array([[1, 5, 9], [1, 6, 100], [7, 700, 9]]) * step
    assert _coincident(angles).tolist() == [True, False, True]


@pytest.mark.parametrize(("decay", "share"), [(1.5, 1.0), (2.0, 0.0), (7.0, 0.0)])
def test_shares_at_the_ends(decay: float, share: float) -> None:
    # A1: all weights are positive; A3: none of them all.
    assert random_share(decay, 3, 200, 1) == share
    assert random_share(decay, 3, 200, 1) == random_share(decay, 3, 200, 1)


UNDECIDED = Criterion("none", "undecided", "")


@pytest.mark.parametrize(
    ("decision", "theorem", "m", "found", "mark", "said", "tried"),
    [
        ("nw", "A3", 3, False, "certified absence", "A3", 10),
        ("zero", "A10", 3, False, "exactly zero", "A10", 10),
        ("positive", "A1", 3, True, "certified violation", "A1", 52),
        ("fails", "A4", 3, True, "certified violation", "A4", 52),
        # A4 is about three nodes.
        ("fails", "A4", 4, True, "certified violation", None, 52),
        ("fails", "A4", 4, False, "none found", None, 52),
        ("undecided", "none", 3, True, "certified violation", None, 52),
        ("undecided", "none", 3, False, "none found", None, 52),
    ],
)
def test_what_a_mark_may_claim(
    decision: str,
    theorem: str,
    m: int,
    found: bool,
    mark: str,
    said: str | None,
    tried: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nodes = tuple(parse_angle(x) for x in ("1.5", "3", "4.5"))
    witness = Witness(nodes, check(parse("triangle:1,1"), nodes)) if found else None
    monkeypatch.setattr("tfluck.angular.phase.hunt_exactly", lambda f, m: (witness, 42))
    monkeypatch.setattr("tfluck.angular.phase.random_share", lambda *x: 0.25)
    point = _point(parse("relu"), Criterion(theorem, decision, ""), F(5, 2), m, 10, 0)
    assert (point.mark, point.theorem, point.tried) == (mark, said, tried)
    assert (point.decay, point.m, point.random_share) == (2.5, m, 0.25)
    assert (point.witness is None) == (not found)
    if found:
        assert point.nodes == nodes
        assert point.nearest == pytest.approx(1.5)
    else:
        assert point.nodes is None
        assert math.isnan(point.nearest)


def test_the_nearest_node_keeps_what_doubles_lose() -> None:
    nodes = tuple(parse_angle(x) for x in ("-1e-40", "2e-40", "1"))
    made = Point(2.1, 3, "none found", None, None, nodes, 0, 0.0)
    assert made.nearest == pytest.approx(1e-40, rel=1e-12)


def test_points_come_by_decay_and_then_by_size() -> None:
    heard: list[int] = []
    found = phase_diagram([7, F(34, 5)], (3, 4), 20, progress=heard.append)
    assert [(p.decay, p.m) for p in found.points] == [
        (7, 3),
        (7, 4),
        (6.8, 3),
        (6.8, 4),
    ]
    assert {p.mark for p in found.points} == {"certified absence"}
    assert {p.theorem for p in found.points} == {"A3"}
    assert heard == [1] * 4
    assert found.samples == 20
    with pytest.raises(BadInput, match="must be 3 to 32 here; it is 2"):
        phase_diagram([7], (3, 2))
