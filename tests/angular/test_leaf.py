"""One leaf: determinants in balls, turning points of the distance, and halving."""

import math
from itertools import permutations

import pytest
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st

from tfluck.angular import AngularFunction, parse
from tfluck.angular.engine import precision
from tfluck.angular.leaf import (
    PATIENCE,
    _determinant,
    _holds,
    is_negative,
    kernel,
    sides,
    upper_bound,
)
from tfluck.foundations.errors import BadInput

few = settings(max_examples=25)


@few
@given(m=st.integers(2, 4), data=st.data())
def test_determinants_by_permutations(m: int, data: st.DataObject) -> None:
    entry = st.integers(-6, 6)
    rows = [[data.draw(entry) for _ in range(m)] for _ in range(m)]
    total = 0
    for order in permutations(range(m)):
        flips = sum(order[i] > order[j] for j in range(m) for i in range(j))
        term = (-1) ** flips
        for r, c in enumerate(order):
            term *= rows[r][c]
        total += term
    assert _determinant([[arb(x) for x in row] for row in rows]) == total


def test_sides_are_centres_and_radii_in_radians() -> None:
    with precision(100):
        centre, radius = sides(((0.25, 0.5), (0.5, 0.0)))
        assert centre[0].overlaps(arb.pi())
        assert radius[0].overlaps(arb.pi() / 2)
        assert centre[1].overlaps(arb.pi())
        assert radius[1].is_zero()


@pytest.mark.parametrize(
    ("gap", "slope"),
    [
        # K(δ) = cos δ, so its slope is −sin δ in the gap, whichever way round.
        (1.0, -math.sin(1.0)),
        (-1.0, math.sin(1.0)),
        (4.0, -math.sin(4.0)),
        (-4.0, math.sin(4.0)),
        (5.5, -math.sin(5.5)),
    ],
)
def test_the_slope_turns_with_the_gap(gap: float, slope: float) -> None:
    with precision(100):
        value, over, found = kernel(parse("cosines:0,1"), arb(gap), arb(1e-6))
        assert float(value.mid()) == pytest.approx(math.cos(gap), abs=1e-14)
        assert float(found.mid()) == pytest.approx(slope, abs=1e-5)
        assert float(found.rad()) < 3e-6
        assert over.contains(value)
        assert float(over.rad()) == pytest.approx(abs(slope) * 1e-6, rel=1e-2)


@pytest.mark.parametrize(
    "gap", [0.0, 1e-3, -1e-3, math.pi, math.pi + 1e-3, 6.2831, -6.2831]
)
def test_where_the_distance_turns_the_slope_may_have_either_sign(gap: float) -> None:
    with precision(100):
        _, _, slope = kernel(parse("linear"), arb(gap), arb(0.01))
        # f′ = −1: the slope of K is +1 on one side and −1 on the other.
        assert slope.contains(1)
        assert slope.contains(-1)
        assert slope.rad() < 1.01


def test_a_point_is_a_box_without_sides() -> None:
    # det M_2 of relu at 1, 2, 3 … turns: −6.615….
    turns = [x / (2 * math.pi) for x in (1.0, 2.0, 3.0)]
    box = tuple((x, 0.0) for x in turns)
    with precision(100):
        bound = upper_bound(parse("relu"), box, 2)
        assert float(bound.mid()) == pytest.approx(-6.615405752972879834, rel=1e-14)
        assert float(upper_bound(parse("relu"), box, 1).mid()) == pytest.approx(
            9.395156461442690725, rel=1e-14
        )
        assert float(upper_bound(parse("relu"), box, 3).mid()) == pytest.approx(
            2.912558075314679038, rel=1e-14
        )
    assert is_negative(parse("relu"), box, 2)
    assert not is_negative(parse("relu"), box, 1)


def test_bounds_grow_with_the_box() -> None:
    bounds = []
    for width in (0.0, 2.0**-12, 2.0**-9, 2.0**-6):
        box = tuple((x, width) for x in (0.15, 0.3, 0.45))
        with precision(64):
            bounds.append(float(upper_bound(parse("relu"), box, 2).mid()))
    assert bounds == sorted(bounds)


@pytest.mark.parametrize(
    ("low", "width", "patience"),
    [
        ((0.15, 0.375, 0.625), 2.0**-4, 1),
        ((0.2, 0.45, 0.7), 2.0**-4, 0),
        ((0.15, 0.375, 0.625), 2.0**-3, 5),
        ((0.125, 0.25, 0.5), 2.0**-3, 99),
    ],
)
def test_how_often_a_box_must_be_halved(
    low: tuple, width: float, patience: int
) -> None:
    function, box = parse("relu"), tuple((x, width) for x in low)
    with precision(64):
        assert bool(upper_bound(function, box, 2) < 0) is (patience == 0)
        answers = [_holds(function, box, 2, p) for p in range(PATIENCE + 1)]
    assert answers == [p >= patience for p in range(PATIENCE + 1)]
    assert is_negative(function, box, 2) is (patience <= PATIENCE)


def test_halves_cover_their_box_and_the_longest_side_goes_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[tuple] = []

    def bound(function: object, box: tuple, target: int) -> arb:
        seen.append(box)
        return arb(1) if max(width for _, width in box) > 0.25 else arb(-1)

    monkeypatch.setattr("tfluck.angular.leaf.upper_bound", bound)
    assert _holds(parse("relu"), ((0.0, 0.25), (0.25, 0.5), (0.0, 0.125)), 2, 3)
    assert seen == [
        ((0.0, 0.25), (0.25, 0.5), (0.0, 0.125)),
        ((0.0, 0.25), (0.25, 0.25), (0.0, 0.125)),
        ((0.0, 0.25), (0.5, 0.25), (0.0, 0.125)),
    ]


def test_a_box_that_holds_a_zero_is_never_negative() -> None:
    # At θ_1 = θ_2 every determinant vanishes.
    box = ((0.2, 0.1), (0.2, 0.1), (0.6, 0.01))
    assert not is_negative(parse("relu"), box, 2)


def test_functions_without_a_slope_are_refused() -> None:
    own = AngularFunction("own", lambda e, t: e.cos(t))
    with pytest.raises(BadInput, match="own states no slope"):
        is_negative(own, ((0.1, 0.01), (0.3, 0.01), (0.6, 0.01)), 2)
