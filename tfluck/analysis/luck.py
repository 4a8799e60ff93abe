"""How well the start tells the winners, and how early they are decided (X12, M-rank).

The winner of a teacher node is its most correlated student at the last evaluation. Every
number is a mean over live teacher nodes; of several students of one teacher, each
teacher node first averages over them, and intervals are over teacher nodes, which differ
more from each other than the same one does from student to student.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from tfluck.analysis.correlation import best_match
from tfluck.analysis.decision import (
    SLACK,
    Decision,
    History,
    Shared,
    capture,
    decided,
    decision,
    sharing,
)
from tfluck.analysis.intervals import Interval, mean_interval
from tfluck.analysis.prediction import (
    Band,
    bands,
    other_node_auc,
    prediction_bits,
    shuffled_auc,
    winner_auc,
)


@dataclass(frozen=True)
class LayerLuck:
    """One layer.

    Attributes:
        layer, students, teacher_nodes, student_nodes: the layer's index and its sizes;
            only live teacher nodes count.
        auc: chance that the winner's initial ρ is larger than another student's.
        null_low, null_high: where 95 % of such means lie if students are shuffled.
        p_value: share of shuffles with an auc as large.
        auc_other_node: the same with the initial ρ to *other* teacher nodes: what a
            strong student has whoever the teacher is. None for a single one.
        bits: what the table of initial ranks, learned from the run's other students,
            tells of a student's winners beyond a blind pick, log₂ a winner. None for a
            single student.
        calibration: bands of initial rank.
        decision: of the winner itself; ``leading``: up to a slack of 0.01 in ρ.
        sharing: at each level.
        initial_best: mean best ρ before training.
        capture: Spearman's ρ of a teacher node's best initial ρ with the epoch at which
            it is covered, and its p; negative if larger overlap is captured earlier.
    """

    layer: int
    students: int
    teacher_nodes: int
    student_nodes: int
    auc: Interval
    null_low: float
    null_high: float
    p_value: float
    auc_other_node: float | None
    bits: float | None
    calibration: tuple[Band, ...]
    decision: Decision
    leading: Decision
    sharing: tuple[Shared, ...]
    initial_best: Interval
    capture: tuple[float, float] | None

    def to_row(self) -> dict[str, Any]:
        """Return the fields as plain dicts and lists."""
        row = asdict(self)
        for name in ("auc", "initial_best"):
            row[name] = row[name]._asdict()
        for name in ("decision", "leading"):
            for key in ("before_training", "median_epoch"):
                row[name][key] = row[name][key]._asdict()
        return row


def layer_luck(
    layer: int,
    epochs: Sequence[int],
    histories: Sequence[History],
    draw: np.random.Generator,
) -> LayerLuck:
    """Measure the luck of one layer.

    Args:
        layer: its index.
        epochs: of the evaluations, at least two.
        histories: of each student.
        draw: of the shuffles and the bootstrap.
    """
    first = [history[0] for history in histories]
    winners = [best_match(history[-1]).winner for history in histories]
    pairs = list(zip(first, winners, strict=True))
    auc = np.mean([winner_auc(*pair) for pair in pairs], axis=0)
    null = shuffled_auc(pairs, draw)
    best = np.mean([rho.max(axis=1) for rho in first], axis=0)
    settled = [decided(epochs, history) for history in histories]
    leading = [decided(epochs, history, SLACK) for history in histories]
    return LayerLuck(
        layer=layer,
        students=len(histories),
        teacher_nodes=len(first[0]),
        student_nodes=first[0].shape[1],
        auc=mean_interval(auc, draw),
        null_low=float(np.quantile(null, 0.025)),
        null_high=float(np.quantile(null, 0.975)),
        p_value=float((1 + (null >= auc.mean() - 1e-12).sum()) / (1 + len(null))),
        auc_other_node=other_node_auc(pairs),
        bits=prediction_bits(pairs),
        calibration=tuple(bands(pairs)),
        decision=decision(epochs, np.concatenate(settled)),
        leading=decision(epochs, np.concatenate(leading)),
        sharing=tuple(sharing([history[-1] for history in histories])),
        initial_best=mean_interval(best, draw),
        capture=capture(epochs, histories),
    )
