"""Every enclosure that "certified" rests on holds what it says it holds, and only just.

Each is tried at random, at nearly coincident and at nearly opposite angles against values
in 300-bit balls. Where a radius is attained, half of it is shown to be too little.
"""

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from flint import arb, arb_mat
from hypothesis import assume, given
from hypothesis import strategies as st

from tfluck.angular import AngularFunction, check, parse, sample
from tfluck.angular.balls import ball_distance, enclose
from tfluck.angular.engine import BALL, precision
from tfluck.angular.families import DISTANCE_ERROR
from tfluck.angular.leaf import gradient, kernel, sides, upper_bound
from tfluck.angular.matrices import TURN, associated, distance, sweep
from tfluck.angular.signs import Solved, solve
from tfluck.angular.signs import _error as float_bound
from tfluck.angular.verdicts import interval

SMOOTH = (
    "relu",
    "linear",
    "arc-cosine:2",
    "relu-ntk",
    "poisson:0.8",
    "exponential:2.5",
    "cosines:1.2,1,0,0.2",
)
#: Their det M_2 is 0 on whole boxes.
MARKOV = ("linear", "exponential:2.5")
ALL = (*SMOOTH, "triangle:1,1", "triangle:2.5", "sqrt-exponential")


def crowded(random: np.random.Generator, m: int, count: int) -> np.ndarray:
    """Draw angles (m, count): a third at random, the rest nearly degenerate or opposite."""
    angles = random.random((m, count)) * TURN
    size = 10.0 ** random.uniform(-9, -1, count)
    for n in range(count // 3, count):
        centre = (0.0, math.pi, angles[0, n])[n % 3]
        angles[:, n] = centre + size[n] * random.standard_normal(m)
    return angles % TURN


def exact_matrix(
    function: AngularFunction, points: list[arb], target: int
) -> list[list[arb]]:
    """Return M_target at ``points`` from the definition, −1 for M."""

    def k(x: arb, y: arb) -> arb:
        gap = abs(x - y) % (2 * arb.pi()) if abs(x - y) > 7 else abs(x - y)
        return function.ball(gap if gap < arb.pi() else 2 * arb.pi() - gap)

    columns = [arb(0) if c == target - 1 else x for c, x in enumerate(points)]
    return [
        [function.ball(arb(0)) if x is y else k(x, y) for y in columns] for x in points
    ]


# Distances and values.


def test_float_distances_keep_their_stated_error_and_attain_half_of_it() -> None:
    random = np.random.default_rng(0)
    x, y = random.random((2, 4000)) * TURN
    x[:1000] = TURN - x[:1000] * 1e-9
    computed = distance(x, y)
    with precision(200):
        errors = [
            abs(ball_distance(a, b) - arb(c))
            for a, b, c in zip(x.tolist(), y.tolist(), computed.tolist(), strict=True)
        ]
        assert all(error <= arb(DISTANCE_ERROR) for error in errors)
        assert any(error > arb(DISTANCE_ERROR / 2) for error in errors)


@pytest.mark.parametrize("name", ALL)
def test_float_values_keep_their_stated_error_where_angles_nearly_meet(
    name: str,
) -> None:
    function, random = parse(name), np.random.default_rng(1)
    angles = crowded(random, 2, 300)
    computed = function.values(distance(angles[0], angles[1]))
    with precision(200):
        for (x, y), value in zip(angles.T.tolist(), computed.tolist(), strict=True):
            error = abs(function.ball(ball_distance(x, y)) - arb(value))
            assert error <= arb(function.float_error)


@pytest.mark.parametrize("name", ALL)
@given(t=st.floats(0, math.pi), radius=st.floats(1e-12, 1), share=st.floats(-1, 1))
def test_a_ball_of_distances_gives_a_ball_of_values_and_slopes(
    name: str, t: float, radius: float, share: float
) -> None:
    function = parse(name)
    with precision(300):
        wide = arb(t, radius).max(arb(0)).min(arb.pi())
        inside = (arb(t) + arb(share) * arb(radius)).max(arb(0)).min(arb.pi())
        # Both hold the value at a point, so they touch; the second is as good as a point,
        # and may by its own rounding stand out where the first ends exactly there.
        assert function.ball(wide).overlaps(function.ball(inside))
        if function.smoothness and name != "sqrt-exponential":
            slope = function.curve.slope
            assert slope(BALL, wide).overlaps(slope(BALL, inside))


@pytest.mark.parametrize("name", SMOOTH)
def test_curvature_bounds_the_change_of_slope(name: str) -> None:
    curve = parse(name).curve
    grid = np.linspace(0, math.pi, 400).tolist()
    with precision(128):
        slopes = [curve.slope(BALL, arb(t)) for t in grid]
        changes = [
            float((abs(b - a) / (arb(t) - arb(s))).lower())
            for a, b, s, t in zip(slopes, slopes[1:], grid, grid[1:], strict=False)
        ]
    assert max(changes) <= curve.curvature


# Leaves of a certificate.


@pytest.mark.parametrize("name", SMOOTH)
@given(
    gap=st.floats(-TURN, TURN, exclude_min=True, exclude_max=True),
    reach=st.floats(1e-6, 0.7),
    shares=st.tuples(st.floats(-1, 1), st.floats(-1, 1)),
)
def test_the_kernel_over_a_gap_and_its_slope(
    name: str, gap: float, reach: float, shares: tuple
) -> None:
    assume(abs(gap) + reach < TURN and abs(shares[0] - shares[1]) > 1e-3)
    function = parse(name)
    with precision(300):
        value, over, slope = kernel(function, arb(gap), arb(reach))
        ends = [arb(gap) + arb(share) * arb(reach) for share in shares]
        found = [function.ball(ball_at(end)) for end in ends]
        assert value.overlaps(function.ball(ball_at(arb(gap))))
        assert all(over.contains(k) for k in found)
        # Some slope on the way is that of the chord.
        assert slope.overlaps((found[1] - found[0]) / (ends[1] - ends[0]))


def ball_at(gap: arb) -> arb:
    size = abs(gap)
    return size if size < arb.pi() else 2 * arb.pi() - size


def boxes(m: int, depths: tuple[int, int], count: int) -> Iterator[tuple]:
    """Draw dyadic boxes with θ_1 < … < θ_m: scattered, crowded, near 0, π and 2π."""
    random = np.random.default_rng(m)
    for n in range(count):
        depth = int(random.integers(*depths))
        low = np.sort(random.random(m))
        if n % 3 == 1:
            low = np.sort(low / 20 + random.choice([0.0, 0.45, 0.93]))
        low = np.floor(low * 2**depth) / 2**depth
        yield tuple((x, 2.0**-depth) for x in low.tolist())


def corners(box: tuple) -> Iterator[list[arb]]:
    for pattern in range(2 ** len(box)):
        yield [
            2 * arb.pi() * (arb(low) + (pattern >> k & 1) * arb(width))
            for k, (low, width) in enumerate(box)
        ]


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize(("m", "target"), [(3, 2), (3, 1), (4, 3)])
def test_no_point_of_a_box_is_above_its_bound(name: str, m: int, target: int) -> None:
    function, random = parse(name), np.random.default_rng(7)
    for box in boxes(m, (2, 9), 24):
        with precision(128):
            bound = upper_bound(function, box, target)
            points = list(corners(box))
            for _ in range(8):
                inside = [arb(x) for x in random.random(m).tolist()]
                points.append(
                    [
                        2 * arb.pi() * (arb(low) + share * arb(width))
                        for share, (low, width) in zip(inside, box, strict=True)
                    ]
                )
            for point in points:
                det = arb_mat(exact_matrix(function, point, target)).det()
                assert det <= bound or (det - bound).contains(0)


@pytest.mark.parametrize("name", [f for f in SMOOTH if f not in MARKOV])
def test_the_bound_is_attained_so_half_its_radius_is_too_little(name: str) -> None:
    # On small boxes det M_2 is nearly linear: some corner comes close to the bound.
    function, reached = parse(name), []
    for box in boxes(3, (14, 18), 12):
        with precision(200):
            bound = upper_bound(function, box, 2)
            centre = arb_mat(exact_matrix(function, sides(box)[0], 2)).det()
            spread = bound - centre
            best = max(
                float((arb_mat(exact_matrix(function, point, 2)).det() - centre).mid())
                for point in corners(box)
            )
            if float(spread.mid()) > 1e-12:
                reached.append(best / float(spread.mid()))
    assert max(reached) <= 1 + 1e-9
    assert np.median(reached) > 0.9


@pytest.mark.parametrize("name", SMOOTH)
def test_slopes_over_a_box_hold_the_slopes_at_its_points(name: str) -> None:
    function = parse(name)
    for box in boxes(3, (3, 8), 20):
        with precision(128):
            over = gradient(function, box, 2)
            for pattern in range(8):
                point = tuple(
                    (low + (pattern >> k & 1) * width, 0.0)
                    for k, (low, width) in enumerate(box)
                )
                here = gradient(function, point, 2)
                assert all(
                    wide.overlaps(exact) for wide, exact in zip(over, here, strict=True)
                )


@pytest.mark.parametrize("name", SMOOTH)
def test_slopes_at_a_point_are_derivatives(name: str) -> None:
    function, step = parse(name), arb(2) ** -60
    point = ((0.1, 0.0), (0.35, 0.0), (0.8, 0.0))
    with precision(300):
        found = gradient(function, point, 2)
        angles = sides(point)[0]
        for k, slope in enumerate(found):
            ends = []
            for sign in (1, -1):
                moved = list(angles)
                moved[k] += sign * step
                ends.append(arb_mat(exact_matrix(function, moved, 2)).det())
            error = abs((ends[0] - ends[1]) / (2 * step) - slope)
            assert error < arb(2) ** -50


# The float64 bound.


def exact_weights(rows: list[list[arb]], right: list[arb]) -> list[arb]:
    solution = arb_mat(rows).solve(arb_mat([[b] for b in right]))
    return [solution[i, 0] for i in range(len(right))]


def bound_of(
    function: AngularFunction, matrix: np.ndarray, right: np.ndarray
) -> Solved:
    """Solve one system (m, m) as the library does, with its bound."""
    with np.errstate(all="ignore"):
        inverse, determinant = sweep(matrix[:, :, None])
        weights = (inverse * right[None, :, None]).sum(axis=1)
        error = float_bound(
            function, matrix[:, :, None], right[:, None], inverse, weights
        )
    return Solved(weights, error, determinant)


@pytest.mark.parametrize("delta", [1e-13, 1e-6, 1e-2])
@pytest.mark.parametrize("m", [1, 2, 3, 5])
def test_the_bound_covers_every_matrix_within_the_stated_error(
    delta: float, m: int
) -> None:
    # The worst entries within ±δ for the k-th weight, found from the inverse's signs.
    function, random = parse("relu"), np.random.default_rng(m)
    stated = replace(function, float_error=delta)
    attained = []
    for n in range(30):
        matrix, right = associated(function, random.random((m, 1)) * TURN)
        matrix, right = matrix[:, :, 0], right[:, 0]
        found = bound_of(stated, matrix, right)
        inverse = np.linalg.inv(matrix)
        k, x = n % m, found.weights[:, 0]
        if not np.isfinite(found.error[k, 0]):
            continue
        for sign in (1, -1):
            push = sign * np.sign(inverse[k])
            with precision(300):
                rows = [
                    [
                        arb(float(v)) - arb(delta) * int(p * s)
                        for v, s in zip(line, np.sign(x), strict=True)
                    ]
                    for line, p in zip(matrix, push, strict=True)
                ]
                b = [
                    arb(float(v)) + arb(delta) * int(p)
                    for v, p in zip(right, push, strict=True)
                ]
                error = abs(exact_weights(rows, b)[k] - arb(float(x[k])))
                assert error <= arb(float(found.error[k, 0]))
                attained.append(float(error.mid()) / found.error[k, 0])
    # Hardly anything is given away: half the bound would be too little.
    assert max(attained) > 0.7


def test_one_student_attains_the_bound_exactly() -> None:
    # ρ* = (b + δ)/(M − δ): both the entry error and the amplification q/(1 − q) are needed.
    stated = replace(parse("relu"), float_error=0.5)
    found = bound_of(stated, np.array([[math.pi]]), np.array([1.0]))
    error = (1 + 0.5) / (math.pi - 0.5) - found.weights[0, 0]
    assert error <= found.error[0, 0] <= error * (1 + 1e-9)


@pytest.mark.parametrize("m", [2, 3, 6])
def test_the_bound_covers_rounding_alone(m: int) -> None:
    # Entries taken as exact, matrices as bad as float64 can stand.
    function = replace(parse("relu"), float_error=0.0)
    angles = crowded(np.random.default_rng(m), m, 240)
    matrices, rights = associated(function, angles)
    closest = 0.0
    for n in range(angles.shape[1]):
        matrix, right = matrices[:, :, n], rights[:, n]
        found = bound_of(function, matrix, right)
        if not np.isfinite(found.error).all():
            continue
        with precision(400):
            rows = [[arb(float(v)) for v in line] for line in matrix]
            exact = exact_weights(rows, [arb(float(v)) for v in right])
            for i in range(m):
                error = abs(exact[i] - arb(float(found.weights[i, 0])))
                assert error <= arb(float(found.error[i, 0]))
                closest = max(closest, float(error.mid()) / found.error[i, 0])
    assert closest > 1e-3


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("m", [1, 3, 5])
def test_true_weights_lie_within_the_bound_at_nearly_degenerate_angles(
    name: str, m: int
) -> None:
    function, angles = parse(name), crowded(np.random.default_rng(m), m, 60)
    solved = solve(function, angles)
    for n in range(angles.shape[1]):
        if not np.isfinite(solved.error[:, n]).all():
            continue
        points = angles[:, n].tolist()
        with precision(500):
            square = exact_matrix(function, [arb(x) for x in points], -1)
            right = [function.ball(ball_at(arb(x))) for x in points]
            for i, exact in enumerate(exact_weights(square, right)):
                error = abs(exact - arb(float(solved.weights[i, n])))
                assert error <= arb(float(solved.error[i, n]))


# Determinants and what is printed of them.


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("m", [1, 3, 5])
def test_determinants_at_few_bits_hold_those_at_many(name: str, m: int) -> None:
    function = parse(name)
    for theta in crowded(np.random.default_rng(m), m, 24).T:
        coarse = enclose(function, theta, 53)
        with precision(600):
            points = [arb(x) for x in theta.tolist()]
            for target, ball in ((-1, coarse.det), *enumerate(coarse.dets, 1)):
                exact = arb_mat(exact_matrix(function, points, target)).det()
                assert ball.overlaps(exact)


@given(
    mid=st.floats(allow_nan=False, allow_infinity=False),
    exponent=st.integers(-1100, 60),
)
def test_printed_intervals_hold_their_ball(mid: float, exponent: int) -> None:
    with precision(300):
        ball = arb(mid, arb(2) ** exponent) + arb(2) ** -1200
        low, high = interval(ball)
        assert arb(low) <= ball.lower() if math.isfinite(low) else low < 0
        assert arb(high) >= ball.upper() if math.isfinite(high) else high > 0
        # No wider than one step of float64 on either side.
        assert float(ball.lower().mid()) <= math.nextafter(low, math.inf)
        assert float(ball.upper().mid()) >= math.nextafter(high, -math.inf)


# What float64 alone may say.


@pytest.mark.parametrize("m", [3, 4, 6, 9])
def test_rounding_noise_of_a_callable_is_no_sign(m: int) -> None:
    # cos has rank 2: every determinant is exactly 0.
    found = sample(parse("math:cos"), m, 1000)
    assert (found.holds, found.violated, found.undecided) == (0, 0, 1000)


def test_a_callable_still_gets_the_signs_that_are_clear() -> None:
    function, own = parse("relu"), parse("math:cosh")
    copy = replace(own, name="copy", callable=lambda t: function.values(t))
    found = sample(copy, 3, 500)
    assert found.violated == 0
    assert found.holds > 490
    assert check(copy, (1, 2, 3)).verdict == "holds"
    flat = replace(own, name="flat", callable=parse("triangle:1,1").values)
    assert check(flat, (1.5, 3, 4.5)).verdict == "violated"
