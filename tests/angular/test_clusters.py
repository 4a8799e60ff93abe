"""Exact candidates: polygons and clusters near the teacher, in the order they are tried."""

from dataclasses import replace
from fractions import Fraction as F

import pytest
from flint import arb

from tfluck.angular import parse
from tfluck.angular.angle import Angle, parse_angle
from tfluck.angular.balls import Enclosures
from tfluck.angular.clusters import hunt_exactly, polygons, triples
from tfluck.angular.functions import Traits


def of(text: str) -> list[Angle]:
    return [parse_angle(part) for part in text.split(",")]


@pytest.mark.parametrize("m", [1, 3, 6])
def test_a_polygon_has_the_teacher_as_a_corner(m: int) -> None:
    (found,) = polygons(m)
    assert found == [Angle.of(F(0), F(2 * k, m + 1)) for k in range(1, m + 1)]
    everyone = {Angle.of(F(0)), *found}
    turned = {Angle.of(a.q, a.k + F(2, m + 1)) for a in everyone}
    assert turned == everyone


def test_triples_are_two_near_nodes_and_one_far_on_either_side() -> None:
    found = list(triples(3, [2]))
    assert len(found) == 4 * 3 * 2 == len({tuple(x) for x in found})
    assert found[0] == of("-1/100,2/100,1")
    assert found[1] == of("-1/100,2/100,-1")
    assert found[2] == of("-1/100,2/100,2")
    assert found[4] == of("-1/100,2/100,2.5")
    assert found[6] == of("-1/100,3/100,1")
    assert found[12] == of("-2/100,3/100,1")
    assert found[-1] == of("-1/100,10/100,-2.5")


def test_more_students_stand_beside_the_far_one() -> None:
    assert next(triples(5, [1])) == of("-1/10,2/10,1,1.5,2")
    mirrored = list(triples(5, [1]))[1]
    assert mirrored == of("-1/10,2/10,-1,-1.5,-2")


def test_powers_of_ten_come_in_the_order_given() -> None:
    scales = [x[0].q for x in triples(3, [1, 4])]
    assert scales[0] == F(-1, 10)
    assert scales[24] == F(-1, 10**4)
    assert len(scales) == 48


def test_the_square_is_the_first_witness_of_the_poisson_kernel() -> None:
    witness, tried = hunt_exactly(parse("poisson:0.36"), 3)
    assert tried == 1
    assert list(witness.nodes) == of("pi/2,pi,3pi/2")
    assert (witness.check.verdict, witness.check.certified) == ("violated", True)


def test_clusters_are_the_witnesses_of_theorem_a4() -> None:
    witness, tried = hunt_exactly(parse("power:2.51"), 3)
    assert 1 < tried < 300
    left, right, _ = witness.nodes
    assert -F(1, 5) < left.q < 0 < right.q < F(1, 5)
    assert witness.check.verdict == "violated"
    assert min(low for low, _ in witness.check.weights) > 0


def test_nothing_is_found_where_the_condition_holds() -> None:
    # 1 polygon and 12 powers of 24 triples each.
    assert hunt_exactly(parse("relu"), 3) == (None, 1 + 12 * 24)


@pytest.mark.parametrize("rough", [False, True])
def test_rough_functions_are_followed_closer_with_more_bits(
    rough: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[F, int]] = []

    def never(function: object, angles: list, bits: int) -> Enclosures:
        asked.append((abs(angles[0].q), bits))
        return Enclosures(arb(1), (arb(1), arb(0), arb(1)))

    monkeypatch.setattr("tfluck.angular.clusters.enclose", never)
    own = replace(parse("relu"), traits=Traits(rough="so") if rough else Traits())
    assert hunt_exactly(own, 3) == (None, 289 + 6 * 24 * rough)
    assert asked[0][1] == 128
    assert {bits for _, bits in asked[1:289]} == {192}
    near = {q for q, _ in asked[1:289]}
    assert (max(near), min(near)) == (F(1, 5), F(1, 10**12))
    for power, bits in (
        (16, 384),
        (20, 416),
        (26, 464),
        (32, 512),
        (40, 576),
        (60, 736),
    ):
        seen = [b for q, b in asked if q == F(1, 10**power)]
        assert seen == ([bits] * 18 if rough else [])


def test_a_witness_needs_every_determinant_positive_for_certain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = iter([(arb(1), arb(0, 2)), (arb(1), arb(-1)), (arb(1), arb(2))])

    def given(function: object, angles: list, bits: int) -> Enclosures:
        return Enclosures(arb(1), next(answers))

    monkeypatch.setattr("tfluck.angular.clusters.enclose", given)
    witness, tried = hunt_exactly(parse("relu"), 3)
    assert tried == 3
    assert list(witness.nodes) == of("-1/10,2/10,-1")
    # What is told of it is checked at these nodes, whatever was enclosed before.
    assert witness.check.verdict == "holds"
