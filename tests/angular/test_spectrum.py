"""AD and PAD verdicts, the lemmas, and the phase diagram."""

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfluck.angular import AngularFunction, check, parse, phase_diagram, spectrum_of
from tfluck.angular.lemmas import (
    decreasing,
    end_values,
    log_concavity_defect,
    product_inequality,
    quadratic_form,
)
from tfluck.angular.matrices import TURN
from tfluck.angular.phase import GRID, decay_family, folded_table
from tfluck.angular.spectrum import numerical_coefficients
from tfluck.foundations.errors import BadInput


@pytest.mark.parametrize(
    ("name", "ad", "pad", "negative"),
    [
        ("relu", "yes", "yes", None),
        ("linear", "yes", "yes", None),
        ("arc-cosine:2", "yes", "yes", None),
        ("relu-ntk", "yes", "yes", None),
        ("poisson:0.8", "yes", "yes", None),
        ("sqrt-exponential", "yes", "yes", None),
        ("triangle:1,1", "yes", "yes", None),
        ("triangle:1,-1", "no", "no", 0),
        ("cosines:1,1", "yes", "no", None),
        ("cosines:1,-0.5,2", "no", "no", 1),
        ("math:sin", "no", "no", 2),
        ("math:exp", "no", "no", 1),
        ("math:cos", "undecided", "undecided", None),
    ],
)
def test_verdicts(name: str, ad: str, pad: str, negative: int | None) -> None:
    found = spectrum_of(parse(name))
    assert (found.ad, found.pad, found.negative) == (ad, pad, negative)
    assert found.certified == (not name.startswith("math:"))
    if negative is not None:
        assert f"c_{negative} = " in found.reason
        assert found.coefficients[negative] < 0


def test_what_is_not_ad_is_still_evaluated() -> None:
    assert len(check(parse("cosines:1,-0.5,2"), (1, 2, 3)).dets) == 3


@pytest.mark.parametrize(
    "name", ["relu", "poisson:0.8", "exponential:1", "triangle:2,0.5"]
)
@pytest.mark.parametrize("terms", [2, 5, 20])
def test_tail_bound_is_the_rest_of_the_sum(name: str, terms: int) -> None:
    found = spectrum_of(parse(name), terms)
    total = float(parse(name).values(np.zeros(1))[0])
    assert found.tail_bound == pytest.approx(
        total - found.coefficients.sum(), abs=1e-12
    )


@given(st.integers(0, 2**32 - 1), st.sampled_from(["relu", "linear", "poisson:0.7"]))
def test_definition_5_2_and_proposition_5_4(seed: int, name: str) -> None:
    weights = np.random.default_rng(seed).standard_normal(128)
    assert quadratic_form(parse(name), weights) >= -1e-12


def test_a_negative_coefficient_shows_in_definition_5_2() -> None:
    function = parse("cosines:1,-0.5,2")
    wave = np.cos(2 * np.pi * np.arange(64) / 64)
    assert quadratic_form(function, wave) == pytest.approx(-0.5 * math.pi**2)


def test_lemmas_4_2_and_4_3_for_the_papers_function() -> None:
    function = parse("relu")
    assert end_values(function) == pytest.approx((math.pi, 0), abs=1e-15)
    assert (decreasing(function).holds, decreasing(function).certified) == (True, True)
    assert product_inequality(function).holds


@given(st.floats(0, 3.1))
def test_the_identity_behind_lemma_4_3(t: float) -> None:
    # f′² − f f″ = (π − t)² − sin² t > 0: log f is strictly concave.
    defect = float(log_concavity_defect(np.array([t]))[0])
    assert defect == pytest.approx((math.pi - t) ** 2 - math.sin(t) ** 2, abs=1e-13)
    assert (math.pi - t) ** 2 > math.sin(t) ** 2


def test_lemmas_do_not_rescue_the_conjectures() -> None:
    # AD, decreasing, f(π) = 0, and Lemma 4.3's inequality, yet 5.5 fails.
    function = parse("cosines:1.2,1,0,0.2")
    assert spectrum_of(function).ad == "yes"
    assert decreasing(function).holds
    assert end_values(function)[1] == pytest.approx(0, abs=1e-15)
    assert product_inequality(function).holds
    assert check(function, (1.09, 1.73, 5.12)).verdict == "violated"
    # Conjecture 5.8's hypotheses hold for 1 + cos, its conclusion does not.
    assert decreasing(parse("cosines:1,1")).holds
    assert product_inequality(parse("cosines:1,1")).holds


def test_exponentials_meet_lemma_4_3_with_equality() -> None:
    assert product_inequality(parse("exponential:1")).holds is None


@pytest.mark.parametrize(("terms"), [1, 0, 10**6])
def test_number_of_coefficients_is_bounded(terms: int) -> None:
    with pytest.raises(BadInput):
        spectrum_of(parse("relu"), terms)


def test_decay_two_is_the_markov_kernel() -> None:
    t = np.arange(GRID // 2 + 1) * TURN / GRID
    expected = np.pi / 2 * np.cosh(np.pi - t) / np.sinh(np.pi)
    np.testing.assert_allclose(folded_table(2.0), expected, atol=1e-14)


@pytest.mark.parametrize("decay", [1.1, 1.5, 3.0, 8.0])
def test_tables_agree_between_grids_and_with_plain_sums(decay: float) -> None:
    np.testing.assert_allclose(
        folded_table(decay, 512), folded_table(decay, 1024)[::2], atol=1e-13
    )
    if decay > 2.5:
        n = np.arange(1, 200_000)
        for j in (0, 7, 250):
            direct = 0.5 + (np.cos(TURN * n * j / 512) / (1 + n**decay)).sum()
            assert folded_table(decay, 512)[j] == pytest.approx(direct, abs=1e-9)


def test_what_is_known_over_the_decay() -> None:
    decays = [1.2, 1.94, 2.0, 2.1, 3.0, 3.9, 4.0, 6.8]
    found = phase_diagram([Fraction(str(p)) for p in decays], samples=200)
    marks = [point.mark for point in found.points]
    assert marks == [
        *["certified violation"] * 2,
        "exactly zero",
        *["certified violation"] * 3,
        "none found",
        "certified absence",
    ]
    # Random angles see nothing of the violations between 2 and 4.
    assert [point.random_share for point in found.points] == [1, 1, 0, 0, 0, 0, 0, 0]
    for point in found.points:
        assert (point.witness is not None) == (point.mark == "certified violation")
        assert math.isnan(point.nearest) == (point.witness is None)


def test_phase_refuses_what_it_cannot_do() -> None:
    for decays, sizes, samples in (([], (3,), 1), ([2.0], (2,), 1), ([2.0], (3,), 0)):
        with pytest.raises(BadInput):
            phase_diagram(decays, sizes, samples)
    with pytest.raises(BadInput):
        decay_family(1.0)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (
            "cosines:1,1",
            "AD, every c_k ≥ 0: the coefficients are the ones given; not PAD: every M has "
            "rank at most 3, so det M = 0 for m > 3",
        ),
        ("cosines:1,-0.5", "not AD: c_1 = -0.5 < 0; hence not PAD"),
        (
            "relu-ntk",
            "AD, every c_k ≥ 0: c_0 = 2/π, c_1 = π/2, c_k = (2/π)((k−1)⁻² + (k+1)⁻²) for "
            "even k ≥ 2, else 0; PAD: the frequencies meet every class mod 1 (D4); all but "
            "finitely many even frequencies have c_k > 0",
        ),
        (
            "poisson:0.5",
            "AD, every c_k ≥ 0: c_0 = 1, c_k = 2 R^k > 0; PAD: the frequencies meet every "
            "class mod 1 (D4); all frequencies have c_k > 0",
        ),
    ],
)
def test_reasons_word_by_word(name: str, reason: str) -> None:
    assert spectrum_of(parse(name)).reason == reason


def test_coefficients_lie_in_their_enclosures() -> None:
    found = spectrum_of(parse("poisson:0.5"), 6)
    assert found.coefficients.tolist() == [1, 1, 0.5, 0.25, 0.125, 0.0625]
    for (low, high), c in zip(found.enclosures, found.coefficients, strict=True):
        assert low <= c <= high <= low + 1e-15
    # The rest of a geometric series is its last term.
    assert found.tail_bound == pytest.approx(0.0625, rel=1e-12)
    assert found.function == "poisson:0.5"


def test_the_rest_of_what_is_not_ad() -> None:
    # A negative coefficient that has not been summed yet: no bound by f(0).
    early = spectrum_of(parse("cosines:1,0,0,-1"), 3)
    assert early.tail_bound == pytest.approx(1)
    late = spectrum_of(parse("cosines:1,0,0,-1"), 4)
    assert late.tail_bound == 0
    hidden = replace(
        parse("cosines:1,0,0,-1"),
        series=replace(parse("cosines:1,0,0,-1").series, frequencies="all"),
    )
    assert spectrum_of(hidden, 3).tail_bound is None
    assert spectrum_of(hidden, 4).tail_bound == 0


@given(
    c=st.lists(st.floats(-2, 2), min_size=2, max_size=9),
    grid=st.sampled_from([16, 32, 100]),
)
def test_the_transform_is_exact_for_short_sums(c: list, grid: int) -> None:
    own = AngularFunction(
        "own", None, callable=lambda t: np.cos(np.outer(t, np.arange(len(c)))) @ c
    )
    found = numerical_coefficients(own, len(c), grid)
    np.testing.assert_allclose(found, c, atol=1e-12)


def test_numbers_of_a_callable_are_judged_by_two_grids() -> None:
    # |cos θ| has c_2 > 0 > c_4: 4/(3π)… −4/(15π).
    own = AngularFunction("own", None, callable=lambda t: np.abs(np.cos(t)))
    found = spectrum_of(own, 8)
    assert (found.ad, found.pad, found.negative, found.certified) == (
        "no",
        "no",
        4,
        False,
    )
    exact = [2 / math.pi, 0, 4 / (3 * math.pi), 0, -4 / (15 * math.pi)]
    np.testing.assert_allclose(found.coefficients[:5], exact, atol=1e-7)
    assert len(found.coefficients) == 8
    assert found.enclosures is None
    assert found.tail_bound is None
    assert found.reason.startswith(
        "not AD: c_4 = -0.0848826 < 0, numerically (its error"
    )
    assert found.reason.endswith("); hence not PAD")
    # One that is seen beyond the terms that are shown.
    far = AngularFunction("far", None, callable=lambda t: 2 - np.cos(40 * t))
    assert spectrum_of(far, 8).negative == 40
    good = AngularFunction("good", None, callable=lambda t: np.exp(-np.asarray(t)))
    said = spectrum_of(good)
    assert (said.ad, said.negative) == ("undecided", None)
    assert said.reason.startswith(
        "undecided: none of the first 512 coefficients is below −"
    )
    assert said.reason.endswith(", which proves nothing about the rest")


@pytest.mark.parametrize("terms", [1, 2001])
def test_numbers_of_coefficients_at_the_ends(terms: int) -> None:
    with pytest.raises(BadInput) as caught:
        spectrum_of(parse("relu"), terms)
    assert str(caught.value) == (
        f"The number of coefficients must be 2 to 2000; it is {terms}."
    )
    assert len(spectrum_of(parse("cosines:1,1"), 2000).coefficients) == 2000
