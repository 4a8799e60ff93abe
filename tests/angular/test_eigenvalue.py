"""Pivots, Rayleigh quotients and Gershgorin: bounds that hold the least eigenvalue."""

import math
from fractions import Fraction as F

import numpy as np
import pytest
from flint import arb
from hypothesis import given
from hypothesis import strategies as st

from tfluck.angular import parse
from tfluck.angular.angle import Angle, parse_angle
from tfluck.angular.eigenvalue import _rayleigh, _shifted, least_eigenvalue, pivots
from tfluck.angular.engine import precision


def balls(rows: list) -> list[list[arb]]:
    return [[arb(x) for x in row] for row in rows]


def test_pivots_of_known_matrices() -> None:
    assert [float(p.mid()) for p in pivots(balls([[2, 1], [1, 2]]))] == [2, 1.5]
    three = pivots(balls([[4, 2, 0], [2, 3, 1], [0, 1, 5]]))
    assert [float(p.mid()) for p in three] == [4, 2, 4.5]
    assert [float(p.mid()) for p in pivots(balls([[1, 2], [2, 1]]))] == [1, -3]


def test_pivots_end_where_they_cannot_go_on() -> None:
    assert [float(p.mid()) for p in pivots(balls([[0, 1], [1, 0]]))] == [0]
    assert [
        float(p.mid()) for p in pivots(balls([[1, 1, 0], [1, 1, 0], [0, 0, 7]]))
    ] == [
        1,
        0,
    ]
    assert pivots([]) == []


@given(seed=st.integers(0, 2**32 - 1), m=st.integers(1, 5))
def test_pivots_multiply_to_the_leading_minors(seed: int, m: int) -> None:
    root = np.random.default_rng(seed).standard_normal((m, m))
    matrix = root @ root.T + np.eye(m)
    with precision(128):
        found = [float(p.mid()) for p in pivots(balls(matrix.tolist()))]
    for k in range(1, m + 1):
        minor = np.linalg.det(matrix[:k, :k])
        assert math.prod(found[:k]) == pytest.approx(minor, rel=1e-10)


def test_pivots_leave_their_matrix_alone() -> None:
    rows = balls([[2, 1], [1, 2]])
    pivots(rows)
    assert [[float(x.mid()) for x in row] for row in rows] == [[2, 1], [1, 2]]


def test_a_shift_is_of_the_diagonal() -> None:
    found = _shifted(balls([[2, 1], [1, 5]]), arb(3))
    assert [[float(x.mid()) for x in row] for row in found] == [[-1, 1], [1, 2]]


@given(seed=st.integers(0, 2**32 - 1), m=st.integers(1, 6))
def test_the_rayleigh_quotient_is_the_least_eigenvalue_from_above(
    seed: int, m: int
) -> None:
    root = np.random.default_rng(seed).standard_normal((m, m))
    matrix = root + root.T
    with precision(200):
        found = _rayleigh(balls(matrix.tolist()))
        assert found.rad() < arb(2) ** -150
    least = np.linalg.eigvalsh(matrix)[0]
    # Inverse iteration goes to the eigenvalue next to 0, wherever it is: still a bound.
    assert float(found.mid()) >= least - 1e-12 * m


@pytest.mark.parametrize("name", ["relu", "linear", "poisson:0.8", "power:2.51"])
@pytest.mark.parametrize("gap", ["1", "1/1000", "pi", "pi/2"])
def test_two_students_in_closed_form(name: str, gap: str) -> None:
    # M = [[f(0), f(t)], [f(t), f(0)]].
    function, t = parse(name), parse_angle(gap)
    low, high = least_eigenvalue(
        function, [Angle.of(F(1, 7)), Angle.of(F(1, 7) + t.q, t.k)]
    )
    with precision(256):
        from tfluck.angular.angle import ball

        exact = function.ball(arb(0)) - abs(function.ball(ball(t.q, t.k)))
        assert low <= exact <= high or exact.overlaps(low) or exact.overlaps(high)
        assert low <= high
        # The finest width that is tried: a share of 1e-14.
        assert high - low <= abs(exact) * arb(1.1e-14)


def test_one_student() -> None:
    low, high = least_eigenvalue(parse("triangle:1,1"), [2.0])
    assert low <= 2 <= high
    assert high - low <= 3e-14


@pytest.mark.parametrize("m", [3, 4, 6])
def test_equal_entries_are_singular_and_gershgorin_says_how_much(m: int) -> None:
    # f = 1: M = J has the eigenvalues 0 and m.
    low, high = least_eigenvalue(parse("cosines:1"), [float(k) for k in range(m)])
    assert low <= 0 <= high
    assert high < 1e-30
    assert float(low) >= 2 - m - 1e-12


def test_a_negative_eigenvalue_is_found() -> None:
    # 1 + 2 cos: at 0 and π the entries are 3 and −1; at 0, 2π/3, 4π/3: 3 and 0.
    third = [Angle.of(F(0), F(2 * k, 3)) for k in range(3)]
    low, high = least_eigenvalue(parse("cosines:1,2"), third)
    assert float(low) <= 3 <= float(high) <= 3 + 1e-12
    # 1 − cos: 0 on the diagonal, 3/2 beside it: −3/2 twice and 3.
    low, high = least_eigenvalue(parse("cosines:1,-1"), third)
    assert float(low) <= -1.5 <= float(high)
    assert float(high) - float(low) < 1e-9


def test_at_regular_polygons_the_eigenvalues_are_folded_coefficients() -> None:
    # λ_k = n Σ_j a_{k + jn}; for Poisson's a_k = R^|k| it is n (R^k + R^{n−k})/(1 − R^n).
    n, r = 5, 0.5
    corners = [Angle.of(F(0), F(2 * k, n)) for k in range(n)]
    low, high = least_eigenvalue(parse(f"poisson:{r}"), corners)
    exact = n * min((r**k + r ** (n - k)) / (1 - r**n) for k in range(n))
    assert float(low) == pytest.approx(exact, rel=1e-12)
    assert float(high) == pytest.approx(exact, rel=1e-12)
