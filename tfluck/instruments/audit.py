"""The theorems' hypotheses measured on a run, before and after its training."""

from collections.abc import Iterator

from tfluck.instruments.instrument import Line
from tfluck.instruments.loaded import LoadedRun
from tfluck.instruments.run_view import KEPT
from tfluck.theory.audit import audit, audit_teacher
from tfluck.theory.measured import State


def audit_run(loaded: LoadedRun, seed: int, samples: int) -> list[Line]:
    """Return a row for every hypothesis, hidden layer and end of training.

    Args:
        loaded: the run.
        seed: of the student.
        samples: inputs of the evaluation set to use, at most.

    Raises:
        BadInput, Damaged: the weights of one end are not kept.
    """
    rows: list[Line] = []
    for state, epoch in _states(loaded, seed, samples):
        seen = audit(state) + (audit_teacher(state) if epoch == 0 else [])
        rows += [{"epoch": epoch} | row.to_row() for row in seen]
    return rows


def _states(loaded: LoadedRun, seed: int, samples: int) -> Iterator[tuple[State, int]]:
    """Yield the student before and after training."""
    views = [loaded.view(seed, epoch, KEPT) for epoch in (0, None)]
    start = views[0]
    for view in views:
        student, teacher = view.relu_nets()
        matrices = view.matrices
        state = State(
            student=student,
            teacher=teacher,
            x=view.inputs(samples),
            rho=list(matrices.rho),
            live=list(matrices.live),
            kernels=view.kernels,
            biases=view.biases,
            start=start.kernels,
            start_biases=start.biases,
            batch_norm=loaded.run.experiment.network.batch_norm != "none",
        )
        yield state, view.epoch
