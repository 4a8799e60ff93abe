"""Batches: the float64 bound is a bound, and what it leaves open the balls decide."""

from dataclasses import replace

import numpy as np
import pytest
from flint import arb, arb_mat
from hypothesis import given
from hypothesis import strategies as st

from tfluck.angular import (
    AngularFunction,
    certified_signs,
    check,
    parse,
    sample,
    surface,
)
from tfluck.angular.balls import ball_matrix
from tfluck.angular.engine import precision
from tfluck.angular.matrices import TURN, determinants_by_definition, sweep
from tfluck.angular.sampling import SignedLogHistogram, draw
from tfluck.angular.signs import (
    DEGENERATE,
    HOLDS,
    UNDECIDED,
    VIOLATED,
    ZERO,
    Solved,
    _residual_norm,
    _times,
    degenerate_columns,
    solve,
)
from tfluck.foundations.errors import BadInput

AD = [
    "relu",
    "arc-cosine:2",
    "poisson:0.5",
    "relu-ntk",
    "triangle:1,1",
    "sqrt-exponential",
]


@pytest.mark.parametrize("name", AD)
@pytest.mark.parametrize("m", [1, 3, 6])
def test_true_weights_lie_within_the_bound(name: str, m: int) -> None:
    function = parse(name)
    angles = np.random.default_rng(m).random((m, 40)) * TURN
    # Also nearly coincident students, where errors are largest.
    angles[0, :20] = angles[-1, :20] * (1 + 10.0 ** np.linspace(-12, -2, 20))
    angles %= TURN
    solved = solve(function, angles)
    for n in range(40):
        with precision(400):
            rows = ball_matrix(function, angles[:, n].tolist())
            system = arb_mat([row[:-1] for row in rows])
            exact = system.solve(arb_mat([[row[-1]] for row in rows]))
            for i in range(m):
                error = abs(exact[i, 0] - arb(float(solved.weights[i, n])))
                bound = float(solved.error[i, n])
                assert np.isinf(bound) or error <= arb(bound)


@pytest.mark.parametrize("name", AD)
def test_batched_verdicts_are_those_of_single_checks(name: str) -> None:
    function, codes = parse(name), {"holds": HOLDS, "violated": VIOLATED, "zero": ZERO}
    angles = np.random.default_rng(3).random((4, 60)) * TURN
    found = certified_signs(function, angles)
    for n in range(60):
        single = check(function, angles[:, n])
        assert found.verdicts[n] == codes[single.verdict]
        assert found.z[n] == pytest.approx(single.z, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("m", [3, 4, 6, 9])
def test_a_hundred_thousand_draws_hold_and_none_is_undecided(m: int) -> None:
    found = sample(parse("relu"), m, 100_000, seed=7, jobs=2)
    assert (found.holds, found.undecided, found.violated, found.zero) == (
        100_000,
        0,
        0,
        0,
    )
    assert found.by_float + found.by_ball == 100_000
    assert found.by_ball < 500
    assert found.max_z < 0
    assert found.certified


#: Quantiles of z measured on other draws: q1 %, q50 %.
@pytest.mark.parametrize(
    ("m", "low", "middle"), [(3, -8.10, -1.99), (4, -13.9, -0.92), (6, -1.07, -8.4e-3)]
)
def test_quantiles(m: int, low: float, middle: float) -> None:
    found = sample(parse("relu"), m, 100_000, seed=1)
    assert found.quantiles["0.01"] == pytest.approx(low, rel=0.05)
    assert found.quantiles["0.5"] == pytest.approx(middle, rel=0.05)


def test_draws_depend_on_neither_threads_nor_length() -> None:
    function = parse("relu")
    short, long = (
        sample(function, 4, 3000, seed=2),
        sample(function, 4, 9000, 2, jobs=3),
    )
    np.testing.assert_array_equal(short.shown, long.shown[:3000])
    assert not np.array_equal(draw(4, 10, 2, 0), draw(4, 10, 3, 0))


def test_shares_of_violations_among_poisson_kernels() -> None:
    for radius, share in ((0.3, 0.0), (0.5, 0.31), (0.8, 0.86)):
        found = sample(parse(f"poisson:{radius}"), 3, 20_000)
        assert found.violated / found.samples == pytest.approx(share, abs=0.015)
        assert found.undecided == 0


def test_markov_draws_are_zero_or_negative() -> None:
    found = sample(parse("linear"), 3, 2000)
    assert (found.violated, found.undecided) == (0, 0)
    assert found.zero > 400
    assert found.zero + found.holds == 2000


def test_functions_that_are_not_ad_are_decided_by_balls() -> None:
    found = sample(parse("cosines:1,-0.5,2,0.3"), 3, 200)
    assert found.by_ball == 200
    assert found.certified


def test_callables_are_sampled_without_certification() -> None:
    found = sample(parse("math:cosh"), 3, 500)
    assert not found.certified
    assert (found.by_float, found.by_ball) == (0, 0)
    assert found.holds + found.violated + found.undecided == 500


def test_coincident_draws_are_degenerate() -> None:
    angles = np.array([[1.0, 1.0, 0.0], [1.0, 2.0, 1.0], [2.0, 3.0, 2.0]])
    found = certified_signs(parse("relu"), angles)
    assert found.verdicts.tolist() == [DEGENERATE, HOLDS, DEGENERATE]


@given(st.integers(1, 7), st.integers(0, 1000))
def test_sweep_inverts(m: int, seed: int) -> None:
    root = np.random.default_rng(seed).standard_normal((m, m, 3))
    matrix = np.einsum("ikn,jkn->ijn", root, root) + np.eye(m)[:, :, None]
    inverse, determinant = sweep(matrix)
    for n in range(3):
        np.testing.assert_allclose(
            inverse[:, :, n], np.linalg.inv(matrix[:, :, n]), atol=1e-9
        )
        assert determinant[n] == pytest.approx(np.linalg.det(matrix[:, :, n]), rel=1e-9)


@given(
    st.lists(st.floats(-1e20, 1e20), min_size=1, max_size=200), st.floats(0.01, 0.99)
)
def test_histogram_quantiles(values: list, share: float) -> None:
    histogram = SignedLogHistogram()
    histogram.add(np.array(values))
    exact = np.quantile(values, share, method="inverted_cdf")
    assert histogram.quantile(share) == pytest.approx(exact, rel=1.2e-3, abs=1e-320)


#: 181 × 181 points of [0, 2π]²: fixed angles, min z, mean z (figures 2 and 3).
SURFACES = [
    (3, {1: 1.0}, -8.549619, -3.084736),
    (3, {1: 2.0}, -8.545833, -3.043636),
    (3, {1: 3.0}, -7.970622, -2.346095),
    (4, {1: 1.0, 4: 4.0}, -12.922259, -3.534812),
    (4, {1: 1.0, 4: 6.0}, -6.010840, -1.417504),
    (4, {1: 2.0, 4: 4.0}, -12.813202, -3.080080),
]


@pytest.mark.parametrize(("m", "fixed", "least", "mean"), SURFACES)
def test_surfaces_of_the_paper(m: int, fixed: dict, least: float, mean: float) -> None:
    found = surface(parse("relu"), m, fixed)
    assert found.z.min() == pytest.approx(least, abs=1e-6)
    assert found.z.mean() == pytest.approx(mean, abs=1e-6)
    assert (found.violated, found.undecided, found.zero) == (0, 0, 0)
    assert found.z.max() == 0  # exactly, on the degenerate lines
    assert found.holds + found.degenerate == 181**2
    # "The further from degenerate, the further from non-negative."
    assert found.depth_correlation > 0.75


@pytest.mark.parametrize("fixed", [{}, {1: 1.0, 2: 2.0}, {4: 1.0}, {0: 1.0}, {1: 9.0}])
def test_surfaces_need_exactly_two_free_angles(fixed: dict) -> None:
    with pytest.raises(BadInput):
        surface(parse("relu"), 3, fixed)


def test_sampling_refuses_nothing_to_do() -> None:
    for m, samples in ((0, 1), (1, 0)):
        with pytest.raises(BadInput):
            sample(parse("relu"), m, samples)


def test_float_z_is_that_of_the_definition() -> None:
    angles = np.random.default_rng(9).random((5, 30)) * TURN
    z = solve(parse("relu"), angles).z
    plain = determinants_by_definition(parse("relu"), angles)[1].min(axis=0)
    np.testing.assert_allclose(z, plain, rtol=1e-7)


@given(st.integers(1, 6), st.integers(0, 1000))
def test_products_and_residuals_of_batches(m: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    matrix, other = random.standard_normal((2, m, m, 3))
    vector = random.standard_normal((m, 3))
    kept = matrix.copy()
    product, norm = _times(matrix, vector), _residual_norm(other, matrix)
    for n in range(3):
        np.testing.assert_allclose(
            product[:, n], matrix[:, :, n] @ vector[:, n], atol=1e-12
        )
        residual = np.eye(m) - other[:, :, n] @ matrix[:, :, n]
        assert norm[n] == pytest.approx(np.abs(residual).sum(axis=1).max(), abs=1e-12)
    np.testing.assert_array_equal(matrix, kept)


def test_z_is_the_determinant_times_the_least_weight() -> None:
    made = Solved(
        np.array([[1.0, -2.0], [3.0, 5.0]]), np.zeros((2, 2)), np.array([2.0, 4.0])
    )
    assert made.z.tolist() == [2.0, -8.0]


def test_one_student_in_closed_form() -> None:
    # ρ = f(θ)/f(0).
    angles = np.array([[0.5, 2.0]])
    found = solve(parse("cosines:2,1"), angles)
    np.testing.assert_allclose(
        found.weights[0], (2 + np.cos(angles[0])) / 3, rtol=1e-15
    )
    np.testing.assert_allclose(found.determinant, 3.0)
    assert (found.error > 0).all()
    assert (found.error < 1e-13).all()


def test_without_a_stated_error_there_is_no_bound() -> None:
    bare = replace(parse("relu"), float_error=None)
    found = solve(bare, np.array([[1.0], [2.0]]))
    assert np.isinf(found.error).all()
    # So balls decide everything.
    signs = certified_signs(bare, np.array([[1.0], [2.0], [4.0]]))
    assert (signs.by_ball, signs.verdicts.tolist()) == (1, [HOLDS])


def test_a_larger_stated_error_gives_a_larger_bound() -> None:
    angles = np.array([[1.0], [2.0], [4.0]])
    bounds = [
        solve(replace(parse("relu"), float_error=error), angles).error.max()
        for error in (0.0, 1e-12, 1e-9, 1e-6)
    ]
    assert bounds == sorted(bounds)
    assert bounds[3] / bounds[2] == pytest.approx(1000, rel=0.01)
    # Beyond all measure there is none.
    assert np.isinf(solve(replace(parse("relu"), float_error=3.0), angles).error).all()


def test_singular_matrices_have_no_bound() -> None:
    angles = np.array([[1.0], [1.0], [2.0]])
    assert np.isinf(solve(parse("relu"), angles).error).all()


def test_floats_decide_what_their_bound_allows_and_no_more() -> None:
    series = parse("relu").series
    exact = parse("relu").values

    def of(error: float) -> AngularFunction:
        return AngularFunction(
            "table", None, callable=exact, float_error=error, series=series
        )

    angles = np.array([[1.0, 1.5, 1.0], [2.0, 3.0, 2.0], [4.0, 4.5, 2.0 + 1e-9]])
    sure = certified_signs(of(1e-15), angles)
    assert sure.verdicts.tolist()[:2] == [HOLDS, HOLDS]
    assert sure.by_ball == 0
    vague = certified_signs(of(10.0), angles)
    assert vague.verdicts.tolist() == [UNDECIDED] * 3
    bump = AngularFunction(
        "bump",
        None,
        callable=parse("triangle:1,1").values,
        float_error=1e-15,
        series=parse("triangle:1,1").series,
    )
    found = certified_signs(bump, np.array([[1.5], [3.0], [4.5]]))
    assert found.verdicts.tolist() == [VIOLATED]
    # Where f is not known to be AD, q < 1 says nothing about det M.
    other = replace(bump, series=replace(bump.series, negative=3))
    assert certified_signs(other, np.array([[1.5], [3.0], [4.5]])).by_ball == 0


def test_balls_decide_the_rest_and_are_counted() -> None:
    angles = np.array([[1.0, 1.0, 1.0], [2.0, 1.0 + 1e-14, 1.0], [4.0, 2.0, 2.0]])
    found = certified_signs(parse("relu"), angles)
    assert found.verdicts.tolist() == [HOLDS, HOLDS, DEGENERATE]
    assert found.by_ball == 2
    assert found.z[1] == pytest.approx(check(parse("relu"), angles[:, 1]).z)
    flat = certified_signs(parse("linear"), np.array([[1.0], [2.0], [6.0]]))
    assert (flat.verdicts.tolist(), flat.by_ball) == ([ZERO], 1)


def test_columns_that_coincide_with_each_other_or_the_teacher() -> None:
    angles = np.array(
        [[1.0, 1.0, 0.0, 2.0], [2.0, 1.0, 2.0, 1.0], [3.0, 3.0, 1.0, 2.0]]
    )
    assert degenerate_columns(angles).tolist() == [False, True, True, True]
    close = np.array([[1.0], [np.nextafter(1.0, 2)]])
    assert degenerate_columns(close).tolist() == [False]
    codes = (HOLDS, VIOLATED, ZERO, UNDECIDED, DEGENERATE)
    assert codes == tuple(range(5))


def test_a_callable_is_guessed_with_its_noise() -> None:
    own = AngularFunction("own", None, callable=parse("triangle:1,1").values)
    angles = np.array(
        [[1.5, 1.0, 1.0, 1.0], [3.0, 1.0, 1.2, 1.0 + 1e-15], [4.5, 2.0, 1.4, 2.0]]
    )
    found = certified_signs(own, angles)
    single = [check(own, angles[:, n]).verdict for n in range(4)]
    codes = {
        "holds": HOLDS,
        "violated": VIOLATED,
        "degenerate": DEGENERATE,
        "undecided": UNDECIDED,
    }
    assert found.verdicts.tolist() == [codes[verdict] for verdict in single]
    assert single[:2] == ["violated", "degenerate"]
    assert single[3] == "undecided"
    assert found.by_ball == 0
