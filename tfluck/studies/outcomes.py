"""What came out of a lottery-ticket study: one row an arm, and the paired differences."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tfluck.analysis.paired import Paired, paired
from tfluck.runs import Run, read_rows
from tfluck.runs.seal import read_arrays
from tfluck.studies.arms import NEW_START, Plan, is_done, ticket_run

RHO = "mean_best_correlation_live"
Value = float | None


@dataclass(frozen=True)
class Arm:
    """One arm, student by student.

    Attributes:
        arm: its name.
        keep: students kept a teacher node; None where all are.
        widths: nodes of each hidden layer, per student.
        loss, accuracy: on the evaluation set at the end; None where it diverged.
        rho: ρ̄ of each layer over live teacher nodes, per student.
    """

    arm: str
    keep: int | None
    widths: list[tuple[int, ...]]
    loss: list[Value]
    accuracy: list[Value]
    rho: list[list[Value]]

    @property
    def log_loss(self) -> list[Value]:
        """Natural logarithm of the loss."""
        return [math.log(value) if value else None for value in self.loss]

    def layer(self, index: int) -> list[Value]:
        """Return ρ̄ of one layer, per student."""
        return [layers[index] for layers in self.rho]

    def to_row(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        return {
            "arm": self.arm,
            "keep": self.keep,
            "widths": self.widths,
            "loss": self.loss,
            RHO: self.rho,
            "accuracy": self.accuracy,
        }


@dataclass(frozen=True)
class Difference:
    """An arm against another of the same students: log loss, accuracy, ρ̄ by layer."""

    arm: str
    keep: int
    against: str
    log_loss: Paired
    accuracy: Paired
    rho: list[Paired]

    def to_row(self) -> dict[str, Any]:
        """Return what ``--json`` prints."""
        loss = self.log_loss.to_row()
        return {
            "arm": self.arm,
            "keep": self.keep,
            "against": self.against,
            "pairs": loss["pairs"],
            "log_loss": loss["difference"],
            "interval": loss["interval"],
            "p_value": loss["p_value"],
            "p_exact": loss["p_exact"],
            "accuracy": self.accuracy.to_row(),
            RHO: [layer.to_row() for layer in self.rho],
        }


def outcomes(run: Run, plan: Plan) -> list[Arm]:
    """Read every arm of the plan whose students are done; ``full`` comes first.

    ``full`` is read even where it was not asked for: others are held against it.
    """
    found = [_arm(run, plan, "full", None)]
    for arm, keep in plan.cells:
        ticket = ticket_run(run, arm, keep, plan.rewind)
        if all(is_done(ticket, seed) for seed in plan.seeds):
            found.append(_arm(run, plan, arm, keep))
    return found


def _arm(run: Run, plan: Plan, arm: str, keep: int | None) -> Arm:
    home = ticket_run(run, arm, keep or 0, plan.rewind)
    last = [_last(home, seed) for seed in plan.seeds]
    layers = range(len(run.experiment.network.teacher_widths))
    return Arm(
        arm,
        keep,
        [_widths(home, seed, keep) for seed in plan.seeds],
        [values.get(("loss", None)) for values in last],
        [values.get(("accuracy", None)) for values in last],
        [[values.get((RHO, layer)) for layer in layers] for values in last],
    )


def _last(run: Run, seed: int) -> dict[tuple[str, int | None], Value]:
    """Return (metric, layer) → value of a student's last evaluation, if it finished."""
    layout = run.layout.seed(seed)
    return {
        (row.metric, row.layer): row.value
        for row in read_rows(layout.metrics, layout.sealed)
        if row.epoch == run.experiment.training.epochs and row.split == "eval"
    }


def _widths(run: Run, seed: int, keep: int | None) -> tuple[int, ...]:
    if keep is None:
        return run.experiment.network.student_widths
    kept = read_arrays(run.layout.seed(seed).kept_nodes)
    return tuple(len(kept[f"layer{i}"]) for i in range(len(kept)))


def differences(arms: Sequence[Arm]) -> list[Difference]:
    """Hold every arm against ``full``, against ``random`` of its size, and the new starts
    against the winners' own.
    """
    return [
        _difference(arm, other)
        for arm in arms
        if arm.keep is not None
        for other in _others(arm, arms)
    ]


def _others(arm: Arm, arms: Sequence[Arm]) -> Iterator[Arm]:
    wanted = {"random"} | ({"lucky"} if arm.arm in NEW_START else set())
    for other in arms:
        same_size = other.keep == arm.keep and other is not arm
        if other.arm == "full" or (same_size and other.arm in wanted):
            yield other


def _difference(arm: Arm, other: Arm) -> Difference:
    return Difference(
        arm.arm,
        arm.keep or 0,
        other.arm,
        paired(arm.log_loss, other.log_loss),
        paired(arm.accuracy, other.accuracy),
        [
            paired(arm.layer(layer), other.layer(layer))
            for layer in range(len(arm.rho[0]))
        ],
    )
