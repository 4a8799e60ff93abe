"""Students join a run that is there, and weights of further epochs are kept.

An experiment is the same however many students it has, so its run can grow; those that
are finished are not trained again.
"""

from dataclasses import replace

from tfluck.experiment.execution import Execution
from tfluck.runs.lock import locked
from tfluck.runs.run import Run
from tfluck.runs.seal import write_object


def extended(run: Run, asked: Execution) -> Run:
    """Return ``run`` with as many students, and as many kept epochs, as are ``asked``.

    Raises:
        RunBusy: it would grow, and another process drives it.
    """
    mine = run.execution
    seeds = max(mine.seeds, asked.seeds)
    epochs = tuple(sorted({*mine.keep_epochs, *asked.keep_epochs}))
    if (seeds, epochs) == (mine.seeds, mine.keep_epochs):
        return run
    with locked(run.layout.lock):
        value = {"seeds": seeds, "keep_epochs": list(epochs)}
        write_object(run.layout.students, value)
    return replace(run, execution=mine.but(seeds=seeds, keep_epochs=epochs))
