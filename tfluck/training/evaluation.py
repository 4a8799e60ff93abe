"""Look at a student and its teacher on the whole fixed evaluation set."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tfluck.analysis import Moments
from tfluck.training.step import LossFunction

Array = NDArray[np.float64]
#: ``scalars``, and for ``teacher`` and ``stranger`` the moments of every layer.
Sums = dict[str, list[Any]]


@dataclass(frozen=True)
class Evaluation:
    """What one look found.

    Attributes:
        loss: mean over the set.
        accuracy: share of samples on which student and teacher name the same class.
        correlations: ρ per hidden layer, ``[teacher nodes, student nodes]``.
        null_correlations: the same against another teacher, which the student has
            never seen: what chance and width alone give.
        live: which teacher nodes change at all over the set, per layer.
    """

    loss: float
    accuracy: float
    correlations: list[Array]
    null_correlations: list[Array]
    live: list[NDArray[np.bool_]]


class Evaluator:
    """Streams the evaluation set through student, teacher and a stranger.

    Moments are summed in float64, relative to the activations of the first sample, so
    that a node which never changes gives exactly zero.
    """

    def __init__(
        self,
        teacher: keras.Model,
        stranger: keras.Model,
        student: keras.Model,
        loss: LossFunction,
        batches: list[tf.Tensor],
    ) -> None:
        self.models = {"teacher": teacher, "stranger": stranger, "student": student}
        self.loss = loss
        self.batches = batches
        self._look = tf.function(self._sums, reduce_retracing=True, autograph=False)

    def evaluate(
        self, report: Callable[[int, int], None] = lambda done, all_: None
    ) -> Evaluation:
        """Go through the set once; ``report(batches done, batches)`` as it goes."""
        first = self.batches[0][:1]
        shifts = {
            name: [layer[:1] for layer in _nodes(model(first))]
            for name, model in self.models.items()
        }
        total = None
        for done, batch in enumerate(self.batches, start=1):
            sums = self._look(batch, shifts)
            total = (
                sums if total is None else tf.nest.map_structure(tf.add, total, sums)
            )
            report(done, len(self.batches))
        return _conclude(tf.nest.map_structure(lambda t: t.numpy(), total))

    def _sums(self, x: tf.Tensor, shifts: dict[str, list[tf.Tensor]]) -> Sums:
        outputs = {
            name: model(x, training=False) for name, model in self.models.items()
        }
        target, logits = outputs["teacher"][-1], outputs["student"][-1]
        count = tf.cast(tf.shape(x)[0], tf.float64)
        agree = tf.argmax(target, -1) == tf.argmax(logits, -1)
        loss = tf.cast(self.loss(target, logits), tf.float64) * count
        shifted = {
            name: [a - s for a, s in zip(_nodes(found), shifts[name], strict=True)]
            for name, found in outputs.items()
        }
        return {
            "scalars": [count, loss, tf.reduce_sum(tf.cast(agree, tf.float64))],
            **{
                name: [
                    _moment_sums(a, s)
                    for a, s in zip(shifted[name], shifted["student"], strict=True)
                ]
                for name in ("teacher", "stranger")
            },
        }


def _nodes(outputs: list[tf.Tensor]) -> list[tf.Tensor]:
    """Return the hidden activations as float64 ``[samples · positions, nodes]``."""
    return [
        tf.cast(tf.reshape(layer, (-1, layer.shape[-1])), tf.float64)
        for layer in outputs[:-1]
    ]


def _moment_sums(teacher: tf.Tensor, student: tf.Tensor) -> list[tf.Tensor]:
    """Return the fields of :class:`Moments`, in order."""
    return [
        tf.cast(tf.shape(student)[0], tf.float64),
        tf.reduce_sum(teacher, 0),
        tf.reduce_sum(student, 0),
        tf.reduce_sum(tf.square(teacher), 0),
        tf.reduce_sum(tf.square(student), 0),
        tf.matmul(teacher, student, transpose_a=True),
    ]


def _conclude(sums: Sums) -> Evaluation:
    count, loss, agree = sums["scalars"]
    teacher, stranger = (
        [Moments(*parts) for parts in sums[name]] for name in ("teacher", "stranger")
    )
    return Evaluation(
        loss=float(loss / count),
        accuracy=float(agree / count),
        correlations=[moments.correlation() for moments in teacher],
        null_correlations=[moments.correlation() for moments in stranger],
        live=[moments.live() for moments in teacher],
    )
