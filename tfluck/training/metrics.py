"""From one look at a student to the rows that are kept of it."""

import itertools
from collections.abc import Sequence
from dataclasses import asdict

import keras
import numpy as np

from tfluck.analysis import best_match, fan_in_norms, fan_out_norms, winner_ranks
from tfluck.analysis.correlation import Array, Mask
from tfluck.analysis.matching import BestSummary
from tfluck.networks import linear_layers
from tfluck.runs import Row
from tfluck.training.evaluation import Evaluation


def evaluation_rows(
    epoch: int, found: Evaluation, student: keras.Model, train_loss: float | None
) -> list[Row]:
    """Return every number of one evaluation; ``train_loss`` is the epoch's mean."""
    rows = [
        Row(epoch, "eval", None, "loss", found.loss),
        Row(epoch, "eval", None, "accuracy", found.accuracy),
    ]
    if found.comparison is not None:
        rows += [
            Row(epoch, "eval", None, name, value)
            for name, value in asdict(found.comparison).items()
        ]
    if train_loss is not None:
        rows.append(Row(epoch, "train", None, "loss", train_loss))
    weights = _weight_values(student)
    for values, alive in zip(weights, found.student_live, strict=True):
        values["dead_student_nodes"] = int((~alive).sum())
    matches = zip(found.correlations, found.live, strict=True)
    nulls = zip(found.null_correlations, found.null_live, strict=True)
    for values, match, null in zip(weights, matches, nulls, strict=False):
        values |= _match_values(*match) | _null_values(*null)
    for layer, values in enumerate(weights):
        rows += [
            Row(epoch, "eval", layer, name, value) for name, value in values.items()
        ]
    output_norm = float(fan_in_norms(linear_layers(student)[-1].kernel.numpy()).mean())
    return [*rows, Row(epoch, "eval", len(weights), "weight_norm", output_norm)]


def _match_values(rho: Array, live: Mask) -> dict[str, float | None]:
    best = best_match(rho).rho
    values: dict[str, float | None] = {"live_teacher_nodes": int(live.sum())}
    for suffix, chosen in (("", best), ("_live", best[live])):
        known = BestSummary.of(chosen)
        values[f"mean_best_correlation{suffix}"] = known.mean
        values[f"median_best_correlation{suffix}"] = known.median
        values |= {f"covered_{k}{suffix}": share for k, share in known.covered.items()}
    return values


def _null_values(rho: Array, live: Mask) -> dict[str, float | None]:
    best = best_match(rho).rho
    return {
        f"null_mean_best_correlation{suffix}": BestSummary.of(chosen).mean
        for suffix, chosen in (("", best), ("_live", best[live]))
    }


def _weight_values(student: keras.Model) -> list[dict[str, float | None]]:
    kernels = [layer.kernel.numpy() for layer in linear_layers(student)]
    return [
        {
            "weight_norm": float(fan_in_norms(kernel).mean()),
            "fan_out_norm": float(fan_out_norms(above, kernel.shape[-1]).mean()),
        }
        for kernel, above in itertools.pairwise(kernels)
    ]


def rank_rows(
    epochs: Sequence[int], history: Sequence[Sequence[Array]], live: Sequence[Mask]
) -> list[Row]:
    """Return the winners' mean and median rank at every epoch, live teacher nodes only.

    None where there is but one evaluation: nobody has won anything yet.

    Args:
        epochs: of the evaluations, ascending.
        history: per evaluation, per layer, ρ.
        live: per layer, the teacher nodes that count.
    """
    rows: list[Row] = []
    if len(history) < 2:
        return rows
    for layer, matrices in enumerate(zip(*history, strict=True)):
        if not live[layer].any():
            continue
        ranks = winner_ranks([rho[live[layer]] for rho in matrices])
        for epoch, rank in zip(epochs, ranks, strict=True):
            rows.append(Row(epoch, "eval", layer, "mean_rank", float(rank.mean())))
            rows.append(
                Row(epoch, "eval", layer, "median_rank", float(np.median(rank)))
            )
    return rows
