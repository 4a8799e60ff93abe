"""Matches, ranks, fan-outs and dominance by plain loops over nodes."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfluck.analysis.correlation import (
    EPSILON,
    Moments,
    best_match,
    centre,
    correlation,
    coverage,
    deviations,
    live_nodes,
)
from tfluck.analysis.dominance import PERMUTATIONS, dominance, matched
from tfluck.analysis.lipschitz import (
    ENOUGH,
    LIMITS,
    PLANES,
    angles,
    layer_constants,
    smallest_constant,
)
from tfluck.analysis.matching import (
    BestSummary,
    layer_match,
    linear_cka,
    one_to_one,
    reordered,
)
from tfluck.analysis.overlap import Gram, Spread, overlap, pair_ratios
from tfluck.analysis.rank import winner_ranks
from tfluck.analysis.weights import (
    fan_in_norms,
    fan_out_norms,
    fan_out_rms,
    fan_out_sizes,
    layer_weights,
)

seeds = st.integers(0, 2**32 - 1)


def pearson(x: list[float], y: list[float]) -> float:
    n = len(x)
    mx, my = math.fsum(x) / n, math.fsum(y) / n
    product = math.fsum((a - mx) * (b - my) for a, b in zip(x, y, strict=True))
    sizes = math.fsum((a - mx) ** 2 for a in x) * math.fsum((b - my) ** 2 for b in y)
    return product / math.sqrt(sizes)


@settings(max_examples=30)
@given(seeds, st.integers(2, 6))
def test_correlations_pair_by_pair(seed: int, samples: int) -> None:
    draw = np.random.default_rng(seed)
    f, h = draw.normal(3, 2, size=(samples, 2)), draw.normal(-1, 5, size=(samples, 3))
    found = correlation(f, h)
    for i, j in itertools.product(range(2), range(3)):
        assert found[i, j] == pytest.approx(
            pearson(list(f[:, i]), list(h[:, j])), abs=1e-9
        )
    np.testing.assert_allclose(found, correlation(h, f).T, atol=1e-12)
    np.testing.assert_allclose(correlation(f, -h), -found, atol=1e-12)
    np.testing.assert_array_equal(np.diag(correlation(f, f)).round(12), 1)


def test_the_originals_epsilon_is_added_to_both_sums_of_squares() -> None:
    x = np.array([[1e-5], [-1e-5]])
    squares = 2e-10
    assert correlation(x, x, epsilon=EPSILON)[0, 0] == pytest.approx(
        squares / (squares + 1e-10)
    )


def test_who_is_alive_on_either_side() -> None:
    f = np.array([[1.0, 5.0, 0.0], [2.0, 5.0, 0.0]])
    h = np.array([[0.0, 1.0], [0.0, -1.0]])
    sums = Moments.of(deviations(f, centre(f)), deviations(h, centre(h)))
    assert sums.live().tolist() == live_nodes(f).tolist() == [True, False, False]
    assert sums.student_live().tolist() == [False, True]
    whole = sums + sums
    assert whole.count == 4 and whole.student_live().tolist() == [False, True]
    np.testing.assert_allclose(sums.covariance(), [[0, -1], [0, 0], [0, 0]])


def test_the_centre_of_a_constant_is_itself() -> None:
    for value in (0.1, 1e300, -7e-8):
        assert centre(np.full((7, 1), value))[0] == value
    assert centre([[1.0, 2.0], [3.0, 6.0]]).tolist() == [2.0, 4.0]
    assert centre(np.arange(12.0).reshape(1, 2, 2, 3)).tolist() == [4.5, 5.5, 6.5]


def test_two_units_in_the_last_place_are_rounding_and_three_are_life() -> None:
    eps = np.finfo(np.float64).eps
    around = np.array([1.0])
    for units, moves in ((1, False), (2, False), (3, True), (-2, False), (-4, True)):
        found = deviations(np.array([[1.0 + units * eps]]), around)
        assert bool(found.any()) == moves
    single = np.array([[1.0 + 2 * np.finfo(np.float32).eps]], np.float32)
    assert (
        not deviations(single, around).any()
        and deviations(single.astype(float), around).any()
    )


@given(seeds)
def test_the_best_student_of_each_teacher_node(seed: int) -> None:
    rho = np.random.default_rng(seed).uniform(-1, 1, size=(4, 6)).round(1)
    found = best_match(rho)
    for i in range(4):
        best = max(rho[i])
        assert found.rho[i] == best and rho[i, found.winner[i]] == best
        assert all(rho[i, j] < best for j in range(found.winner[i])), (
            "the first of equals"
        )
    levels = coverage(found.rho)
    assert list(levels) == [0.5, 0.8, 0.9, 0.95]
    for level, share in levels.items():
        assert share == sum(best > level for best in found.rho) / 4


def test_a_threshold_is_not_above_itself() -> None:
    assert coverage(np.array([0.5, 0.51, 0.8, 0.95])) == {
        0.5: 0.75,
        0.8: 0.25,
        0.9: 0.25,
        0.95: 0.0,
    }
    found = BestSummary.of(np.array([0.2, 0.9, 0.4]))
    assert (found.mean, found.median, found.min) == (pytest.approx(0.5), 0.4, 0.2)
    assert BestSummary.of(np.zeros(0)) == (None, None, None, {})


@given(seeds, st.integers(1, 4))
def test_ranks_by_counting(seed: int, times: int) -> None:
    draw = np.random.default_rng(seed)
    history = list(draw.uniform(-1, 1, size=(times, 3, 5)).round(1))
    found = winner_ranks(history)
    assert found.shape == (times, 3) and not found[-1].any()
    for at, i in itertools.product(range(times), range(3)):
        winner = int(np.argmax(history[-1][i]))
        better = sum(history[at][i, j] > history[at][i, winner] for j in range(5))
        assert found[at, i] == better / 5


def test_the_winner_is_the_last_evaluations() -> None:
    first, second, last = np.array([[[0.9, 0.1]], [[0.9, 0.1]], [[0.1, 0.9]]])
    assert winner_ranks([first, second, last])[:, 0].tolist() == [0.5, 0.5, 0.0]


def layer_of(rho: np.ndarray, live: list[bool]) -> dict[str, object]:
    return layer_match(3, rho, np.array(live), 0.5).to_row()


@settings(max_examples=30)
@given(seeds, st.lists(st.booleans(), min_size=4, max_size=4))
def test_a_layers_match_by_loops(seed: int, live: list[bool]) -> None:
    rho = np.random.default_rng(seed).uniform(-1, 1, size=(4, 5))
    rho[:, 2] = 0
    found = layer_of(rho, live)
    best = [max(row) for row in rho]
    chosen = [b for b, alive in zip(best, live, strict=True) if alive]
    assert (found["layer"], found["cka"]) == (3, 0.5)
    assert (found["teacher_nodes"], found["student_nodes"]) == (4, 5)
    assert found["live_teacher_nodes"] == len(chosen)
    assert found["mean_best_correlation"] == pytest.approx(sum(best) / 4)
    winners = {
        int(np.argmax(row)) for row, alive in zip(rho, live, strict=True) if alive
    }
    assert found["students_used"] == len(winners)
    if not chosen:
        for name in (
            "mean_best_correlation_live",
            "mean_one_to_one_live",
            "dead_student_nodes",
        ):
            assert found[name] is None
        return
    assert found["dead_student_nodes"] == 1, "student 2 correlates with nobody"
    assert found["min_best_correlation_live"] == min(chosen)
    assert found["median_best_correlation_live"] == pytest.approx(np.median(chosen))
    most = max(
        sum(row[j] for row, j in zip(rho[np.array(live)], order, strict=True))
        for order in itertools.permutations(range(5), len(chosen))
    )
    assert found["mean_one_to_one_live"] == pytest.approx(most / len(chosen))


def test_students_that_are_dead_to_every_live_node() -> None:
    """Student 0 knows only the dead teacher node; student 1 knows one live node of two."""
    rho = np.array([[0.0, 0.3, 0.1], [0.0, 0.0, 0.2], [0.9, 0.0, 0.0]])
    assert layer_of(rho, [True, True, False])["dead_student_nodes"] == 1
    assert layer_of(rho, [True, True, True])["dead_student_nodes"] == 0


@given(seeds)
def test_one_to_one_is_at_most_the_best(seed: int) -> None:
    rho = np.random.default_rng(seed).uniform(-1, 1, size=(5, 3))
    found = one_to_one(rho)
    assert len(found.teacher) == 3 == len(set(found.student)) == len(set(found.teacher))
    for i, j, value in zip(found.teacher, found.student, found.rho, strict=True):
        assert value == rho[i, j] <= best_match(rho).rho[i]


def test_cka_is_a_square_and_knows_no_sign() -> None:
    draw = np.random.default_rng(0)
    x = deviations(v := draw.normal(size=(9, 2)), centre(v))
    y = deviations(w := draw.normal(size=(9, 3)), centre(w))

    def cka(a: np.ndarray, b: np.ndarray) -> float | None:
        return linear_cka(Moments.of(a, b), Moments.of(a, a), Moments.of(b, b))

    exact = ((x.T @ y) ** 2).sum() / np.linalg.norm(x.T @ x) / np.linalg.norm(y.T @ y)
    for pair in ((x, y), (y, x), (-x, 3 * y)):
        assert cka(*pair) == pytest.approx(exact)
    assert cka(0 * x, y) is None is cka(x, 0 * y)


def test_students_in_the_order_of_their_teachers() -> None:
    rho = np.array([[0.1, 0.9, -0.5, 0.3, 0.0], [0.7, 0.2, -0.1, 0.3, 0.0]])
    # 1 and 3 go with node 0, 0 with node 1; 2 and 4 match nobody, the larger ρ first.
    assert reordered(rho).tolist() == [1, 3, 0, 4, 2]


@given(seeds, st.integers(1, 3), st.integers(1, 3))
def test_sizes_of_weights_by_loops(seed: int, places: int, nodes: int) -> None:
    """Channels last: row k of the kernel reads node k mod ``nodes``."""
    kernel = np.random.default_rng(seed).normal(size=(places * nodes, 4))
    for node in range(nodes):
        own = [
            kernel[k, j] for k in range(node, places * nodes, nodes) for j in range(4)
        ]
        assert fan_out_norms(kernel, nodes)[node] == pytest.approx(math.hypot(*own))
        mean_square = sum(w * w for w in own) / len(own)
        assert fan_out_rms(kernel, nodes)[node] == pytest.approx(math.sqrt(mean_square))
        size = sum(map(abs, own)) / len(own)
        assert fan_out_sizes(kernel, nodes)[node] == pytest.approx(size)
    for j in range(4):
        assert fan_in_norms(kernel)[j] == pytest.approx(math.hypot(*kernel[:, j]))
    conv = kernel.reshape(1, places, nodes, 4)
    np.testing.assert_array_equal(
        fan_out_norms(conv, nodes), fan_out_norms(kernel, nodes)
    )


@settings(max_examples=40)
@given(seeds, st.lists(st.booleans(), min_size=3, max_size=3))
def test_the_l_shape_by_loops(seed: int, live: list[bool]) -> None:
    draw = np.random.default_rng(seed)
    rho, sizes = draw.uniform(-1, 1, size=(3, 5)), draw.integers(0, 4, 5).astype(float)
    found = layer_weights(2, np.arange(5.0), sizes, rho, np.array(live))
    won = {int(np.argmax(row)) for row, alive in zip(rho, live, strict=True) if alive}
    ours = [sizes[j] for j in sorted(won)]
    theirs = [sizes[j] for j in range(5) if j not in won]
    assert (found.layer, found.student_nodes, found.winners) == (2, 5, len(won))
    assert found.mean_fan_in == 2 and found.mean_fan_out == pytest.approx(sizes.mean())
    assert found.mean_fan_out_others == pytest.approx(sum(theirs) / len(theirs))
    if not won:
        assert (
            found.winners_larger is found.spearman is found.mean_fan_out_winners is None
        )
        return
    assert found.mean_fan_out_winners == pytest.approx(sum(ours) / len(ours))
    pairs = [(a > b) + 0.5 * (a == b) for a in ours for b in theirs]
    assert found.winners_larger == pytest.approx(sum(pairs) / len(pairs))
    best = list(rho[np.array(live)].max(axis=0))
    if len(set(sizes)) > 1:
        ranked = [[sum(w < v for w in vs) + sum(w == v for w in vs) / 2 for v in vs]
                  for vs in (list(sizes), best)]  # fmt: skip
        assert found.spearman == pytest.approx(pearson(*ranked))
    else:
        assert found.spearman is None


def test_everybody_won() -> None:
    found = layer_weights(
        0, np.ones(2), np.array([1.0, 2.0]), np.eye(2), np.ones(2, bool)
    )
    assert (
        found.winners == 2 and found.mean_fan_out_others is None is found.winners_larger
    )
    flat = layer_weights(
        0, np.ones(2), np.array([1.0, 2.0]), np.ones((1, 2)), np.ones(1, bool)
    )
    assert flat.spearman is None, "all students match alike"
    assert list(flat.to_row())[:3] == ["layer", "student_nodes", "winners"]


def test_two_nodes_can_be_told_and_one_cannot() -> None:
    """Of two permutations one is the identity: half of the null is as large."""
    found = dominance(np.array([[3.0, -1.0], [0.5, 2.0]]), np.random.default_rng(0))
    assert (found.nodes, found.hits) == (2, 1.0)
    assert found.ratio == pytest.approx(5 / 1.5)
    assert found.p_value == pytest.approx(0.5, abs=0.08)
    assert found.null_ratio == pytest.approx((5 / 1.5 + 1.5 / 5) / 2, rel=0.1)
    assert dominance(np.array([[3.0]]), np.random.default_rng(0)).ratio is None


@given(seeds, st.integers(2, 6))
def test_dominance_by_loops(seed: int, nodes: int) -> None:
    square = np.random.default_rng(seed).normal(size=(nodes, nodes))
    found = dominance(square, np.random.default_rng(1))
    on = [abs(square[i, i]) for i in range(nodes)]
    off = [abs(square[i, j]) for i in range(nodes) for j in range(nodes) if i != j]
    assert found.ratio == pytest.approx((sum(on) / len(on)) / (sum(off) / len(off)))
    hits = [
        max(range(nodes), key=lambda j, i=i: abs(square[i, j])) == i
        for i in range(nodes)
    ]
    assert found.hits == sum(hits) / nodes
    assert 1 / (1 + PERMUTATIONS) <= found.p_value <= 1
    turned = dominance(-3 * square, np.random.default_rng(1))
    assert turned.p_value == found.p_value and turned.ratio == pytest.approx(
        found.ratio
    )


def test_a_diagonal_alone_has_no_ratio_but_a_p_value() -> None:
    found = dominance(np.eye(8), np.random.default_rng(0))
    assert found.ratio is None is found.null_ratio and found.hits == 1.0
    assert found.p_value == 1 / (1 + PERMUTATIONS)


def test_rows_are_winners_and_columns_live_nodes() -> None:
    matrix = np.arange(12.0).reshape(4, 3)
    rho = np.array([[0.1, 0.2, 0.9], [0.9, 0.1, 0.2]])
    assert matched(matrix, rho, np.array([True, True])).tolist() == [[6, 7], [0, 1]]
    assert matched(matrix, rho, np.array([False, True])).tolist() == [[1]]


@given(seeds)
def test_overlaps_pair_by_pair(seed: int) -> None:
    f = np.maximum(np.random.default_rng(seed).normal(size=(30, 4)), 0)
    f[:, 3] = 0
    gram, found = Gram.of(f), overlap(Gram.of(f))
    d, size = [], []
    for j, k in itertools.combinations(range(3), 2):
        both = sum((f[:, j] > 0) & (f[:, k] > 0))
        d.append(both / min(sum(f[:, j] > 0), sum(f[:, k] > 0)))
        size.append((f[:, j] @ f[:, k]) / min(f[:, j] @ f[:, j], f[:, k] @ f[:, k]))
    assert (found.nodes, found.live_nodes, gram.count) == (4, 3, 30)
    for spread, values in ((found.eps_d, d), (found.eps_l, size)):
        assert spread.max == pytest.approx(max(values))
        assert spread.mean == pytest.approx(sum(values) / 3)
        assert spread.median == pytest.approx(sorted(values)[1])
    shares = (f > 0).mean(axis=0)
    np.testing.assert_allclose(gram.probabilities(), shares)
    assert found.probability.mean == pytest.approx(shares.mean()), (
        "dead nodes count here"
    )
    assert pair_ratios(np.ones((1, 1))).size == 0 and Spread.of(np.zeros(0)).max is None


# Assumption 2's constant from a curve.


@given(st.floats(0.05, 2.0), st.sampled_from([45, 90, 120]))
def test_a_straight_line_has_its_constant_at_its_far_end(
    slope: float, limit: int
) -> None:
    """ψ = 1 + s (π − |t|), turned by 90° towards smaller ψ or, from 0, on either side."""
    psi = 1 + slope * (np.pi - np.abs(angles(limit)))
    far = 1 + slope * (np.pi - np.deg2rad(limit))
    exact = slope * (np.pi / 2) / (far * np.sqrt(2))
    assert smallest_constant(psi, limit) == pytest.approx(exact, rel=1e-9)


@pytest.mark.parametrize("step", [5, 15, 30, 45])
def test_the_constant_of_a_curve_by_loops(step: int) -> None:
    psi = 2 + np.sin(3 * angles(90, step)) * np.cos(angles(90, step))
    degrees = list(range(-90, 180 + step, step))
    assert len(psi) == len(degrees) and angles(90, step)[-1] == pytest.approx(np.pi)
    worst = 0.0
    for i, here in enumerate(degrees):
        for k, there in enumerate(degrees):
            if 0 <= here <= 90 and here != there and abs(here - there) <= 90:
                chord = 2 * math.sin(math.radians(abs(here - there)) / 2)
                worst = max(worst, abs(psi[i] - psi[k]) / (psi[i] * chord))
    assert smallest_constant(psi, 90, step) == pytest.approx(worst, rel=1e-12)


def test_there_is_no_constant_where_psi_is_nothing_but_rounding() -> None:
    psi = np.ones(len(angles(45)))
    at = list(range(-90, 140, 5)).index(45)
    psi[at] = 1e-12
    assert smallest_constant(psi, 45) is None
    psi[at] = 2e-12
    assert smallest_constant(psi, 45) > 1e10
    psi[at], psi[at + 1] = 1.0, 0.0
    assert smallest_constant(psi, 45) == pytest.approx(
        1 / (2 * math.sin(math.radians(2.5)))
    )


def ring(samples: int) -> np.ndarray:
    """Inputs all around the plane, so that a wedge's share is its angle."""
    turn = 2 * np.pi * (np.arange(samples) + 0.5) / samples
    return np.stack([np.cos(turn), np.sin(turn)], axis=1)


def test_a_layer_on_a_ring_has_the_gaussian_constants_of_gates() -> None:
    x = ring(3600)
    found = layer_constants(x, np.eye(2), np.zeros(2), np.random.default_rng(0))
    assert [one.limit for one in found] == list(LIMITS) and {
        one.planes for one in found
    } == {2}
    for one in found:
        exact = (np.pi / 2) / (np.sqrt(2) * (np.pi - np.deg2rad(one.limit)))
        assert one.k_d == pytest.approx(exact, rel=1e-2)
    scaled = layer_constants(
        5 * x, 3 * np.eye(2), np.zeros(2), np.random.default_rng(0)
    )
    assert scaled[0].k_l == pytest.approx(found[0].k_l, rel=1e-9), "no unit matters"


@pytest.mark.parametrize(("samples", "planes"), [(605, 2), (590, 0)])
def test_enough_samples_is_a_hundred_at_every_angle(samples: int, planes: int) -> None:
    """At 120° a sixth of the ring has both nodes on."""
    found = layer_constants(
        ring(samples), np.eye(2), np.zeros(2), np.random.default_rng(0)
    )
    assert found[2].planes == planes and found[1].planes == 2 and ENOUGH == 100


def test_no_more_planes_are_tried_than_there_shall_be() -> None:
    draw = np.random.default_rng(0)
    x, kernel = draw.normal(size=(2000, 3)), draw.normal(size=(3, 10))
    found = layer_constants(x, kernel, np.zeros(10), np.random.default_rng(0))
    assert found[0].planes == PLANES < 10 * 9
