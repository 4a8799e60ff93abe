"""Train the arms of the lottery-ticket study (X5).

A ticket is trained by the machinery that trained the whole student: the same step, loss,
optimiser, stream of batches, schedule and evaluation, so one that keeps all nodes ends in
the very same bits. Tickets of one student and width share one compiled step.
"""

import dataclasses
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import NamedTuple

import keras
import numpy as np
from numpy.typing import NDArray

from tfluck.analysis.leaders import CHOOSE, Evidence, Nodes, leading
from tfluck.analysis.weights import fan_out_norms
from tfluck.experiment.experiment import Experiment
from tfluck.foundations.environment import surroundings
from tfluck.foundations.errors import Damaged, Diverged, Interrupted
from tfluck.foundations.files import make_directory
from tfluck.foundations.runtime import threads_here
from tfluck.foundations.seeds import child, generator
from tfluck.instruments.loading import build
from tfluck.networks import Network
from tfluck.networks.initializers import default_start
from tfluck.networks.pruning import cut
from tfluck.networks.shapes import networks
from tfluck.runs import Run, SeedLayout
from tfluck.runs.correlations import read_matrices
from tfluck.runs.seal import read_arrays, write_arrays
from tfluck.runs.weights import kept_weights
from tfluck.studies.arms import Plan, is_done, steps_done, steps_done_of, ticket_run
from tfluck.training.checkpoint import Progress
from tfluck.training.kernel import Kernel
from tfluck.training.trainer import StopAsked, Trainer

#: (steps of all tickets of the student so far, note)
Report = Callable[[int, str], None]


class Ticket(NamedTuple):
    """A smaller network, its start, and which nodes of the whole one it keeps."""

    network: Network
    start: list[NDArray[np.floating]]
    kept: list[Nodes]


class Narrow(Kernel):
    """What the tickets of one student and width share; ``ticket`` is the one at hand."""

    def __init__(self, run: Run, ticket: Ticket) -> None:
        self.ticket = ticket
        super().__init__(run)

    def _build(self, experiment: Experiment) -> keras.Model:
        return _build(self.ticket.network, experiment.seed)

    def _restart(self, seed: int) -> None:
        self.student.set_weights(self.ticket.start)


class Whole:
    """A finished student: its weights at each end, and what chooses nodes of it."""

    def __init__(self, run: Run, seed: int) -> None:
        self.run, self.seed = run, seed
        self.network = networks(run.experiment)[1]
        self.groups = self.network.graph.tied()
        final = self.at(None)
        self.evidence = [self._evidence(group, final) for group in self.groups]

    def at(self, epoch: int | None) -> keras.Model:
        """Return the student with its weights of ``epoch``."""
        path = kept_weights(self.run, self.seed, epoch).path
        sealed = self.run.layout.seed(self.seed).sealed
        return build(self.network, "student", path, sealed)

    def _evidence(self, group: set[int], final: keras.Model) -> Evidence:
        """Join what layers say that share their nodes."""
        ends = [read_matrices(self.run, self.seed, epoch) for epoch in (0, None)]
        initial, final_rho = (
            np.concatenate([end.rho[i][ends[1].live[i]] for i in sorted(group)])
            for end in ends
        )
        sizes = [self._fan_out(layer, final) for layer in group]
        return Evidence(initial, final_rho, np.mean(sizes, axis=0))

    def _fan_out(self, layer: int, final: keras.Model) -> NDArray[np.float64]:
        readers = self.network.graph.readers(layer)
        nodes = self.network.widths[layer]
        kernels = [final.get_layer(vertex.name).kernel.numpy() for vertex in readers]
        return np.mean([fan_out_norms(kernel, nodes) for kernel in kernels], axis=0)

    def choose(self, arm: str, keep: int) -> list[Nodes]:
        """Return the nodes that an arm keeps in each layer, ascending."""
        kept = []
        for group, evidence in zip(self.groups, self.evidence, strict=True):
            draw = generator(self.seed, "ticket", arm, min(group))
            count = leading(evidence.final, keep)
            kept.append(np.sort(CHOOSE[arm](evidence, count, draw)))
        return kept

    def ticket(self, arm: str, keep: int, rewind: int) -> Ticket:
        """Return the smaller network of an arm with the weights it starts from."""
        kept = self.choose(arm, keep)
        again = child(self.seed, "ticket", arm)
        if arm == "reinit":
            widths = tuple(map(len, kept))
            network = dataclasses.replace(self.network, widths=widths)
            return Ticket(network, _build(network, again).get_weights(), kept)
        source = _build(self.network, again)
        if arm != "reinit-full":
            source = self.at(rewind)
        network, model = cut(self.network, source, kept)
        return Ticket(network, model.get_weights(), kept)


def _build(network: Network, seed: int) -> keras.Model:
    return network.build(partial(default_start, seed), "student")


def train_tickets(
    run: Run,
    seed: int,
    plan: Plan,
    report: Report = lambda step, note: None,
    stop_asked: StopAsked = lambda: None,
    until: int | None = None,
) -> None:
    """Train what is left of a student's tickets, of the first ``until`` or of all.

    A ticket that diverges is done: its loss is none.

    Raises:
        Interrupted: ``stop_asked`` returned a signal; a checkpoint is written.
        BadInput, Damaged: the student's files do not do.
    """
    whole, narrow = Whole(run, seed), None
    for arm, keep in plan.cells[:until]:
        home = ticket_run(run, arm, keep, plan.rewind)
        if is_done(home, seed):
            continue
        if number := stop_asked():
            raise Interrupted("Stopped before a step was made.", number)
        ticket = whole.ticket(arm, keep, plan.rewind)
        _note(home.layout.seed(seed), ticket.kept)
        if narrow is None or narrow.ticket.network != ticket.network:
            narrow = Narrow(run, ticket)
        narrow.ticket = ticket
        home = dataclasses.replace(home, narrowed=ticket.network.widths)
        begun = plan.rewind * run.experiment.training.steps_per_epoch
        offset = steps_done(run, plan, seed) - steps_done_of(home, seed, begun)
        tell = partial(_tell, report, f"{arm}, keep {keep}", offset - begun)
        trainer = Trainer(home, seed, tell, narrow)
        if begun:
            _begin_at(begun, trainer)
        with suppress(Diverged):
            trainer.train(stop_asked)


def _tell(report: Report, name: str, offset: int, step: int, note: str) -> None:
    report(offset + step, f"{name}: {note}")


def _begin_at(step: int, trainer: Trainer) -> None:
    """Let a ticket that has not begun start at ``step``, as if it had been there."""
    if trainer.layout.checkpoint_steps():
        return
    make_directory(trainer.layout.root)
    now = surroundings(threads_here(), trainer.run.execution.jit)
    trainer.checkpoints.save(Progress(step, history=[{"step": step} | now]))


def _note(layout: SeedLayout, kept: list[Nodes]) -> None:
    """Write down which nodes a ticket keeps, or hold it to what was written.

    Raises:
        Damaged: other nodes are chosen now than when the ticket was begun.
    """
    arrays = {f"layer{i}": nodes.astype(np.int64) for i, nodes in enumerate(kept)}
    if not layout.kept_nodes.exists():
        make_directory(layout.root)
        write_arrays(layout.kept_nodes, arrays)
        return
    found = read_arrays(layout.kept_nodes)
    if found.keys() != arrays.keys() or not all(
        np.array_equal(found[name], nodes) for name, nodes in arrays.items()
    ):
        raise Damaged(
            layout.kept_nodes,
            "names other nodes than are chosen now; delete the folder "
            f"{layout.root.parent} to train these tickets anew.",
        )
