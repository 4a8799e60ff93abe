"""The float64 search for a proof: intervals, bounds over boxes, and what it leaves out."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfluck.angular import AngularFunction, parse, propose
from tfluck.angular.branch import (
    Interval,
    _bound,
    _determinant,
    _judge,
    _outside,
    _pair_intervals,
    children,
)
from tfluck.angular.matrices import TURN, determinants_by_definition, distance
from tfluck.angular.tree import leaves
from tfluck.foundations.errors import BadInput

few = settings(max_examples=25)
numbers = st.floats(-5, 5)
radii = st.floats(0, 2)
shares = st.floats(-1, 1)


def interval(mid: float, rad: float) -> Interval:
    return Interval(np.array([mid]), np.array([rad]))


@few
@given(numbers, radii, numbers, radii, shares, shares)
def test_products_and_sums_hold_those_of_their_points(
    a: float, r: float, b: float, s: float, x: float, y: float
) -> None:
    one, other = interval(a, r), interval(b, s)
    left, right = a + x * r, b + y * s
    found = one * other
    assert abs(left * right - found.mid[0]) <= found.rad[0] + 1e-12
    for sign in (1.0, -1.0):
        total = one.plus(other, sign)
        assert abs(left + sign * right - total.mid[0]) <= total.rad[0] + 1e-12
        assert total.rad[0] == r + s
    # The corner farthest from the middle is reached.
    ends = [
        abs((a + p * r) * (b + q * s) - a * b) for p, q in product((-1, 1), (-1, 1))
    ]
    assert found.rad[0] == pytest.approx(max(ends), abs=1e-12)


@few
@given(seed=st.integers(0, 2**32 - 1), m=st.integers(1, 4))
def test_determinants_of_intervals(seed: int, m: int) -> None:
    random = np.random.default_rng(seed)
    mid, rad = random.standard_normal((m, m)), random.random((m, m)) * 0.1
    entries = [[interval(mid[i, j], rad[i, j]) for j in range(m)] for i in range(m)]
    found = _determinant(entries)
    assert found.mid[0] == pytest.approx(np.linalg.det(mid), abs=1e-12)
    for _ in range(5):
        inside = mid + rad * random.choice([-1, 1], (m, m))
        assert abs(np.linalg.det(inside) - found.mid[0]) <= found.rad[0] + 1e-12


@pytest.mark.parametrize("name", ["relu", "poisson:0.7", "cosines:1,2,0.5"])
def test_pairs_hold_values_and_slopes_over_the_box(name: str) -> None:
    function, random = parse(name), np.random.default_rng(3)
    centre = np.sort(random.random((3, 60)) * TURN, axis=0)
    radius = 10.0 ** random.uniform(-4, -0.5, (3, 60))
    pairs = _pair_intervals(function, centre, radius)
    assert sorted(pairs) == [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    for _ in range(6):
        points = centre + radius * random.uniform(-1, 1, (3, 60))
        everyone = np.concatenate([np.zeros((1, 60)), points])
        for (i, j), (value, slope) in pairs.items():
            there = function.values(distance(everyone[j], everyone[i]))
            assert (np.abs(there - value.mid) <= value.rad + 1e-12).all()
            step = 1e-6
            ends = [
                function.values(distance(everyone[j] + s * step, everyone[i]))
                for s in (1, -1)
            ]
            chord = (ends[0] - ends[1]) / (2 * step)
            assert (np.abs(chord - slope.mid) <= slope.rad + 1e-4).all()


@pytest.mark.parametrize("name", ["relu", "poisson:0.5"])
@pytest.mark.parametrize(("m", "target"), [(3, 2), (3, 3), (4, 2), (4, 3)])
def test_no_point_of_a_box_is_above_its_bound_and_small_boxes_reach_it(
    name: str, m: int, target: int
) -> None:
    function, random = parse(name), np.random.default_rng(m)
    centre = np.sort(random.random((m, 40)) * TURN, axis=0)
    for size, reached in ((0.05, 0.0), (1e-6, 0.85)):
        radius = np.full((m, 40), size)
        pairs = _pair_intervals(function, centre, radius)
        diagonal = float(function.values(np.zeros(1))[0])
        bound, widths = _bound(pairs, diagonal, target, radius)
        middle = determinants_by_definition(function, centre)[1][target - 1]
        assert widths.shape == (m, 40)
        np.testing.assert_allclose(
            bound - middle, widths.sum(axis=0), rtol=1e-6, atol=1e-12
        )
        best = np.full(40, -np.inf)
        for signs in product((-1.0, 1.0), repeat=m):
            corner = centre + radius * np.array(signs)[:, None]
            there = determinants_by_definition(function, corner)[1][target - 1]
            assert (there <= bound + 1e-11).all()
            best = np.maximum(best, there)
        share = (best - middle) / (bound - middle)
        assert np.median(share) > reached


@pytest.mark.parametrize(
    ("low", "width", "outside"),
    [
        ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), False),
        # θ_1 + θ_m ≥ 2π: the mirror image is looked at instead.
        ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5), True),
        ((0.25, 0.25, 0.75), (0.25, 0.5, 0.25), True),
        ((0.25, 0.25, 0.5), (0.25, 0.5, 0.25), False),
        # Some gap is below δ = 0.1 turns throughout.
        ((0.0, 0.25, 0.5), (0.0625, 0.25, 0.25), True),
        ((0.0, 0.25, 0.5), (0.125, 0.25, 0.25), False),
        ((0.25, 0.25, 0.5), (0.0625, 0.0625, 0.25), True),
        ((0.125, 0.25, 0.9375), (0.125, 0.25, 0.0), True),
        # Out of order.
        ((0.25, 0.125, 0.5), (0.125, 0.125, 0.25), True),
    ],
)
def test_which_boxes_have_no_point_of_the_region(
    low: tuple, width: tuple, outside: bool
) -> None:
    found = _outside(np.array(low)[:, None], np.array(width)[:, None], 0.1 * TURN)
    assert found.tolist() == [outside]


def test_children_are_halves_side_by_side() -> None:
    low = np.array([[0.0, 0.5], [0.25, 0.5]])
    width = np.array([[0.5, 0.25], [0.5, 0.5]])
    lows, widths = children(low, width, np.frombuffer(b"ba", dtype=np.uint8))
    assert lows.T.tolist() == [[0, 0.25], [0, 0.5], [0.5, 0.5], [0.625, 0.5]]
    assert widths.T.tolist() == [[0.5, 0.25]] * 2 + [[0.125, 0.5]] * 2
    none = children(low, width, np.frombuffer(b".2", dtype=np.uint8))
    assert none[0].shape == (2, 0)
    # Only what is split has children.
    one = children(low, width, np.frombuffer(b".a", dtype=np.uint8))
    assert one[0].T.tolist() == [[0.5, 0.5], [0.625, 0.5]]
    assert width[0].tolist() == [0.5, 0.25]


def test_symbols_say_outside_proved_or_where_to_split() -> None:
    low = np.array([[0.5, 0.2], [0.5, 0.45], [0.5, 0.7]])
    width = np.array([[0.5, 1e-6], [0.5, 1e-6], [0.5, 1e-6]])
    assert _judge(parse("relu"), low, width, 0.1).tobytes() == b".2"
    # A long side is halved first.
    wide = np.array([[0.1], [1e-3], [1e-3]])
    assert _judge(parse("poisson:0.9"), low[:, 1:], wide, 0.1).tobytes() == b"a"
    flat = np.array([[1e-3], [1e-3], [0.1]])
    assert _judge(parse("poisson:0.9"), low[:, 1:], flat, 0.1).tobytes() == b"c"


def test_a_search_counts_its_boxes_and_reports_them() -> None:
    heard: list[int] = []
    tree = propose(parse("relu"), 3, 0.9, progress=heard.append)
    assert tree.status == "proved"
    assert tree.boxes == sum(heard) == len(tree.symbols)
    assert heard[0] == 1
    # Every split has two children and nothing is left over.
    splits = sum(symbol in b"abc" for symbol in tree.symbols)
    assert tree.boxes == 1 + 2 * splits
    claimed = [leaf for batch in leaves(tree.symbols, 3, 0.9) for leaf in batch]
    assert len(claimed) == tree.symbols.count(b"2")
    assert {target for _, target in claimed} == {2}
    assert tree.seconds >= 0


def test_chunks_do_not_change_the_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = propose(parse("relu"), 3, 1.0)
    monkeypatch.setattr("tfluck.angular.branch._CHUNK", 5)
    assert propose(parse("relu"), 3, 1.0).symbols == whole.symbols


def test_a_search_stops_at_its_limit() -> None:
    tree = propose(parse("poisson:0.8"), 3, 0.4, max_boxes=500)
    assert tree.status == "undecided"
    assert 500 <= tree.boxes < 2000
    assert propose(parse("relu"), 3, 0.9, max_boxes=1).boxes == 1


@pytest.mark.parametrize("m", [2, 5])
def test_only_three_and_four_students(m: int) -> None:
    with pytest.raises(BadInput) as caught:
        propose(parse("relu"), m, 0.5)
    assert str(caught.value) == f"Branch and bound is built for m = 3 and 4; m is {m}."


def test_without_a_slope_nothing_is_bounded() -> None:
    own = AngularFunction("own", lambda e, t: e.cos(t))
    with pytest.raises(BadInput) as caught:
        propose(own, 3, 0.5)
    assert str(caught.value) == "own states no slope and curvature to bound it with."


def test_the_region_is_really_without_counterexamples() -> None:
    tree = propose(parse("relu"), 3, 1.0)
    assert tree.status == "proved"
    random = np.random.default_rng(0)
    angles = np.sort(random.random((3, 4000)) * TURN, axis=0)
    gaps = np.diff(np.vstack([np.zeros(4000), angles, np.full(4000, TURN)]), axis=0)
    inside = angles[:, gaps.min(axis=0) >= 1.0]
    dets = determinants_by_definition(parse("relu"), inside)[1]
    assert dets.min(axis=0).max() < 0
    assert inside.shape[1] > 30
