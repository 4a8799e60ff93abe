"""Functions on [0, π]: float against ball, slope against difference, series against both."""

import math
import types

import numpy as np
import pytest
from flint import arb
from hypothesis import given
from hypothesis import strategies as st

from tfluck.angular import AngularFunction, associated, parse
from tfluck.angular.balls import ball_distance
from tfluck.angular.engine import BALL, FLOAT, precision
from tfluck.angular.matrices import TURN, distance
from tfluck.angular.spectrum import numerical_coefficients
from tfluck.foundations.errors import BadInput

SPECIMENS = (
    "relu",
    "linear",
    "arc-cosine:2",
    "arc-cosine:3",
    "arc-cosine:7",
    "relu-ntk",
    "poisson:0.3",
    "poisson:0.8",
    "exponential:1",
    "exponential:7.5",
    "triangle:1,1",
    "triangle:2.5",
    "cosines:1.2,1,0,0.2",
    "cosines:1,-0.5,2",
    "sqrt-exponential",
)
SMOOTH = tuple(name for name in SPECIMENS if parse(name).smoothness is not None)
angle = st.floats(0, TURN, exclude_max=True)


@pytest.mark.parametrize(
    ("name", "at", "value"),
    [
        ("relu", 0.0, math.pi),
        ("relu", math.pi / 2, 1.0),
        ("relu", math.pi, 0.0),
        ("relu", 1.0, math.sin(1) + (math.pi - 1) * math.cos(1)),
        ("linear", 1.0, math.pi - 1),
        ("arc-cosine:2", 0.0, 3 * math.pi),
        ("arc-cosine:3", 0.0, 15 * math.pi),
        ("poisson:0.5", 0.0, 3.0),
        ("poisson:0.5", math.pi, 1 / 3),
        ("triangle:1,1", 0.5, 1.5),
        ("triangle:1,1", 2.0, 1.0),
        ("cosines:1,2,3", math.pi, 2.0),
    ],
)
def test_known_values(name: str, at: float, value: float) -> None:
    assert parse(name).values(np.array([at]))[0] == pytest.approx(value, abs=1e-14)


@pytest.mark.parametrize("name", SPECIMENS)
@given(x=angle, y=angle)
def test_float_values_keep_their_stated_error(name: str, x: float, y: float) -> None:
    function = parse(name)
    computed = float(function.values(distance(np.array([x]), y))[0])
    with precision(200):
        error = abs(function.ball(ball_distance(x, y)) - arb(computed))
        assert error <= arb(function.float_error)


@pytest.mark.parametrize("name", SMOOTH)
@given(t=st.floats(1e-3, math.pi - 1e-3))
def test_slope_is_the_derivative_and_curvature_bounds_its_change(
    name: str, t: float
) -> None:
    function = parse(name)
    curve = function.curve
    step = 1e-4
    with precision(300):
        low, high = function.ball(arb(t) - arb(step)), function.ball(arb(t) + arb(step))
        difference = (high - low) / (2 * arb(step))
        error = abs(difference - curve.slope(BALL, arb(t)))
        assert error <= curve.curvature * step + 1e-60
        ends = [curve.slope(BALL, arb(t) + sign * arb(step)) for sign in (-1, 1)]
        assert abs(ends[1] - ends[0]) <= curve.curvature * 2 * step + 1e-30
    assert float(curve.slope(FLOAT, np.array([t]))[0]) == pytest.approx(
        float(difference.mid()), abs=2 * curve.curvature * step + 1e-9
    )


@pytest.mark.parametrize("name", SPECIMENS)
def test_series_sums_to_the_function(name: str) -> None:
    function = parse(name)
    assert function.series is not None
    numerical = numerical_coefficients(function, 24)
    with precision(128):
        exact = [float(function.series.coefficient(k).mid()) for k in range(24)]
    # The transform is off by the sum of the aliases, largest for the least smooth one.
    np.testing.assert_allclose(numerical, exact, atol=1e-6, rtol=0)


def test_coefficients_of_the_papers_function() -> None:
    # Theorem 5.6: 4/π, π/2, then 8/(π(k² − 1)²) for even k, nothing for odd k ≥ 3.
    series = parse("relu").series
    assert series is not None
    found = [float(series.coefficient(k).mid()) for k in range(7)]
    pi = math.pi
    expected = [4 / pi, pi / 2, 8 / (9 * pi), 0, 8 / (225 * pi), 0, 8 / (1225 * pi)]
    assert found == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize("name", SPECIMENS)
def test_a_function_can_be_named_again(name: str) -> None:
    function = parse(name)
    assert parse(function.name).name == function.name


def test_matrices_are_those_of_the_definition() -> None:
    function = parse("relu")
    angles = np.random.default_rng(0).random((4, 3)) * TURN
    matrix, right = associated(function, angles)
    for n in range(3):
        for i in range(4):
            for j in range(4):
                gap = abs(angles[i, n] - angles[j, n])
                t = min(gap, TURN - gap)
                expected = math.sin(t) + (math.pi - t) * math.cos(t)
                assert matrix[i, j, n] == pytest.approx(expected, abs=1e-14)
            assert (
                right[i, n] == function.values(distance(angles[i, n], np.zeros(1)))[0]
            )


@pytest.mark.parametrize(
    "text",
    [
        "foo",
        "",
        "poisson",
        "poisson:1",
        "poisson:0.5,0.5",
        "poisson:nan",
        "poisson:x",
        "exponential:0",
        "triangle:4",
        "arc-cosine:1.5",
        "arc-cosine:99",
        "cosines:",
        "no.such.module:thing",
        "math:nothing",
        "math:pi",
        "relu:1",
        ":x",
        ".x:y",
        "..:y",
        "a b:y",
        "a..b:y",
    ],
)
def test_unknown_functions_are_refused_in_a_sentence(text: str) -> None:
    with pytest.raises(BadInput, match=r"\.$|\)\.$"):
        parse(text)


def user_module(monkeypatch: pytest.MonkeyPatch, **attributes: object) -> None:
    module = types.ModuleType("users_own")
    vars(module).update(attributes)
    monkeypatch.setitem(__import__("sys").modules, "users_own", module)


def test_callables_of_one_number_and_of_arrays_agree(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    user_module(
        monkeypatch, scalar=lambda t: 1 + math.cos(t), array=lambda t: 1 + np.cos(t)
    )
    t = np.linspace(0, np.pi, 7).reshape(7, 1)
    one, many = parse("users_own:scalar").values(t), parse("users_own:array").values(t)
    np.testing.assert_allclose(one, many, rtol=0, atol=1e-15)
    assert one.shape == t.shape


def test_a_user_may_bring_a_provable_function(monkeypatch: pytest.MonkeyPatch) -> None:
    # It goes by the name typed: one that calls itself relu must not be taken for it.
    own = AngularFunction("relu", lambda e, t: e.exp(-t * t))
    user_module(monkeypatch, own=own)
    found = parse("users_own:own")
    assert found.formula is own.formula
    assert found.name == "users_own:own"
    assert found.provable


@pytest.mark.parametrize(
    ("returned", "words"),
    [
        (lambda t: 1j * t, "complex"),
        (lambda t: math.nan, "finite"),
        (lambda t: math.inf, "finite"),
        (lambda t: "text", "real number"),
        (lambda t: None, "real number|finite"),
        (lambda t: 1 / 0, "ZeroDivisionError"),
        (lambda t: [1, 2], "real number"),
    ],
)
def test_bad_callables_are_named(
    returned: object, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    user_module(monkeypatch, bad=returned)
    with pytest.raises(BadInput, match=words):
        parse("users_own:bad").values(np.array([0.5, 1.0, 1.5]))


# What a function may state, and what follows.


def test_what_is_provable_certifiable_and_known() -> None:
    bare = AngularFunction("bare", None)
    assert (bare.provable, bare.certifiable, bare.is_known_ad) == (False, False, False)
    ball = AngularFunction("ball", None, enclosure=lambda t: t)
    assert (ball.provable, ball.certifiable) == (True, True)
    series = parse("relu").series
    known = AngularFunction("known", None, callable=np.cos, series=series)
    assert (known.provable, known.certifiable, known.is_known_ad) == (
        False,
        False,
        True,
    )
    stated = AngularFunction(
        "stated", None, callable=np.cos, series=series, float_error=1e-9
    )
    assert (stated.provable, stated.certifiable) == (False, True)
    negative = parse("cosines:1,-1")
    assert (negative.provable, negative.is_known_ad) == (True, False)


def test_an_enclosure_comes_before_a_formula() -> None:
    both = AngularFunction("both", lambda e, t: e.cos(t), enclosure=lambda t: t + 1)
    with precision(64):
        assert both.ball(arb(2)) == 3
    assert both.values(np.array([0.0])).tolist() == [1.0]


def test_what_a_function_lacks_is_told() -> None:
    bare = AngularFunction("bare", None)
    with pytest.raises(BadInput) as caught:
        bare.values(np.zeros(1))
    assert str(caught.value) == "bare has neither a formula nor a callable."
    with pytest.raises(BadInput) as caught:
        bare.ball(arb(1))
    assert str(caught.value) == (
        "bare is a Python callable: it can be evaluated, but nothing about it can be "
        "certified. Name an AngularFunction with a formula instead."
    )
    with pytest.raises(BadInput) as caught:
        _ = bare.curve
    assert str(caught.value) == "bare states no slope and curvature to bound it with."


def raising(t: object) -> object:
    raise RuntimeError("no luck")


def leaving(t: object) -> object:
    raise SystemExit(3)


def scalar_only(t: float) -> float:
    if float(t) > 1:
        raise LookupError("too far")
    return 1.0


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (raising, "own raised RuntimeError: no luck."),
        (leaving, "own raised SystemExit: 3."),
        (
            scalar_only,
            "own raised LookupError at θ = 1.5: too far.",
        ),
        (
            lambda t: 1j * np.asarray(t),
            "own returned complex values; it must map [0, π] to reals.",
        ),
        (lambda t: "text", "own must return one real number per angle."),
        (lambda t: [1.0, 2.0], "own must return one real number per angle."),
        (
            lambda t: np.where(np.asarray(t) > 0.7, np.inf, 1.0),
            "own returned inf at θ = 1.5; it must be finite on [0, π].",
        ),
        (
            lambda t: np.where(np.asarray(t) < 0.7, np.nan, 1.0),
            "own returned nan at θ = 0.5; it must be finite on [0, π].",
        ),
    ],
)
def test_what_a_callable_does_wrongly_is_told(function: object, words: str) -> None:
    own = AngularFunction("own", None, callable=function)
    with pytest.raises(BadInput) as caught:
        own.values(np.array([0.5, 1.5, 2.5]))
    assert str(caught.value) == words


@pytest.mark.parametrize("shape", [(), (4,), (2, 3), (2, 0)])
def test_callables_see_one_row_and_the_shape_comes_back(shape: tuple) -> None:
    seen: list[tuple] = []

    def own(t: np.ndarray) -> np.ndarray:
        seen.append(np.shape(t))
        return np.asarray(t) * 2

    t = np.linspace(0, 1, int(np.prod(shape))).reshape(shape)
    found = AngularFunction("own", None, callable=own).values(t)
    np.testing.assert_array_equal(found, 2 * t)
    assert found.shape == shape
    assert seen[0] == (t.size,)


def test_whole_numbers_and_booleans_are_reals() -> None:
    step = AngularFunction("step", None, callable=lambda t: np.asarray(t) > 1)
    assert step.values(np.array([0.5, 1.5])).tolist() == [0.0, 1.0]
    whole = AngularFunction("whole", None, callable=lambda t: np.full(t.shape, 3))
    assert whole.values(np.array([0.5])).dtype == np.float64
