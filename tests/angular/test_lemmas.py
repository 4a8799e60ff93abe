"""The lemmas as functions: closed margins, and what each answer means."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfluck.angular import AngularFunction, parse
from tfluck.angular.families import cosines
from tfluck.angular.lemmas import (
    decreasing,
    end_values,
    log_concavity_defect,
    positive_definite,
    product_inequality,
    quadratic_form,
)
from tfluck.foundations.errors import BadInput

few = settings(max_examples=30)
#: The same function with a proof behind it and without.
PLAIN = AngularFunction("plain", None, callable=lambda t: np.cos(t))


def test_the_least_drop_is_a_difference_on_the_grid() -> None:
    found = decreasing(parse("linear"), 101)
    assert found.statement == "f is strictly decreasing on [0, π]"
    assert (found.holds, found.certified) == (True, True)
    assert found.margin == pytest.approx(math.pi / 100)
    cosine = decreasing(cosines((0.0, 1.0)), 101)
    # The least of the drops of cos is the first.
    assert cosine.margin == pytest.approx(1 - math.cos(math.pi / 100))
    assert cosine.where == (0.0,)
    plain = decreasing(PLAIN, 101)
    assert plain.margin == pytest.approx(cosine.margin)
    assert (plain.holds, plain.certified) == (True, False)


def test_what_does_not_decrease_is_found_where_it_rises_most() -> None:
    found = decreasing(parse("cosines:0,0,1"), 1001)
    assert (found.holds, found.certified) == (False, True)
    assert found.margin == pytest.approx(-2 * math.pi / 1000, rel=1e-3)
    assert found.where[0] == pytest.approx(3 * math.pi / 4, abs=math.pi / 1000)
    # Constants drop by exactly nothing.
    flat = decreasing(parse("triangle:1,1"))
    assert (flat.holds, flat.margin, flat.certified) == (False, 0, True)


def test_end_values() -> None:
    assert end_values(cosines((1.0, 2.0))) == (3.0, -1.0)
    assert end_values(parse("poisson:0.5")) == pytest.approx((3, 1 / 3))


@pytest.mark.parametrize(
    ("name", "holds", "margin"),
    [
        # cos a cos b − cos(a + b) = sin a sin b: the margin is 1 throughout.
        ("cosines:0,1", True, 1.0),
        # −cos: f(a)f(b) − f(a + b)f(0) = sin a sin b as well.
        ("cosines:0,-1", True, 1.0),
        # A constant meets it with equality.
        ("cosines:2", None, 0.0),
        # e^{−t}: equality.
        ("exponential:2", None, 0.0),
        # However large it is.
        ("1000000exp(-t)", None, 0.0),
    ],
)
def test_lemma_4_3_by_hand(name: str, holds: bool | None, margin: float) -> None:
    found = product_inequality(parse(name), 40)
    assert found.statement == "f(α)f(β) > f(α + β)f(0) for α, β, α + β in (0, π)"
    assert found.holds is holds
    size = float(np.abs(parse(name).values(np.zeros(1))).max()) ** 2
    assert found.margin == pytest.approx(margin, abs=1e-11 * max(size, 1))
    assert found.certified is False
    assert sum(found.where) < math.pi
    assert min(found.where) > 0


def test_lemma_4_3_fails_where_f_is_log_convex() -> None:
    found = product_inequality(parse("poisson:0.9"))
    assert found.holds is False
    a, b = found.where
    f = parse("poisson:0.9").values
    values = f(np.array([a, b, a + b, 0.0])).tolist()
    excess = values[0] * values[1] - values[2] * values[3]
    assert found.margin == pytest.approx(excess / (math.sin(a) * math.sin(b)))
    assert excess < 0


@few
@given(st.floats(0, math.pi))
def test_the_defect_is_computed_from_the_functions_own_derivatives(t: float) -> None:
    f = math.sin(t) + (math.pi - t) * math.cos(t)
    slope = -(math.pi - t) * math.sin(t)
    bend = math.sin(t) - (math.pi - t) * math.cos(t)
    found = float(log_concavity_defect(np.array([t]))[0])
    assert found == pytest.approx(slope**2 - f * bend, abs=1e-13)


# Positive definiteness.


@pytest.mark.parametrize(
    ("name", "angles", "holds", "margin"),
    [
        ("cosines:1,1", [1.0], True, 2.0),
        # Pivots 2 and 2 − (1 + cos 1)²/2.
        ("cosines:1,1", [1.0, 2.0], True, 2 - (1 + math.cos(1)) ** 2 / 2),
        # Pivots −1: not definite.
        ("cosines:-1", [1.0], False, -1.0),
        ("cosines:1,-3", [1.0], False, -2.0),
        # Beyond the rank, or twice the same angle.
        ("cosines:1,1", [1.0, 2.0, 3.0, 4.0], False, 0.0),
        ("poisson:0.5", [1.0, 2.0, 1.0], False, 0.0),
        ("cosines:0,1", [1.0, 2.0, 3.0], False, 0.0),
    ],
)
def test_proofs_and_refutations(
    name: str, angles: list, holds: bool, margin: float
) -> None:
    found = positive_definite(parse(name), angles)
    assert (found.statement, found.certified) == ("M is positive definite", True)
    assert found.holds is holds
    assert found.margin == pytest.approx(margin, abs=1e-14)
    assert found.where == tuple(angles)


def test_what_balls_cannot_tell_is_left_open() -> None:
    # 1 + cos as a formula without its rank: the fourth pivot holds 0.
    bare = replace(cosines((1.0, 1.0)), series=None)
    found = positive_definite(bare, [1.0, 2.0, 3.0, 4.0])
    assert (found.holds, found.certified) == (None, False)
    assert positive_definite(bare, [1.0, 2.0, 4.0]).holds is True


def test_a_plain_callable_is_judged_by_its_least_eigenvalue() -> None:
    found = positive_definite(PLAIN, [1.0, 2.0])
    # [[1, cos 1], [cos 1, 1]].
    assert found.margin == pytest.approx(1 - math.cos(1))
    assert (found.holds, found.certified) == (True, False)
    wide = positive_definite(
        AngularFunction("m", None, callable=lambda t: -np.cos(t)), [1.0, 2.0]
    )
    assert wide.holds is False
    assert wide.margin == pytest.approx(-1 - math.cos(1))
    with pytest.raises(BadInput):
        positive_definite(PLAIN, [7.0])


# Definition 5.2.


@few
@given(seed=st.integers(0, 2**32 - 1), n=st.sampled_from([2, 3, 16, 31]))
def test_the_convolution_is_the_double_sum(seed: int, n: int) -> None:
    weights = np.random.default_rng(seed).standard_normal(n)
    x = 2 * np.pi * np.arange(n) / n
    gap = np.abs(x[:, None] - x)
    function = parse("poisson:0.6")
    matrix = function.values(np.minimum(gap, 2 * np.pi - gap).clip(0, np.pi))
    direct = weights @ matrix @ weights * (2 * np.pi / n) ** 2
    assert quadratic_form(function, weights) == pytest.approx(direct, abs=1e-9)


@pytest.mark.parametrize("k", [0, 1, 2, 5])
def test_a_wave_picks_out_its_coefficient(k: int) -> None:
    # ∫∫ cos kx K(x, y) cos ky = 2π² c_k, or 4π² c_0 · … for k = 0: 4π² c_0.
    function = cosines((0.5, -1.0, 2.0, 0.0, 0.0, 0.25))
    wave = np.cos(k * 2 * np.pi * np.arange(64) / 64)
    c = (0.5, -1.0, 2.0, 0.0, 0.0, 0.25)[k]
    expected = (4 if k == 0 else 1) * math.pi**2 * c
    assert quadratic_form(function, wave) == pytest.approx(expected)
