"""One set of angles: what is said, what is enclosed, and what is left open."""

import math
from dataclasses import replace
from fractions import Fraction as F

import numpy as np
import pytest
from flint import arb

from tfluck.angular import AngularFunction, Check, check, parse
from tfluck.angular.angle import Angle, parse_angle
from tfluck.angular.balls import Enclosures
from tfluck.angular.engine import precision
from tfluck.angular.verdicts import _outward, interval, sign_verdict
from tfluck.foundations.errors import BadInput


def nodes(text: str) -> list[Angle]:
    return [parse_angle(part) for part in text.split(",")]


@pytest.mark.parametrize(
    ("dets", "verdict"),
    [
        ([arb(-1), arb(2)], "holds"),
        ([arb(-1), arb(0, 1)], "holds"),
        ([arb(1), arb(2)], "violated"),
        ([arb(1), arb(0)], "zero"),
        ([arb(0), arb(0)], "zero"),
        ([arb(1), arb(0, 1)], "undecided"),
        ([arb(0), arb(0, 1)], "undecided"),
        ([arb(-1, 1), arb(1)], "undecided"),
    ],
)
def test_what_balls_prove(dets: list, verdict: str) -> None:
    assert sign_verdict(Enclosures(arb(1), tuple(dets))) == verdict


def test_ends_are_rounded_outwards_and_only_if_they_must() -> None:
    with precision(200):
        third = arb(1) / 3
        low, high = _outward(third.lower(), -1), _outward(third.upper(), 1)
        assert low < high == math.nextafter(low, 1)
        assert arb(low) <= third <= arb(high)
        assert (_outward(arb(0.5), -1), _outward(arb(0.5), 1)) == (0.5, 0.5)
        assert interval(arb(2)) == (2.0, 2.0)
        assert interval(arb(2, 1)) == pytest.approx((1.0, 3.0), abs=1e-8)
        assert interval(-third)[0] == -interval(third)[1]


def test_a_check_says_all_there_is_to_say() -> None:
    found = check(parse("cosines:1,1"), (1.0, 2.5))
    # f = 1 + cos: M = [[2, x], [x, 2]], b = (y, z).
    x, y, z = (1 + math.cos(t) for t in (1.5, 1.0, 2.5))
    det = 4 - x * x
    assert found.angles == (1.0, 2.5)
    assert found.det == pytest.approx(det, rel=1e-14)
    assert found.dets == pytest.approx((2 * y - x * z, 2 * z - x * y), rel=1e-13)
    assert found.z == min(found.dets)
    assert found.verdict == "holds"
    weights = [(2 * y - x * z) / det, (2 * z - x * y) / det]
    for (low, high), weight in zip(found.weights, weights, strict=True):
        assert (low, high) == pytest.approx((weight, weight), rel=1e-12)
    assert found.least_eigenvalue == pytest.approx((2 - x, 2 - x), rel=1e-12)
    assert found.antipodal == ()
    assert found.certified


def test_weights_are_told_only_where_m_is_regular() -> None:
    relu = parse("relu")
    assert check(relu, nodes("1,2,3")).weights is not None
    assert check(relu, nodes("1,1,3")).weights is None
    assert check(parse("cosines:1,1"), nodes("1,2,3,4")).weights is None


def test_degenerate_sets_are_certified_as_such() -> None:
    for where in ("1,1,2", "0,1,2", "pi/2,5pi/2-2pi,1"):
        found = check(parse("relu"), nodes(where))
        assert (found.verdict, found.certified) == ("degenerate", True)
    # 10⁻³⁰ apart is apart.
    close = check(parse("relu"), nodes("1,1+1e-30,2"))
    assert close.verdict == "holds"
    assert close.det_enclosure[0] > 0


def test_opposite_pairs_are_named_with_the_teacher() -> None:
    found = check(parse("relu"), nodes("pi,1,1+pi"))
    assert found.antipodal == ((0, 1), (2, 3))
    # The double next to π is not opposite.
    assert check(parse("relu"), (math.pi, 1.0, 2.0)).antipodal == ()


def test_exact_angles_may_stand_beside_doubles() -> None:
    mixed = check(parse("relu"), [Angle.of(F(0), F(1)), 1.0, 2.5])
    assert mixed.antipodal == ((0, 1),)
    assert mixed.angles == (math.pi, 1.0, 2.5)
    same = check(parse("relu"), (math.pi, 1.0, 2.5))
    assert mixed.dets == pytest.approx(same.dets, rel=1e-12)


def test_what_256_bits_leave_open_more_bits_decide() -> None:
    found = check(parse("relu"), nodes("1,1+1e-60,2"))
    assert (found.verdict, found.certified) == ("holds", True)
    # Beyond 4096 bits it is left open: x on a diagonal vanishes like ε.
    tiny = Angle.of(1 + F(1, 10**2000))
    left = check(parse("relu"), [Angle.of(F(1)), tiny, Angle.of(F(2))])
    assert (left.verdict, left.certified) == ("undecided", False)
    assert left.det_enclosure[0] <= 0 <= left.det_enclosure[1]
    assert left.weights is None


#: det M_i of a callable's matrix, without any proof.
def plain(function: AngularFunction) -> AngularFunction:
    return AngularFunction("plain", None, callable=function.values)


@pytest.mark.parametrize(
    ("name", "angles", "verdict"),
    [
        ("relu", (1.0, 2.0, 4.0), "holds"),
        ("triangle:1,1", (1.5, 3.0, 4.5), "violated"),
        ("cosines:0,1", (1.0, 2.0, 4.0), "undecided"),
        ("linear", (1.0, 2.0, 6.0), "undecided"),
        ("relu", (1.0, 1.0, 4.0), "degenerate"),
        ("relu", (0.0, 1.0, 4.0), "degenerate"),
        ("relu", (1.0, 1.0 + 1e-9, 1.0 + 2e-9), "undecided"),
    ],
)
def test_float64_says_what_is_beyond_its_noise(
    name: str, angles: tuple, verdict: str
) -> None:
    found = check(plain(parse(name)), angles)
    assert found.verdict == verdict
    assert found.certified is False
    assert found.det_enclosure is None
    assert found.dets_enclosure is None
    assert found.weights is None
    assert found.least_eigenvalue is None
    assert found.dets == pytest.approx(check(parse(name), angles).dets, abs=1e-13)


def test_a_function_without_doubles_is_still_certified() -> None:
    bare = replace(parse("relu"), float_error=None, series=None, exact=None)
    found = check(bare, (1.0, 2.0, 4.0))
    assert (found.verdict, found.certified) == ("holds", True)


def test_z_is_the_least_determinant() -> None:
    made = Check((1.0,), 1.0, (3.0, -2.0, 5.0), None, None, "undecided", False)
    assert made.z == -2.0


@pytest.mark.parametrize("angles", [(), (7.0,), (-1.0,), (math.nan,), np.zeros((2, 2))])
def test_bad_angles_are_refused_for_callables_too(angles: object) -> None:
    for function in (parse("relu"), plain(parse("relu"))):
        with pytest.raises(BadInput):
            check(function, angles)
