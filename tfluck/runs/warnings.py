"""What a finished run must not keep quiet about: dead students, ρ̄ that fell."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

#: A larger share of dead student nodes in a layer is told.
DEAD_SHARE = 0.1


class Change(NamedTuple):
    """One student's number of one layer before and after training."""

    seed: int
    before: float
    after: float


def warnings(
    layers: Iterable[Mapping[str, Any]], seeds: Sequence[int], eval_samples: int
) -> list[str]:
    """Return sentences on the ``layers`` of a summary; none if all is well.

    ρ̄ fell if it ended lower by more than 1/√``eval_samples``, the standard error of one
    correlation of nodes that have nothing in common. The worst student speaks.
    """
    found = []
    for layer in layers:
        found += _dead(layer, _changes(layer, "dead_student_nodes", seeds))
        rho = _changes(layer, "mean_best_correlation_live", seeds)
        found += _fell(layer, rho, 1 / math.sqrt(eval_samples))
    return found


def _changes(layer: Mapping[str, Any], name: str, seeds: Sequence[int]) -> list[Change]:
    """Return what is known of every student; runs of older versions know less."""
    ends = zip(seeds, layer[name]["initial"], layer[name]["final"], strict=True)
    return [Change(*end) for end in ends if None not in end]


def _dead(layer: Mapping[str, Any], changes: list[Change]) -> list[str]:
    worst = max(changes, key=lambda change: change.after, default=None)
    nodes = layer["student_nodes"]
    if worst is None or worst.after <= DEAD_SHARE * nodes:
        return []
    return [
        f"{worst.after:.0f} of {nodes} student nodes of layer {layer['layer']} are dead "
        f"after training (seed {worst.seed}; {worst.before:.0f} before): they never "
        "change over the evaluation set, and learn no more."
    ]


def _fell(layer: Mapping[str, Any], changes: list[Change], noise: float) -> list[str]:
    worst = min(changes, key=lambda change: change.after - change.before, default=None)
    if worst is None or worst.before - worst.after <= noise:
        return []
    return [
        f"ρ̄ of layer {layer['layer']} fell from {worst.before:.3f} to {worst.after:.3f} "
        f"(seed {worst.seed}): these students moved away from their teacher. "
        "A lower --lr may help."
    ]
