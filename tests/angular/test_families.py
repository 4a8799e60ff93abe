"""Families with closed formulas: series, slopes, moments, edges of their parameters."""

import math
from dataclasses import replace
from fractions import Fraction as F
from itertools import product

import numpy as np
import pytest
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st

from tfluck.angular import check, parse
from tfluck.angular.arc_cosine import arc_cosine
from tfluck.angular.edge import cosh, exact_cosh, parabola
from tfluck.angular.engine import (
    BALL,
    ELEMENTARY_ULPS,
    FLOAT,
    UNIT,
    Engine,
    precision,
)
from tfluck.angular.families import (
    DISTANCE_ERROR,
    STEP,
    cosines,
    exponential,
    poisson,
    relu_ntk,
    sqrt_exponential,
    triangle,
)
from tfluck.angular.functions import AngularFunction
from tfluck.angular.spectrum import spectrum_of
from tfluck.foundations.errors import BadInput

few = settings(max_examples=25)
MEMBERS = [
    relu_ntk(),
    poisson(0.05),
    poisson(0.9),
    exponential(0.5),
    exponential(12.0),
    triangle(0.7, 2.0),
    triangle(math.pi),
    cosines((0.5, -1.0, 0.0, 0.25)),
    cosh(0.05),
    cosh(3.0, -0.5),
    parabola(-1.0),
    sqrt_exponential(),
]


def value(ball: arb) -> float:
    return float(ball.mid())


def integral(function: AngularFunction, k: int) -> float:
    """Return the k-th cosine coefficient by Gauss–Legendre on 40 panels."""
    nodes, weights = np.polynomial.legendre.leggauss(20)
    edges = np.linspace(0, math.pi, 41)
    t = (edges[:-1, None] + edges[1:, None]) / 2 + np.diff(edges)[:, None] / 2 * nodes
    total = (function.values(t) * np.cos(k * t) * weights).sum() * math.pi / 80
    return total * (1 if k == 0 else 2) / math.pi


@pytest.mark.parametrize("function", MEMBERS, ids=lambda f: f.name)
@pytest.mark.parametrize("k", [0, 1, 2, 3, 6])
def test_coefficients_are_integrals(function: AngularFunction, k: int) -> None:
    with precision(128):
        exact = value(function.series.coefficient(k))
    rough = function.name.startswith(("triangle", "sqrt"))
    assert integral(function, k) == pytest.approx(exact, abs=2e-4 if rough else 1e-9)


@pytest.mark.parametrize(
    ("name", "t", "expected"),
    [
        ("relu-ntk", 0.0, math.pi),
        ("relu-ntk", 2.0, (math.pi - 2) * math.cos(2)),
        ("poisson:0.25", 1.0, (1 - 1 / 16) / (1 - math.cos(1) / 2 + 1 / 16)),
        ("exponential:3", 0.5, math.exp(-1.5)),
        ("triangle:2,-1", 0.5, -0.25),
        ("triangle:2,-1", 2.5, -1.0),
        ("cosines:1,2,3", 0.4, 1 + 2 * math.cos(0.4) + 3 * math.cos(0.8)),
        ("sqrt-exponential", 2.25, math.exp(-1.5)),
        ("cosh:2,-3", 1.0, math.cosh(2 * (math.pi - 1)) - 3),
        ("parabola:4", 1.0, (math.pi - 1) ** 2 + 4),
    ],
)
def test_values_by_their_formula(name: str, t: float, expected: float) -> None:
    function = parse(name)
    assert function.values(np.array([t]))[0] == pytest.approx(expected, rel=1e-13)
    with precision(128):
        assert value(function.ball(arb(t))) == pytest.approx(expected, rel=1e-13)


@pytest.mark.parametrize(
    "function", [f for f in MEMBERS if f.smoothness], ids=lambda f: f.name
)
@pytest.mark.parametrize("t", [0.1, 1.0, 2.5])
def test_slopes_are_derivatives_and_curvature_bounds_the_second(
    function: AngularFunction, t: float
) -> None:
    step = arb(2) ** -60
    with precision(400):
        points = [function.ball(arb(t) + s * step) for s in (-1, 0, 1)]
        slope = (points[2] - points[0]) / (2 * step)
        bend = (points[2] - 2 * points[1] + points[0]) / step**2
        found = function.curve.slope(BALL, arb(t))
        assert abs(found - slope) < arb(2) ** -60
        assert abs(bend).lower() <= function.curve.curvature
        if function.traits and function.traits.curvature:
            assert abs(function.traits.curvature(arb(t)) - bend) < arb(2) ** -40


@pytest.mark.parametrize("r", [0.1, 0.5, 0.8])
def test_moments_of_the_poisson_kernel_are_sums(r: float) -> None:
    moment = poisson(r).traits.moment
    n = np.arange(0, 600)
    c = np.where(n == 0, 1.0, 2 * r**n)
    with precision(128):
        for k in (0, 2, 4):
            exact = (c * np.where(n + k == 0, 1, n.astype(float) ** k)).sum()
            assert value(moment(k)) == pytest.approx(exact, rel=1e-12)


def test_moments_and_rank_of_a_cosine_sum() -> None:
    function = cosines((1.5, 2, 0, 0.25))
    with precision(128):
        moments = [value(function.traits.moment(k)) for k in (0, 2, 4)]
        assert moments == [3.75, 2 + 9 / 4, 2 + 81 / 4]
        assert function.series.coefficient(1) == 2
        assert function.series.coefficient(4).is_zero()
        assert function.series.coefficient(400).is_zero()
    assert function.series.rank == 5
    assert cosines((0, 1)).series.rank == 2
    assert cosines((3,)).series.rank == 1
    assert cosines((0, 0, 0, 1, 1)).series.rank == 4
    assert function.curve.curvature == 2 + 9 / 4


@pytest.mark.parametrize(
    ("numbers", "negative"),
    [((1, 2), None), ((-1, 2), 0), ((1, 0, -2, -3), 2), ((0, 0), None)],
)
def test_the_first_negative_coefficient(numbers: tuple, negative: int | None) -> None:
    assert cosines(numbers).series.negative == negative
    assert cosines(numbers).is_known_ad is (negative is None)


def test_cosines_keep_fractions_as_they_are() -> None:
    third = cosines((F(1, 3), 1), "thirds")
    assert third.name == "thirds"
    with precision(200):
        assert (third.ball(arb(0)) * 3).contains(4)
        assert (third.series.coefficient(0) * 3).contains(1)


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: poisson(0), "poisson:R needs 0 < R < 1, and R is 0."),
        (lambda: poisson(1.0), "poisson:R needs 0 < R < 1, and R is 1.0."),
        (lambda: exponential(0.0), "exponential:A needs 0 < A < 100, and A is 0.0."),
        (lambda: exponential(100), "exponential:A needs 0 < A < 100, and A is 100."),
        (
            lambda: triangle(0.0),
            "triangle:WIDTH needs 0 < WIDTH ≤ π, and WIDTH is 0.0.",
        ),
        (
            lambda: triangle(3.15),
            "triangle:WIDTH needs 0 < WIDTH ≤ π, and WIDTH is 3.15.",
        ),
        (lambda: cosines(()), "cosines:c0,c1,… takes 1 to 512 coefficients."),
        (lambda: cosines([1] * 513), "cosines:c0,c1,… takes 1 to 512 coefficients."),
        (
            lambda: cosh(0.04),
            "cosh:KAPPA needs 0.05 ≤ KAPPA ≤ 20, and KAPPA is 0.04.",
        ),
        (
            lambda: cosh(20.5),
            "cosh:KAPPA needs 0.05 ≤ KAPPA ≤ 20, and KAPPA is 20.5.",
        ),
    ],
)
def test_parameters_outside_are_refused(build: object, words: str) -> None:
    with pytest.raises(BadInput) as caught:
        build()
    assert str(caught.value) == words


def test_parameters_at_their_ends_are_taken() -> None:
    for function in (
        poisson(1e-9),
        exponential(99.9),
        triangle(math.pi),
        cosines([0.01] * 512),
        cosh(0.05),
        cosh(20),
    ):
        assert np.isfinite(function.values(np.array([0.0, 1.0, math.pi]))).all()


def test_small_parameters_keep_small_errors() -> None:
    # The error of a distance, times the steepest slope, and some operations.
    assert 4 * math.ulp(2 * math.pi) > DISTANCE_ERROR
    assert STEP == 16 * 2.0**-53
    for function in MEMBERS:
        scale = np.abs(function.values(np.linspace(0, math.pi, 50))).max()
        loose = 1e-7 if function.name.startswith("sqrt") else 1e-10
        assert 0 < function.float_error < loose * max(scale, 1)


def worst_engine(sign: dict[str, int]) -> Engine:
    """Return float64 whose functions are off by all that is assumed, 4 units each."""

    def off(name: str, exact: object) -> object:
        share = 1 + sign[name] * 2 * ELEMENTARY_ULPS * UNIT
        return lambda x: exact(x) * share

    return replace(
        FLOAT,
        sin=off("sin", np.sin),
        cos=off("cos", np.cos),
        exp=off("exp", np.exp),
        sqrt=off("sqrt", np.sqrt),
    )


@pytest.mark.parametrize(
    "function",
    [*MEMBERS, *(arc_cosine(order) for order in (0, 1, 2, 5, 12))],
    ids=lambda f: f.name,
)
def test_stated_errors_cover_all_that_is_assumed_of_numpy(
    function: AngularFunction,
) -> None:
    # Every elementary function wrong by 4 ulps, every distance by its own bound.
    t = np.concatenate([[0.0, 1e-9, 1e-3], np.linspace(0.05, 3.1, 25)])
    with precision(150):
        exact = [function.ball(arb(x)) for x in t.tolist()]
    for pattern in product((-1, 1), repeat=5):
        engine = worst_engine(
            dict(zip(("sin", "cos", "exp", "sqrt"), pattern[:4], strict=True))
        )
        moved = np.abs(t + pattern[4] * DISTANCE_ERROR)
        found = np.asarray(function.formula(engine, moved), float)
        with precision(150):
            for ball, value in zip(exact, found.tolist(), strict=True):
                assert abs(ball - arb(value)) <= arb(function.float_error)


@pytest.mark.parametrize("r", [0.05, 0.5, 0.9])
def test_the_curvature_of_the_poisson_kernel_is_that_at_0(r: float) -> None:
    function = poisson(r)
    assert function.curve.curvature == pytest.approx(2 * r * (1 + r) / (1 - r) ** 3)
    with precision(100):
        peak = -function.traits.curvature(arb(0))
        assert float(peak.mid()) == pytest.approx(function.curve.curvature)


@pytest.mark.parametrize(
    ("width", "constant", "negative"),
    [(1.0, 0.0, None), (1.0, -0.1, None), (1.0, -0.2, 0), (math.pi, -0.6, 0)],
)
def test_a_triangle_below_its_mean_is_not_ad(
    width: float, constant: float, negative: int | None
) -> None:
    # c_0 = CONSTANT + WIDTH/2π.
    assert triangle(width, constant).series.negative == negative


# What vanishes exactly.


def formal_at_pi(terms: dict, pi: F) -> F:
    return sum((c * pi ** int(key[0]) for key, c in terms.items()), F(0))


@few
@given(
    q=st.fractions(0, 3, max_denominator=50),
    width=st.sampled_from([0.5, 1.0, 2.5]),
    constant=st.sampled_from([0.0, 1.0, -0.25]),
)
def test_the_triangle_as_a_formal_sum(q: F, width: float, constant: float) -> None:
    formal = triangle(width, constant).exact(q, F(0))
    expected = F(constant) + max(F(0), 1 - q / F(width))
    assert formal_at_pi(formal, F(0)) == expected
    # At a multiple of π the sum holds π itself.
    k = F(1, 8)
    near = triangle(width, constant).exact(F(0), k)
    approx = constant + max(0.0, 1 - math.pi / 8 / width)
    assert float(formal_at_pi(near, F(math.pi))) == pytest.approx(approx, abs=1e-12)


def test_exponentials_and_cosh_as_formal_sums() -> None:
    assert exponential(2.0).exact(F(1, 2), F(1)) == {(F(1, 2), F(1)): 1}
    # 2 cosh(κ(π − q − kπ)) = e^{−κq + κ(1 − k)π} + e^{κq + κ(k − 1)π}.
    found = cosh(2.0).exact(F(3), F(1, 4))
    assert found == {(F(-6), F(3, 2)): 1, (F(6), F(-3, 2)): 1}
    assert exact_cosh(F(0), F(1)) == {(F(0), F(0)): 2}
    assert cosh(2.0, 1.0).exact is None
    assert triangle(1.0).exact(F(2), F(0)) == {}


@pytest.mark.parametrize(
    ("name", "zeros"),
    [
        # Only the teacher's neighbours among students (and antipodes) count.
        ("exponential:0.7", [False, True, True, True]),
        ("cosh:0.5", [False, True, True, False]),
        ("power:2", [False, True, True, False]),
        ("matern:1,2", [False, True, True, False]),
    ],
)
def test_markov_kernels_have_zero_weights_beyond_the_neighbours(
    name: str, zeros: list
) -> None:
    found = check(parse(name), (0.5, 1.0, 2.0, 3.0))
    assert [low == high == 0 for low, high in found.dets_enclosure] == zeros
    assert found.verdict == "zero"


# The edge of Theorem A10.


@pytest.mark.parametrize(
    ("function", "side"),
    [
        (cosh(1.0), 0),
        (cosh(1.0, 0.001), 1),
        (cosh(1.0, -0.001), -1),
        (parabola(), -1),
        (parabola(7.0), -1),
        (parabola(-3.0), -1),
    ],
)
def test_on_which_side_of_the_edge(function: AngularFunction, side: int) -> None:
    assert function.traits.knife[0] == side
    assert function.series.negative is None


@pytest.mark.parametrize("function", [cosh(1.0, -3.7), parabola(-3.3)])
def test_a_constant_that_takes_away_the_mean_is_not_ad(
    function: AngularFunction,
) -> None:
    # a_0 = sinh(π)/π = 3.676…, and π²/3 = 3.289….
    assert function.series.negative == 0
    assert function.traits is None
    assert spectrum_of(function).ad == "no"


def test_coefficients_at_the_edge_in_closed_form() -> None:
    with precision(128):
        pi = arb.pi()
        for n in (1, 2, 7):
            exact = 2 * 3 * (3 * pi).sinh() / (pi * (9 + n * n))
            assert cosh(3.0, 9.0).series.coefficient(n).overlaps(exact)
            assert parabola(2.0).series.coefficient(n).overlaps(arb(4) / n**2)
        assert (
            cosh(3.0, 9.0)
            .series.coefficient(0)
            .overlaps((3 * pi).sinh() / (3 * pi) + 9)
        )
        assert parabola(2.0).series.coefficient(0).overlaps(pi**2 / 3 + 2)
    assert parabola().curve.curvature == 2
    assert cosh(2.0).curve.curvature == pytest.approx(4 * math.cosh(2 * math.pi))


@few
@given(st.floats(0.05, 0.95), st.floats(0.2, 2.9))
def test_the_poisson_kernel_is_its_geometric_series(r: float, t: float) -> None:
    k = np.arange(1, 2000)
    direct = 1 + 2 * (r**k * np.cos(k * t)).sum()
    assert poisson(r).values(np.array([t]))[0] == pytest.approx(direct, abs=1e-9)
