"""Summaries and plans as text."""

from typing import TYPE_CHECKING, Any

from tfluck.experiment.cost import Plan
from tfluck.experiment.execution import Execution
from tfluck.experiment.experiment import Experiment
from tfluck.experiment.wording import NULL, RHO_BAR, counted

from .options import click, talk
from .output import emit_json, table

if TYPE_CHECKING:
    from tfluck.runs import Run


def duration(seconds: float) -> str:
    """Say a time roughly: seconds, minutes, hours or days."""
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 1.5 * size:
            return f"about {seconds / size:.2g} {unit}"
    return f"about {max(1, round(seconds))} s"


def describe_plan(
    experiment: Experiment, execution: Execution, expected: Plan, jobs: int
) -> str:
    """Say what a run would do and cost."""
    net, training = experiment.network, experiment.training
    teacher = "-".join(map(str, net.teacher_widths))
    student = "-".join(map(str, net.student_widths))
    lines = [
        f"digest    {experiment.digest()}",
        f"teacher   {net.arch} {teacher}, {net.outputs} outputs",
        f"student   {net.arch} {student}, batch-norm {net.batch_norm}",
        f"training  {training.epochs} epochs × {training.steps_per_epoch} steps "
        f"of {training.batch_size}, {execution.seeds} seed(s) on {jobs} process(es)",
        f"time      {duration(expected.seconds)} on this device",
        f"memory    about {expected.memory / 1e9:.1f} GB a process",
        f"disk      about {expected.disk / 1e6:.0f} MB",
    ]
    return "\n".join(lines)


def heading(run: "Run", seed: int | None = None) -> str:
    """Say what a picture shows: one student of ``run``, or all of them."""
    from tfluck.instruments.loaded import LoadedRun

    return LoadedRun(run).title(seed)


def print_summary(summary: dict[str, Any], as_json: bool) -> None:
    """Print a run's summary, and say on stderr what should not be overlooked."""
    if as_json:
        emit_json(summary)
    else:
        click.echo(result_text(summary))
    for warning in summary["warnings"]:
        talk(f"Warning: {warning}")


def result_text(summary: dict[str, Any]) -> str:
    """Lay out a run's summary: one line a layer, then loss and accuracy."""
    rows = []
    for layer in summary["layers"]:
        rho = layer["mean_best_correlation_live"]
        rank = layer["mean_rank"]
        rows.append(
            {
                "layer": layer["layer"],
                "nodes": layer["teacher_nodes"],
                "live": _span(layer["live_teacher_nodes"], "{:.0f}"),
                "dead students": _span(layer["dead_student_nodes"]["final"], "{:.0f}"),
                "ρ̄ start": _span(rho["initial"]),
                "ρ̄ end": _span(rho["final"]),
                NULL: _span(layer["null_live"]),
                "winners' rank at start": _span(rank["initial"]),
            }
        )
    loss, accuracy = summary["loss"], summary["accuracy"]
    speed = summary["steps_per_second"]
    status = summary["status"]
    if summary["warnings"]:
        status += f" with {counted(len(summary['warnings']), 'warning')}"
    lines = [
        *([table(rows), f"({RHO_BAR})", ""] if rows else []),
        f"loss         {_span(loss['initial_eval'], '{:.3g}')} → "
        f"{_span(loss['final_eval'], '{:.3g}')} on the evaluation set",
        f"accuracy     {_span(accuracy['initial'])} → {_span(accuracy['final'])}, "
        + _accuracy_note(accuracy),
        f"run          {summary['run']} ({status}, "
        f"{len(summary['seeds'])} seed(s), epoch {summary['epochs']}"
        + (f", {speed:.0f} steps/s a process)" if speed else ")"),
    ]
    return "\n".join(lines)


def _accuracy_note(accuracy: dict[str, Any]) -> str:
    """Say what is counted, and on labelled data how the teacher did."""
    if accuracy["teacher_accuracy"] is None:
        return "same class as the teacher"
    # A mean over students of one teacher on the same images: their errors go together.
    errors = [
        error for error in accuracy["accuracy_difference_error"] if error is not None
    ]
    error = max(errors, default=0.0)
    return (
        f"teacher {_span(accuracy['teacher_accuracy'])}\n"
        f"difference   {_span(accuracy['accuracy_difference'], '{:+.4f}')} student minus "
        f"teacher, ± {error:.4f} (standard error); same class in "
        f"{_span(accuracy['agreement'])}"
    )


def _span(values: list[float | None], form: str = "{:.3f}") -> str:
    """Show the mean over seeds, and the range where seeds differ."""
    known = [value for value in values if value is not None]
    if not known:
        return "–"
    texts = [form.format(v) for v in (sum(known) / len(known), min(known), max(known))]
    if len(known) == 1 or texts[1] == texts[2]:
        return texts[0]
    return f"{texts[0]} ({texts[1]}–{texts[2]})"
