"""What a run found, in one object (the ``--json`` of train, resume and runs show)."""

from typing import Any

from tfluck.runs.directory import Run
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
    config = run.config
    values = _values(run)
    speeds = [run.seed_status(seed).get("steps_per_second") for seed in run.seeds]
    known = [speed for speed in speeds if speed]

    def at(end: int, key: Key) -> list[float | None]:
        return [
            by_epoch[sorted(by_epoch)[end]].get(key) if by_epoch else None
            for by_epoch in (values.get(seed) for seed in run.seeds)
        ]

    def change(layer: int | None, metric: str) -> dict[str, list[float | None]]:
        key = ("eval", layer, metric)
        return {"initial": at(0, key), "final": at(-1, key)}

    layers = [
        {"layer": layer, "teacher_nodes": width}
        | {
            "student_nodes": config.student_widths[layer],
            "live_teacher_nodes": at(-1, ("eval", layer, "live_teacher_nodes")),
            "null": at(-1, ("eval", layer, "null_mean_best_correlation")),
            "null_live": at(-1, ("eval", layer, "null_mean_best_correlation_live")),
        }
        | {name: change(layer, name) for name in FOLLOWED}
        for layer, width in enumerate(config.teacher_widths)
        if config.targets == "teacher"
    ]
    return {
        "run": str(run.layout.root),
        "status": run.status(),
        "digest": config.digest(),
        "seeds": list(run.seeds),
        "epochs": max((max(epochs) for epochs in values.values()), default=0),
        "steps": max(run.seed_status(seed).get("step", 0) for seed in run.seeds),
        "steps_per_second": sum(known) / len(known) if known else None,
        "layers": layers,
        "warnings": warnings(layers, run.seeds, config.eval_samples),
        "loss": {
            "initial_eval": at(0, ("eval", None, "loss")),
            "final_eval": at(-1, ("eval", None, "loss")),
            "final_train": at(-1, ("train", None, "loss")),
        },
        "accuracy": change(None, "accuracy")
        | {
            name: at(-1, ("eval", None, name)) if config.labelled else None
            for name in COMPARED
        },
    }


def _values(run: Run) -> dict[int, dict[int, dict[Key, float | None]]]:
    """Index every recorded number by seed, epoch and key."""
    values: dict[int, dict[int, dict[Key, float | None]]] = {}
    for seed, row in tidy_rows(run):
        epoch = values.setdefault(seed, {}).setdefault(row.epoch, {})
        epoch[row.split, row.layer, row.metric] = row.value
    return values
