"""What a run found, in one object (the ``--json`` of train, resume and runs show)."""

from typing import Any

from tfluck.runs.directory import Run
from tfluck.runs.table import tidy_rows

Key = tuple[str, int | None, str]


def summarize(run: Run) -> dict[str, Any]:
    """Return the run's results before and after training, a list entry per seed."""
    config = run.config
    values = _values(run)
    speeds = [run.seed_status(seed).get("steps_per_second") for seed in run.seeds]
    known = [speed for speed in speeds if speed]

    def at(end: int, key: Key) -> list[float | None]:
        return [
            by_epoch[sorted(by_epoch)[end]].get(key)
            for by_epoch in (values.get(seed) for seed in run.seeds)
            if by_epoch
        ]

    def change(layer: int | None, metric: str) -> dict[str, list[float | None]]:
        key = ("eval", layer, metric)
        return {"initial": at(0, key), "final": at(-1, key)}

    return {
        "run": str(run.layout.root),
        "status": run.status(),
        "digest": config.digest(),
        "seeds": list(run.seeds),
        "epochs": max((max(epochs) for epochs in values.values()), default=0),
        "steps": max(run.seed_status(seed).get("step", 0) for seed in run.seeds),
        "steps_per_second": sum(known) / len(known) if known else None,
        "layers": [
            {
                "layer": layer,
                "teacher_nodes": width,
                "live_teacher_nodes": at(-1, ("eval", layer, "live_teacher_nodes")),
                "mean_best_correlation": change(layer, "mean_best_correlation"),
                "mean_best_correlation_live": change(
                    layer, "mean_best_correlation_live"
                ),
                "mean_rank": change(layer, "mean_rank"),
                "null": at(-1, ("eval", layer, "null_mean_best_correlation")),
            }
            for layer, width in enumerate(config.teacher_widths)
        ],
        "loss": {
            "initial_eval": at(0, ("eval", None, "loss")),
            "final_eval": at(-1, ("eval", None, "loss")),
            "final_train": at(-1, ("train", None, "loss")),
        },
        "accuracy": change(None, "accuracy"),
    }


def _values(run: Run) -> dict[int, dict[int, dict[Key, float | None]]]:
    """Index every recorded number by seed, epoch and key."""
    values: dict[int, dict[int, dict[Key, float | None]]] = {}
    for seed, row in tidy_rows(run):
        epoch = values.setdefault(seed, {}).setdefault(row.epoch, {})
        epoch[row.split, row.layer, row.metric] = row.value
    return values
