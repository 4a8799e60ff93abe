"""z over two free angles: the grid, its symmetries, and what is counted."""

import math

import numpy as np
import pytest

from tfluck.angular import check, parse, surface
from tfluck.angular.matrices import TURN, least_gap
from tfluck.foundations.errors import BadInput


def test_every_point_is_the_z_of_its_angles() -> None:
    found = surface(parse("poisson:0.8"), 3, {2: 2.0}, 8)
    assert (found.function, found.m, found.fixed) == ("poisson:0.8", 3, {2: 2.0})
    assert found.free == (1, 3)
    np.testing.assert_allclose(found.axis, np.arange(8) * TURN / 7)
    verdicts = {"holds": 0, "violated": 0, "degenerate": 0}
    for a in range(8):
        for b in range(8):
            angles = (found.axis[a] % TURN, 2.0, found.axis[b] % TURN)
            single = check(parse("poisson:0.8"), angles)
            verdicts[single.verdict] += 1
            assert found.z[a, b] == pytest.approx(single.z, rel=1e-9, abs=1e-12)
            gap = least_gap(np.array(angles)[:, None])[0]
            assert found.gap[a, b] == pytest.approx(gap, abs=1e-15)
    assert (found.holds, found.violated, found.degenerate) == tuple(verdicts.values())
    assert (found.zero, found.undecided) == (0, 0)
    assert found.certified


def test_the_last_point_of_an_axis_is_the_first() -> None:
    found = surface(parse("relu"), 3, {1: 1.0}, 9)
    assert found.axis[-1] == TURN
    for edge in (found.z[0], found.z[-1], found.z[:, 0], found.z[:, -1]):
        assert (edge == 0).all()
    # Both free angles at one place are degenerate as well.
    assert (np.diag(found.z) == 0).all()
    assert found.degenerate == 2 * 9 + 2 * 7 + 7


def test_symmetric_where_the_free_students_are_alike() -> None:
    found = surface(parse("relu"), 4, {1: 1.0, 4: 4.0}, 15)
    assert found.free == (2, 3)
    np.testing.assert_allclose(found.z, found.z.T, atol=1e-12)
    np.testing.assert_allclose(found.gap, found.gap.T, atol=1e-15)


def test_two_students_need_nothing_fixed() -> None:
    found = surface(parse("relu"), 2, {}, 6)
    assert found.free == (1, 2)
    # Reflection θ ↦ 2π − θ.
    np.testing.assert_allclose(found.z, found.z[::-1, ::-1], atol=1e-12)


def test_exact_zeros_are_counted_apart() -> None:
    found = surface(parse("linear"), 3, {1: 1.0}, 7)
    assert found.zero > 0
    assert found.violated == found.undecided == 0
    total = found.holds + found.zero + found.degenerate
    assert total == 49
    plain = surface(parse("math:cos"), 3, {1: 1.0}, 5)
    assert not plain.certified
    assert plain.undecided + plain.degenerate == 25


def test_blocks_of_any_size_give_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = surface(parse("relu"), 3, {1: 1.0}, 11)
    monkeypatch.setattr("tfluck.angular.grid._AT_A_TIME", 7)
    parts = surface(parse("relu"), 3, {1: 1.0}, 11)
    np.testing.assert_array_equal(whole.z, parts.z)
    assert (whole.holds, whole.degenerate) == (parts.holds, parts.degenerate)


def test_depth_is_a_rank_correlation() -> None:
    found = surface(parse("relu"), 3, {1: 1.0}, 11)
    ranks = [
        np.argsort(np.argsort(x.ravel(), kind="stable"))
        for x in (np.abs(found.z), found.gap)
    ]
    assert found.depth_correlation == pytest.approx(np.corrcoef(ranks)[0, 1], abs=0.08)
    assert 0.5 < found.depth_correlation < 1


@pytest.mark.parametrize(
    ("m", "fixed", "points", "words"),
    [
        (3, {}, 9, "fix m − 2 of the students 1 … 3."),
        (3, {1: 1.0, 2: 1.0}, 9, "fix m − 2 of the students 1 … 3."),
        (3, {4: 1.0, 1: 2.0}, 9, "fix m − 2 of the students 1 … 3."),
        (4, {0: 1.0, 1: 2.0, 2: 3.0}, 9, "fix m − 2 of the students 1 … 4."),
        (3, {1: 1.0}, 1, "The grid needs 2 to 2001 points a side; 1 were asked for."),
        (
            3,
            {1: 1.0},
            2002,
            "The grid needs 2 to 2001 points a side; 2002 were asked for.",
        ),
        (3, {1: 7.0}, 9, "Angles must lie in [0, 2π), and one is 7.0."),
        (3, {1: math.nan}, 9, "Angles must be finite numbers, and one is nan."),
        (1, {}, 9, "The number of students m must be 2 to 32 here; it is 1."),
        (
            20,
            dict.fromkeys(range(1, 19), 0.1),
            2001,
            "2001 points a side at m = 20 are 80080020 angles; at most 67108864 are held "
            "at once, so take fewer points.",
        ),
    ],
)
def test_refusals(m: int, fixed: dict, points: int, words: str) -> None:
    with pytest.raises(BadInput) as caught:
        surface(parse("relu"), m, fixed, points)
    assert str(caught.value).endswith(words)
    if "fix m" in words:
        assert str(caught.value).startswith("A surface needs exactly two free angles: ")


def test_the_smallest_grid() -> None:
    found = surface(parse("relu"), 3, {1: 1.0}, 2)
    assert found.z.tolist() == [[0, 0], [0, 0]]
    assert found.degenerate == 4
