"""Correlation, rank and loss over epochs, as paper 1 draws them (figures 7, 17 to 21)."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter, MaxNLocator

from tfluck.experiment.wording import NULL, RANK_BAR, RHO_BAR
from tfluck.figures.style import COLOURS, GREY, headline, legend_beside, panels

#: metric → (title, label of the axis)
PANELS = {
    "mean_best_correlation_live": (f"{RHO_BAR}\n(dotted: {NULL})", "ρ̄"),
    "mean_rank": (RANK_BAR, "r̄"),
    "median_rank": ("median rank of the final winners", "median rank"),
    "loss": ("loss", "loss"),
}
#: What there is beside, where samples have true labels.
LABELLED = {
    "accuracy": ("true labels: student, and teacher (dotted)", "accuracy"),
    "accuracy_difference": (
        "student − teacher after training, ± standard error",
        "accuracy",
    ),
}


def draw_training(table: pd.DataFrame, title: str) -> Figure:
    """Draw the panels with a band from the lowest to the highest seed.

    There are four, and two more where student and teacher can be told right or wrong.

    Args:
        table: columns ``seed, epoch, split, layer, metric, value``.
        title: says which run at which scale.
    """
    labelled = (table.metric == "teacher_accuracy").any()
    wanted = PANELS | LABELLED if labelled else PANELS
    figure, axes = panels(len(wanted) // 2, 2)
    for axis, (metric, (heading, label)) in zip(axes.flat, wanted.items(), strict=True):
        draw_metric(axis, table, metric)
        axis.set_title(heading, fontsize=9)
        axis.set_ylabel(label)
    for axis in axes[:, -1]:
        legend_beside(axis)
    headline(figure, title)
    return figure


def draw_metric(axis: Any, table: pd.DataFrame, metric: str) -> None:
    """Draw one metric over epochs: a line a layer, a band over seeds.

    Args:
        axis: where.
        table: of one run, as for :func:`draw_training`.
        metric: a key of :data:`PANELS` or :data:`LABELLED`.
    """
    special: dict[str, Callable[[Any, pd.DataFrame], None]] = {
        "loss": _draw_loss,
        "accuracy": partial(_draw_accuracy, table),
        "accuracy_difference": partial(_draw_difference, table),
    }
    special.get(metric, _draw_layers)(axis, table[table.metric == metric])
    axis.set_xlabel("epoch")
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    if metric == "mean_best_correlation_live":
        _draw_null(axis, table[table.metric == "null_mean_best_correlation_live"])
        axis.set_ylim(0, 1.02)


def _band(axis: Any, rows: pd.DataFrame, colour: str, label: str, **style: Any) -> None:
    by_epoch = rows.groupby("epoch")["value"]
    epochs = by_epoch.mean().index
    axis.fill_between(epochs, by_epoch.min(), by_epoch.max(), color=colour, alpha=0.2)
    axis.plot(epochs, by_epoch.mean(), color=colour, label=label, **style)


def _layers(rows: pd.DataFrame) -> Iterable[tuple[int, pd.DataFrame, str]]:
    for layer, chosen in rows.groupby("layer"):
        index = int(str(layer).split(".")[0])
        yield index, chosen, COLOURS[index % len(COLOURS)]


def _draw_layers(axis: Any, rows: pd.DataFrame) -> None:
    for index, chosen, colour in _layers(rows):
        _band(axis, chosen, colour, f"layer {index}")


def _draw_null(axis: Any, rows: pd.DataFrame) -> None:
    for _, chosen, colour in _layers(rows):
        mean = chosen.groupby("epoch")["value"].mean()
        axis.plot(mean.index, mean, ":", color=colour, linewidth=1)


def _draw_loss(axis: Any, rows: pd.DataFrame) -> None:
    for split, colour in (("train", GREY), ("eval", "black")):
        chosen = rows[rows.split == split]
        if len(chosen):
            _band(axis, chosen, colour, split)
    axis.set_yscale("log")
    # Within one decade the ticks between carry the numbers: 12 and not 1.2 × 10¹.
    axis.yaxis.set_minor_formatter(LogFormatter(minor_thresholds=(1, 0.4)))


def _draw_accuracy(table: pd.DataFrame, axis: Any, rows: pd.DataFrame) -> None:
    _band(axis, rows, "black", "student")
    teacher = table[table.metric == "teacher_accuracy"].groupby("epoch")["value"].mean()
    axis.plot(teacher.index, teacher, ":", color=GREY)


def _draw_difference(table: pd.DataFrame, axis: Any, rows: pd.DataFrame) -> None:
    # An untrained student is so far behind that nothing else would be seen.
    trained = table[table.epoch > 0]
    mean, error = (
        trained[trained.metric == metric].groupby("epoch")["value"].mean()
        for metric in (rows.metric.iloc[0], "accuracy_difference_error")
    )
    axis.errorbar(mean.index, mean, error, color="black", capsize=2, linewidth=1)
    axis.axhline(0, color=GREY, linewidth=1, linestyle=":")
