"""The arc-cosine kernels: integer polynomials, recursions and Gaussian expectations."""

import math
from fractions import Fraction as F

import numpy as np
import pytest
from flint import arb
from hypothesis import given
from hypothesis import strategies as st
from numpy.polynomial import polynomial

from tfluck.angular import parse
from tfluck.angular.arc_cosine import _horner, arc_cosine, polynomials
from tfluck.angular.engine import BALL, precision
from tfluck.angular.spectrum import spectrum_of

ORDERS = range(13)


@pytest.mark.parametrize(
    ("order", "a", "b"),
    [
        (0, [1], [0]),
        (1, [0, 1], [1]),
        (2, [1, 0, 2], [0, 3]),
        (3, [0, 9, 0, 6], [4, 0, 11]),
    ],
)
def test_the_polynomials_of_cho_and_saul(order: int, a: list, b: list) -> None:
    found = polynomials(order)
    for one, known in zip(found, (a, b), strict=True):
        assert polynomial.polytrim(one).tolist() == known


@pytest.mark.parametrize("order", ORDERS)
def test_values_at_0_and_pi(order: int) -> None:
    # J_N(0) = (2N − 1)!! π and J_N(π) = 0.
    function = arc_cosine(order)
    peak = math.prod(range(2 * order - 1, 0, -2))
    with precision(200):
        assert function.ball(arb(0)).overlaps(peak * arb.pi())
        assert abs(function.ball(arb.pi())) < arb(1e-40)
    a, _ = polynomials(order)
    assert sum(a) == peak  # at cos 0 = 1
    assert len(polynomial.polytrim(a)) == order + 1


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("t", [0.3, 1.2, 2.0, 3.0])
def test_the_derivative_is_minus_n_squared_sine_times_the_one_before(
    order: int, t: float
) -> None:
    function, step = arc_cosine(order), arb(2) ** -100
    with precision(400):
        ends = [function.ball(arb(t) + s * step) for s in (1, -1)]
        chord = (ends[0] - ends[1]) / (2 * step)
        if order:
            before = arc_cosine(order - 1).ball(arb(t))
            exact = -(order**2) * arb(t).sin() * before
        else:
            exact = arb(-1)
        scale = math.prod(range(1, 2 * order, 2)) * 100 * (order + 1) ** 4
        assert abs(chord - exact) < scale * arb(2) ** -190
        slope = function.curve.slope(BALL, arb(t))
        assert abs(slope - exact) < scale * arb(2) ** -300


@pytest.mark.parametrize("order", [0, 1, 2, 3])
def test_they_are_gaussian_expectations(order: int) -> None:
    # 2π E[max(u·x, 0)^N max(v·x, 0)^N] in polar coordinates: ∫ r^{2N+1} e^{−r²/2} dr = 2^N N!.
    function = arc_cosine(order)
    phi = (np.arange(200_000) + 0.5) * 2 * math.pi / 200_000
    for t in (0.0, 0.7, 2.2):
        gate = (np.cos(phi) > 0) & (np.cos(phi - t) > 0)
        angular = np.where(gate, (np.cos(phi) * np.cos(phi - t)) ** order, 0.0).mean()
        expected = 2 * math.pi * angular * 2**order * math.factorial(order)
        assert function.values(np.array([t]))[0] == pytest.approx(expected, abs=2e-4)


@pytest.mark.parametrize("order", ORDERS)
def test_coefficients_sum_to_the_values(order: int) -> None:
    function = arc_cosine(order)
    terms = 400
    with precision(128):
        c = [function.series.coefficient(k) for k in range(terms)]
        assert all(x >= 0 for x in c)
        # A Gram kernel of features that are, but for finitely many, even or odd.
        empty = [k for k in range(order + 1, terms) if (k - order) % 2 == 0]
        assert all(c[k].is_zero() for k in empty if k > order)
        full = [k for k in range(order + 1, 60) if (k - order) % 2]
        assert all(c[k] > 0 for k in full)
    assert function.series.frequencies == ("even" if order % 2 else "odd")
    if order >= 2:
        total = sum(float(x.mid()) for x in c)
        peak = math.pi * math.prod(range(1, 2 * order, 2))
        assert total == pytest.approx(peak, rel=1e-7)


def test_known_coefficients() -> None:
    with precision(128):
        pi = arb.pi()
        linear, relu = arc_cosine(0).series, arc_cosine(1).series
        for k in range(1, 9):
            assert linear.coefficient(k).overlaps(4 / (pi * k * k) if k % 2 else arb(0))
        assert linear.coefficient(0).overlaps(pi / 2)
        assert relu.coefficient(0).overlaps(4 / pi)
        assert relu.coefficient(1).overlaps(pi / 2)
        for k in range(2, 12):
            exact = 8 / (pi * arb(k * k - 1) ** 2) if k % 2 == 0 else arb(0)
            assert relu.coefficient(k).overlaps(exact)
            assert relu.coefficient(k).rad() < 1e-30


@given(
    coefficients=st.lists(st.integers(-9, 9), min_size=1, max_size=6),
    x=st.integers(-5, 5),
)
def test_horner(coefficients: list, x: int) -> None:
    assert _horner(coefficients, x) == sum(c * x**k for k, c in enumerate(coefficients))


@pytest.mark.parametrize("order", [0, 1, 2, 5, 12])
def test_the_curvature_is_a_bound_and_not_a_wild_one(order: int) -> None:
    curve = arc_cosine(order).curve
    t = np.linspace(0, math.pi, 301)
    with precision(100):
        slopes = np.array(
            [float(arb(curve.slope(BALL, arb(x))).mid()) for x in t.tolist()]
        )
    steepest = np.abs(np.diff(slopes) / np.diff(t)).max()
    assert steepest <= curve.curvature
    if order:
        assert curve.curvature <= 8 * steepest


@pytest.mark.parametrize("order", [0, 1, 2, 6, 12])
def test_the_stated_error_is_small_beside_the_peak(order: int) -> None:
    function = arc_cosine(order)
    peak = function.values(np.zeros(1))[0]
    assert 0 < function.float_error < 1e-10 * peak


def test_names_and_what_is_known_of_them() -> None:
    assert arc_cosine(2).name == "arc-cosine:2"
    assert arc_cosine(1, "relu").name == parse("relu").name == "relu"
    assert arc_cosine(1).traits.theorem_4
    assert arc_cosine(2).traits is None
    pairs = [arc_cosine(order).pairs_to_singular for order in range(4)]
    assert pairs == [2, 3, None, None]
    assert [arc_cosine(order).exact is None for order in range(3)] == [
        False,
        True,
        True,
    ]
    for order in (0, 1, 2, 3):
        found = spectrum_of(arc_cosine(order))
        assert (found.ad, found.pad) == ("yes", "yes")
    assert arc_cosine(0).exact(F(1, 2), F(1, 3)) == {
        (F(0),): F(-1, 2),
        (F(1),): F(2, 3),
    }
    assert arc_cosine(0).exact(F(0), F(1)) == {}
