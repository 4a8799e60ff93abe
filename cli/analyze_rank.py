"""`tfluck analyze rank`: where the winners stood before they had won."""

from pathlib import Path

from .analyze_common import open_student, run_options, save_plot
from .options import click, talk
from .options import command as declare
from .output import emit_json, table
from .report import heading


@declare(
    "tfluck analyze rank gaus-fc",
    "tfluck analyze rank gaus-fc --json",
    "tfluck analyze rank gaus-fc --plot rank.svg",
    name="rank",
)
@run_options
def command(
    run: str, seed: int | None, out: Path, plot: Path | None, as_json: bool
) -> None:
    """Rank the final winners of RUN at every evaluation.

    A teacher node's winner is its best student in the end; its rank is the share of
    students that match that teacher node strictly better: 0 is best, and a student
    picked blindly has ½. Only live teacher nodes count, and of one evaluation nothing
    can be told.
    """
    from tfluck.analysis import winner_ranks
    from tfluck.runs.correlations import read_history, read_matrices

    found, student = open_student(out, run, seed)
    last = read_matrices(found, student)
    known = read_history(found, student, talk)
    epochs = [matrices.epoch for matrices in known]
    history = [matrices.rho for matrices in known]
    ranks = [
        winner_ranks([rho[live] for rho in matrices])
        if live.any() and len(epochs) > 1
        else None
        for matrices, live in zip(zip(*history, strict=True), last.live, strict=True)
    ]
    layers = [
        {
            "layer": index,
            "live_teacher_nodes": int(live.sum()),
            "mean_rank": None if rank is None else rank.mean(axis=1).tolist(),
            "median_rank": None if rank is None else _medians(rank),
            "winners_rank_at_start": None if rank is None else rank[0].tolist(),
        }
        for index, (rank, live) in enumerate(zip(ranks, last.live, strict=True))
    ]
    if as_json:
        emit_json(
            {
                "run": str(found.layout.root),
                "seed": student,
                "epochs": epochs,
                "layers": layers,
            }
        )
    else:
        click.echo(table(_lines(epochs, layers)))
    if plot is not None:
        from tfluck.figures.matching import draw_ranks

        save_plot(plot, lambda: draw_ranks(epochs, ranks, heading(found, student)))


def _medians(rank: object) -> list[float]:
    import numpy as np

    medians: list[float] = np.median(np.asarray(rank), axis=1).tolist()
    return medians


def _lines(
    epochs: list[int], layers: list[dict[str, object]]
) -> list[dict[str, object]]:
    """Return one line an epoch: the mean rank of each layer, then the medians."""
    lines = []
    for at, epoch in enumerate(epochs):
        line: dict[str, object] = {"epoch": epoch}
        for metric, mark in (("mean_rank", "mean"), ("median_rank", "median")):
            for layer in layers:
                values = layer[metric]
                value = values[at] if isinstance(values, list) else None
                line[f"{mark} {layer['layer']}"] = value
        lines.append(line)
    return lines
