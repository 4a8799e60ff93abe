"""Formal sums: a ring, determinants in it, and distances without rounding."""

import math
from collections.abc import Mapping
from fractions import Fraction as F
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfluck.angular.angle import Angle, parse_angle, sign
from tfluck.angular.exact import LARGEST, _add, _multiply, exact_distance, vanishes

numbers = st.fractions(-5, 5, max_denominator=6)
sums = st.dictionaries(
    st.tuples(st.integers(0, 3).map(F)), numbers.filter(bool), max_size=3
)


def at(formal: Mapping, x: F) -> F:
    """Evaluate Σ c xⁿ."""
    return sum((c * x ** int(key[0]) for key, c in formal.items()), F(0))


@given(left=sums, right=sums, x=numbers, s=st.sampled_from([1, -1]))
def test_sums_and_products_are_those_of_polynomials(
    left: dict, right: dict, x: F, s: int
) -> None:
    total, product = _add(left, right, s), _multiply(left, right)
    assert at(total, x) == at(left, x) + s * at(right, x)
    assert at(product, x) == at(left, x) * at(right, x)
    assert all(total.values())
    assert all(product.values())
    assert _add(left, left, -1) == {}


def test_keys_of_two_parts_add_place_by_place() -> None:
    # e^{−A(1 + π)} e^{−A(1/2 − π)} = e^{−3A/2}.
    left, right = {(F(1), F(1)): F(2)}, {(F(1, 2), F(-1)): F(3)}
    assert _multiply(left, right) == {(F(3, 2), F(0)): F(6)}


def leibniz(rows: list) -> F:
    """Return the determinant as the sum over permutations."""
    total = F(0)
    for order in permutations(range(len(rows))):
        flips = sum(order[i] > order[j] for j in range(len(rows)) for i in range(j))
        term = F((-1) ** flips)
        for row, column in enumerate(order):
            term *= rows[row][column]
        total += term
    return total


@given(m=st.integers(1, 4), data=st.data())
def test_a_determinant_vanishes_exactly_when_leibniz_says_so(
    m: int, data: st.DataObject
) -> None:
    small = st.integers(-2, 2)
    entries = [
        [
            {
                (F(n),): F(c)
                for n, c in enumerate(data.draw(st.tuples(small, small)))
                if c
            }
            for _ in range(m)
        ]
        for _ in range(m)
    ]
    if data.draw(st.booleans()) and m > 1:
        # The last row a combination of the others.
        entries[-1] = [
            _add(entries[0][c], entries[m // 2][c], 1 if m // 2 else 0)
            for c in range(m)
        ]
    # A polynomial of degree at most m that is 0 at m + 1 points is 0.
    values = [
        leibniz([[at(entry, F(x)) for entry in row] for row in entries])
        for x in range(m + 1)
    ]
    assert vanishes(entries) == (not any(values))


def test_known_determinants_of_formal_sums() -> None:
    one, pi = {(F(0),): F(1)}, {(F(1),): F(1)}
    square = {(F(2),): F(1)}
    assert vanishes([[one, pi], [pi, square]])
    assert not vanishes([[one, pi], [pi, one]])
    assert not vanishes([[{}, one], [one, {}]])
    assert vanishes([[{}, {}], [one, pi]])
    assert vanishes([[{}]])
    assert not vanishes([[one]])


def test_large_matrices_are_left_alone() -> None:
    for size, answer in ((LARGEST, True), (LARGEST + 1, False)):
        assert vanishes([[{} for _ in range(size)] for _ in range(size)]) is answer
    assert LARGEST == 8


@pytest.mark.parametrize(
    ("x", "y", "q", "k"),
    [
        ("1", "2", F(1), F(0)),
        ("2", "1", F(1), F(0)),
        ("pi/4", "3pi/4", F(0), F(1, 2)),
        ("pi/4", "-pi/4", F(0), F(1, 2)),
        ("1/10", "-1/10", F(1, 5), F(0)),
        ("1", "1+pi", F(0), F(1)),
        ("1", "1", F(0), F(0)),
        ("6", "0", F(-6), F(2)),
        ("0", "3.2", F(-16, 5), F(2)),
        ("0", "3.1", F(31, 10), F(0)),
        ("pi/2", "1", F(-1), F(1, 2)),
        ("1", "pi/2", F(-1), F(1, 2)),
    ],
)
def test_known_distances(x: str, y: str, q: F, k: F) -> None:
    assert exact_distance(parse_angle(x), parse_angle(y)) == (q, k)


@given(x=st.tuples(numbers, numbers), y=st.tuples(numbers, numbers), turn=numbers)
def test_distances_are_symmetric_turned_and_in_0_to_pi(
    x: tuple, y: tuple, turn: F
) -> None:
    one, other = Angle.of(*x), Angle.of(*y)
    q, k = exact_distance(one, other)
    assert sign(q, k) >= 0 >= sign(q, k - 1)
    assert exact_distance(other, one) == (q, k)
    gap = abs(float(one) - float(other))
    assert float(q) + float(k) * math.pi == pytest.approx(
        min(gap, 2 * math.pi - gap), abs=1e-12
    )
    moved = exact_distance(
        Angle.of(one.q + turn, one.k + turn), Angle.of(other.q + turn, other.k + turn)
    )
    assert moved == (q, k)
    mirrored = exact_distance(Angle.of(-one.q, -one.k), Angle.of(-other.q, -other.k))
    assert mirrored == (q, k)


def test_doubles_are_the_rationals_they_are() -> None:
    assert exact_distance(0.1, 0.0) == (F(0.1), 0)
    assert exact_distance(0.1, 0.0) != (F(1, 10), 0)
