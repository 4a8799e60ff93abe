"""Chunks cover every step once, never cross an epoch, and begin again where they stopped."""

from hypothesis import given
from hypothesis import strategies as st

from tfluck.training.schedule import Chunk, Clock

clocks = st.builds(
    Clock, st.integers(0, 6), st.integers(1, 60), longest_chunk=st.integers(1, 70)
)


@given(clocks)
def test_every_step_is_in_one_chunk(clock: Clock) -> None:
    steps = [s for c in clock.chunks() for s in range(c.start, c.start + c.steps)]
    assert steps == list(range(clock.epochs * clock.steps_per_epoch))


@given(clocks)
def test_a_chunk_lies_in_one_epoch_and_says_when_it_ends_it(clock: Clock) -> None:
    for chunk in clock.chunks():
        last = chunk.start + chunk.steps - 1
        assert chunk.start // clock.steps_per_epoch == last // clock.steps_per_epoch
        ended, rest = divmod(last + 1, clock.steps_per_epoch)
        assert chunk.epoch_done == (None if rest else ended)


@given(clocks)
def test_chunks_are_no_longer_than_asked_and_fit_their_tensor(clock: Clock) -> None:
    lengths = [chunk.steps for chunk in clock.chunks()]
    assert max(lengths, default=1) <= clock.length <= clock.longest_chunk
    assert clock.length <= clock.steps_per_epoch


@given(clocks)
def test_there_are_as_few_chunks_as_their_length_allows(clock: Clock) -> None:
    """So nearly nothing of a tensor goes unused."""
    least = -(-clock.steps_per_epoch // clock.longest_chunk)
    assert -(-clock.steps_per_epoch // clock.length) <= least
    assert clock.length * least - clock.steps_per_epoch < least


@given(clocks, st.data())
def test_from_any_chunk_on_the_rest_is_the_same(
    clock: Clock, data: st.DataObject
) -> None:
    chunks = list(clock.chunks())
    at = data.draw(st.integers(0, len(chunks)))
    begun = sum(chunk.steps for chunk in chunks[:at])
    assert list(clock.chunks(begun)) == chunks[at:]


def test_an_epoch_by_hand() -> None:
    assert list(Clock(2, 7, 3).chunks(3)) == [
        Chunk(3, 3, None),
        Chunk(6, 1, 1),
        Chunk(7, 3, None),
        Chunk(10, 3, None),
        Chunk(13, 1, 2),
    ]
