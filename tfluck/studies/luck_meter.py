"""The luck of a run's students: what its kept matrices say, and the closed form beside it.

Matrices and the teacher's lowest layer are all it reads, so no TensorFlow is needed.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tfluck.analysis.decision import History
from tfluck.analysis.luck import LayerLuck, layer_luck
from tfluck.experiment.inputs import spectrum
from tfluck.foundations.errors import BadInput
from tfluck.foundations.seeds import generator
from tfluck.runs import Run
from tfluck.runs.correlations import Matrices, read_history
from tfluck.runs.kernels import read_linear
from tfluck.theory.initial_match import ClosedForm, closed_form


@dataclass(frozen=True)
class Luck:
    """What was found of some students of one teacher.

    Attributes:
        seeds: of the students.
        epochs: of the evaluations that all of them have.
        layers: per hidden layer; None where no teacher node lives.
        closed_form: of layer 0; None where there is none, and ``why_not``.
    """

    seeds: tuple[int, ...]
    epochs: tuple[int, ...]
    layers: tuple[LayerLuck | None, ...]
    closed_form: ClosedForm | None
    why_not: str


def run_luck(run: Run, seeds: Sequence[int], tell: Callable[[str], None]) -> Luck:
    """Measure the luck of the students ``seeds`` of ``run``.

    Students without two evaluations in common with the others are left out, and told.

    Raises:
        BadInput: no student has two evaluations, or the run has no teacher.
    """
    if run.experiment.training.targets == "labels":
        raise BadInput(f"{run.name} has no teacher: its student learned labels.")
    known = _histories(run, seeds, tell)
    epochs = _common(run, known)
    chosen = {
        seed: [found for found in history if found.epoch in epochs]
        for seed, history in known.items()
    }
    layers = tuple(
        _layer(index, epochs, list(chosen.values()))
        for index in range(len(run.experiment.network.teacher_widths))
    )
    why_not = without_closed_form(run)
    closed = None if why_not else _closed_form(run, [h[0] for h in chosen.values()])
    return Luck(tuple(chosen), tuple(epochs), layers, closed, why_not)


def _histories(
    run: Run, seeds: Sequence[int], tell: Callable[[str], None]
) -> dict[int, list[Matrices]]:
    known = {}
    for seed in seeds:
        history = read_history(run, seed, tell)
        if len(history) > 1:
            known[seed] = history
        else:
            tell(f"Student {seed} has fewer than two evaluations and is left out.")
    return known


def _common(run: Run, known: dict[int, list[Matrices]]) -> list[int]:
    """Return the evaluations that all students have, which must begin with the start."""
    shared = [{found.epoch for found in history} for history in known.values()]
    epochs = sorted(set.intersection(*shared)) if shared else []
    if len(epochs) < 2 or epochs[0] != 0:
        raise BadInput(
            f"{run.name} has no evaluation before training and a later one yet: of one "
            "alone nothing can be told."
        )
    return epochs


def _layer(
    index: int, epochs: Sequence[int], students: Sequence[Sequence[Matrices]]
) -> LayerLuck | None:
    """Return the luck of layer ``index`` over its live teacher nodes."""
    histories: list[History] = []
    for matrices in students:
        live = matrices[-1].live[index]
        histories.append([found.rho[index][live] for found in matrices])
    nodes = {len(history[0]) for history in histories}
    if nodes == {0}:
        return None
    if len(nodes) > 1:
        raise BadInput("The students' teachers have different live nodes.")
    return layer_luck(index, epochs, histories, generator(0, "luck", index))


def without_closed_form(run: Run) -> str:
    """Say why there is no closed form for the lowest layer of ``run``; "" if there is."""
    experiment = run.experiment
    lowest = next(experiment.graph().linear)
    if lowest.kind != "dense":
        return "The lowest layer is no dense one."
    if not getattr(experiment.data.source, "gaussian", False):
        return f"Inputs of {experiment.data.kind} are not Gaussian."
    if experiment.start.student_init != "default":
        return f"Students start from {experiment.start.student_init}, not at random."
    if experiment.network.teacher_batch_norm == "before-relu":
        return "The teacher's BatchNorm shifts what its nodes see."
    return ""


def _closed_form(run: Run, starts: Sequence[Matrices]) -> ClosedForm:
    live, experiment = starts[0].live[0], run.experiment
    graph = experiment.graph("teacher")
    sealed = run.layout.sealed and not experiment.start.teacher_digest
    kernel, bias = read_linear(run.layout.teacher_weights, graph, sealed)[0]
    scales = experiment.data.data_std * np.array(
        spectrum(experiment.data.covariance, len(kernel))
    )
    rho = np.stack([start.rho[0][live] for start in starts])
    return closed_form(
        (kernel[:, live], bias[live]), rho, generator(0, "closed"), scales
    )
