"""One formula in two arithmetics, and a precision that is given back."""

import math
import threading
from fractions import Fraction

import numpy as np
import pytest
from flint import arb, ctx
from hypothesis import given
from hypothesis import strategies as st

from tfluck.angular.engine import (
    BALL,
    ELEMENTARY_ULPS,
    FLOAT,
    UNIT,
    precision,
    rational,
)


@given(st.floats(0.01, 3.1))
def test_both_engines_know_the_same_functions(t: float) -> None:
    with precision(128):
        for name in ("sin", "cos", "exp", "sqrt"):
            exact = getattr(BALL, name)(arb(t))
            computed = float(getattr(FLOAT, name)(np.float64(t)))
            assert computed == getattr(math, name)(t) or abs(
                exact - arb(computed)
            ) < ELEMENTARY_ULPS * arb(math.ulp(computed))
            assert exact.rad() < arb(2) ** -110


def test_the_unit_is_half_the_step_after_1() -> None:
    assert math.ulp(1.0) / 2 == UNIT
    assert 1 + UNIT == 1 < 1 + 2 * UNIT


def test_numbers_of_each_arithmetic() -> None:
    assert isinstance(FLOAT.number(Fraction(1, 3)), float)
    assert FLOAT.number(Fraction(1, 3)) == 1 / 3
    assert FLOAT.pi() == math.pi
    with precision(200):
        third = BALL.number(Fraction(1, 3))
        assert third * 3 - 1 < arb(2) ** -190
        assert (third * 3).contains(1)
        # The double next to 1/3 is not a third.
        assert not (BALL.number(1 / 3) * 3).contains(1)
        assert BALL.number(0.1).is_exact()
        assert BALL.pi().contains(arb.pi())


@given(st.fractions(max_denominator=10**6))
def test_a_rational_number_lies_in_its_ball(value: Fraction) -> None:
    with precision(80):
        found = rational(value)
        assert (found * value.denominator).contains(value.numerator)
        assert found.rad() <= abs(found) * arb(2) ** -78


@pytest.mark.parametrize("value", [-2.0, -1e-300, 0.0, 1e-300, 3.0])
def test_the_ramp_is_the_positive_part(value: float) -> None:
    assert FLOAT.ramp(value) == max(value, 0.0)
    assert BALL.ramp(arb(value)) == max(value, 0.0)


def test_the_ramp_of_a_ball_round_0_holds_both_sides() -> None:
    found = BALL.ramp(arb(0.25, 1))
    assert found.contains(0)
    assert found.contains(arb(1.25))
    assert not found.contains(arb(-0.25))
    assert BALL.ramp(arb.nan()).is_nan()


def test_precision_is_given_back_whatever_happens() -> None:
    before = ctx.prec
    with precision(77):
        assert ctx.prec == 77
        with precision(300):
            assert ctx.prec == 300
        assert ctx.prec == 77
        with pytest.raises(ZeroDivisionError), precision(99):
            _ = 1 // 0
        assert ctx.prec == 77
    assert ctx.prec == before


def test_threads_do_not_see_each_others_precision() -> None:
    seen: list[tuple[int, int]] = []
    inside, leave = threading.Event(), threading.Event()

    def first() -> None:
        with precision(91):
            inside.set()
            leave.wait(10)
            seen.append((91, ctx.prec))

    def second() -> None:
        inside.wait(10)
        leave.set()
        with precision(191):
            seen.append((191, ctx.prec))

    threads = [threading.Thread(target=work) for work in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert seen == [(91, 91), (191, 191)]
