"""The knife edge of Theorem A10: which weights change sign when a_0 moves past it."""

import math

import numpy as np
import pytest
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st

from tfluck.angular import check, parse
from tfluck.angular.edge import cosh, parabola
from tfluck.angular.engine import BALL, FLOAT, precision

few = settings(max_examples=12)


def theta(seed: int, m: int) -> list[float]:
    steps = np.random.default_rng(seed).choice(np.arange(1, 60), m, replace=False)
    return (np.sort(steps) * 2 * math.pi / 60).tolist()


@few
@given(seed=st.integers(0, 10**6), m=st.integers(3, 5))
def test_below_the_edge_inner_weights_are_negative_above_all_are_positive(
    seed: int, m: int
) -> None:
    angles = theta(seed, m)
    below = check(cosh(1.0, -0.25), angles)
    assert all(high < 0 for _, high in below.weights[1:-1])
    above = check(cosh(1.0, 0.25), angles)
    assert all(low > 0 for low, _ in above.weights)
    # κ = 0 is always below.
    flat = check(parabola(5.0), angles)
    assert all(high < 0 for _, high in flat.weights[1:-1])


@few
@given(seed=st.integers(0, 10**6), m=st.integers(3, 4), kappa=st.floats(0.3, 3))
def test_on_the_edge_only_neighbours_count(seed: int, m: int, kappa: float) -> None:
    angles = theta(seed, m)
    found = check(cosh(kappa), angles)
    assert (found.verdict, found.certified) == ("zero", True)
    # Interpolation between the two neighbours: sinh weights on the arc round the teacher.
    left, right = 2 * math.pi - angles[-1], angles[0]
    whole = math.sinh(kappa * (left + right))
    for (low, _), exact in (
        (found.dets_enclosure[0], math.sinh(kappa * left) / whole),
        (found.dets_enclosure[-1], math.sinh(kappa * right) / whole),
    ):
        assert low / found.det == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize("kappa", [0.05, 1.0, 20.0])
def test_both_arithmetics_agree_on_cosh_and_its_slope(kappa: float) -> None:
    function = cosh(kappa, -0.5)
    for t in (0.0, 1.0, 3.1):
        value = math.cosh(kappa * (math.pi - t)) - 0.5
        slope = -kappa * math.sinh(kappa * (math.pi - t))
        assert function.values(np.array([t]))[0] == pytest.approx(value, rel=1e-12)
        assert function.curve.slope(FLOAT, np.array([t]))[0] == pytest.approx(
            slope, rel=1e-12
        )
        with precision(100):
            assert float(function.ball(arb(t)).mid()) == pytest.approx(value, rel=1e-13)
            found = function.curve.slope(BALL, arb(t))
            assert float(found.mid()) == pytest.approx(slope, rel=1e-13)


def test_the_parabola_is_the_limit_of_small_kappa() -> None:
    # 2(cosh(κx) − 1)/κ² → x².
    t = np.linspace(0, math.pi, 7)
    small = 2 * (cosh(0.05).values(t) - 1) / 0.05**2
    np.testing.assert_allclose(small, parabola().values(t), rtol=3e-3, atol=1e-9)
    assert parabola(1.0).curve.slope(FLOAT, t) == pytest.approx(-2 * (math.pi - t))


@pytest.mark.parametrize("kappa", [0.05, 1.0, 5.0])
def test_errors_and_curvature_go_with_the_top(kappa: float) -> None:
    top = math.cosh(kappa * math.pi)
    function = cosh(kappa)
    assert function.curve.curvature == pytest.approx(kappa**2 * top)
    assert 1e-16 * top < function.float_error < 1e-13 * top * (1 + kappa)
    assert cosh(kappa, 100.0).float_error > function.float_error


def test_names_hold_both_numbers() -> None:
    assert cosh(1.5).name == "cosh:1.5,0.0"
    assert cosh(1.5, -0.25).name == "cosh:1.5,-0.25"
    assert parabola(2.0).name == "parabola:2.0"
    for name in ("cosh:1.5,-0.25", "parabola:2.0"):
        assert parse(name).name == name
