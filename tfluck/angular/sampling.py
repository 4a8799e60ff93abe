"""Random angles by the million, every sign certified (Figure 4, Conjecture 5.5).

Samples are drawn in blocks, each from its own child seed, so results depend neither on
the number of threads nor on how much was drawn before; memory does not grow with samples.
"""

import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import numpy as np

from tfluck.foundations.errors import BadInput
from tfluck.foundations.seeds import generator

from .functions import AngularFunction, Array
from .matrices import TURN, checked_students
from .signs import DEGENERATE, HOLDS, UNDECIDED, VIOLATED, ZERO, Signs, certified_signs

#: Samples per block; large enough to be fast, small enough to stay in the caches.
BLOCK = 1024
#: Values of z kept for drawing, in the order drawn.
SHOWN = 100_000
_PER_DECADE = 1000
_LOWEST, _HIGHEST = -330, 40


class SignedLogHistogram:
    """Counts of a real quantity by sign and by log₁₀ of its size, 1000 cells a decade."""

    def __init__(self) -> None:
        self.cells = (_HIGHEST - _LOWEST) * _PER_DECADE
        self.counts = np.zeros(2 * self.cells + 1, dtype=np.int64)

    def add(self, values: Array) -> None:
        """Count ``values``; the order of cells is the order of the numbers."""
        size = np.abs(values)
        with np.errstate(divide="ignore"):
            place = np.floor((np.log10(size) - _LOWEST) * _PER_DECADE)
        place = np.clip(np.nan_to_num(place, neginf=0), 0, self.cells - 1)
        place = place.astype(np.int64) + 1
        index = self.cells + np.sign(values).astype(np.int64) * place
        self.counts += np.bincount(index, minlength=len(self.counts))

    def quantile(self, share: float) -> float:
        """Return the quantile, exact to 0.12 % of its size."""
        total = int(self.counts.sum())
        rank = max(0, math.ceil(share * total) - 1)
        index = int(np.searchsorted(np.cumsum(self.counts), rank, side="right"))
        offset = index - self.cells
        if offset == 0:
            return 0.0
        exponent = _LOWEST + (abs(offset) - 0.5) / _PER_DECADE
        return math.copysign(10.0**exponent, offset)


@dataclass(frozen=True)
class Sample:
    """What a run of random angles found; counts add up to ``samples``."""

    function: str
    m: int
    samples: int
    seed: int
    holds: int
    violated: int
    zero: int
    undecided: int
    degenerate: int
    max_z: float
    quantiles: dict[str, float]
    by_float: int
    by_ball: int
    certified: bool
    seconds: float
    shown: Array

    @property
    def samples_per_second(self) -> float:
        """Return the speed, certification included."""
        return self.samples / self.seconds


def draw(m: int, count: int, seed: int, block: int) -> Array:
    """Return the first ``count`` uniform draws of block ``block``, shape (m, count)."""
    return generator(seed, "ad-sample", m, block).random((m, BLOCK))[:, :count] * TURN


def _blocks(samples: int) -> Iterator[tuple[int, int]]:
    for block, start in enumerate(range(0, samples, BLOCK)):
        yield block, min(BLOCK, samples - start)


def sample(
    function: AngularFunction,
    m: int,
    samples: int,
    seed: int = 0,
    jobs: int = 1,
    progress: Callable[[int], object] = lambda done: None,
) -> Sample:
    """Draw ``samples`` sets of m uniform angles and certify the sign of each z.

    ``progress`` receives the number of samples of every finished block.

    Raises:
        BadInput: m is not 1 to 32, nothing to draw, or the function fails.
    """
    checked_students(m)
    if samples < 1:
        raise BadInput(f"At least one sample is needed; {samples} were asked for.")
    histogram, counts, by_ball = SignedLogHistogram(), np.zeros(5, dtype=np.int64), 0
    max_z, started = -math.inf, time.perf_counter()
    kept: list[Array] = []

    def work(task: tuple[int, int]) -> Signs:
        return certified_signs(function, draw(m, task[1], seed, task[0]))

    for found in _in_order(work, _blocks(samples), jobs):
        histogram.add(found.z)
        counts += np.bincount(found.verdicts, minlength=5)
        by_ball += found.by_ball
        max_z = max(max_z, float(found.z.max()))
        if sum(len(block) for block in kept) < SHOWN:
            kept.append(found.z)
        progress(len(found.z))
    return Sample(
        function=function.name,
        m=m,
        samples=samples,
        seed=seed,
        holds=int(counts[HOLDS]),
        violated=int(counts[VIOLATED]),
        zero=int(counts[ZERO]),
        undecided=int(counts[UNDECIDED]),
        degenerate=int(counts[DEGENERATE]),
        max_z=max_z,
        quantiles={str(q): histogram.quantile(q) for q in (0.01, 0.5, 0.99)},
        by_float=function.certifiable * (samples - by_ball - int(counts[UNDECIDED])),
        by_ball=by_ball,
        certified=function.certifiable,
        seconds=time.perf_counter() - started,
        shown=np.concatenate(kept)[:SHOWN],
    )


def _in_order(
    work: Callable[[tuple[int, int]], Signs],
    tasks: Iterator[tuple[int, int]],
    jobs: int,
) -> Iterator[Signs]:
    """Map ``work`` over ``tasks`` in ``jobs`` threads, a bounded number of them ahead."""
    if jobs <= 1:
        yield from map(work, tasks)
        return
    with ThreadPoolExecutor(jobs) as pool:
        pending = [pool.submit(work, task) for task in islice(tasks, 4 * jobs)]
        while pending:
            yield pending.pop(0).result()
            pending += [pool.submit(work, task) for task in islice(tasks, 1)]
