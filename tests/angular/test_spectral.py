"""Families by their spectrum: theta functions, residues, moments, and the wording."""

import math
from fractions import Fraction as F
from functools import cache

import numpy as np
import pytest
from flint import arb

from tfluck.angular import parse as parse_anew
from tfluck.angular.engine import precision, rational
from tfluck.angular.spectral import (
    _beyond,
    _decimal,
    _Fast,
    _matern_powers,
    _roughness,
    matern,
    power,
    sech,
    wrapped_gaussian,
)
from tfluck.foundations.errors import BadInput

parse = cache(parse_anew)
POINTS = (0.0, 1e-6, 0.4, 1.9, 3.1)


def wound(density: object, reach: int) -> object:
    """Return t ↦ Σ_k density(t + 2πk), |k| ≤ reach."""
    return lambda t: sum(
        (density(abs(t + 2 * k * arb.pi())) for k in range(-reach, reach + 1)), arb(0)
    )


def bessel_half(x: arb) -> arb:
    """Matérn 3/2: Σ e^{int}/(1 + n²)² = (π/2) Σ_k (1 + |t + 2πk|) e^{−|t + 2πk|}."""
    return arb.pi() / 2 * (1 + x) * (-x).exp()


@pytest.mark.parametrize("t", POINTS)
def test_closed_forms_by_poisson_summation(t: float) -> None:
    with precision(100):
        x = arb(t)
        markov = wound(lambda y: arb.pi() * (-y).exp(), 30)
        assert abs(parse("matern:1,1").ball(x) - markov(x)) < arb(1e-25)
        # ½ Σ e^{int}/(1 + n²) is power:2.
        assert abs(parse("power:2").ball(x) - markov(x) / 2) < arb(1e-25)
        assert abs(parse("matern:2,1").ball(x) - wound(bessel_half, 30)(x)) < arb(1e-24)
        normal = wound(lambda y: (2 * arb.pi()).sqrt() * (-y * y / 2).exp(), 8)
        assert abs(parse("wrapped-gaussian:1").ball(x) - normal(x)) < arb(1e-25)
        # Σ e^{int}/cosh n is Σ_k π/cosh(π(t + 2πk)/2).
        hyper = wound(lambda y: arb.pi() / (arb.pi() * y / 2).cosh(), 8)
        assert abs(parse("sech:1").ball(x) - hyper(x)) < arb(1e-25)


def test_the_scale_of_matern_is_a_dilation_of_its_poles() -> None:
    # κ = 2: π/κ Σ e^{−κ|t + 2πk|}.
    with precision(100):
        for t in POINTS:
            exact = wound(lambda y: arb.pi() / 2 * (-2 * y).exp(), 20)(arb(t))
            assert abs(parse("matern:1,2").ball(arb(t)) - exact) < arb(1e-25)


@pytest.mark.parametrize(
    ("name", "n", "expected"),
    [
        ("power:3", 0, arb(1) / 2),
        ("power:3", 2, arb(1) / 9),
        ("matern:2,3", 0, arb(1) / 81),
        ("matern:2,3", 1, arb(2) / 100),
        ("matern:3,1/2", 2, 2 / (arb(17) / 4) ** 3),
        ("wrapped-gaussian:2", 0, arb(1)),
        ("wrapped-gaussian:2", 3, 2 * arb(-18).exp()),
        ("sech:1/2", 0, arb(1)),
        ("sech:1/2", 4, 2 / arb(2).cosh()),
    ],
)
def test_coefficients_are_those_of_the_formula(
    name: str, n: int, expected: arb
) -> None:
    with precision(100):
        found = parse(name).series.coefficient(n)
        assert abs(found - expected) < abs(expected) * arb(1e-14)


@pytest.mark.parametrize("s", ["1/2", "1", "2"])
def test_moments_of_the_wrapped_gaussian_are_derivatives_at_0(s: str) -> None:
    function, x = parse(f"wrapped-gaussian:{s}"), F(s)
    n = np.arange(1, 400)
    c = 2 * np.exp(-(float(x) ** 2) * n**2 / 2)
    with precision(128):
        for k in (0, 2, 4):
            direct = (c * n.astype(float) ** k).sum() + (1 if k == 0 else 0)
            found = function.traits.moment(k)
            assert float(found.mid()) == pytest.approx(direct, rel=1e-13)
            assert found.rad() < arb(1e-30)
        # f″(0) = −μ_2, and f″ at other points by chords.
        assert function.traits.curvature(arb(0)).overlaps(-function.traits.moment(2))
        step = arb(2) ** -40
    with precision(300):
        points = [function.ball(arb(1.3) + j * step) for j in (-1, 0, 1)]
        bend = (points[0] - 2 * points[1] + points[2]) / step**2
        assert abs(function.traits.curvature(arb(1.3)) - bend) < arb(1e-15)


def test_moments_of_powers_in_closed_form() -> None:
    # Σ 1/(1 + n²) = (π coth π − 1)/2, and Σ 2/(1 + n²)² = (π coth π + π²/sinh²π)/2 − 1.
    with precision(128):
        pi = arb.pi()
        coth = pi.cosh() / pi.sinh()
        found = parse("power:2").traits.moment(0)
        assert found.overlaps(arb(1) / 2 + (pi * coth - 1) / 2)
        assert found.rad() < arb(1e-20)
        two = parse("matern:2,1").traits.moment(0)
        assert two.overlaps((pi * coth + (pi / pi.sinh()) ** 2) / 2)
        assert two.rad() < arb(1e-20)
        # f(0) is the moment of order 0.
        assert (
            parse("power:5/2")
            .traits.moment(0)
            .overlaps(parse("power:5/2").ball(arb(0)))
        )
        second = parse("matern:2,1").traits.moment(2)
        # Σ 2n²/(1 + n²)² = Σ 2/(1 + n²) − Σ 2/(1 + n²)².
        assert second.overlaps((pi * coth - 1) - (two - 1))


@pytest.mark.parametrize(
    ("name", "finite"),
    [
        ("power:5/2", (True, False, False)),
        ("power:3", (True, False, False)),
        ("power:3.5", (True, True, False)),
        ("power:5", (True, True, False)),
        ("power:5.5", (True, True, True)),
        ("matern:1.5,1", (True, False, False)),
        ("matern:2,1", (True, True, False)),
        ("matern:3,1", (True, True, True)),
    ],
)
def test_which_moments_are_finite(name: str, finite: tuple) -> None:
    with precision(64):
        found = tuple(parse(name).traits.moment(k).is_finite() for k in (0, 2, 4))
    assert found == finite


@pytest.mark.parametrize(
    ("name", "levy", "knife", "polya", "rough"),
    [
        (
            "power:1.5",
            "|n|^P is a Lévy symbol with jumps of every size",
            None,
            None,
            None,
        ),
        ("power:2", None, (0, "a_n = ½/(1 + n²) for every n"), None, None),
        (
            "power:2.5",
            None,
            None,
            None,
            "f(t) = f(0) − b|t|^q + o(|t|^q), q = 1.5 between 1 and 2",
        ),
        ("power:3", None, None, None, "f(t) = f(0) − a t²(log 1/|t| + c) + o(t²)"),
        (
            "power:3.5",
            None,
            None,
            None,
            "f(t) = f(0) − a t² + b|t|^q + o(|t|^q), q = 2.5 between 2 and 3",
        ),
        ("power:4", None, None, None, None),
        (
            "matern:0.75,1",
            "(KAPPA² + n²)^S is a Lévy symbol with jumps of every size",
            None,
            None,
            None,
        ),
        ("matern:1,2", None, (0, "a_n = 1/(KAPPA² + n²) for every n"), None, None),
        (
            "matern:1.25,1",
            None,
            None,
            None,
            "f(t) = f(0) − b|t|^q + o(|t|^q), q = 1.5 between 1 and 2",
        ),
        (
            "matern:2,1",
            None,
            None,
            "a_n is a product of 2 factors 1/(KAPPA² + n²)",
            None,
        ),
        ("matern:2.5,1", None, None, None, None),
    ],
)
def test_what_is_proved_of_each(
    name: str, levy: str, knife: tuple, polya: str, rough: str
) -> None:
    traits = parse(name).traits
    assert (traits.levy, traits.knife, traits.polya, traits.rough) == (
        levy,
        knife,
        polya,
        rough,
    )


def test_roughness_at_its_ends() -> None:
    assert _roughness(F(1)) is None
    assert _roughness(F(3)) is None
    assert "|t|^q + o" in _roughness(F(101, 100))
    assert "a t² + b|t|^q" in _roughness(F(299, 100))


def test_polya_of_the_fast_ones() -> None:
    assert parse("wrapped-gaussian:1").traits.polya == "a_n has a Gaussian factor"
    assert "infinitely many factors" in parse("sech:1").traits.polya


@pytest.mark.parametrize(
    ("p", "stated"), [("2", False), ("1.5", False), ("2.5", True), ("6", True)]
)
def test_only_a_slope_at_0_bounds_the_error_of_a_distance(p: str, stated: bool) -> None:
    error = parse(f"power:{p}").float_error
    assert (error is not None) is stated
    if stated:
        assert 0 < error < 1e-10
    assert (parse("matern:1,1").float_error is None) is True
    assert parse("matern:1.5,0.5").float_error < 1e-10


def test_exact_values_of_the_markov_members() -> None:
    assert parse("power:2").exact(F(1, 2), F(0)) == {
        (F(-1, 2), F(1)): 1,
        (F(1, 2), F(-1)): 1,
    }
    assert parse("matern:1,2").exact(F(1), F(1, 2)) == {
        (F(-2), F(1)): 1,
        (F(2), F(-1)): 1,
    }
    assert parse("power:3").exact is None
    assert parse("matern:2,1").exact is None


@pytest.mark.parametrize("terms", [4, 9])
@pytest.mark.parametrize("s", [F(11, 10), F(2), F(7, 2)])
def test_the_tail_of_a_power_is_bounded_and_not_by_far(s: F, terms: int) -> None:
    with precision(100):
        tail = rational(s).zeta() - sum(
            (arb(n) ** -rational(s) for n in range(1, terms + 1)), arb(0)
        )
        bound = _beyond(terms, s)
        assert tail < bound < tail * 2


@pytest.mark.parametrize(
    ("s", "kappa"), [(F(3, 4), F(1)), (F(3), F(5)), (F(2), F(1, 4))]
)
def test_binomial_expansions_leave_what_they_say(s: F, kappa: F) -> None:
    terms = 64 * max(1, math.ceil(kappa))
    with precision(200):
        powers, rest = _matern_powers(s, kappa, terms, 12)
        assert powers[0].b == 2
        assert [one.s for one in powers] == [2 * s + 2 * k for k in range(len(powers))]
        left = arb(0)
        for n in range(terms + 1, terms + 400):
            exact = 2 * (rational(kappa) ** 2 + n * n) ** -rational(s)
            head = sum((p.b * arb(n) ** -rational(p.s) for p in powers), arb(0))
            left += abs(exact - head)
        assert left <= rest < arb(2) ** -12


@pytest.mark.parametrize("k", [0, 2, 4])
def test_fast_series_end_when_nothing_is_left(k: int) -> None:
    # a_n = 2^{−n}: the rest is geometric.
    made = _Fast(lambda n: arb(2) ** -n, lambda n: arb(1) / 2)
    with precision(100):
        found, rest = made.terms(20, k)
        tail = sum(
            (2 * arb(n) ** k * arb(2) ** -n for n in range(len(found), 400)), arb(0)
        )
        assert tail.lower() <= rest < arb(2) ** -20
        assert found[0] == 1
        assert found[1] == 1
        assert found[3] == arb(1) / 4
        # Σ 2^{1−n} cos nt + 1 − … at t = 0: 1 + 2 = 3.
        assert made.value(arb(0)).overlaps(arb(3))
        # Σ 2^{1−n} n² = 12.
        assert made.moment(2).overlaps(arb(12))
        assert made.bend(arb(0)).overlaps(arb(-12))
        assert made.moment(0).overlaps(arb(3))


@pytest.mark.parametrize(
    ("value", "text"),
    [(F(5, 2), "2.5"), (F(11, 5), "2.2"), (F(3), "3.0"), (F(1, 3), "1/3")],
)
def test_parameters_are_written_as_they_can_be_typed(value: F, text: str) -> None:
    assert _decimal(value) == text
    if value > F(21, 20):
        assert power(value).name == f"power:{text}"


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: power(F(26, 25)), "power:P needs 1.05 ≤ P ≤ 40, and P is 1.04."),
        (lambda: matern(F(1, 2), F(1)), "they are 0.5 and 1.0."),
        (lambda: matern(F(41, 2), F(1)), "they are 20.5 and 1.0."),
        (lambda: matern(F(2), F(1, 128)), "they are 2.0 and 0.0078125."),
        (lambda: matern(F(2), F(21, 4)), "they are 2.0 and 5.25."),
        (lambda: wrapped_gaussian(F(1, 32)), "and S is 0.03125."),
        (lambda: wrapped_gaussian(F(21, 4)), "and S is 5.25."),
        (lambda: sech(F(1, 32)), "and A is 0.03125."),
        (lambda: sech(F(41, 4)), "and A is 10.25."),
    ],
)
def test_parameters_outside_are_refused(build: object, words: str) -> None:
    with pytest.raises(BadInput, match="needs") as caught:
        build()
    assert str(caught.value).endswith(words)


@pytest.mark.parametrize(
    "build", [lambda: power(F(40)), lambda: sech(F(10)), lambda: wrapped_gaussian(F(5))]
)
def test_parameters_at_their_ends_are_taken(build: object) -> None:
    function = build()
    with precision(64):
        assert float(function.ball(arb(1)).mid()) == pytest.approx(
            function.values(np.array([1.0]))[0], rel=1e-12
        )
