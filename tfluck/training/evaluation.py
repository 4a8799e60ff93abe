"""Look at a student and its teacher on the whole fixed evaluation set."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfluck.analysis import Moments
from tfluck.analysis.correlation import ROUNDING, Array, Mask
from tfluck.training.objectives import Objective

#: ``scalars``; of ``student`` the squares of every layer; of ``teacher`` and
#: ``stranger`` the moments.
Sums = dict[str, list[Any]]
#: Of one layer: the nodes' centres, and their spread, or one over it.
Frame = tuple[tf.Tensor, tf.Tensor]


@dataclass(frozen=True)
class Comparison:
    """Student and teacher on the same labelled samples; the names are the metrics'.

    Attributes:
        teacher_accuracy: share the teacher classifies correctly.
        accuracy_difference: student's accuracy minus teacher's.
        accuracy_difference_error: standard error of the difference, from the paired samples.
        agreement: share on which both name the same class, right or wrong.
    """

    teacher_accuracy: float
    accuracy_difference: float
    accuracy_difference_error: float
    agreement: float


@dataclass(frozen=True)
class Evaluation:
    """What one look found.

    Attributes:
        loss: mean over the set.
        accuracy: share of samples classified correctly; where there are no labels the
            teacher's class counts as correct.
        correlations: ρ per hidden layer, ``[teacher nodes, student nodes]``.
        null_correlations: the same against another teacher, which the student has
            never seen: what chance and width alone give.
        live: which teacher nodes change at all over the set, per layer.
        null_live: the same of the other teacher.
        student_live: the same of the student.
    """

    loss: float
    accuracy: float
    correlations: list[Array]
    null_correlations: list[Array]
    live: list[Mask]
    null_live: list[Mask]
    student_live: list[Mask]
    #: None without labels, or without a teacher.
    comparison: Comparison | None = None


class Evaluator:
    """Streams the evaluation set through student, teacher and a stranger.

    Without a teacher (and then without a stranger) the labels are the target.
    ``labels`` holds the classes of each batch, or is None.

    Activations are taken relative to a centre from a few samples, and to the power of
    two at which they spread there, so that their squares fit float32 whatever their
    scale. The products of one batch are float32, at half the cost, and batches are
    summed in float64: ρ is good to about 1e-6.
    """

    def __init__(
        self,
        teacher: keras.Model | None,
        stranger: keras.Model | None,
        student: keras.Model,
        objective: Objective,
        batches: list[tf.Tensor],
        labels: list[tf.Tensor] | None = None,
    ) -> None:
        models = {"teacher": teacher, "stranger": stranger, "student": student}
        self.models = {
            name: model for name, model in models.items() if model is not None
        }
        self.objective = objective
        self.batches = batches
        self.labels = labels
        some = tf.TensorSpec((None, *batches[0].shape[1:]), batches[0].dtype)
        # One trace serves the few samples of the frames and batches of every size.
        self._see = tf.function(self._outputs, [some], autograph=False)
        self._spread = tf.function(self._spreads, [some], autograph=False)
        self._look = tf.function(self._sums, reduce_retracing=True, autograph=False)

    def evaluate(
        self, report: Callable[[int, int], None] = lambda done, all_: None
    ) -> Evaluation:
        """Go through the set once; ``report(batches done, batches)`` as it goes."""
        frames = {
            name: [(centre, _unit(spread)) for centre, spread in layers]
            for name, layers in self._spread(self.batches[0][:64]).items()
        }
        total: Sums = {}
        labels = self.labels or [None] * len(self.batches)
        pairs = zip(self.batches, labels, strict=True)
        for done, (batch, truth) in enumerate(pairs, start=1):
            sums = self._look(batch, truth, frames)
            sums = tf.nest.map_structure(lambda t: t.numpy(), sums)
            total = tf.nest.map_structure(np.add, total, sums) if total else sums
            report(done, len(self.batches))
        return _conclude(total, self.labels is not None and "teacher" in self.models)

    def _outputs(self, x: tf.Tensor) -> dict[str, list[tf.Tensor]]:
        return {name: model(x, training=False) for name, model in self.models.items()}

    def _spreads(self, x: tf.Tensor) -> dict[str, list[Frame]]:
        found = self._see(x).items()
        return {
            name: [_spread(at) for at in _nodes(outputs)] for name, outputs in found
        }

    def _sums(
        self, x: tf.Tensor, truth: tf.Tensor | None, frames: dict[str, list[Frame]]
    ) -> Sums:
        outputs = self._see(x)
        logits = outputs["student"][-1]
        if "teacher" in outputs:
            target = outputs["teacher"][-1]
        else:
            target = tf.one_hot(truth, logits.shape[-1])
        loss = self.objective(target, logits)
        shifted = {
            name: [
                _within(*pair) for pair in zip(_nodes(found), frames[name], strict=True)
            ]
            for name, found in outputs.items()
        }
        return {
            "scalars": _scalars(loss, target, logits, truth),
            "student": [
                tf.reduce_sum(tf.square(layer), 0) for layer in shifted["student"]
            ],
            **{
                name: [
                    _moment_sums(a, s)
                    for a, s in zip(shifted[name], shifted["student"], strict=True)
                ]
                for name in shifted
                if name != "student"
            },
        }


def _scalars(
    loss: tf.Tensor, target: tf.Tensor, logits: tf.Tensor, truth: tf.Tensor | None
) -> list[tf.Tensor]:
    """Sum over a batch: samples, loss, right, teacher right, one of both right, agree."""
    said, teacher_said = tf.argmax(logits, -1), tf.argmax(target, -1)
    if truth is None:
        truth = teacher_said
    right, teacher_right = said == truth, teacher_said == truth
    count = tf.cast(tf.shape(logits)[0], tf.float64)
    events = [right, teacher_right, right != teacher_right, said == teacher_said]
    shares = [tf.reduce_sum(tf.cast(event, tf.float64)) for event in events]
    return [count, tf.cast(loss, tf.float64) * count, *shares]


def _nodes(outputs: list[tf.Tensor]) -> list[tf.Tensor]:
    """Return the hidden activations as ``[samples · positions, nodes]``."""
    return [tf.reshape(layer, (-1, layer.shape[-1])) for layer in outputs[:-1]]


def _spread(layer: tf.Tensor) -> Frame:
    """Return centres, ``[nodes]``, near the means, and how far nodes are from them.

    The centre of a node that never changes is its very value, so that it gives sums of
    exactly zero.
    """
    centre = layer[0] + tf.reduce_mean(layer - layer[0], 0)
    return centre, tf.reduce_max(tf.abs(layer - centre))


def _unit(spread: tf.Tensor) -> tf.Tensor:
    """Return one over the next power of two, which changes no digit of a product."""
    exponent = np.clip(np.frexp(spread.numpy())[1], -120, 120)
    return tf.constant(np.ldexp(1.0, -exponent), spread.dtype)


def _within(layer: tf.Tensor, frame: Frame) -> tf.Tensor:
    """Return scaled deviations; what is within rounding is none."""
    centre, scale = frame
    difference = layer - centre
    noise = ROUNDING * np.finfo(layer.dtype.as_numpy_dtype).eps * tf.abs(centre)
    return tf.where(tf.abs(difference) <= noise, 0.0, difference * scale)


def _moment_sums(teacher: tf.Tensor, student: tf.Tensor) -> list[tf.Tensor]:
    """Return the fields of :class:`Moments`, in order, float64."""
    sums = [
        tf.shape(student)[0],
        tf.reduce_sum(teacher, 0),
        tf.reduce_sum(student, 0),
        tf.reduce_sum(tf.square(teacher), 0),
        tf.reduce_sum(tf.square(student), 0),
        tf.matmul(teacher, student, transpose_a=True),
    ]
    return [tf.cast(value, tf.float64) for value in sums]


def _conclude(sums: Sums, paired: bool) -> Evaluation:
    count = sums["scalars"][0]
    loss, right, teacher_right, one, agree = (
        float(value / count) for value in sums["scalars"][1:]
    )
    teacher, stranger = (
        [Moments(*parts) for parts in sums.get(name, [])]
        for name in ("teacher", "stranger")
    )
    difference = right - teacher_right
    # Each sample contributes +1, 0 or −1, whose square is "one of both right".
    error = math.sqrt(max(one - difference**2, 0) / max(count - 1, 1))
    return Evaluation(
        loss=loss,
        accuracy=right,
        correlations=[moments.correlation() for moments in teacher],
        null_correlations=[moments.correlation() for moments in stranger],
        live=[moments.live() for moments in teacher],
        null_live=[moments.live() for moments in stranger],
        student_live=[squares > 0 for squares in sums["student"]],
        comparison=Comparison(teacher_right, difference, error, agree)
        if paired
        else None,
    )
