"""Says where a training is, to whoever listens and in the student's status."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from tfluck.runs import Row, Status
from tfluck.training.evaluation import Evaluation
from tfluck.training.observers import Context, Moment, Observer

#: (step, note) at every chunk, and while a long evaluation goes on.
Report = Callable[[int, str], None]


class Reporter(Observer):
    """Repeats the mean loss of every chunk and the headline of every evaluation."""

    def __init__(self, report: Report, status: Status) -> None:
        self.report = report
        self.status = status
        self.step = 0

    def began(self, context: Context) -> None:
        """Take down the step."""
        self.step = context.step

    def stepped(self, step: int, losses: NDArray[np.float64]) -> None:
        """Say the chunk's mean loss."""
        self.step = step
        self.tell(f"loss {losses.mean():.3g}")

    def evaluated(self, moment: Moment) -> None:
        """Say the headline."""
        self.tell(headline(moment.evaluation, moment.rows), now=True)

    def looking(self, done: int, of: int) -> None:
        """Say how far an evaluation is, in batches."""
        self.tell(f"evaluation {done}/{of}", now=done == of)

    def tell(self, note: str, *, now: bool = False) -> None:
        """Say a ``note``; the status repeats it once a second, or ``now``."""
        self.report(self.step, note)
        self.status.running(self.step, note, now=now)

    def place(self, sentence: str) -> None:
        """Say on which device the student is trained."""
        self.status.device = sentence
        self.report(self.step, sentence)

    def complain(self, sentence: str) -> None:
        """Say a ``sentence`` that the status keeps."""
        self.status.complaints.append(sentence)
        self.report(self.step, sentence)


def headline(found: Evaluation, rows: Sequence[Row]) -> str:
    """Say the numbers one wants to see during a training."""
    rho = [row.value for row in rows if row.metric == "mean_best_correlation_live"]
    texts = ["–" if value is None else f"{value:.3f}" for value in rho]
    parts = ["ρ̄ " + " ".join(texts)] if rho else []
    if found.comparison is not None:
        teacher = found.comparison.teacher_accuracy
        parts.append(f"accuracy {found.accuracy:.4f} (teacher {teacher:.4f})")
    elif not rho:
        parts.append(f"accuracy {found.accuracy:.4f}")
    return "  ".join(parts)
