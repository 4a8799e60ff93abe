"""A sweep as one table: what became of every student of every combination (X2, X10, X11)."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfluck.analysis.intervals import t_interval
from tfluck.experiment.experiment import Experiment
from tfluck.foundations.files import write_atomic
from tfluck.runs import Run, tidy_rows
from tfluck.sweeps.grid import Cell

#: ρ̄ at which the time is taken, and at which a teacher node counts as covered.
LEVEL = 0.95
#: Column → metric of a run's rows, taken at the last evaluation, layer by layer.
LAYERED = {
    "rho_bar": "mean_best_correlation_live",
    "covered_0.95": f"covered_{LEVEL}_live",
}
STEPS = f"steps_to_{LEVEL}"
Numbers = dict[str, float | None]


@dataclass(frozen=True)
class Line:
    """One student, or a combination that has none.

    Attributes:
        labels: option → value, as text.
        run: its folder's name; "" where there is none.
        status: ``finished``, ``diverged``, …; ``impossible`` where it cannot be run.
        seed: of the student; None where there is none.
        numbers: column → value; None where it is not known.
        note: a sentence on what went wrong.
    """

    labels: dict[str, str]
    run: str
    status: str
    seed: int | None
    numbers: Numbers
    note: str = ""


def lines_of(cell: Cell, run: Run | None, note: str = "") -> list[Line]:
    """Return a line for every student of ``run``, or one that says why there is none."""
    if run is None:
        status = "impossible" if cell.pair is None else "failed"
        return [Line(cell.labels, "", status, None, {}, note or cell.reason)]
    values: dict[int, dict[tuple[int | None, str], dict[int, float | None]]]
    values = {seed: {} for seed in run.seeds}
    for seed, row in tidy_rows(run):
        if row.split == "eval":
            known = values[seed].setdefault((row.layer, row.metric), {})
            known[row.epoch] = row.value
    return [
        Line(
            cell.labels,
            run.name,
            str(run.seed_status(seed).get("status", "new")),
            seed,
            student_numbers(run.experiment, values[seed]),
            note,
        )
        for seed in run.seeds
    ]


def student_numbers(
    experiment: Experiment,
    values: dict[tuple[int | None, str], dict[int, float | None]],
) -> Numbers:
    """Sum up one student.

    ``steps_to_0.95`` is the step of the first evaluation at which ρ̄ is at least 0.95,
    None where that never came; all else is of the last evaluation.

    Args:
        experiment: of its run.
        values: (layer, metric) → epoch → value.
    """
    found: Numbers = {}
    for layer in range(len(experiment.network.teacher_widths)):
        for column, metric in LAYERED.items():
            found[f"{column}_layer{layer}"] = _last(values.get((layer, metric), {}))
        history = values.get((layer, LAYERED["rho_bar"]), {})
        reached = [e for e, rho in history.items() if rho is not None and rho >= LEVEL]
        steps = min(reached) * experiment.training.steps_per_epoch if reached else None
        found[f"{STEPS}_layer{layer}"] = steps
    for metric in ("loss", "accuracy"):
        found[metric] = _last(values.get((None, metric), {}))
    return found


def _last(history: dict[int, float | None]) -> float | None:
    return history[max(history)] if history else None


def columns(lines: Sequence[Line]) -> list[str]:
    """Return the names of all numbers, in the order they came."""
    return list(dict.fromkeys(name for line in lines for name in line.numbers))


def csv_text(lines: Sequence[Line]) -> str:
    """Return the table as CSV, a line a student; what is not known is empty."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    names, labels = columns(lines), list(lines[0].labels)
    writer.writerow([*labels, "run", "status", "seed", *names, "note"])
    for line in lines:
        numbers = [line.numbers.get(name) for name in names]
        head = [line.labels[label] for label in labels]
        writer.writerow([*head, line.run, line.status, line.seed, *numbers, line.note])
    return text.getvalue()


def save_table(lines: Sequence[Line], path: Path) -> None:
    """Write the table to ``path``, whole or not at all."""
    raw = csv_text(lines).encode()
    write_atomic(path, lambda stream: stream.write(raw))


@dataclass(frozen=True)
class Summary:
    """One combination over its students.

    Attributes:
        labels, run, note: as its lines have them.
        status: the one all lines have, or all of them.
        students: of which numbers are known.
        numbers: column → mean and 95 % interval (Student's t) over those students that
            have it, and how many have.
    """

    labels: dict[str, str]
    run: str
    status: str
    students: int
    numbers: dict[str, dict[str, Any]]
    note: str = ""

    def mean(self, column: str) -> float | None:
        """Return the mean of a column; None where no student has it."""
        return self.numbers.get(column, {}).get("mean")


def summarize_lines(lines: Sequence[Line]) -> list[Summary]:
    """Return one summary for every combination, in order."""
    groups: dict[tuple[str, ...], list[Line]] = {}
    for line in lines:
        groups.setdefault(tuple(line.labels.values()), []).append(line)
    return [_summary(group) for group in groups.values()]


def _summary(group: Sequence[Line]) -> Summary:
    numbers = {}
    for name in columns(group):
        known = [v for line in group if (v := line.numbers.get(name)) is not None]
        mean, low, high = t_interval(known) if known else (None, None, None)
        numbers[name] = {"mean": mean, "low": low, "high": high, "count": len(known)}
    first = group[0]
    status = ", ".join(dict.fromkeys(line.status for line in group))
    count = sum(line.seed is not None for line in group)
    return Summary(first.labels, first.run, status, count, numbers, first.note)
