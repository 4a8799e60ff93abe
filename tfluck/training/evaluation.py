"""Look at a student and its teacher on the whole fixed evaluation set."""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tfluck.analysis import Moments
from tfluck.training.step import LossFunction

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Evaluation:
    """What one look found.

    Attributes:
        loss: mean over the set.
        accuracy: share of samples on which student and teacher name the same class.
        correlations: ρ per hidden layer, ``[teacher nodes, student nodes]``.
        null_correlations: the same against another teacher, which the student has
            never seen: what chance and width alone give.
    """

    loss: float
    accuracy: float
    correlations: list[Array]
    null_correlations: list[Array]


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
        self._look = tf.function(self._sums, reduce_retracing=True)

    def evaluate(
        self, report: Callable[[int, int], None] = lambda done, all_: None
    ) -> Evaluation:
        """Go through the set once; ``report(batches done, batches)`` as it goes."""
        first = self.batches[0][:1]
        shifts = {name: _nodes(model(first)) for name, model in self.models.items()}
        total = None
        for done, batch in enumerate(self.batches, start=1):
            sums = self._look(batch, shifts)
            total = (
                sums if total is None else tf.nest.map_structure(tf.add, total, sums)
            )
            report(done, len(self.batches))
        return self._conclude(tf.nest.map_structure(lambda t: t.numpy(), total))

    def _sums(
        self, x: tf.Tensor, shifts: dict[str, list[tf.Tensor]]
    ) -> dict[str, list]:
        outputs = {
            name: model(x, training=False) for name, model in self.models.items()
        }
        target, logits = outputs["teacher"][-1], outputs["student"][-1]
        count = tf.cast(len(x), tf.float64)
        agree = tf.argmax(target, -1) == tf.argmax(logits, -1)
        flat = {
            name: [a - s for a, s in zip(_nodes(found), shifts[name], strict=True)]
            for name, found in outputs.items()
        }
        return {
            "scalars": [
                count,
                tf.cast(self.loss(target, logits), tf.float64) * count,
                tf.reduce_sum(tf.cast(agree, tf.float64)),
            ],
            "rows": [tf.cast(len(layer), tf.float64) for layer in flat["student"]],
            **{
                f"{name}_sum": [tf.reduce_sum(a, 0) for a in flat[name]]
                for name in flat
            },
            **{
                f"{name}_square": [tf.reduce_sum(tf.square(a), 0) for a in flat[name]]
                for name in flat
            },
            **{
                f"{name}_product": [
                    tf.matmul(a, s, transpose_a=True)
                    for a, s in zip(flat[name], flat["student"], strict=True)
                ]
                for name in ("teacher", "stranger")
            },
        }

    def _conclude(self, sums: dict[str, list]) -> Evaluation:
        count, loss, agree = sums["scalars"]

        def correlations(name: str) -> list[Array]:
            return [
                Moments(*parts).correlation()
                for parts in zip(
                    sums["rows"],
                    sums[f"{name}_sum"],
                    sums["student_sum"],
                    sums[f"{name}_square"],
                    sums["student_square"],
                    sums[f"{name}_product"],
                    strict=True,
                )
            ]

        return Evaluation(
            loss=float(loss / count),
            accuracy=float(agree / count),
            correlations=correlations("teacher"),
            null_correlations=correlations("stranger"),
        )


def _nodes(outputs: list[tf.Tensor]) -> list[tf.Tensor]:
    """Return the hidden activations as float64 ``[samples · positions, nodes]``."""
    return [
        tf.cast(tf.reshape(layer, (-1, layer.shape[-1])), tf.float64)
        for layer in outputs[:-1]
    ]
