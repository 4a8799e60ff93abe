"""Students take turns so that no process is idle at the end."""

import heapq

from hypothesis import given
from hypothesis import strategies as st

from tfluck.sweeps.turns import turns

counts = st.integers(1, 12)


def makespan(ends: list[list[int]], jobs: int) -> int:
    """Play it: a free process takes the first turn that waits, the lowest student's."""
    waiting = [(0, student) for student in range(len(ends))]
    working: list[tuple[int, int, int]] = []
    now = 0
    while waiting or working:
        while waiting and len(working) < jobs:
            turn, student = heapq.heappop(waiting)
            begun = ends[student][turn - 1] if turn else 0
            finish = now + ends[student][turn] - begun
            heapq.heappush(working, (finish, turn, student))
        now, turn, student = heapq.heappop(working)
        if turn + 1 < len(ends[student]):
            heapq.heappush(waiting, (turn + 1, student))
    return now


@given(counts, counts, st.integers(1, 5))
def test_the_end_comes_as_early_as_it_can(students: int, jobs: int, each: int) -> None:
    epochs = each * jobs
    found = makespan(turns(students, jobs, epochs), jobs)
    assert found == max(epochs, students * each)


@given(counts, counts, st.integers(1, 30), st.integers(1, 7))
def test_every_student_is_trained_to_its_end(
    students: int, jobs: int, epochs: int, period: int
) -> None:
    found = turns(students, jobs, epochs, period)
    assert len(found) == students
    for ends in found:
        assert ends == sorted(set(ends))
        assert ends[0] > 0
        assert ends[-1] == epochs
        assert all(end % period == 0 for end in ends[:-1])


def test_only_the_last_are_cut() -> None:
    assert turns(5, 2, 20) == [[20], [20], [10, 20], [10, 20], [10, 20]]
    assert turns(4, 2, 20) == [[20]] * 4
    assert turns(2, 3, 20) == [[20]] * 2
    assert turns(3, 2, 1) == [[1]] * 3
