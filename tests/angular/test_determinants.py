"""Determinants: known values, symmetries, exact zeros, counterexamples with proof."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfluck.angular import antipodal_pairs, check, determinants_by_definition, parse
from tfluck.angular.lemmas import positive_definite
from tfluck.angular.matrices import TURN
from tfluck.foundations.errors import BadInput

NINE = (0.3, 0.9, 1.7, 2.4, 3.0, 3.9, 4.6, 5.2, 6.0)
#: (angles, det M, every det M_i), each to 18 digits or more, for the paper's f.
KNOWN = [
    (
        (1, 2, 3),
        8.785774454777717413,
        (9.395156461442690725, -6.615405752972879834, 2.912558075314679038),
    ),
    (
        (1, 2, 4),
        17.86704222503328811,
        (16.79139073797369650, -8.528654057767295356, 2.286826140473610144),
    ),
]


@pytest.mark.parametrize(("angles", "det", "dets"), KNOWN)
def test_known_determinants(angles: tuple, det: float, dets: tuple) -> None:
    found = check(parse("relu"), angles)
    assert found.verdict == "holds"
    assert found.certified
    assert found.det == pytest.approx(det, rel=1e-15)
    assert found.dets == pytest.approx(dets, rel=1e-15)
    for value, (low, high) in zip(dets, found.dets_enclosure, strict=True):
        assert low <= value <= high <= low + 1e-14


@pytest.mark.parametrize(
    ("angles", "z"),
    [((2, 3, 5), -4.741352187890681470), ((3, 5, 6), -4.319664561751683549)],
)
def test_congruent_triples_share_det_m_but_not_z(angles: tuple, z: float) -> None:
    found = check(parse("relu"), angles)
    assert found.det == pytest.approx(17.86704222503328811, rel=1e-15)
    assert found.z == pytest.approx(z, rel=1e-15)


def test_nine_students() -> None:
    found = check(parse("relu"), NINE)
    # The known values are for the decimals; their doubles differ by a few units in 1e-16.
    assert found.det == pytest.approx(9.107979208317978416e-5, rel=1e-13)
    assert found.z == pytest.approx(-3.611974729312827708e-5, rel=1e-13)
    assert found.certified


def test_float_determinants_by_definition_agree_with_balls() -> None:
    random = np.random.default_rng(5)
    for m in (1, 2, 3, 6):
        angles = random.random(m) * TURN
        det, dets = determinants_by_definition(parse("relu"), angles[:, None])
        proved = check(parse("relu"), angles)
        assert det[0] == pytest.approx(proved.det, rel=1e-6, abs=1e-13)
        assert dets[:, 0] == pytest.approx(proved.dets, rel=1e-6, abs=1e-13)


@given(
    angles=st.lists(st.floats(0, TURN, exclude_max=True), min_size=1, max_size=5),
    name=st.sampled_from(["relu", "linear", "poisson:0.5", "cosines:1,1"]),
    data=st.data(),
)
def test_permuting_students_permutes_determinants(
    angles: list, name: str, data: st.DataObject
) -> None:
    order = data.draw(st.permutations(range(len(angles))))
    function = parse(name)
    straight, shuffled = (
        check(function, angles),
        check(function, [angles[k] for k in order]),
    )
    assert straight.verdict == shuffled.verdict
    for place, source in enumerate(order):
        low, high = straight.dets_enclosure[source]
        other_low, other_high = shuffled.dets_enclosure[place]
        assert low <= other_high and other_low <= high  # both hold the true value


@given(st.lists(st.integers(1, 40), min_size=3, max_size=5, unique=True))
def test_reflection_keeps_z(steps: list) -> None:
    angles = np.array(steps) * TURN / 41
    function = parse("relu")
    here, there = check(function, angles), check(function, TURN - angles)
    assert here.z == pytest.approx(there.z, abs=1e-13 * math.pi ** len(steps))


@given(st.lists(st.integers(1, 29), min_size=3, max_size=6, unique=True))
def test_condition_holds_at_rational_multiples_of_pi(steps: list) -> None:
    # Theorem 4.4's angles; every double nearest to 2πk/30 is judged, with certainty.
    found = check(parse("relu"), np.array(steps) * TURN / 30)
    assert (found.verdict, found.certified) == ("holds", True)


@pytest.mark.parametrize(
    "angles", [(1, 1, 2), (0, 1, 2), (1, 2, 2), (0, 0, 0), (0.1, 0.2, 0.3, 0.1)]
)
@pytest.mark.parametrize("name", ["relu", "poisson:0.8", "triangle:1,1", "linear"])
def test_coincident_angles_are_degenerate_never_violations(
    name: str, angles: tuple
) -> None:
    found = check(parse(name), angles)
    assert (found.verdict, found.certified) == ("degenerate", True)
    assert found.z == 0


@pytest.mark.parametrize(
    ("name", "angles"),
    [
        ("linear", (1, 2, 6)),
        ("linear", (0.1, 1, 2, 6.2)),
        ("exponential:1", (1, 2, 6)),
        ("exponential:2.5", (0.5, 1, 2, 6)),
        ("triangle:1", (2, 3.5, 5)),
        ("cosines:1,1", (1, 2, 3, 4)),
        ("cosines:0,1", (1, 2, 4)),
    ],
)
def test_markov_and_rank_deficient_kernels_are_exactly_zero(
    name: str, angles: tuple
) -> None:
    found = check(parse(name), angles)
    assert (found.verdict, found.certified, found.z) == ("zero", True, 0)


@given(
    st.lists(st.floats(0.01, 6.27), min_size=3, max_size=4, unique=True),
    st.sampled_from(["linear", "exponential:1", "triangle:1"]),
)
def test_every_sign_of_a_markov_kernel_is_decided(angles: list, name: str) -> None:
    assert check(parse(name), angles).verdict in ("holds", "zero")


@pytest.mark.parametrize(
    ("name", "angles", "det", "dets"),
    [
        ("triangle:1,1", (1.5, 3, 4.5), 4, (1, 1, 1)),
        (
            f"triangle:{math.pi / 2!r},1",
            (math.pi / 2, math.pi, 3 * math.pi / 2),
            4,
            (1, 1, 1),
        ),
        ("poisson:0.8", (1.5, 3, 4.5), 727.8995, (18.6785, 8.1676, 14.2796)),
        ("relu-ntk", (0.74, 3.14, 5.52), 29.14059, (16.88268, 5.79507, 16.36437)),
        (
            "cosines:1.2,1,0,0.2",
            (1.09, 1.73, 5.12),
            3.73576,
            (0.93684, 0.94426, 1.86771),
        ),
        (
            "sqrt-exponential",
            (1, 3, 5),
            0.85917431,
            (0.26056482, 0.03757109, 0.21013524),
        ),
    ],
)
def test_counterexamples_to_conjecture_5_5(
    name: str, angles: tuple, det: float, dets: tuple
) -> None:
    found = check(parse(name), angles)
    assert (found.verdict, found.certified) == ("violated", True)
    assert found.det == pytest.approx(det, rel=1e-5)
    assert found.dets == pytest.approx(dets, rel=2e-5)
    assert min(low for low, _ in found.dets_enclosure) > 0


def test_poisson_at_the_pentagon() -> None:
    dets = check(parse("poisson:0.8"), TURN * np.arange(1, 5) / 5).dets
    assert dets == pytest.approx((221.45, 75.67, 75.67, 221.45), abs=0.01)


@pytest.mark.parametrize(
    ("name", "pairs", "det"),
    [
        ("relu", 1, math.pi**2),
        ("relu", 2, 12.29918148276958139),
        ("relu", 3, 0),
        ("linear", 1, math.pi**2),
        ("linear", 2, 0),
        ("linear", 3, 0),
    ],
)
def test_antipodal_pairs(name: str, pairs: int, det: float) -> None:
    # M of the paper's f is singular from three pairs on, that of π − θ from two on.
    first = 0.2 + 0.7 * np.arange(pairs)
    angles = np.concatenate([first, first + math.pi])
    assert antipodal_pairs(angles) == pairs
    assert check(parse(name), angles).det == pytest.approx(det, abs=1e-13)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=6, unique=True))
def test_lemma_4_5_and_definition_5_7(steps: list) -> None:
    # 41 is odd: multiples of 2π/41 have no antipodal pair.
    angles = np.array(steps) * TURN / 41
    for name in ("linear", "relu"):
        found = positive_definite(parse(name), angles)
        assert (found.holds, found.certified) == (True, True)


def test_conjecture_5_8_is_refuted() -> None:
    found = positive_definite(parse("cosines:1,1"), (1, 2, 3, 4))
    assert (found.holds, found.certified, found.margin) == (False, True, 0)


@pytest.mark.parametrize(
    "angles",
    [(), (-0.1, 1), (1, TURN), (1, 7), (math.nan, 1), (1, math.inf), ((1, 2),)],
)
def test_bad_angles_are_refused(angles: tuple) -> None:
    with pytest.raises(BadInput):
        check(parse("relu"), angles)


def test_plain_callables_are_judged_but_never_certified() -> None:
    cosine = parse("math:cos")
    found = check(cosine, (1, 2, 3))
    assert not found.certified
    assert found.dets_enclosure is None
    # cos has rank 2: every determinant is 0, and float noise must not be taken for a sign.
    assert found.verdict == "undecided"
    assert check(cosine, (1, 1, 2)).verdict == "degenerate"
