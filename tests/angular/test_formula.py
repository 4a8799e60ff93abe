"""Formulas: precedence, exact differentiation, sums of cosines, and each refusal."""

import math
from fractions import Fraction as F

import numpy as np
import pytest
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st

from tfluck.angular import parse
from tfluck.angular.engine import BALL, FLOAT, precision
from tfluck.angular.formula import (
    ONE,
    ZERO,
    _multiple,
    _power,
    _times,
    _waves,
    derivative,
    evaluate,
    formula,
    read,
)
from tfluck.foundations.errors import BadInput

few = settings(max_examples=30)
T = np.array([0.25, 1.5, 3.0])


def at(text: str) -> np.ndarray:
    return np.asarray(evaluate(read(text), FLOAT, T), float)


def told(text: str, how: object = read) -> str:
    with pytest.raises(BadInput) as caught:
        how(text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1+2*3", 7 + 0 * T),
        ("(1+2)*3", 9 + 0 * T),
        ("8-3-2", 3 + 0 * T),
        ("8/4/2", 1 + 0 * T),
        ("8/4*2", 4 + 0 * T),
        ("-2^2", -4 + 0 * T),
        ("(-2)^2", 4 + 0 * T),
        ("2^-2", 0.25 + 0 * T),
        ("2**3", 8 + 0 * T),
        ("2*-t", -2 * T),
        ("2/-t", -2 / T),
        ("+t", T),
        ("--t", T),
        ("-t+1", 1 - T),
        ("3-+t", 3 - T),
        ("2t", 2 * T),
        ("2t^2", 2 * T**2),
        ("2 t (1+t)", 2 * T * (1 + T)),
        ("1/2t", T / 2),
        ("t(t+1)(t+2)", T * (T + 1) * (T + 2)),
        ("2sin(t)cos(t)", np.sin(2 * T)),
        ("sin(t)^2 + cos(t)^2", 1 + 0 * T),
        ("cosh(t)^2 - sinh(t)^2", 1 + 0 * T),
        ("exp(-t/2)", np.exp(-T / 2)),
        ("sqrt(t)", np.sqrt(T)),
        ("pi - t", math.pi - T),
        ("2π x", 2 * math.pi * T),
        ("θ + theta", 2 * T),
        (".5t + 1.e0", 0.5 * T + 1),
        ("1e-1", 0.1 + 0 * T),
        ("t^0", 1 + 0 * T),
        ("t^13", T**13),
        ("4*-2^2", -16 + 0 * T),
        ("((t))", T),
    ],
)
def test_the_grammar(text: str, expected: np.ndarray) -> None:
    np.testing.assert_allclose(at(text), expected, rtol=1e-13, atol=1e-13)
    with precision(100):
        for t, value in zip(T.tolist(), expected.tolist(), strict=True):
            found = evaluate(read(text), BALL, arb(t))
            assert float(arb(found).mid()) == pytest.approx(value, rel=1e-12, abs=1e-12)


def test_numbers_are_the_decimals_typed() -> None:
    assert read("0.1") == ("number", F(1, 10))
    assert read("2.50") == ("number", F(5, 2))
    assert read("1e-3") == ("number", F(1, 1000))
    assert read("1e100") == ("number", F(10**100))
    assert read("t") == ("t",)
    assert read("-t") == ("-", ZERO, ("t",))
    assert read("t^-3") == ("/", ONE, ("^", ("t",), 3))


@given(base=st.integers(-6, 6), exponent=st.integers(0, 99))
def test_powers_by_squaring(base: int, exponent: int) -> None:
    assert _power(F(base), exponent) == F(base) ** exponent


def test_powers_of_balls_round_0() -> None:
    with precision(64):
        assert _power(arb(0, 1), 2).contains(1)
        assert _power(arb(-2), 3) == -8


@pytest.mark.parametrize(
    ("text", "slope"),
    [
        ("7", 0 * T),
        ("pi", 0 * T),
        ("t", 1 + 0 * T),
        ("t^3", 3 * T**2),
        ("t^1", 1 + 0 * T),
        ("t^0", 0 * T),
        ("sin(2t)", 2 * np.cos(2 * T)),
        ("cos(3t)", -3 * np.sin(3 * T)),
        ("exp(t/2)", np.exp(T / 2) / 2),
        ("sqrt(1+t)", 1 / (2 * np.sqrt(1 + T))),
        ("sinh(2t)", 2 * np.cosh(2 * T)),
        ("cosh(2t)", 2 * np.sinh(2 * T)),
        ("t*sin(t)", np.sin(T) + T * np.cos(T)),
        ("sin(t)/t", np.cos(T) / T - np.sin(T) / T**2),
        ("1-t+t^2", -1 + 2 * T),
        ("t^-2", -2 / T**3),
    ],
)
def test_derivatives(text: str, slope: np.ndarray) -> None:
    found = evaluate(derivative(read(text)), FLOAT, T)
    np.testing.assert_allclose(found + 0 * T, slope, rtol=1e-13, atol=1e-14)


def test_products_with_0_and_1_are_simplified() -> None:
    assert _times(ZERO, ("t",)) == ZERO == _times(("t",), ZERO)
    assert _times(ONE, ("t",)) == ("t",) == _times(("t",), ONE)
    assert _times(("t",), ("pi",)) == ("*", ("t",), ("pi",))
    assert derivative(read("3t")) == ("+", ZERO, ("number", F(3)))
    assert derivative(read("sin(t)")) == ("cos", ("t",))


@pytest.mark.parametrize(
    ("text", "waves"),
    [
        ("1.2+cos(t)+0.2cos(3t)", {0: F(6, 5), 1: F(1), 3: F(1, 5)}),
        ("cos(2t)-cos(2t)/3", {2: F(2, 3)}),
        ("3*(1-cos(t*2))", {0: F(3), 2: F(-3)}),
        ("(1-cos(t))*3", {0: F(3), 1: F(-3)}),
        ("-cos(t)", {0: F(0), 1: F(-1)}),
        ("cos(t)+cos(t)", {1: F(2)}),
        ("5", {0: F(5)}),
        ("2*3", {0: F(6)}),
        ("6/4", {0: F(3, 2)}),
    ],
)
def test_sums_of_cosines_are_recognised(text: str, waves: dict) -> None:
    assert _waves(read(text)) == waves


@pytest.mark.parametrize(
    "text",
    [
        "t",
        "sin(t)",
        "cos(t/2)",
        "cos(pi t)",
        "cos(0.5t)",
        "cos(t)*cos(t)",
        "cos(t)^2",
        "1/cos(t)",
        "cos(t)/0",
        "cos(t+1)",
        "exp(cos(t))",
        "1+t",
        "cos(t)+pi",
        "cos(t^2)",
    ],
)
def test_what_is_no_sum_of_cosines(text: str) -> None:
    assert _waves(read(text)) is None


def test_multiples_of_t() -> None:
    assert _multiple(read("t")) == 1
    assert _multiple(read("3t")) == 3
    assert _multiple(read("t*3")) == 3
    assert _multiple(read("t*t")) is None
    assert _multiple(read("pi*t")) is None
    assert _multiple(read("3+t")) is None


def test_a_sum_of_cosines_is_the_family_under_its_own_name() -> None:
    found = parse("1.2 + cos(t) + 0.2 cos(3t)")
    assert found.name == "1.2 + cos(t) + 0.2 cos(3t)"
    assert found.series.frequencies == "finite"
    assert found.series.rank == 5
    with precision(128):
        # Exact decimals, unlike the doubles of cosines:1.2,….
        assert (found.series.coefficient(3) * 5).contains(1)
        assert found.series.coefficient(2).is_zero()
    assert parse("cos(511t)").series is not None
    assert parse("cos(512t)").series is None


@few
@given(
    a=st.integers(1, 9), b=st.integers(-5, 5), k=st.integers(1, 6), t=st.floats(0.1, 3)
)
def test_differentiation_agrees_with_chords(a: int, b: int, k: int, t: float) -> None:
    tree = read(f"({a}+t^{k})*exp({b}t/3)/(1+t)+sin({a}t)^{k}-sqrt({a}+t)")
    step = arb(2) ** -90
    with precision(300):
        ends = [evaluate(tree, BALL, arb(t) + s * step) for s in (1, -1)]
        found = evaluate(derivative(tree), BALL, arb(t))
        assert abs((ends[0] - ends[1]) / (2 * step) - found) < arb(2) ** -100


@pytest.mark.parametrize(
    ("text", "peak"),
    [("exp(-t)", 1.0), ("t^3", 6 * math.pi), ("sin(3t)*2", 18.0), ("(pi-t)^2", 2.0)],
)
def test_the_bound_on_the_second_derivative(text: str, peak: float) -> None:
    bound = formula(text).curve.curvature
    assert peak <= bound <= peak * 1.06


def test_where_no_slope_is_bounded_none_is_stated() -> None:
    assert formula("exp(-sqrt(t))").smoothness is None
    assert formula("sqrt(1+t)").smoothness is not None
    # A kink or a pole outside [0, π] does no harm.
    assert formula("1/(4-t)").smoothness is not None
    assert formula("1/(3pi/2-t)").smoothness is not None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("t" * 301, "A formula may have 300 letters; this has 301."),
        ("1 & t", "'1 & t': '&' has no meaning in a formula."),
        ("t; t", "'t; t': ';' has no meaning in a formula."),
        ("2^t", "'2^t': exponents are whole numbers below 100."),
        ("2^100", "'2^100': exponents are whole numbers below 100."),
        ("t t^", "'t t^': exponents are whole numbers below 100."),
        ("2^", "'2^': exponents are whole numbers below 100."),
        ("2^1.5", "'2^1.5': exponents are whole numbers below 100."),
        ("t^(2)", "'t^(2)': exponents are whole numbers below 100."),
        ("1e101", "'1e101': 1e101 is too large a number."),
        (
            "(" * 41 + "t" + ")" * 41,
            f"{'(' * 41 + 't' + ')' * 41!r} is nested too deeply.",
        ),
    ],
)
def test_refusals_word_by_word(text: str, words: str) -> None:
    assert told(text) == words


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "at its end"),
        ("t+", "at its end"),
        ("(t", "at its end"),
        ("sin(", "at its end"),
        ("t)", "at ')'"),
        ("sin t", "at 'sin'"),
        ("sin", "at 'sin'"),
        ("foo(t)", "at 'foo'"),
        ("tt", "at 'tt'"),
        ("t*/2", "at '/'"),
        ("()", "at ')'"),
        ("2^2^2", "at '^'"),
    ],
)
def test_what_cannot_be_read_and_where(text: str, where: str) -> None:
    assert told(text) == (
        f"{text!r} cannot be read {where}; expected a formula in t such as "
        "1.2+cos(t)+0.2cos(3t), of + - * / ^, pi and sin, cos, exp, sqrt, sinh, cosh."
    )


def test_the_deepest_and_the_longest_that_are_read() -> None:
    assert read("(" * 39 + "t" + ")" * 39) == ("t",)
    assert len(read("1" + "+1" * 149)) == 3
    # Depth is given back: many brackets side by side are fine.
    assert read("+".join(["(t)"] * 60))[0] == "+"


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("1/t", "0π/512"),
        ("sqrt(t-1)", "0π/512"),
        ("1/(t-pi)", "512π/512"),
        ("1/(t-pi/2)", "256π/512"),
    ],
)
def test_functions_must_be_finite(text: str, where: str) -> None:
    assert told(text, formula) == f"{text!r} is not finite at t = {where}."
