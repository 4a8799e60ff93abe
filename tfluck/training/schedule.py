"""Which steps make up a chunk. Plain arithmetic, so that resuming is plain too."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Chunk:
    """Consecutive steps that run as one call; never across the end of an epoch."""

    start: int
    steps: int
    #: Epochs completed when the chunk is done, None inside an epoch.
    epoch_done: int | None


@dataclass(frozen=True)
class Clock:
    """Cuts ``epochs`` of ``steps_per_epoch`` into chunks of nearly equal length."""

    epochs: int
    steps_per_epoch: int
    longest_chunk: int

    @property
    def length(self) -> int:
        """Batches a chunk's tensor holds; its last ones may go unused."""
        chunks = math.ceil(self.steps_per_epoch / self.longest_chunk)
        return math.ceil(self.steps_per_epoch / chunks)

    def until(self, epoch: int | None) -> "Clock":
        """Return the clock that stops after ``epoch``; None is the last one."""
        return self if epoch is None else replace(self, epochs=epoch)

    def chunks(self, start: int = 0) -> Iterator[Chunk]:
        """Yield the chunks from step ``start``, which must begin one."""
        step, end = start, self.epochs * self.steps_per_epoch
        while step < end:
            left = self.steps_per_epoch - step % self.steps_per_epoch
            steps = min(self.length, left)
            step += steps
            done = step // self.steps_per_epoch if steps == left else None
            yield Chunk(step - steps, steps, done)
