"""Enclosures of determinants, against determinants of rational numbers, and exact zeros."""

from dataclasses import replace
from fractions import Fraction as F
from itertools import permutations

import pytest
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st

from tfluck.angular import parse
from tfluck.angular.angle import Angle, parse_angle
from tfluck.angular.balls import (
    Enclosures,
    _replaced,
    ball_distance,
    ball_matrix,
    certified,
    degenerate,
    enclose,
)
from tfluck.angular.engine import Engine, precision, rational

few = settings(max_examples=25)


def nodes(text: str) -> list[Angle]:
    return [parse_angle(part) for part in text.split(",")]


def leibniz(rows: list[list[F]]) -> F:
    total = F(0)
    for order in permutations(range(len(rows))):
        flips = sum(order[i] > order[j] for j in range(len(rows)) for i in range(j))
        term = F((-1) ** flips)
        for row, column in enumerate(order):
            term *= rows[row][column]
        total += term
    return total


def bump(x: F, y: F) -> F:
    """Return 1/2 + max(0, 1 − 3t/4): a triangle of width 4/3, at rational distances."""
    return F(1, 2) + max(F(0), 1 - F(3, 4) * abs(x - y))


@few
@given(
    st.lists(
        st.fractions(0, 3, max_denominator=20), min_size=1, max_size=4, unique=True
    )
)
def test_determinants_of_rational_matrices_lie_in_their_balls(points: list) -> None:
    width = F(4, 3)

    def formula(e: Engine, t: object) -> object:
        return e.number(F(1, 2)) + e.ramp(1 - t / e.number(width))

    function = replace(parse("triangle:1"), formula=formula, series=None, exact=None)
    found = enclose(function, [Angle.of(x) for x in points], 128)
    m = len(points)
    matrix = [[bump(x, y) for y in points] for x in points]
    with precision(256):
        assert found.det.contains(rational(leibniz(matrix)))
        assert found.det.rad() < arb(1e-30)
        for i in range(m):
            columns = [F(0) if j == i else points[j] for j in range(m)]
            exact = leibniz([[bump(x, y) for y in columns] for x in points])
            assert found.dets[i].contains(rational(exact))


def test_distances_of_doubles_and_of_exact_angles() -> None:
    with precision(128):
        assert ball_distance(1.0, 3.0) == 2
        assert ball_distance(3.0, 1.0) == 2
        assert ball_distance(0.5, 6.0).overlaps(2 * arb.pi() - arb(5.5))
        assert ball_distance(Angle.of(F(1, 10)), 0.0).overlaps(arb(1) / 10)
        assert not ball_distance(Angle.of(F(1, 10)), 0.0).overlaps(arb(0.1))
        assert ball_distance(0.0, Angle.of(F(0), F(3, 2))).overlaps(arb.pi() / 2)


def test_the_matrix_has_b_as_its_last_column() -> None:
    with precision(128):
        rows = ball_matrix(parse("linear"), [1.0, 3.0])
        gap = [[float(x.mid()) for x in row] for row in rows]
    pi = 3.141592653589793
    expected = [[pi, pi - 2, pi - 1], [pi - 2, pi, pi - 3]]
    for row, wanted in zip(gap, expected, strict=True):
        assert row == pytest.approx(wanted, abs=1e-15)


def test_a_column_is_replaced_by_b() -> None:
    rows = [[1, 2, 9], [3, 4, 8]]
    assert _replaced(rows, -1) == [[1, 2], [3, 4]]
    assert _replaced(rows, 0) == [[9, 2], [8, 4]]
    assert _replaced(rows, 1) == [[1, 9], [3, 8]]


@pytest.mark.parametrize(
    ("dets", "decided"),
    [
        ([-1, arb(0, 1)], True),
        ([1, 2], True),
        ([1, 0], True),
        ([0, 0], True),
        ([1, arb(0, 1)], False),
        ([arb(0, 1)], False),
        ([arb(1, 2), 5], False),
    ],
)
def test_when_balls_decide(dets: list, decided: bool) -> None:
    assert Enclosures(arb(1), tuple(map(arb, dets))).decided is decided


def test_precision_is_raised_until_the_sign_is_known() -> None:
    close = nodes("1,1+1e-30,2,4")
    relu = parse("relu")
    assert not certified(relu, close, (64,)).decided
    assert certified(relu, close, (64, 128, 1024)).decided
    assert not certified(relu, close, (32, 64)).decided
    far = certified(relu, nodes("1,2,4"), (53, 4096))
    # Where few bits suffice no more are spent.
    assert far.decided
    assert far.det.rad() > arb(1e-18)


def test_few_bits_give_wide_balls_that_hold_the_narrow_ones() -> None:
    wide, narrow = (enclose(parse("relu"), nodes("1,2,3"), b) for b in (40, 400))
    assert wide.det.contains(narrow.det)
    assert all(a.contains(b) for a, b in zip(wide.dets, narrow.dets, strict=True))
    assert wide.det.rad() > 1e-11 > narrow.det.rad()


@pytest.mark.parametrize(
    ("where", "zeros"),
    [
        ("0,1,2", (False, False, True, True)),
        ("1,0,2", (False, True, False, True)),
        ("1,2,2pi-2pi", (False, True, True, False)),
        ("1,1,2", (True, True, True, True)),
        ("1,2,1", (True, True, True, True)),
        ("pi/2,5pi/2-2pi,1", (True, True, True, True)),
    ],
)
@pytest.mark.parametrize("name", ["relu", "poisson:0.8", "cosines:1,-2,3,1"])
def test_coincidences_make_exact_zeros_where_they_must(
    name: str, where: str, zeros: tuple
) -> None:
    # A student at the teacher keeps its own det M_i = det M; all else vanishes.
    found = certified(parse(name), nodes(where))
    balls = (found.det, *found.dets)
    assert tuple(bool(ball.is_zero()) for ball in balls) == zeros
    kept = [ball for ball in found.dets if not ball.is_zero()]
    assert all(ball.overlaps(found.det) for ball in kept)
    assert found.decided


def test_rank_makes_zeros_beyond_itself_and_not_before() -> None:
    # 1 + cos has rank 3: three students are fine, four are singular.
    three = certified(parse("cosines:1,1"), nodes("1,2,4"))
    assert three.det > 0
    four = certified(parse("cosines:1,1"), nodes("1,2,4,5"))
    assert four.det.is_zero()
    assert all(d.is_zero() for d in four.dets)


def test_opposite_pairs_of_students_and_not_of_the_teacher() -> None:
    # π − θ: one pair leaves M regular, two make it singular.
    linear = parse("linear")
    assert certified(linear, nodes("1,1+pi,2")).det > 0
    assert certified(linear, nodes("1,1+pi,2,2-pi")).det.is_zero()
    # More pairs than are needed do no harm.
    assert certified(linear, nodes("1,1+pi,2,2-pi,3,3-pi")).det.is_zero()
    # A student opposite the teacher is no pair of students.
    assert certified(linear, nodes("1,1+pi,pi")).det > 0
    relu = parse("relu")
    assert certified(relu, nodes("1,1+pi,2,2+pi,pi")).det > 0
    assert certified(relu, nodes("1,1+pi,2,2-pi,3,3-pi")).det.is_zero()


def test_markov_kernels_vanish_formally() -> None:
    # det M_2 of e^{−θ} at 1, 2, 3: column 2 is a multiple of column 1 replaced by b.
    found = certified(parse("exponential:1"), nodes("1,2,3"))
    assert [bool(d.is_zero()) for d in found.dets] == [False, True, True]
    assert found.dets[0] > 0
    assert found.det > 0
    with precision(128):
        # det M_1 = e^{−1}(1 − e^{−2})², det M = (1 − e^{−2})².
        factor = (1 - arb(-2).exp()) ** 2
        assert found.det.overlaps(factor)
        assert found.dets[0].overlaps(arb(-1).exp() * factor)


@pytest.mark.parametrize(
    ("angles", "expected"),
    [
        ([1.0, 2.0, 3.0], False),
        ([1.0, 2.0, 1.0], True),
        ([0.0, 2.0], True),
        ([Angle.of(F(0), F(1, 2)), Angle.of(F(0), F(5, 2))], True),
        ([Angle.of(F(1, 10)), 0.1], False),
        ([Angle.of(F(1, 2)), 0.5], True),
        ([Angle.of(F(0), F(2)), 1.0], True),
        ([Angle.of(F(0), F(1)), 1.0], False),
    ],
)
def test_degenerate_sets(angles: list, expected: bool) -> None:
    assert degenerate(angles) is expected
