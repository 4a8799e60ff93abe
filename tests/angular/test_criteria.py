"""Criteria A1 to A10: their constants in closed form, and that they say no more."""

import math
from dataclasses import replace

import pytest
from flint import arb

from tfluck.angular import parse
from tfluck.angular.angle import Angle, parse_angle
from tfluck.angular.criteria import (
    GRID,
    Criterion,
    _nearest,
    criteria,
    decide,
    dense,
)
from tfluck.angular.engine import precision
from tfluck.angular.families import cosines, poisson
from tfluck.angular.functions import AngularFunction, CosineSeries, Traits


def nodes(text: str) -> list[Angle]:
    return [parse_angle(part) for part in text.split(",")]


def one(function: AngularFunction, theorem: str) -> Criterion:
    return next(found for found in criteria(function) if found.theorem == theorem)


def names(function: AngularFunction) -> list[str]:
    return [found.theorem for found in criteria(function)]


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("relu", ["Theorem 4"]),
        ("linear", []),
        ("relu-ntk", []),
        ("exponential:1", ["A5 (iv)"]),
        ("poisson:0.5", ["A3", "A5 (i)", "A5 (iv)"]),
        ("cosines:1,1", ["A3", "A5 (i)"]),
        ("cosines:1,-1", ["A5 (i)"]),
        ("cosines:0,1", ["A5 (i)"]),
        ("parabola", ["A10", "A5 (iv)"]),
        ("wrapped-gaussian:1", ["A2", "A3", "A5 (i)", "A5 (iv)"]),
        ("power:1.5", ["A1", "A3", "A5 (iv)"]),
        ("power:2", ["A3", "A10", "A5 (iv)"]),
        ("power:3", ["A3", "A4", "A5 (iv)"]),
        ("math:cos", []),
    ],
)
def test_which_theorems_can_be_asked(name: str, asked: list) -> None:
    assert names(parse(name)) == asked


@pytest.mark.parametrize("r", [0.01, 0.03, 0.04, 0.1, 0.5])
def test_a3_of_the_poisson_kernel_in_closed_form(r: float) -> None:
    zero = (1 + r) / (1 - r)
    two = 2 * r * (1 + r) / (1 - r) ** 3
    four = 2 * r * (1 + 11 * r + 11 * r**2 + r**3) / (1 - r) ** 5
    ratio = two * (zero * four - two**2) / (2 * (2 * r) ** 2)
    found = one(poisson(r), "A3")
    assert found.constants["ratio"] == pytest.approx((ratio, ratio), rel=1e-12)
    assert found.decision == ("nw" if ratio < 1 else "undecided")
    words = "μ_2(μ_0 μ_4 − μ_2²) is below 2 c_0 c_1²" if ratio < 1 else "the test fails"
    assert found.reason == words


def test_a3_needs_every_coefficient_for_nw() -> None:
    found = one(cosines((3.0, 1.0)), "A3")
    # μ_0 = 4, μ_2 = μ_4 = 1: (4 − 1)/(2·3).
    assert found.constants["ratio"] == pytest.approx((0.5, 0.5))
    assert found.decision == "undecided"
    assert found.reason == (
        "μ_2(μ_0 μ_4 − μ_2²) is below 2 c_0 c_1², so the kernel is SCTP_3; "
        "but M is singular at many angles"
    )


def test_a3_where_the_fourth_moment_is_infinite() -> None:
    found = one(parse("power:4.5"), "A3")
    assert (found.decision, found.reason) == ("undecided", "μ_4 is infinite")
    assert found.constants == {}


def test_a5_i_in_closed_form() -> None:
    # f = 1 + 2r cos: f(0)f″ + μ_2 f = −(1+2r)2r cos x + 2r(1 + 2r cos x) = 2r(1 − cos x).
    function = cosines((1.0, 0.5))
    found = one(function, "A5 (i)")
    least = 0.5 * (1 - math.cos(math.pi / GRID))
    assert found.constants["least margin"] == pytest.approx((least, least), rel=1e-9)
    assert found.decision == "undecided"
    assert found.reason == "the necessary condition holds at 64 points"
    bad = one(cosines((1.2, 1.0, 0.0, 0.2)), "A5 (i)")
    margins = []
    for k in range(1, GRID + 1):
        x = math.pi * k / GRID
        f = 1.2 + math.cos(x) + 0.2 * math.cos(3 * x)
        margins.append(2.4 * (-math.cos(x) - 1.8 * math.cos(3 * x)) + 2.8 * f)
    assert bad.constants["least margin"] == pytest.approx([min(margins)] * 2, rel=1e-9)
    # Not all c_n > 0 there, so the theorem is silent.
    assert bad.decision == "undecided"
    assert bad.reason == (
        "f(0) f″(x) + μ_2 f(x) is negative somewhere; but A5 asks for every c_n > 0 "
        "(add some that are tiny)"
    )


def test_a5_i_decides_where_every_coefficient_is_positive() -> None:
    base = cosines((1.2, 1.0, 0.0, 0.2))
    full = replace(base, series=replace(base.series, frequencies="all"))
    found = one(full, "A5 (i)")
    assert found.decision == "fails"
    assert found.reason == "f(0) f″(x) + μ_2 f(x) is negative somewhere"
    assert decide(criteria(full)).decision == "fails"


@pytest.mark.parametrize("r", [0.2, 0.34, 0.35, 0.9])
def test_a5_iv_in_closed_form(r: float) -> None:
    # C_k = Σ_j a_{k+4j} of a_n = r^|n|.
    below = 1 - r**4
    c_0, c_1, c_2 = (1 + r**4) / below, (r + r**3) / below, 2 * r**2 / below
    found = one(poisson(r), "A5 (iv)")
    for name, value in (("C_0", c_0), ("C_1", c_1), ("C_2", c_2)):
        assert found.constants[name] == pytest.approx((value, value), rel=1e-12)
    fails = 2 / c_1 > 1 / c_0 + 1 / c_2
    assert fails == (r > 0.3460143)
    assert found.decision == ("fails" if fails else "undecided")
    assert found.reason == (
        "all weights at π/2, π, 3π/2 are positive"
        if fails
        else "the necessary condition at the square holds"
    )


@pytest.mark.parametrize(
    ("constant", "decision", "edge"),
    [(-0.5, "nw", "below"), (0.0, "zero", "on"), (0.5, "positive", "above")],
)
def test_a10_says_on_which_side(constant: float, decision: str, edge: str) -> None:
    found = one(parse(f"cosh:1.5,{constant}"), "A10")
    assert found.decision == decision
    assert found.reason == (
        f"a_n = c/(KAPPA² + n²), n ≠ 0, and a_0 = c/KAPPA² + CONSTANT; a_0 is {edge} "
        "the edge"
    )


def test_a4_asks_for_every_coefficient() -> None:
    def coefficient(k: int) -> arb:
        return arb(1)

    def made(frequencies: str, negative: int | None = None) -> AngularFunction:
        series = CosineSeries(coefficient, "so", negative, frequencies)
        return AngularFunction(
            "own", lambda e, t: e.cos(t), series=series, traits=Traits(rough="rough")
        )

    assert "A4" in names(made("all"))
    assert "A4" not in names(made("even"))
    assert "A4" not in names(made("all", 3))
    assert one(made("all"), "A4").reason == "rough"
    assert one(made("all"), "A4").decision == "fails"


def test_the_criterion_that_says_most_wins_and_the_first_of_equals() -> None:
    def of(*decisions: str) -> list[Criterion]:
        return [Criterion(f"T{n}", d, "") for n, d in enumerate(decisions)]

    assert decide(of("undecided", "fails", "nw", "zero")).theorem == "T2"
    assert decide(of("fails", "zero", "positive")).theorem == "T2"
    assert decide(of("fails", "zero")).theorem == "T1"
    assert decide(of("undecided", "fails", "fails")).theorem == "T1"
    nothing = decide(of("undecided"))
    assert (nothing.theorem, nothing.decision) == ("none", "undecided")
    assert nothing.reason == "no theorem known to us applies"
    assert decide([]) == nothing


# Dense nodes, Proposition A6.


def test_a6_with_one_node_in_closed_form() -> None:
    # f = 2 + cos, one node at θ: P² = f(0) − f(θ)²/f(0).
    function, theta = cosines((2.0, 1.0)), 1.0
    found = dense(function, nodes("1"))
    f = 2 + math.cos(theta)
    p = math.sqrt(3 - f * f / 3)
    reach = 1 - math.cos(theta)
    left = p * (math.sqrt(1 / 2 + 1) + reach / math.sqrt(2))
    assert found.constants["left"] == pytest.approx((left, left), rel=1e-12)
    assert found.constants["right"] == pytest.approx((reach, reach), rel=1e-12)
    assert (found.decision, found.reason) == (
        "undecided",
        "the angles are not dense enough",
    )


def test_a6_holds_only_where_nodes_are_dense() -> None:
    smooth = parse("wrapped-gaussian:1")
    decided = {}
    for n in (6, 14):
        around = [
            Angle.of(parse_angle("0").q, parse_angle(f"{2 * k}pi/{n}").k)
            for k in range(1, n)
        ]
        decided[n] = dense(smooth, around)
    assert decided[6].decision == "undecided"
    assert decided[14].decision == "nw"
    assert decided[14].reason == "some weight is negative at these angles"
    assert decided[14].theorem == "A6"


@pytest.mark.parametrize(
    ("function", "where", "reason"),
    [
        (parse("math:cosh"), "1,2,3", "the coefficients are not known"),
        (
            replace(cosines((1.0, 1.0)), series=None),
            "1,2",
            "the coefficients are not known",
        ),
        (cosines((1.0, 1.0)), "1,1,2", "M may be singular at these angles"),
        (cosines((2.0, -1.0)), "2", "its constants are not all positive"),
        (cosines((-1.0, 3.0)), "1", "its constants are not all positive"),
        (cosines((2.0, 0.0, 1.0)), "1", "its constants are not all positive"),
        (cosines((0.0, 1.0)), "2", "its constants are not all positive"),
        # Two angles recover cos and sin: the variance is 0.
        (cosines((0.0, 1.0)), "1,2", "its constants are not all positive"),
    ],
)
def test_where_a6_is_silent(function: AngularFunction, where: str, reason: str) -> None:
    found = dense(function, nodes(where))
    assert (found.theorem, found.decision, found.reason) == ("A6", "undecided", reason)
    assert found.constants == {}


def test_the_nearest_node_is_so_on_either_side() -> None:
    with precision(128):
        assert _nearest(nodes("1,-1/2,3")).overlaps(arb(0.5))
        assert _nearest(nodes("pi,2")).overlaps(arb(2))
        assert _nearest([6.0, 2.0]).overlaps(2 * arb.pi() - 6)
