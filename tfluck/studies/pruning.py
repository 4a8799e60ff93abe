"""Prune by every score and see what is left: curves, and agreement with the oracle (X7, X8).

Nodes are chosen on one half of the samples (the even ones), and what is left is judged on
the other. Every layer keeps the same share of its nodes.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tfluck.analysis.losses import CrossEntropy, Objective, SquaredError
from tfluck.analysis.relu_net import ReluNet
from tfluck.analysis.removal import (
    best,
    check_chain,
    count_kept,
    loss_and_accuracy,
    widths,
    without,
)
from tfluck.analysis.scores import agreement, scores
from tfluck.data.training_data import open_stream
from tfluck.foundations.errors import BadInput
from tfluck.instruments.loaded import load_run
from tfluck.networks.folding import relu_net
from tfluck.networks.plain import plain
from tfluck.networks.pruning import Nodes, cut
from tfluck.networks.shapes import networks
from tfluck.runs import Run
from tfluck.studies.tickets import Narrow, Ticket

Array = NDArray[np.float64]
#: Shares of every layer's nodes that a curve goes through.
SHARES = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.15, 0.1, 0.05)
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Subject:
    """A network to prune, and samples to choose and to judge by.

    Attributes:
        model: in Keras.
        net: the same as bare arrays.
        x, objective: to choose by.
        judge_x, judge: to judge by.
        rho: per layer ρ of live teacher nodes, ``[m, n]``; None without a teacher.
    """

    model: keras.Model
    net: ReluNet
    x: Array
    objective: Objective
    judge_x: Array
    judge: Objective
    rho: list[Array] | None = None


@dataclass(frozen=True)
class Point:
    """What is left of a network; loss and accuracy are None where training diverged."""

    share: float
    widths: tuple[int, ...]
    loss: float | None
    accuracy: float | None


@dataclass(frozen=True)
class Curve:
    """One score, the whole network first; ``steps`` of training came between the points."""

    score: str
    steps: int
    points: list[Point]

    def to_row(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        return asdict(self)


def of_run(run: Run, seed: int, samples: int) -> Subject:
    """Make a subject of a run's student, judged against its teacher.

    Raises:
        BadInput: the network has branches, or its weights are not kept.
        Damaged: a file does not fit.
    """
    view = load_run(run).view(seed, needs=frozenset({"networks", "inputs"}))
    net, teacher = view.relu_nets()
    check_chain(net)
    x = view.inputs(samples)
    target = teacher.activations(x)[-1]
    loss = run.experiment.training.loss
    if loss not in ("mse", "cross-entropy"):
        raise BadInput(
            f"Nodes are scored for the losses mse and cross-entropy; {run.name} was "
            f"trained with {loss}."
        )
    objective: Objective = SquaredError(target)
    if loss == "cross-entropy":
        objective = CrossEntropy(target.argmax(axis=-1))
    found = view.matrices
    rho = [one[live] for one, live in zip(found.rho, found.live, strict=True)]
    return _subject(view.models[1], net, x, objective, rho)


def of_model(model: keras.Model, x: Array, y: NDArray[Any]) -> Subject:
    """Make a subject of a Keras model and labelled samples.

    Args:
        model: a chain, as :func:`tfluck.networks.plain.plain` takes it.
        x: ``[samples, …]``, at least two.
        y: classes ``[samples]``, for the cross-entropy of the logits; or targets
            ``[samples, outputs]``, for the squared error.

    Raises:
        BadInput: the model is no chain, or ``y`` does not fit it.
    """
    net = relu_net(plain(model, ending=False))
    check_chain(net)
    outputs = net.layers[-1].kernel.shape[-1]
    if y.ndim == 1 and y.dtype.kind in "iu":
        if len(y) and not 0 <= y.min() <= y.max() < outputs:
            raise BadInput(
                f"y holds classes from {y.min()} to {y.max()}; the model tells 0 … "
                f"{outputs - 1} apart."
            )
        return _subject(model, net, x, CrossEntropy(y.astype(np.int64)))
    if y.shape != (len(x), outputs):
        raise BadInput(
            f"y must be classes [{len(x)}] in whole numbers or targets [{len(x)}, "
            f"{outputs}], not {y.dtype} {list(y.shape)}."
        )
    return _subject(model, net, x, SquaredError(y.astype(np.float64)))


def _subject(
    model: keras.Model,
    net: ReluNet,
    x: Array,
    objective: Objective,
    rho: list[Array] | None = None,
) -> Subject:
    if len(x) < 2:
        raise BadInput("Give at least two samples: one to choose by, one to judge by.")
    even, odd = slice(0, None, 2), slice(1, None, 2)
    return Subject(
        model, net, x[even], objective.part(even), x[odd], objective.part(odd), rho
    )


def score_all(subject: Subject, names: Sequence[str], seed: int) -> dict[str, Any]:
    """Score the subject's nodes by ``names``; see :func:`tfluck.analysis.scores.scores`."""
    return scores(
        subject.net, subject.x, subject.objective, names, rho=subject.rho, seed=seed
    )


def agreements(found: dict[str, list[Array]]) -> list[dict[str, Any]]:
    """Compare every score with the oracle, and fan-out with obd (X8), layer by layer.

    What is missing of ``found`` is left out.
    """
    pairs = [(name, "oracle") for name in found if name != "oracle"]
    return [
        {"score": name, "against": other, "layer": layer} | asdict(agreement(one, two))
        for name, other in [*pairs, ("fan-out", "obd")]
        if name in found and other in found
        for layer, (one, two) in enumerate(zip(found[name], found[other], strict=True))
    ]


def one_shot(
    subject: Subject, found: dict[str, list[Array]], shares: Sequence[float]
) -> list[Curve]:
    """Remove nodes at once, without any training after."""
    return [
        Curve(name, 0, [_point(subject, subject.net, layers, s) for s in shares])
        for name, layers in found.items()
    ]


def _point(
    subject: Subject, net: ReluNet, found: Sequence[Array], share: float
) -> Point:
    smaller = without(net, best(found, share))
    return Point(
        share,
        widths(smaller),
        *loss_and_accuracy(smaller, subject.judge_x, subject.judge),
    )


class Rounds:
    """Removes nodes round by round, trains between, and scores anew each time.

    Training is the run's own, and goes on where its student's data ended, at its last
    learning rate. Networks of one width share one compiled step.
    """

    def __init__(self, run: Run, seed: int, steps: int) -> None:
        self.run, self.seed, self.steps = run, seed, steps
        self.compiled: dict[tuple[int, ...], Narrow] = {}

    def curve(self, subject: Subject, name: str, shares: Sequence[float]) -> Curve:
        """Follow one score; ``shares`` descend from 1."""
        points = [
            Point(
                1.0,
                widths(subject.net),
                *loss_and_accuracy(subject.net, subject.judge_x, subject.judge),
            )
        ]
        for share, net in self._nets(subject, name, shares):
            values: tuple[float | None, float | None] = (None, None)
            if all(np.isfinite(affine.kernel).all() for affine in net.layers):
                values = loss_and_accuracy(net, subject.judge_x, subject.judge)
            points.append(Point(share, widths(net), *values))
            if values[0] is None:
                break
        return Curve(name, self.steps, points)

    def _nets(
        self, subject: Subject, name: str, shares: Sequence[float]
    ) -> Iterator[tuple[float, ReluNet]]:
        network, model = networks(self.run.experiment)[1], subject.model
        net, origin = subject.net, [np.arange(n) for n in widths(subject.net)]
        for number, share in enumerate(shares[1:]):
            rho = None
            if subject.rho is not None:
                rho = [r[:, o] for r, o in zip(subject.rho, origin, strict=True)]
            found = scores(
                net, subject.x, subject.objective, [name], rho=rho, seed=self.seed
            )
            kept = self._kept(found[name], share, widths(subject.net))
            origin = [o[k] for o, k in zip(origin, kept, strict=True)]
            network, model = cut(network, model, kept, constants=True)
            model = self._trained(Ticket(network, model.get_weights(), kept), number)
            net = relu_net(model)
            yield share, net

    @staticmethod
    def _kept(
        found: Sequence[Array], share: float, nodes: tuple[int, ...]
    ) -> list[Nodes]:
        """Return the best nodes: a share of what each layer had in the beginning."""
        return [
            best([score], count_kept(n, share) / len(score))[0]
            for score, n in zip(found, nodes, strict=True)
        ]

    def _trained(self, ticket: Ticket, number: int) -> keras.Model:
        training, size = self.run.experiment.training, ticket.network.widths
        if size not in self.compiled:
            self.compiled[size] = Narrow(self.run, ticket)
        narrow = self.compiled[size]
        narrow.ticket = ticket
        narrow.reset(self.seed)
        stream = open_stream(self.run.experiment, self.seed, "train", narrow.images)
        rate = tf.constant(
            training.learning_rate(max(0, training.epochs - 1)), tf.float32
        )
        first, chunk = training.steps + number * self.steps, self.run.execution.chunk
        for at in range(0, self.steps, chunk):
            batches = stream.batches(first + at, chunk)
            count = tf.constant(min(chunk, self.steps - at))
            narrow.program.run(batches, count, rate)
        return narrow.student


def smaller_model(
    subject: Subject, found: Sequence[Array], share: float
) -> tuple[keras.Model, float]:
    """Return a plain Keras model of the best ``share`` of each layer's nodes.

    Returns:
        The model, and how far its outputs are at most from those of the masked network,
        relative to the largest of these.

    Raises:
        BadInput: what a removed node leaves behind cannot be put in its place.
    """
    kept = best(found, share)
    model = plain(subject.model, kept)
    linear = plain(subject.model, kept, ending=False)
    exact = without(subject.net, kept).activations(subject.judge_x)[-1]
    ours = linear(
        subject.judge_x.astype(linear.inputs[0].dtype), training=False
    ).numpy()
    return model, float(np.abs(ours - exact).max() / max(np.abs(exact).max(), 1e-30))
