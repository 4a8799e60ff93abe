"""Who trains until when, so that no process is idle at the end.

Trained whole on two processes, the last of five students trains while one process waits.
But a student may stop after any epoch and go on in another process with the same bits. So
the last ones take turns, and all are done after the least time there is, that of all
their work shared out evenly (McNaughton 1959, scheduling with preemption).
"""

import math
from collections.abc import Sequence
from functools import partial
from typing import Any


def turns(students: int, jobs: int, epochs: int, period: int = 1) -> list[list[int]]:
    """Return for each student the epochs at the ends of its turns, the last one last.

    With n students, j processes and r = n mod j, the first n − r − j students train whole,
    and the others in j turns each: (r + j) j turns of equal length, done by j processes in
    r + j rounds if first turns come before second ones (Hu 1961).

    Args:
        students: how many there are, each with the same work.
        jobs: processes that take them in this order.
        epochs: of a student's training.
        period: turns end at multiples of it.
    """
    left = students % jobs
    cut = left + jobs if left and students > jobs else 0
    marks = [
        math.ceil(epochs * turn / jobs / period) * period for turn in range(1, jobs)
    ]
    ends = sorted({mark for mark in marks if mark < epochs} | {epochs})
    return [[epochs]] * (students - cut) + [ends] * cut


def in_turns(
    work: Any, seeds: Sequence[int], jobs: int, length: int, period: int = 1
) -> dict[int, list[Any]]:
    """Return for each student its turns: ``work`` with the end of each as ``until``."""
    ends = turns(len(seeds), jobs, length, period)
    return {
        seed: [partial(work, until=end) for end in of_seed]
        for seed, of_seed in zip(seeds, ends, strict=True)
    }
