"""Streams are pure functions of (seed, name, step)."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tfluck.data.sources.law import Law
from tfluck.experiment.sources import find_source


def stream(**given: Any) -> Any:

    from tfluck.data import Stream

    chosen = {
        "seed": 1,
        "name": "train",
        "sample_shape": (5,),
        "batch_size": 7,
        "std": 10.0,
    }
    law = find_source(given.pop("law", "gaus"))
    assert isinstance(law, Law)
    return Stream(**chosen | given, draw=law.sampler(1))


SPECIMENS = {
    "endless": {},
    "endless images": {"sample_shape": (3, 3, 1), "batch_size": 5},
    "finite": {"samples": 20},
    "finite, one batch": {"samples": 7},
    "finite images": {"sample_shape": (3, 3, 1), "samples": 11},
    "uniform": {"law": "uniform"},
    "heavy tails, finite": {"law": "student-t:3", "samples": 9},
    "clusters of images": {"law": "mixture:4", "sample_shape": (3, 3, 1)},
    "a spectrum": {"law": "student-t:2.5", "std": (3.0, 2.0, 1.0, 0.5, 0.25)},
}


@pytest.fixture(params=SPECIMENS.values(), ids=SPECIMENS)
def specimen(request: pytest.FixtureRequest, tf: Any) -> Any:
    return stream(**request.param)


def test_a_batch_depends_on_its_step_only(specimen: Any) -> None:
    long = specimen.batches(0, 12).numpy()
    for first, count in ((0, 1), (3, 4), (11, 1), (5, 7)):
        np.testing.assert_array_equal(
            long[first : first + count], specimen.batches(first, count)
        )


def test_the_pipeline_delivers_the_same_batches(specimen: Any) -> None:
    for start, chunk in zip((0, 4, 9), specimen.chunks([0, 4, 9], 3), strict=True):
        np.testing.assert_array_equal(chunk, specimen.batches(start, 3))
        assert chunk.dtype == np.float32
        assert chunk.shape == (3, specimen.batch_size, *specimen.sample_shape)


def test_a_pipeline_may_be_endless(specimen: Any, tf: Any) -> None:
    starts = tf.data.Dataset.counter(0, 3)
    for start, chunk in zip((0, 3, 6), specimen.chunks(starts, 3), strict=False):
        np.testing.assert_array_equal(chunk, specimen.batches(start, 3))


@settings(max_examples=25)
@given(
    epochs=st.integers(0, 4),
    steps_per_epoch=st.integers(1, 12),
    longest=st.integers(1, 15),
    data=st.data(),
)
def test_a_pipeline_starts_where_the_clock_says(
    tf: Any, epochs: int, steps_per_epoch: int, longest: int, data: Any
) -> None:
    from tfluck.data.stateless import chunk_starts
    from tfluck.training.schedule import Clock

    clock = Clock(epochs, steps_per_epoch, longest)
    known = [chunk.start for chunk in clock.chunks()]
    first = data.draw(st.sampled_from([*known, epochs * steps_per_epoch]))
    found = chunk_starts(first, epochs, steps_per_epoch, clock.length)
    later = [chunk.start for chunk in clock.chunks(first)]
    assert list(found.as_numpy_iterator()) == later
    assert later == [start for start in known if start >= first]


def test_no_list_of_all_chunks_is_made(tf: Any) -> None:
    from tfluck.data.stateless import chunk_starts

    found = chunk_starts(10**12 + 7, 10**6, 10**9, 3)
    assert list(found.take(2).as_numpy_iterator()) == [10**12 + 7, 10**12 + 10]


def test_names_and_seeds_are_independent(specimen: Any) -> None:
    import dataclasses

    one = specimen.batches(0, 2).numpy()
    for change in ({"seed": 2}, {"name": "eval"}):
        other = dataclasses.replace(specimen, **change).batches(0, 2).numpy()
        assert not np.isin(one, other).any()


def test_it_is_gaussian(tf: Any) -> None:
    numbers = stream(batch_size=64, std=3.0).batches(2**33, 100).numpy().ravel() / 3
    assert stats.kstest(numbers, "norm").pvalue > 1e-3
    assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) < 5 / np.sqrt(len(numbers))


@settings(max_examples=25)
@given(size=st.integers(2, 40), batch=st.integers(1, 40), seed=st.integers(0, 100))
def test_a_finite_set_is_walked_completely_in_each_pass(
    size: int, batch: int, seed: int
) -> None:
    batch = min(batch, size)
    chosen = stream(samples=size, batch_size=batch, sample_shape=(1,), seed=seed)
    count = -(-3 * size // batch)
    order = chosen._order(0, count).numpy().ravel()[: 3 * size].reshape(3, size)
    assert np.array_equal(np.sort(order, axis=1), np.tile(np.arange(size), (3, 1)))
    if size > 12:
        assert not np.array_equal(order[0], order[1]), (
            "each pass has an order of its own"
        )


def test_finite_samples_are_the_same_in_every_pass(tf: Any) -> None:
    values = stream(samples=14).batches(0, 6).numpy().reshape(3, 14, 5)
    for one_pass in values[1:]:
        assert {row.tobytes() for row in one_pass} == {
            row.tobytes() for row in values[0]
        }
