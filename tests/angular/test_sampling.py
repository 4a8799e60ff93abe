"""Draws in blocks, counted by sign and size; the order does not depend on threads."""

import math
import threading

import numpy as np
import pytest

from tfluck.angular import AngularFunction, parse, sample
from tfluck.angular.sampling import (
    BLOCK,
    SHOWN,
    SignedLogHistogram,
    _blocks,
    _in_order,
    draw,
)
from tfluck.foundations.errors import BadInput


def test_blocks_cover_the_samples_once() -> None:
    assert list(_blocks(1)) == [(0, 1)]
    assert list(_blocks(BLOCK)) == [(0, BLOCK)]
    assert list(_blocks(2 * BLOCK + 7)) == [(0, BLOCK), (1, BLOCK), (2, 7)]
    assert BLOCK == 1024


def test_draws_are_uniform_angles_that_begin_alike() -> None:
    found = draw(3, 1000, 5, 2)
    assert found.shape == (3, 1000)
    assert (found >= 0).all()
    assert (found < 2 * math.pi).all()
    assert found.mean() == pytest.approx(math.pi, abs=0.15)
    assert found.max() > 6.2
    np.testing.assert_array_equal(draw(3, 10, 5, 2), found[:, :10])
    for other in (draw(3, 10, 6, 2), draw(3, 10, 5, 3), draw(4, 10, 5, 2)[:3]):
        assert not np.array_equal(other, found[:, :10])


@pytest.mark.parametrize("jobs", [0, 1, 2, 5])
def test_results_come_in_the_order_of_their_tasks(jobs: int) -> None:
    gate = threading.Event()

    def work(task: tuple[int, int]) -> int:
        # The first task is the slowest whenever there is a second thread.
        if jobs > 1:
            assert gate.wait(20) if task[0] == 0 else gate.set() is None
        return task[0]

    assert list(_in_order(work, iter([(k, 1) for k in range(40)]), jobs)) == [
        *range(40)
    ]


def test_tasks_are_taken_a_few_ahead_only() -> None:
    taken: list[int] = []

    def tasks() -> object:
        for k in range(1000):
            taken.append(k)
            yield k, 1

    running = _in_order(lambda task: task[0], tasks(), 2)
    assert next(running) == 0
    assert 8 <= len(taken) <= 9
    running.close()


def filled(values: list) -> SignedLogHistogram:
    histogram = SignedLogHistogram()
    histogram.add(np.array(values))
    return histogram


def test_a_histogram_counts_every_value_in_the_order_of_numbers() -> None:
    values = [-1e3, -1.0, -1e-300, 0.0, 0.0, 1e-300, 2.0, 1e30]
    found = filled(values)
    assert found.counts.sum() == 8
    # Cells: 330 decades below 1 and 40 above, a thousand each, twice and one for 0.
    assert len(found.counts) == 2 * 370_000 + 1
    order = [filled([x]).counts.argmax() for x in values]
    assert order == sorted(order)
    assert filled([0.0]).counts[370_000] == 1
    assert filled([1.0]).counts.argmax() - 370_000 == 330_001
    assert 370_000 - filled([-1.0]).counts.argmax() == 330_001


def test_a_cell_is_a_thousandth_of_a_decade() -> None:
    one = filled([1.0001]).counts.argmax()
    assert filled([10.001]).counts.argmax() - one == 1000
    assert filled([1.0001 * 10**0.001]).counts.argmax() - one == 1


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0.01, -8.0), (0.25, -8.0), (0.26, 0.0), (0.5, 0.0), (0.75, 3.0), (1.0, 7.0)],
)
def test_quantiles_are_the_lower_ones(share: float, expected: float) -> None:
    found = filled([-8.0, 0.0, 3.0, 7.0]).quantile(share)
    assert found == pytest.approx(expected, rel=1.2e-3)
    assert math.copysign(1, found) == math.copysign(1, expected)


def test_values_beyond_the_last_decade_stay_in_the_last_cell() -> None:
    assert filled([1e300]).counts[-1] == 1
    assert filled([-1e300]).counts[0] == 1
    assert filled([5e-324]).quantile(0.5) > 0


def test_batches_add_up() -> None:
    both = filled([-1.0, 2.0])
    both.add(np.array([2.0, 3.0]))
    np.testing.assert_array_equal(both.counts, filled([-1.0, 2.0, 2.0, 3.0]).counts)


def test_a_sample_adds_up_and_reports_its_blocks() -> None:
    heard: list[int] = []
    found = sample(parse("poisson:0.5"), 3, 2500, seed=3, progress=heard.append)
    assert heard == [1024, 1024, 452]
    counts = (
        found.holds,
        found.violated,
        found.zero,
        found.undecided,
        found.degenerate,
    )
    assert sum(counts) == 2500
    assert found.by_float + found.by_ball == 2500
    assert (found.m, found.seed, found.samples) == (3, 3, 2500)
    assert found.function == "poisson:0.5"
    assert found.shown.shape == (2500,)
    assert found.max_z == found.shown.max()
    assert found.samples_per_second == pytest.approx(2500 / found.seconds)
    assert (found.shown > 0).sum() == found.violated
    for share, name in ((0.01, "0.01"), (0.5, "0.5"), (0.99, "0.99")):
        exact = np.quantile(found.shown, share, method="inverted_cdf")
        assert found.quantiles[name] == pytest.approx(exact, rel=1.3e-3)
    assert SHOWN == 100_000


def test_each_verdict_has_its_own_count() -> None:
    # 1 + cos at m = 4 is singular: every set is exactly zero.
    found = sample(parse("cosines:1,1"), 4, 30)
    assert (found.zero, found.by_ball, found.by_float) == (30, 30, 0)
    assert found.max_z == 0
    coincident = AngularFunction("bare", None, callable=lambda t: np.ones_like(t))
    flat = sample(coincident, 2, 40)
    assert (flat.undecided, flat.by_float, flat.certified) == (40, 0, False)


def test_what_no_float_decides_is_not_counted_as_decided_by_float() -> None:
    relu = parse("relu")
    vague = AngularFunction(
        "vague", None, callable=relu.values, float_error=10.0, series=relu.series
    )
    found = sample(vague, 3, 30)
    assert (found.undecided, found.by_float, found.by_ball) == (30, 0, 0)
    assert found.certified
    assert found.seed == 0
    np.testing.assert_array_equal(found.shown, sample(vague, 3, 30, seed=0).shown)


@pytest.mark.parametrize("samples", [0, -3])
def test_nothing_to_draw_is_refused(samples: int) -> None:
    with pytest.raises(BadInput) as caught:
        sample(parse("relu"), 3, samples)
    assert str(caught.value) == (
        f"At least one sample is needed; {samples} were asked for."
    )


def test_too_many_students_are_refused() -> None:
    with pytest.raises(BadInput, match="must be 1 to 32 here; it is 33"):
        sample(parse("relu"), 33, 10)
