"""However and in whatever order students are trained, they end as if never disturbed."""

import random
import signal
from pathlib import Path
from typing import Any

import pytest
from laws.specimens import DEAR, config_of, outcome, train
from making import make

from tfluck.foundations.errors import Interrupted


@pytest.mark.costly
def test_a_stop_after_every_chunk_changes_nothing(
    specimen: Any, tmp_path: Path
) -> None:
    """Each chunk by a trainer of its own, which knows only what the disk holds."""
    run = specimen.again(tmp_path)
    seed = run.seeds[0]
    stops = 0
    while True:
        try:
            train(run, seed, specimen.kernel, lambda: signal.SIGTERM)
            break
        except Interrupted as stop:
            assert stop.exit_code == 143 and run.status() == "interrupted"
            stops += 1
    assert stops == 3 * run.experiment.training.epochs - 1, (
        "at every chunk but the last"
    )
    assert outcome(run, seed) == specimen.outcomes[seed]


@pytest.mark.costly
def test_death_at_any_moment_changes_nothing(specimen: Any, tmp_path: Path) -> None:
    """The process is gone between two lines: nothing is saved, nothing cleans up."""
    run = specimen.again(tmp_path)
    seed, draw = run.seeds[0], random.Random(specimen.name)

    class Killed(BaseException):
        pass

    for _ in range(3):
        left = [draw.randrange(12)]

        def report(step: int, note: str, left: list[int] = left) -> None:
            left[0] -= 1
            if left[0] < 0:
                raise Killed

        try:
            train(run, seed, specimen.kernel, report=report)
        except Killed:
            assert left[0] < 0
    train(run, seed, specimen.kernel)
    assert outcome(run, seed) == specimen.outcomes[seed]


@pytest.mark.costly
def test_the_order_of_seeds_does_not_matter(specimen: Any, tmp_path: Path) -> None:
    """The last student first and alone, with a kernel of its own."""
    run = specimen.again(tmp_path)
    first, last = run.seeds
    train(run, last)
    assert outcome(run, last) == specimen.outcomes[last]
    assert not run.layout.seed(first).root.exists()


def test_students_differ(specimen: Any) -> None:
    """Equality would be cheap if every student were the same."""
    one, other = specimen.outcomes.values()
    arrays = [name for name in one if "kernel" in name]
    assert arrays and all(one[name] != other[name] for name in arrays)


@pytest.mark.specimens(*DEAR)
def test_students_that_join_end_as_if_there_from_the_start(
    specimen: Any, tmp_path: Path
) -> None:
    """A run of one student, asked for more, trains the others and leaves the first."""
    experiment, execution = config_of(specimen.name, tmp_path)
    alone = make(tmp_path / "runs", (experiment, execution.but(seeds=1)))
    train(alone, alone.seeds[0], specimen.kernel)
    first = alone.layout.seed(alone.seeds[0]).root
    before = {path: path.read_bytes() for path in first.rglob("*") if path.is_file()}
    grown = make(tmp_path / "runs", (experiment, execution))
    assert grown.layout == alone.layout and grown.seeds == specimen.run.seeds
    for seed in grown.seeds[1:]:
        train(grown, seed, specimen.kernel)
    assert {path: path.read_bytes() for path in before} == before
    assert {s: outcome(grown, s) for s in grown.seeds} == specimen.outcomes
