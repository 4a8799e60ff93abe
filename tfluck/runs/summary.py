"""What a run found, in one object (the ``--json`` of train, resume and runs show)."""

from typing import Any

from tfluck.experiment.experiment import Experiment
from tfluck.runs.run import Run
from tfluck.runs.table import tidy_rows
from tfluck.runs.warnings import warnings

#: What is told of each layer before and after training.
FOLLOWED = (
    "mean_best_correlation",
    "mean_best_correlation_live",
    "mean_rank",
    "dead_student_nodes",
)
#: Rows on labelled data that compare the student with its teacher, at the end.
COMPARED = (
    "teacher_accuracy",
    "accuracy_difference",
    "accuracy_difference_error",
    "agreement",
)
Key = tuple[str, int | None, str]


def summarize(run: Run) -> dict[str, Any]:
    """Return the run's results before and after training, a list entry per seed.

    A student that has not begun has None. ``null`` is over all teacher nodes as older
    runs have it, ``null_live`` over the live ones like ρ̄.
    """
    experiment, table = run.experiment, _Table(run)
    layers = (
        _layers(experiment, table) if experiment.training.targets == "teacher" else []
    )
    speeds = [run.seed_status(seed).get("steps_per_second") for seed in run.seeds]
    known = [speed for speed in speeds if speed]
    loss = table.change(None, "loss")
    return {
        "run": str(run.layout.root),
        "status": run.status(),
        "digest": run.digest,
        "seeds": list(run.seeds),
        "epochs": max((max(e) for e in table.values.values() if e), default=0),
        "steps": max(run.seed_status(seed).get("step", 0) for seed in run.seeds),
        "steps_per_second": sum(known) / len(known) if known else None,
        "layers": layers,
        "warnings": warnings(layers, run.seeds, experiment.watch.eval_samples),
        "loss": {
            "initial_eval": loss["initial"],
            "final_eval": loss["final"],
            "final_train": table.at(-1, ("train", None, "loss")),
        },
        "accuracy": table.change(None, "accuracy")
        | {
            name: table.final(None, name) if experiment.data.labelled else None
            for name in COMPARED
        },
    }


def _layers(experiment: Experiment, table: "_Table") -> list[dict[str, Any]]:
    return [
        {
            "layer": layer,
            "teacher_nodes": width,
            "student_nodes": experiment.network.student_widths[layer],
            "live_teacher_nodes": table.final(layer, "live_teacher_nodes"),
            "null": table.final(layer, "null_mean_best_correlation"),
            "null_live": table.final(layer, "null_mean_best_correlation_live"),
        }
        | {name: table.change(layer, name) for name in FOLLOWED}
        for layer, width in enumerate(experiment.network.teacher_widths)
    ]


class _Table:
    """Every recorded number of a run, by seed, epoch and key."""

    def __init__(self, run: Run) -> None:
        self.values = _values(run)

    def at(self, end: int, key: Key) -> list[float | None]:
        """Return every seed's number at its first (0) or last (−1) epoch."""
        return [
            epochs[sorted(epochs)[end]].get(key) if epochs else None
            for epochs in self.values.values()
        ]

    def final(self, layer: int | None, metric: str) -> list[float | None]:
        """Return every seed's ``metric`` as it was last."""
        return self.at(-1, ("eval", layer, metric))

    def change(self, layer: int | None, metric: str) -> dict[str, list[float | None]]:
        """Return ``metric`` before and after training."""
        return {
            "initial": self.at(0, ("eval", layer, metric)),
            "final": self.final(layer, metric),
        }


def _values(run: Run) -> dict[int, dict[int, dict[Key, float | None]]]:
    """Index every recorded number by seed, epoch and key, in the order of the seeds."""
    values: dict[int, dict[int, dict[Key, float | None]]] = {s: {} for s in run.seeds}
    for seed, row in tidy_rows(run):
        epoch = values[seed].setdefault(row.epoch, {})
        epoch[row.split, row.layer, row.metric] = row.value
    return values
