"""Sets of frequencies: how they are read, and Theorems D2 to D4 about their fibres."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfluck.angular.frequencies import (
    LARGEST,
    Frequencies,
    _twos,
    decide_pad,
    parse_frequencies,
)
from tfluck.foundations.errors import BadInput

few = settings(max_examples=40)


@pytest.mark.parametrize(
    ("text", "modulus", "residues"),
    [
        ("Z", 1, {0}),
        ("2Z", 2, {0}),
        ("1+2Z", 2, {1}),
        ("3+2Z", 2, {1}),
        ("-1+2Z", 2, {1}),
        ("6Z", 6, {0}),
        ("1+6Z", 6, {1, 5}),  # −k counts with k
        ("-1+6Z", 6, {1, 5}),
        ("2+6Z,3+6Z", 6, {2, 3, 4}),
        ("2Z,3Z", 6, {0, 2, 3, 4}),
        ("4Z,1+2Z", 4, {0, 1, 3}),
        ("5", 1, set()),  # single numbers are finitely many
        ("5,-7,0", 1, set()),
        ("5,3Z", 3, {0}),
        (" 1 + 4Z , 2 ", 4, {1, 3}),
        ("1+Z", 1, {0}),
        ("0+10Z", 10, {0}),
        ("7+10Z", 10, {3, 7}),
    ],
)
def test_what_is_read(text: str, modulus: int, residues: set) -> None:
    assert parse_frequencies(text) == Frequencies(modulus, frozenset(residues))


@few
@given(
    st.lists(
        st.tuples(st.integers(-50, 50), st.integers(1, 12)), min_size=1, max_size=3
    )
)
def test_reading_agrees_with_counting(progressions: list) -> None:
    text = ",".join(f"{start}+{step}Z" for start, step in progressions)
    found = parse_frequencies(text)
    for k in range(-150, 150):
        inside = any(
            (k - start) % step == 0 or (-k - start) % step == 0
            for start, step in progressions
        )
        assert inside == (k % found.modulus in found.residues)


@pytest.mark.parametrize(
    "part", ["", "x", "0Z", "1+0Z", "Z2", "2*Z", "1.5", "+2Z", "1+2", "1-2Z", "9" * 10]
)
def test_what_is_no_set(part: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_frequencies(f"2Z,{part}")
    assert str(caught.value) == (
        f"{part!r} is no set of frequencies; expected such as 6Z, 1+6Z or 3."
    )


def test_moduli_that_are_too_large_are_refused_at_once() -> None:
    assert parse_frequencies(f"{LARGEST}Z").modulus == LARGEST
    with pytest.raises(BadInput) as caught:
        parse_frequencies("317Z,331Z")
    assert str(caught.value) == (
        "The frequencies repeat after 104927 only; at most 100000 are looked at."
    )


@pytest.mark.parametrize(
    ("number", "twos", "odd"),
    [(1, 0, 1), (2, 1, 1), (12, 2, 3), (40, 3, 5), (81, 0, 81)],
)
def test_odd_parts(number: int, twos: int, odd: int) -> None:
    assert _twos(number) == twos
    assert Frequencies(number, frozenset()).odd_part == odd


@pytest.mark.parametrize(
    ("text", "pad", "theorem", "reason"),
    [
        ("Z", "yes", "D4", "PAD: the frequencies meet every class mod 1 (D4)"),
        ("3Z", "no", "D3", "not PAD: only finitely many frequencies are 1 mod 3 (D3)"),
        (
            "1+3Z",
            "no",
            "D3",
            "not PAD: only finitely many frequencies are 0 mod 3 (D3)",
        ),
        (
            "6Z,1+6Z,5+6Z",
            "yes",
            "D4",
            "PAD: the frequencies meet every class mod 3 (D4)",
        ),
        (
            "4Z",
            "no",
            "D3",
            "not PAD: of the 4 classes mod 4 that are 0 mod 1 only 1 occur, less than "
            "half (D3)",
        ),
        (
            "1+8Z,2+8Z",
            "undecided",
            None,
            "undecided: every fibre is half full or more (D3 holds), but that of 0 mod 1 "
            "has neither all its even nor all its odd classes (D2 fails); Conjecture D5 "
            "would make it PAD",
        ),
        (
            "8Z,1+8Z,2+8Z",
            "undecided",
            None,
            "undecided: every fibre is half full or more (D3 holds), but that of 0 mod 1 "
            "has neither all its even nor all its odd classes (D2 fails); Conjecture D5 "
            "would make it PAD",
        ),
        (
            "1+4Z",
            "yes",
            "D2",
            "PAD: every class mod 1 has all its even or all its odd frequencies (D2)",
        ),
        (
            "12Z,1+12Z,2+12Z,6+12Z,7+12Z",
            "yes",
            "D2",
            "PAD: every class mod 3 has all its even or all its odd frequencies (D2)",
        ),
    ],
)
def test_which_theorem_says_what(
    text: str, pad: str, theorem: str | None, reason: str
) -> None:
    found = decide_pad(parse_frequencies(text))
    assert (found.pad, found.theorem, found.reason) == (pad, theorem, reason)


@few
@given(modulus=st.integers(1, 24), data=st.data())
def test_verdicts_follow_the_fibres(modulus: int, data: st.DataObject) -> None:
    chosen = data.draw(st.sets(st.integers(0, modulus - 1)))
    residues = chosen | {-k % modulus for k in chosen}
    found = decide_pad(Frequencies(modulus, frozenset(residues)))
    q = modulus
    while q % 2 == 0:
        q //= 2
    fibres = [{r for r in range(modulus) if r % q == a} for a in range(q)]
    half = all(2 * len(f & residues) >= len(f) for f in fibres)
    whole = all(
        any({r for r in f if r % 2 == e} <= residues for e in (0, 1)) for f in fibres
    )
    if modulus % 4:
        assert found.pad == ("yes" if all(f & residues for f in fibres) else "no")
    elif not half:
        assert found.pad == "no"
    else:
        assert found.pad == ("yes" if whole else "undecided")


@few
@given(modulus=st.integers(1, 20), factor=st.integers(2, 4), data=st.data())
def test_a_finer_modulus_never_contradicts(
    modulus: int, factor: int, data: st.DataObject
) -> None:
    chosen = data.draw(st.sets(st.integers(0, modulus - 1)))
    residues = frozenset(chosen | {-k % modulus for k in chosen})
    finer = frozenset(r for r in range(modulus * factor) if r % modulus in residues)
    one = decide_pad(Frequencies(modulus, residues)).pad
    other = decide_pad(Frequencies(modulus * factor, finer)).pad
    assert {one, other} != {"yes", "no"}


@few
@given(modulus=st.integers(1, 16), data=st.data())
def test_more_frequencies_never_make_it_worse(
    modulus: int, data: st.DataObject
) -> None:
    chosen = data.draw(st.sets(st.integers(0, modulus - 1)))
    residues = chosen | {-k % modulus for k in chosen}
    one = data.draw(st.integers(0, modulus - 1))
    more = residues | {one, -one % modulus}
    order = ("no", "undecided", "yes")
    less, grown = (
        decide_pad(Frequencies(modulus, frozenset(r))).pad for r in (residues, more)
    )
    assert order.index(less) <= order.index(grown)
