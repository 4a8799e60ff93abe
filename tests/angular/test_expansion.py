"""Sums of powers as zeta functions: closed forms, logarithms, and what happens at 0."""

import math
from fractions import Fraction as F

import numpy as np
import pytest
from flint import arb

from tfluck.angular.engine import precision, rational
from tfluck.angular.expansion import (
    Decay,
    Power,
    _even_terms,
    _half,
    _log_term,
    _root,
    evaluator,
    expand,
    float_evaluator,
)


def pure(s: F) -> Decay:
    """Return the coefficients n^−s, n ≥ 1: nothing but one power."""

    def coefficient(n: int) -> arb:
        return arb(n) ** -rational(s) if n else arb(0)

    return Decay(coefficient, lambda terms, bits: ([Power(arb(1), s)], arb(0)))


def bernoulli_2(t: arb) -> arb:
    """Return Σ n⁻² cos nt = π²/6 − πt/2 + t²/4."""
    return arb.pi() ** 2 / 6 - arb.pi() * t / 2 + t * t / 4


def bernoulli_4(t: arb) -> arb:
    """Return Σ n⁻⁴ cos nt."""
    pi = arb.pi()
    return pi**4 / 90 - pi**2 * t**2 / 12 + pi * t**3 / 12 - t**4 / 48


CLOSED = [(F(2), bernoulli_2), (F(4), bernoulli_4)]


@pytest.mark.parametrize(("s", "closed"), CLOSED)
@pytest.mark.parametrize("t", [0.0, 1e-12, 0.3, 1.7, 3.0, math.pi])
@pytest.mark.parametrize("bits", [64, 200])
def test_even_powers_are_bernoulli_polynomials(
    s: F, closed: object, t: float, bits: int
) -> None:
    value = evaluator(pure(s))
    with precision(bits):
        found, exact = value(arb(t)), closed(arb(t))
        assert found.overlaps(exact)
        assert found.rad() < arb(2) ** (16 - bits)
    floats, error = float_evaluator(pure(s))
    with precision(100):
        difference = abs(closed(arb(t)) - arb(float(floats(np.array([t]))[0])))
        assert difference <= arb(error)
    assert 0 < error < 1e-11


def test_odd_powers_have_a_logarithm() -> None:
    # Σ n⁻¹ cos nt = −log(2 sin(t/2)).
    value = evaluator(pure(F(1)))
    with precision(128):
        for t in (1e-9, 0.2, 1.0, 2.5, 3.1):
            exact = -(2 * (arb(t) / 2).sin()).log()
            assert value(arb(t)).overlaps(exact)
            assert abs(value(arb(t)) - exact) < arb(1e-30)
        # There it is infinite at 0; with n⁻³ it is ζ(3).
        assert not value(arb(0)).is_finite()
        assert evaluator(pure(F(3)))(arb(0)).overlaps(arb(3).zeta())


@pytest.mark.parametrize("s", [F(3), F(5), F(7)])
def test_two_derivatives_take_n_cubed_down_to_n(s: F) -> None:
    # (Σ n^{−s} cos nt)″ = −Σ n^{2−s} cos nt, by second differences.
    value, below = evaluator(pure(s)), evaluator(pure(s - 2))
    step = arb(2) ** -40
    with precision(300):
        for t in (0.5, 2.0):
            bend = (
                sum(c * value(arb(t) + k * step) for c, k in ((1, -1), (-2, 0), (1, 1)))
                / step**2
            )
            assert abs(bend + below(arb(t))) < arb(2) ** -60


@pytest.mark.parametrize("s", [F(3, 2), F(5, 2), F(27, 10), F(3), F(49, 10)])
def test_values_at_0_and_pi_are_zeta_values(s: F) -> None:
    # Σ n^{−s} = ζ(s) and Σ (−1)^n n^{−s} = −(1 − 2^{1−s}) ζ(s).
    value = evaluator(pure(s))
    with precision(128):
        zeta = rational(s).zeta()
        assert value(arb(0)).overlaps(zeta)
        eta = -(1 - arb(2) ** (1 - rational(s))) * zeta
        at_pi = value(arb.pi())
        assert at_pi.overlaps(eta)
        assert at_pi.rad() < arb(1e-25)


def test_exponents_next_to_an_odd_number_keep_their_digits() -> None:
    # At s = 3 ± 10⁻⁶ two terms nearly cancel; the value is within 10⁻⁵ of that at 3.
    with precision(128):
        middle = evaluator(pure(F(3)))(arb(1))
        for s in (F(3) - F(1, 10**6), F(3) + F(1, 10**6)):
            found = evaluator(pure(s))(arb(1))
            assert found.rad() < arb(1e-25)
            assert abs(found - middle) < arb(1e-5)
    assert (_half(F(3)).p, _half(F(3)).q) == (3, 2)
    assert (_half(F(4, 5)).p, _half(F(4, 5)).q) == (2, 5)


def test_the_number_of_even_terms_leaves_less_than_the_last_bit() -> None:
    for s in (F(2), F(5, 2), F(9)):
        for bits in (20, 60, 120):
            j = _even_terms(s, bits)
            assert 2 * j >= float(s) + 1
            with precision(400):
                size = 4 * (2 * arb.pi()) ** (rational(s) - 1) / arb(4) ** j
                assert size * 4 / 3 < arb(2) ** -bits
                # Three terms fewer would not do, unless s itself asks for them.
                fewer = 4 * (2 * arb.pi()) ** (rational(s) - 1) / arb(4) ** (j - 8)
                assert fewer > arb(2) ** -bits or j <= float(s) + 5


def test_the_head_is_what_the_powers_leave() -> None:
    # Coefficients n⁻² + [n = 3]: all but the third of the head cancel.
    def coefficient(n: int) -> arb:
        return (arb(1) / (n * n) if n else arb(7)) + (1 if n == 3 else 0)

    decay = Decay(coefficient, lambda terms, bits: ([Power(arb(1), F(2))], arb(0.25)))
    with precision(128):
        x = expand(decay, 6, 64)
        head = [float(c.mid()) for c in x.head]
        assert head == pytest.approx([7, 0, 0, 1, 0, 0, 0], abs=1e-30)
        assert arb(0.25) < x.error < arb(0.25) + arb(2) ** -62
        assert x.logs == []
        (factor, power) = x.roots[0]
        # π t^{s−1}/(2Γ(s) cos(πs/2)) = −πt/2.
        assert factor.overlaps(-arb.pi() / 2)
        assert power == 1
        assert x.even[0].overlaps(arb(2).zeta())
        assert x.even[1].overlaps(arb(1) / 4)  # −ζ(0)/2!


def test_a_logarithm_takes_the_place_of_its_two_poles() -> None:
    with precision(128):
        x = expand(pure(F(3)), 4, 60)
        # (−1)^q t^{2q}(H_{2q} − log t)/(2q)! with q = 1: −(3/2 − log t) t²/2.
        assert x.roots == []
        factor, whole = x.logs[0]
        assert (float(factor.mid()), whole) == (0.5, 2)
        assert x.even[1].overlaps(arb(-3) / 4)
        assert x.even[0].overlaps(arb(3).zeta())
        assert x.even[2].overlaps(arb(-1).zeta() / 24)


def test_powers_near_0_are_balls_that_hold_them() -> None:
    with precision(64):
        assert _root(arb(0), arb(1.5)).is_zero()
        assert _root(arb(4), arb(1.5)).overlaps(arb(8))
        touching = _root(arb(0.5, 0.5), arb(2))
        assert touching.contains(0)
        assert touching.contains(1)
        assert touching.contains(arb(0.25))
        assert not touching.contains(arb(1.5))
        assert _log_term(arb(0), 2).is_zero()
        assert not _log_term(arb(0), 0).is_finite()
        assert not _log_term(arb(0.5, 0.5), 2).is_finite()
        assert _log_term(arb(2), 2).overlaps(4 * arb(2).log())


def test_an_error_of_the_powers_widens_the_value() -> None:
    loose = Decay(
        lambda n: arb(1) / (n * n) if n else arb(0),
        lambda terms, bits: ([Power(arb(1), F(2))], arb(1e-3)),
    )
    with precision(64):
        found = evaluator(loose)(arb(1))
        assert found.overlaps(bernoulli_2(arb(1)))
        assert 1e-3 < float(found.rad()) < 1.01e-3
    assert float_evaluator(loose)[1] > 1e-3


def test_more_terms_are_asked_for_where_powers_begin_late() -> None:
    asked: list[tuple[int, int]] = []

    def powers(terms: int, bits: int) -> tuple[list[Power], arb]:
        asked.append((terms, bits))
        return [Power(arb(1), F(2))], arb(0)

    def coefficient(n: int) -> arb:
        return arb(1) / (n * n) if n else arb(0)

    for scale in (1, 3):
        value = evaluator(Decay(coefficient, powers, scale))
        with precision(64):
            value(arb(1))
            value(arb(2))  # prepared once for a precision
    assert asked[0] == (64, 112 - 32)
    assert asked[1] == (192, 80)
    assert len(asked) == 2
