"""What is typed becomes a function, or a sentence that says why not."""

import sys
import types
from fractions import Fraction

import numpy as np
import pytest
from flint import arb

from tfluck.angular import FORMS, AngularFunction, named, parse
from tfluck.angular.engine import precision
from tfluck.angular.naming import _FAMILIES, _fraction, is_named
from tfluck.foundations.errors import BadInput

EXAMPLES = {
    "relu": "relu",
    "linear": "linear",
    "arc-cosine": "arc-cosine:3",
    "relu-ntk": "relu-ntk",
    "poisson": "poisson:0.5",
    "exponential": "exponential:2",
    "triangle": "triangle:1",
    "cosines": "cosines:1,2",
    "sqrt-exponential": "sqrt-exponential",
    "cosh": "cosh:1",
    "parabola": "parabola",
    "power": "power:3",
    "matern": "matern:2,1",
    "wrapped-gaussian": "wrapped-gaussian:1",
    "sech": "sech:1",
}


def told(text: str, read: object = parse) -> str:
    with pytest.raises(BadInput) as caught:
        read(text)
    return str(caught.value)


def test_every_family_is_in_the_examples_and_in_the_words() -> None:
    assert set(EXAMPLES) == set(_FAMILIES)
    for family, text in EXAMPLES.items():
        assert is_named(text)
        assert family in FORMS
        assert named(text).name.partition(":")[0] == family


#: The fewest and the most numbers of each family.
COUNTS = {
    "relu": (0, 0),
    "linear": (0, 0),
    "arc-cosine": (1, 1),
    "relu-ntk": (0, 0),
    "poisson": (1, 1),
    "exponential": (1, 1),
    "triangle": (1, 2),
    "cosines": (1, 512),
    "sqrt-exponential": (0, 0),
    "cosh": (1, 2),
    "parabola": (0, 1),
    "power": (1, 1),
    "matern": (2, 2),
    "wrapped-gaussian": (1, 1),
    "sech": (1, 1),
}


@pytest.mark.parametrize("family", sorted(_FAMILIES))
def test_too_few_and_too_many_numbers(family: str) -> None:
    fewest, most = COUNTS[family]
    # 2 is a number that every family takes.
    for count in {fewest, most}:
        text = f"{family}:{','.join(['2'] * count)}" if count else family
        assert named(text if family != "poisson" else "poisson:0.5").name
    for count in {fewest - 1, most + 1} - {-1}:
        text = f"{family}:{','.join(['1'] * count)}" if count else family
        assert told(text, named) == (
            f"{text!r} has {count} numbers; known forms are {FORMS}."
        )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("poisson:x", "'poisson:x': what follows poisson: must be numbers."),
        ("power:1/0", "'power:1/0': what follows power: must be numbers."),
        ("matern:1;2", "'matern:1;2': what follows matern: must be numbers."),
        ("triangle:1,", "'triangle:1,': what follows triangle: must be numbers."),
        ("poisson:nan", "'poisson:nan': the numbers must be finite."),
        ("cosines:1,-inf", "'cosines:1,-inf': the numbers must be finite."),
        ("exponential:1e999", "'exponential:1e999': the numbers must be finite."),
        (
            "arc-cosine:1.5",
            "arc-cosine:N needs a whole N from 0 to 12, and N is 1.5.",
        ),
        (
            "arc-cosine:13",
            "arc-cosine:N needs a whole N from 0 to 12, and N is 13.0.",
        ),
        (
            "arc-cosine:-1",
            "arc-cosine:N needs a whole N from 0 to 12, and N is -1.0.",
        ),
        ("power:1.04", "power:P needs 1.05 ≤ P ≤ 40, and P is 1.04."),
        ("power:41", "power:P needs 1.05 ≤ P ≤ 40, and P is 41.0."),
        ("power:1/3", "power:P needs 1.05 ≤ P ≤ 40, and P is 1/3."),
        (
            "matern:0.5,1",
            "matern:S,KAPPA needs 0.55 ≤ S ≤ 20 and 0.01 ≤ KAPPA ≤ 5; they are "
            "0.5 and 1.0.",
        ),
        (
            "matern:2,5.5",
            "matern:S,KAPPA needs 0.55 ≤ S ≤ 20 and 0.01 ≤ KAPPA ≤ 5; they are "
            "2.0 and 5.5.",
        ),
        (
            "wrapped-gaussian:6",
            "wrapped-gaussian:S needs 0.05 ≤ S ≤ 5, and S is 6.0.",
        ),
        ("sech:0.01", "sech:A needs 0.05 ≤ A ≤ 10, and A is 0.01."),
    ],
)
def test_wrong_numbers_are_told(text: str, words: str) -> None:
    assert told(text, named) == words
    assert told(text) == words


@pytest.mark.parametrize("text", ["foo", "foo:1", "os:system", ""])
def test_unknown_names(text: str) -> None:
    assert told(text, named) == f"{text!r} names no function; known are {FORMS}."


def test_words_without_a_colon_that_are_no_formula_are_unknown_names() -> None:
    assert told("rel") == f"'rel' names no function; known are {FORMS}."
    # With signs of arithmetic the formula's own complaint is kept.
    assert "cannot be read at" in told("1+foo")
    assert told("a b:y") == f"'a b:y' names no function; known are {FORMS}."
    assert told("1.x:y") == f"'1.x:y' names no function; known are {FORMS}."


def test_decimals_are_exact_where_it_matters() -> None:
    with precision(128):
        # 2.2 is 11/5 and not its double.
        c = parse("power:2.2").series.coefficient(2)
        assert (1 / c - 1).overlaps(arb(2) ** (arb(11) / 5))
        assert not (1 / c - 1).overlaps(arb(2) ** arb(2.2))
    assert _fraction("2.2") == Fraction(11, 5)
    assert _fraction("1/3") == Fraction(1, 3)
    # Exponents and very long decimals are doubles: they cannot fill memory.
    assert _fraction("22e-1") == Fraction(2.2)
    assert _fraction("0." + "1" * 60) == Fraction(float("0." + "1" * 60))
    assert parse("power:1.1e1").name == "power:11.0"
    assert parse("matern:7/3,1/3").name == "matern:7/3,1/3"


def test_numbers_of_the_other_families_are_doubles() -> None:
    with precision(128):
        assert parse("poisson:0.1").series.coefficient(1).overlaps(2 * arb(0.1))
    assert parse("triangle:1").name == "triangle:1.0,0.0"
    assert parse("cosh:2").name == "cosh:2.0,0.0"
    assert parse("parabola").name == "parabola:0.0"


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    module = types.ModuleType("kernels_of_my_own")
    monkeypatch.setitem(sys.modules, "kernels_of_my_own", module)
    return module


def test_a_callable_goes_by_the_name_typed(own: types.ModuleType) -> None:
    own.f = np.cos
    found = parse("kernels_of_my_own:f")
    assert found.name == "kernels_of_my_own:f"
    assert (found.callable, found.formula) == (np.cos, None)
    assert not found.provable
    assert not is_named(found.name)


def test_an_angular_function_of_ones_own_keeps_all_but_its_name(
    own: types.ModuleType,
) -> None:
    own.g = AngularFunction("relu", lambda e, t: e.cos(t), float_error=1e-3)
    found = parse("kernels_of_my_own:g")
    assert found.name == "kernels_of_my_own:g"
    assert found.float_error == 1e-3
    assert found.provable


def test_what_a_module_lacks_or_has_wrongly(own: types.ModuleType) -> None:
    own.number = 3.5
    assert told("kernels_of_my_own:h") == (
        "'kernels_of_my_own:h': the module 'kernels_of_my_own' has no 'h'."
    )
    assert told("kernels_of_my_own:number") == (
        "'kernels_of_my_own:number' is not callable; it must map [0, π] to reals."
    )


def test_a_family_wins_over_a_module_of_its_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = types.ModuleType("poisson")
    module.f = np.cos
    monkeypatch.setitem(sys.modules, "poisson", module)
    assert told("poisson:f") == "'poisson:f': what follows poisson: must be numbers."


def test_certificates_never_import(own: types.ModuleType) -> None:
    own.f = np.cos
    assert told("kernels_of_my_own:f", named).startswith(
        "'kernels_of_my_own:f' names no"
    )


def test_failing_imports_say_what_and_where(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "kernel_that_raises.py").write_text("x = 1\nraise ValueError('no')\n")
    (tmp_path / "kernel_unreadable.py").write_text("x = (\n")
    (tmp_path / "kernel_that_talks.py").write_text("print('hi')\ndef f(t): return t\n")
    (tmp_path / "kernel_that_stops.py").write_text("raise KeyboardInterrupt\n")
    raised = told("kernel_that_raises:f")
    assert raised == (
        "'kernel_that_raises:f': the module 'kernel_that_raises' cannot be imported "
        f"(ValueError: no, {tmp_path}/kernel_that_raises.py, line 2)."
    )
    unread = told("kernel_unreadable:f")
    assert "is no Python that can be read: '(' was never closed (" in unread
    assert unread.endswith("kernel_unreadable.py, line 1).")
    with pytest.raises(KeyboardInterrupt):
        parse("kernel_that_stops:f")
    missing = told("no_kernel_of_this_name:f")
    assert missing == (
        "'no_kernel_of_this_name:f': the module 'no_kernel_of_this_name' cannot be "
        "imported (ModuleNotFoundError: No module named 'no_kernel_of_this_name')."
    )


def test_what_a_module_prints_goes_to_stderr(
    tmp_path: object,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "kernel_with_a_voice.py").write_text(
        "print('hi')\ndef f(t): return t\n"
    )
    parse("kernel_with_a_voice:f")
    spoken = capsys.readouterr()
    assert (spoken.out, spoken.err) == ("", "hi\n")


def test_the_room_hands_out_what_it_lists() -> None:
    import tfluck.alignment
    import tfluck.angular

    for room in (tfluck.angular, tfluck.alignment):
        for name in room.__all__:
            found = getattr(room, name)
            assert found is not None
            home = sys.modules[f"{room.__name__}.{room._HOMES[name]}"]
            assert getattr(home, name) is found
        assert sorted(room.__all__) == sorted(room._HOMES)
        with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
            _ = room.nothing
