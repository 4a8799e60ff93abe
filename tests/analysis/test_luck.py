"""The luck meter on histories whose luck is known."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfluck.analysis.decision import capture, covered_at, decided, sharing
from tfluck.analysis.intervals import (
    mean_interval,
    median,
    proportion,
    t_interval,
)
from tfluck.analysis.luck import layer_luck
from tfluck.analysis.prediction import (
    bands,
    other_node_auc,
    prediction_bits,
    rank_shares,
    shuffled_auc,
    winner_auc,
)

EPOCHS = (0, 1, 2, 3)


def history_of(
    draw: np.random.Generator, luck: float, nodes: int = 12, width: int = 60
) -> list[np.ndarray]:
    """Four evaluations; the last one remembers the first as far as ``luck`` says."""
    start = draw.uniform(-0.5, 0.5, (nodes, width))
    end = luck * start + (1 - luck) * draw.uniform(-0.5, 0.5, (nodes, width))
    middle = [start + (end - start) * share for share in (0.4, 0.8)]
    return [start, *middle, end]


def test_ranks_are_shares_of_strictly_better_ones() -> None:
    rho = np.array([[0.3, 0.9, 0.3, -1.0]])
    assert rank_shares(rho).tolist() == [[0.25, 0.0, 0.25, 0.75]]


@given(st.integers(0, 10**6), st.integers(2, 9))
def test_auc_is_counted_over_all_rivals(seed: int, width: int) -> None:
    draw = np.random.default_rng(seed)
    rho = draw.integers(0, 4, (3, width)).astype(float)
    winner = draw.integers(0, width, 3)
    found = winner_auc(rho, winner)
    for node, won in enumerate(winner):
        rivals = [rho[node, k] for k in range(width) if k != won]
        mine = rho[node, won]
        points = sum(1.0 if mine > r else 0.5 if mine == r else 0.0 for r in rivals)
        assert found[node] == pytest.approx(points / len(rivals))


def test_a_start_that_decides_and_one_that_says_nothing() -> None:
    draw = np.random.default_rng(0)
    sure = layer_luck(0, EPOCHS, [history_of(draw, 1.0) for _ in range(3)], draw)
    assert sure.auc == (1, 1, 1) and sure.p_value < 0.001
    assert sure.decision.before_training.value == 1
    assert sure.decision.median_epoch.value == 0
    assert sure.calibration[0].rate == sure.calibration[0].share == 1
    assert sure.bits == pytest.approx(np.log2(60), abs=0.2)
    blind = layer_luck(1, EPOCHS, [history_of(draw, 0.0) for _ in range(3)], draw)
    assert blind.null_low < blind.auc.value < blind.null_high
    assert blind.p_value > 0.025 and blind.bits < 0.3
    assert sure.auc_other_node == pytest.approx(0.5, abs=0.12)
    half = layer_luck(2, EPOCHS, [history_of(draw, 0.5) for _ in range(3)], draw)
    assert blind.auc.value < half.auc.value < 1 and half.p_value < 0.001
    assert 0 < half.bits < sure.bits
    assert half.auc.low < half.auc.value < half.auc.high


def test_the_null_is_that_of_a_blind_pick() -> None:
    """Mean ½, and the deviation of the mean of m uniform ranks if winners differ."""
    draw = np.random.default_rng(1)
    rho = draw.uniform(size=(10, 200))
    null = shuffled_auc([(rho, np.arange(10))], draw)
    assert null.mean() == pytest.approx(0.5, abs=0.01)
    expected = np.sqrt(201 / (12 * 199) / 10)
    assert null.std() == pytest.approx(expected, rel=0.1)
    one = shuffled_auc([(np.tile(rho[:1], (10, 1)), np.zeros(10, int))], draw)
    assert one.std() == pytest.approx(expected * np.sqrt(10), rel=0.1), "all one pick"


def test_a_strong_student_is_no_luck_of_one_node() -> None:
    """Who is best for everybody predicts itself for other teacher nodes too."""
    draw = np.random.default_rng(2)
    rho = np.tile(draw.uniform(size=50), (6, 1)) + 1e-3 * draw.uniform(size=(6, 50))
    winner = np.full(6, rho[0].argmax())
    assert other_node_auc([(rho, winner)]) > 0.95
    assert other_node_auc([(rho[:1], winner[:1])]) is None


def test_bands_count_everybody_once() -> None:
    draw = np.random.default_rng(3)
    pairs = [(draw.uniform(size=(8, 40)), draw.integers(0, 40, 8)) for _ in range(4)]
    found = bands(pairs)
    assert sum(band.candidates for band in found) == 4 * 8 * 40
    assert sum(band.winners for band in found) == 32
    assert sum(band.share for band in found) == pytest.approx(1)
    best = found[0]
    assert (best.low, best.high, best.candidates) == (0, 0, 32)
    for band in found:
        assert band.blind == 1 / 40
        assert band.rate_low <= band.rate <= band.rate_high
    assert bands([(np.array([[0.1, 0.2, 0.3]]), np.array([2]))])[0].rate == 1


def test_bits_are_of_students_that_were_not_learned_from() -> None:
    draw = np.random.default_rng(4)
    rho = draw.uniform(size=(30, 64))
    lucky = [(rho, rho.argmax(axis=1))] * 2
    assert prediction_bits(lucky) == pytest.approx(6, abs=0.3), "log2 of 64"
    # Of students that contradict each other each table misleads about the other.
    unlucky = [(rho, rho.argmax(axis=1)), (rho, rho.argmin(axis=1))]
    assert prediction_bits(unlucky) < -1
    assert prediction_bits(lucky[:1]) is None


def test_decided_is_from_where_it_stays() -> None:
    first = np.array([[0.9, 0.1], [0.9, 0.1], [0.1, 0.9], [0.2, 0.3]])
    second = np.array([[0.9, 0.1], [0.1, 0.9], [0.9, 0.1], [0.3, 0.305]])
    last = np.array([[0.9, 0.1], [0.9, 0.1], [0.9, 0.1], [0.4, 0.1]])
    history = [first, second, last]
    assert decided((0, 2, 5), history).tolist() == [0, 5, 2, 5]
    assert decided((0, 2, 5), history, 0.01).tolist() == [0, 5, 2, 2]
    assert decided((0, 2, 5), history, 2.0).tolist() == [0, 0, 0, 0]
    covered = covered_at((0, 2, 5), [first + 0.06, second + 0.06, last])
    assert covered.tolist() == [0, 0, 0, np.inf]


def test_sharing_counts_students_of_covered_nodes() -> None:
    rho = np.array([[0.96, 0.97, 0.92], [0.91, 0.2, 0.3], [0.1, 0.2, 0.3]])
    high, higher = sharing([rho])
    assert (high.level, high.covered, high.shared) == (0.9, 2, 0.5)
    assert high.mean_students == 2 and high.shared_low < 0.5 < high.shared_high
    assert (higher.covered, higher.shared, higher.mean_students) == (1, 1, 2)
    assert sharing([rho - 1])[0].shared is None


def test_larger_overlap_is_captured_earlier() -> None:
    """Rates that grow with the start give a rank correlation of −1 but for ties."""
    start = np.linspace(0.1, 0.9, 9)
    epochs = range(41)
    history = [1 - (1 - start)[:, None] * np.exp(-start * t)[:, None] for t in epochs]
    found = capture(epochs, [history])
    assert found is not None and found[0] < -0.99 and found[1] < 1e-6
    assert capture(epochs, [[rho * 0 for rho in history]]) is None


def test_intervals() -> None:
    draw = np.random.default_rng(5)
    values = draw.normal(3, 1, 40)
    boot, t = mean_interval(values, draw), t_interval(values.tolist())
    assert boot.value == t.value == pytest.approx(values.mean())
    assert boot.low == pytest.approx(t.low, abs=0.1)
    assert boot.high == pytest.approx(t.high, abs=0.1)
    assert mean_interval(np.ones(4), draw) == t_interval([1.0] * 4) == (1, 1, 1)
    assert mean_interval(np.ones(1), draw) == t_interval([1.0]) == (1, None, None)
    assert proportion(0, 10)[:2] == (0, 0) and proportion(0, 10).high > 0.2
    middle = median(np.arange(101.0))
    assert middle.value == 50 and 38 <= middle.low < 50 < middle.high <= 62
    assert median(np.arange(3.0)) == (1, None, None)


@settings(max_examples=12)
@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 6))
def test_everything_is_json(seed: int, students: int, nodes: int) -> None:
    """Also for one teacher node, one student, two evaluations."""
    from tfluck.foundations.files import to_json

    draw = np.random.default_rng(seed)
    histories: Any = [
        [draw.uniform(-1, 1, (nodes, 3)) for _ in range(2)] for _ in range(students)
    ]
    row = layer_luck(0, (0, 7), histories, draw).to_row()
    assert "NaN" not in to_json(row)
    assert 0 <= row["auc"]["value"] <= 1 and row["decision"]["by_epoch"][-1] == 1
