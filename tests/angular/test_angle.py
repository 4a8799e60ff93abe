"""Exact angles: reduced, compared, written and read without a rounding."""

import math
from fractions import Fraction as F

import pytest
from flint import arb
from hypothesis import example, given
from hypothesis import strategies as st

from tfluck.angular.angle import (
    Angle,
    antipodal_pairs_exactly,
    ball,
    parse_angle,
    sign,
)
from tfluck.angular.engine import precision
from tfluck.foundations.errors import BadInput

#: π to 70 digits, cut off, so a little below it.
PI = F("3.1415926535897932384626433832795028841971693993751058209749445923078164")
fractions = st.fractions(-40, 40, max_denominator=200)


@pytest.mark.parametrize(
    ("q", "k", "expected"),
    [
        (F(0), F(0), 0),
        (F(0), F(1, 10**9), 1),
        (F(0), F(-1, 10**9), -1),
        (F(1, 10**9), F(0), 1),
        (F(-1, 10**9), F(0), -1),
        (F(22, 7), F(-1), 1),  # Archimedes
        (F(223, 71), F(-1), -1),
        (F(355), F(-113), 1),
        (F(-355), F(113), -1),
        (PI, F(-1), -1),
        (PI + F(1, 10**70), F(-1), 1),
        (-PI, F(1), 1),
    ],
)
def test_the_sign_of_q_plus_k_pi(q: F, k: F, expected: int) -> None:
    assert sign(q, k) == expected


def test_a_difference_below_every_precision_is_refused_and_not_guessed() -> None:
    # The rational next to π at 70000 bits; 65536 are looked at.
    with precision(70_100):
        near = F(int((arb.pi() * arb(2) ** 70_000).floor().unique_fmpz()), 2**70_000)
    with pytest.raises(BadInput, match="too close to 0 to tell its sign"):
        sign(near, F(-1))
    coarser = F(int(near * 2**60_000), 2**60_000)
    assert sign(coarser, F(-1)) == -1


@given(q=fractions, k=fractions)
def test_reduction_takes_out_whole_turns_only(q: F, k: F) -> None:
    angle = Angle.of(q, k)
    assert angle.q == q
    turns = (k - angle.k) / 2
    assert turns.denominator == 1
    assert sign(angle.q, angle.k) >= 0
    assert sign(angle.q, angle.k - 2) < 0
    assert Angle.of(q, k + 2) == angle == Angle.of(q, k - 6)
    assert hash(Angle.of(q, k + 2)) == hash(angle)


@given(x=st.floats(0, 2 * math.pi, exclude_max=True))
def test_a_double_is_the_rational_number_it_is(x: float) -> None:
    angle = Angle.exactly(x)
    assert (angle.q, angle.k) == (F(x), 0)
    assert float(angle) == x
    assert Angle.exactly(angle) is angle


def test_an_angle_just_below_a_turn_stays_below_it_as_a_double() -> None:
    close = Angle.of(F(-1, 10**40))
    assert (close.q, close.k) == (F(-1, 10**40), 2)
    assert float(close) == math.nextafter(2 * math.pi, 0)
    assert float(Angle.of(F(0), F(1))) == math.pi
    assert float(Angle.of(F(1, 3))) == 1 / 3


@given(q=fractions, k=fractions)
def test_the_ball_of_an_angle_holds_it(q: F, k: F) -> None:
    with precision(64):
        coarse = ball(q, k)
    with precision(300):
        # π lies between the cut decimals and the next ones.
        ends = [q + k * PI, q + k * (PI + F(1, 10**70))]
        low, high = (arb(x.numerator) / x.denominator for x in sorted(ends))
        assert coarse.overlaps(low.union(high))
        assert coarse.rad() < arb(2) ** -50
    if not k and q.denominator == 1:
        assert coarse.is_exact()


@pytest.mark.parametrize(
    ("q", "k", "text"),
    [
        (F(0), F(0), "0"),
        (F(3, 2), F(0), "3/2"),
        (F(0), F(1), "pi"),
        (F(0), F(1, 2), "pi/2"),
        (F(0), F(3, 2), "-pi/2"),
        (F(0), F(2, 3), "2pi/3"),
        (F(0), F(4, 3), "-2pi/3"),
        (F(0), F(11, 12), "11pi/12"),
        (F(0), F(1, 11), "pi/11"),
        (F(0), F(13, 12), "-11pi/12"),
        (F(1, 10), F(1, 2), "pi/2+1/10"),
        (F(-1, 10), F(1, 2), "pi/2-1/10"),
        (F(-1, 1000), F(2), "-1/1000"),
        (F(1), F(1), "pi+1"),
        (F(-7, 3), F(1), "pi-7/3"),
    ],
)
def test_angles_are_written_the_shorter_way_round(q: F, k: F, text: str) -> None:
    assert str(Angle.of(q, k)) == text
    assert parse_angle(text) == Angle.of(q, k)


@pytest.mark.parametrize(
    ("text", "q", "k"),
    [
        (".5", F(1, 2), 0),
        ("1.", F(1), 0),
        ("+1", F(1), 0),
        ("1e0", F(1), 0),
        ("25E-1", F(5, 2), 0),
        (".5e+1", F(5), 0),
        ("1/1e2", F(1, 100), 0),
        ("1/.25", F(4), 0),
        ("PI", F(0), 1),
        ("+pi", F(0), 1),
        ("2*pi/3", F(0), F(2, 3)),
        ("pi/1.5", F(0), F(2, 3)),
        ("0.5π", F(0), F(1, 2)),
        ("1 - pi/4 + 0.5", F(3, 2), F(-1, 4)),
        ("pi/2+pi/4-1+1", F(0), F(3, 4)),
        ("-2pi+1e-9", F(1, 10**9), 0),
        ("2pi-1e-30", F(-1, 10**30), 2),
        ("0" * 59 + "1", F(1), 0),
    ],
)
def test_what_a_mathematician_types(text: str, q: F, k: F) -> None:
    assert parse_angle(text) == Angle(F(q), F(k))


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "+",
        "-",
        "*",
        "2*",
        "*pi",
        "2*3",
        "/2",
        "pi/",
        "pi/0",
        "1/0.0",
        "1/pi",
        "pi2",
        "2pi3",
        "pi*2",
        "1/2pi",
        "1//2",
        "1..2",
        "1e1234",
        "0x1",
        "1,2",
        "inf",
        "pi pi",
        "1+",
        "1++2",
        "9" * 4001,
        "0." + "1" * 4000,
        f"1/1{'0' * 3000}-1/{'3' * 2000}",
    ],
)
def test_what_cannot_be_read_is_shown_with_what_can(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_angle(text)
    assert str(caught.value) == (
        f"{text[:60]!r} is no angle; expected such as 1.5, 1/1000, pi/3, 2pi/5 or pi-0.01."
    )


@pytest.mark.parametrize(
    "text", ["2pi", "-2pi", "6.2831853071795865", "-6.2831853071795865", "2pi+1e-40"]
)
def test_a_whole_turn_and_more_is_refused(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        parse_angle(text)
    assert str(caught.value) == f"Angles must lie in (−2π, 2π), and one is {text}."


def test_the_last_decimal_below_a_turn_is_an_angle() -> None:
    for text in ("6.2831853071795864", "-6.2831853071795864"):
        assert parse_angle(text).q == F(text)


@example("1e-60")
@example("pi-1e-999/7e999")
@given(st.text(alphabet="0123456789.+-*/epiπ ", max_size=12))
def test_reading_gives_an_angle_in_a_turn_or_a_sentence(text: str) -> None:
    try:
        angle = parse_angle(text)
    except BadInput as error:
        assert str(error).endswith(".")
    else:
        assert 0 <= float(angle) < 2 * math.pi
        assert parse_angle(str(angle)) == angle


def test_opposite_pairs_are_numbered_with_the_teacher_as_0() -> None:
    def of(text: str) -> list[Angle]:
        return [parse_angle(part) for part in text.split(",")]

    assert antipodal_pairs_exactly(of("pi")) == [(0, 1)]
    assert antipodal_pairs_exactly(of("1,1+pi,2,pi")) == [(1, 2), (0, 4)]
    assert antipodal_pairs_exactly(of("1,2,3")) == []
    assert antipodal_pairs_exactly(of("1+pi,1,1-pi")) == [(1, 2), (2, 3)]
    # The double nearest to π is not π.
    assert antipodal_pairs_exactly([Angle.exactly(math.pi)]) == []
    assert antipodal_pairs_exactly([]) == []
