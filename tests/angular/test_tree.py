"""The split tree of a certificate: boxes, levels, and everything that is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfluck.angular.tree import (
    MAX_DEPTH,
    OVER_TURN,
    _halves,
    _is_outside,
    _kinds,
    _levels,
    leaves,
)
from tfluck.foundations.errors import ClaimFailed

TURN = 2 * np.pi


def symbols(text: bytes) -> np.ndarray:
    return np.frombuffer(text, dtype=np.uint8)


def walked(tree: bytes, m: int = 3, delta: float = 0.5) -> list:
    return [leaf for batch in leaves(tree, m, delta) for leaf in batch]


def test_kinds_of_symbols_depend_on_the_number_of_students() -> None:
    outside, claimed, split = _kinds(symbols(b".0123459abcdez"), 3)
    assert [i for i, x in enumerate(outside) if x] == [0]
    assert [i for i, x in enumerate(claimed) if x] == [2, 3, 4]
    assert [i for i, x in enumerate(split) if x] == [8, 9, 10]
    four = _kinds(symbols(b"0145ade"), 4)
    assert [kind.tolist() for kind in four] == [
        [False] * 7,
        [False, True, True, False, False, False, False],
        [False] * 4 + [True, True, False],
    ]


@pytest.mark.parametrize(
    ("tree", "starts"),
    [(b"2", [0]), (b"a22", [0, 1]), (b"aa222", [0, 1, 3])],
)
def test_levels_begin_where_the_last_ended(tree: bytes, starts: list) -> None:
    assert _levels(symbols(tree), 3) == starts


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        (b"", "its tree ends too early."),
        (b"a", "its tree ends too early."),
        (b"a2", "its tree ends too early."),
        (b"aa2", "its tree ends too early."),
        (b"22", "its tree goes on after its end."),
        (b"a222", "its tree goes on after its end."),
        (b"x", "its tree has an unknown symbol."),
        (b"4", "its tree has an unknown symbol."),
        (b"0", "its tree has an unknown symbol."),
        (b"d22", "its tree has an unknown symbol."),
        (b"a2\x00", "its tree has an unknown symbol."),
    ],
)
def test_malformed_trees(tree: bytes, words: str) -> None:
    with pytest.raises(ClaimFailed) as caught:
        walked(tree)
    assert str(caught.value) == f"The certificate is refused: {words}"


def test_boxes_are_halves_of_halves() -> None:
    found = walked(b"ab312")
    # First the lower half along axis a, which is halved along b; then the upper one.
    assert sorted(found) == sorted(
        [
            (((0.0, 0.5), (0.0, 0.5), (0.0, 1.0)), 1),
            (((0.0, 0.5), (0.5, 0.5), (0.0, 1.0)), 2),
            (((0.5, 0.5), (0.0, 1.0), (0.0, 1.0)), 3),
        ]
    )


def test_four_students_have_four_axes() -> None:
    assert walked(b"d24", 4) == [
        (((0.0, 1.0),) * 3 + ((0.0, 0.5),), 2),
        (((0.0, 1.0),) * 3 + ((0.5, 0.5),), 4),
    ]


@pytest.mark.parametrize(
    ("low", "width", "outside"),
    [
        ([0.0, 0.0, 0.0], [1.0, 1.0, 1.0], False),
        ([0.5, 0.5, 0.5], [0.5, 0.5, 0.5], True),
        ([0.25, 0.25, 0.5], [0.25, 0.25, 0.25], False),
        ([0.0, 0.25, 0.5], [0.0625, 0.25, 0.25], True),
        ([0.0, 0.25, 0.5], [0.125, 0.25, 0.25], False),
        ([0.125, 0.25, 0.5], [0.03125, 0.0625, 0.25], False),
        ([0.25, 0.25, 0.5], [0.0625, 0.0625, 0.25], True),
        ([0.0625, 0.5, 0.5], [0.25, 0.0625, 0.0625], True),
        ([0.03125, 0.25, 0.9375], [0.125, 0.25, 0.0625], True),
    ],
)
def test_what_lies_outside(low: list, width: list, outside: bool) -> None:
    found = _is_outside(np.array(low)[:, None], np.array(width)[:, None], 0.1 * TURN)
    assert found.tolist() == [outside]


@settings(max_examples=40)
@given(
    corner=st.tuples(*[st.integers(0, 15)] * 3),
    depth=st.tuples(*[st.integers(1, 4)] * 3),
    delta=st.floats(0.1, 1.2),
    inside=st.tuples(*[st.floats(0, 1)] * 3),
)
def test_a_box_that_is_left_out_has_no_point_of_the_region(
    corner: tuple, depth: tuple, delta: float, inside: tuple
) -> None:
    width = 2.0 ** -np.array(depth)[:, None]
    low = np.floor(np.array(corner)[:, None] / 16 / width) * width
    if _is_outside(low, width, delta)[0]:
        theta = TURN * (low[:, 0] + np.array(inside) * width[:, 0])
        gaps = np.diff([0.0, *theta, TURN])
        assert gaps.min() < delta or theta[0] + theta[-1] >= TURN * (1 - 1e-12)


def test_a_turn_is_taken_a_little_longer() -> None:
    assert 0 < OVER_TURN - TURN < 1e-10


def test_leaving_out_what_meets_the_region_is_refused() -> None:
    # The right half along θ_1 lies behind the reflection only together with θ_3.
    for tree in (b".", b"a.2", b"b2."):
        with pytest.raises(ClaimFailed, match="leaves out a box that meets the region"):
            walked(tree)
    # θ_1 and θ_3 both in the upper half: left out rightly.
    assert len(walked(b"a2c2.")) == 2


def test_trees_deeper_than_is_exact_are_refused() -> None:
    def halved(times: int) -> bytes:
        return b"a" + b"a2" * (times - 1) + b"22"

    # A side of 2^−48 may be halved once more; what is halved after that is refused.
    found = walked(halved(MAX_DEPTH + 1))
    assert min(box[0][1] for box, _ in found) == 2.0 ** -(MAX_DEPTH + 1)
    assert len(found) == MAX_DEPTH + 2
    with pytest.raises(ClaimFailed, match="deeper than is exact"):
        walked(halved(MAX_DEPTH + 2))


def test_halving_is_exact() -> None:
    low, width = np.array([[0.5], [0.25]]), np.array([[2.0**-40], [0.5]])
    lows, widths = _halves(low, width, np.array([0]))
    assert lows[0].tolist() == [0.5, 0.5 + 2.0**-41]
    assert widths[0].tolist() == [2.0**-41] * 2
    assert lows[1].tolist() == [0.25] * 2
    # The arguments are left alone.
    assert width[0, 0] == 2.0**-40
    assert low[0, 0] == 0.5


@pytest.mark.parametrize("size", [1, 3, 100])
def test_batches_are_of_the_size_agreed(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tfluck.angular.tree._BATCH", size)
    tree = b"a" + b"b" * 2 + b"c" * 4 + b"2" * 8
    sizes = [len(batch) for batch in leaves(tree, 3, 0.5)]
    assert sum(sizes) == 8
    assert set(sizes[:-1]) <= {size}
    assert 0 < sizes[-1] <= size
