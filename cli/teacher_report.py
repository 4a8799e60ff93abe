"""The end of a pretraining: the teacher it made, and how good that is."""

from typing import TYPE_CHECKING

from .options import click
from .output import emit_json

if TYPE_CHECKING:
    from tfluck.runs import Run, Teacher


def show_teacher(run: "Run", as_json: bool) -> None:
    """Make the teacher directory of a finished pretraining, if need be, and print it."""
    from tfluck.foundations.runtime import start_tensorflow

    start_tensorflow()
    from tfluck.runs import summarize
    from tfluck.training.pretrain import finish_teacher

    teacher, folder, summary = (
        finish_teacher(run),
        run.layout.pretrained,
        summarize(run),
    )
    if not as_json:
        click.echo(teacher_text(teacher, str(folder)))
        return
    emit_json(
        {
            "teacher": str(folder),
            "run": str(run.layout.root),
            "accuracy": teacher.accuracy,
            "widths": teacher.widths,
            "pruned": teacher.pruned or None,
            "epochs": summary["epochs"],
            "steps_per_second": summary["steps_per_second"],
        }
    )


def teacher_text(teacher: "Teacher", folder: str) -> str:
    """Describe a teacher in a few lines."""
    widths, accuracy = "-".join(map(str, teacher.widths)), teacher.accuracy
    lines = [
        f"teacher   {folder}",
        f"network   {teacher.arch} {widths}, batch-norm {teacher.batch_norm}",
        f"accuracy  {accuracy['test']:.4f} test, {accuracy['train']:.4f} train",
    ]
    if teacher.pruned:
        before = teacher.pruned["accuracy_before"]["test"]
        old = "-".join(map(str, teacher.pruned["from_widths"]))
        lines.append(f"pruned    from {old}, whose test accuracy was {before:.4f}")
    return "\n".join(lines)
