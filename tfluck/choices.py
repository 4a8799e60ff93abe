"""What settings may be, and how people write them."""

from typing import Literal, get_args

from tfluck.architectures import ARCHITECTURES, BatchNormPlace
from tfluck.errors import BadInput

Loss = Literal["mse", "cross-entropy"]
TeacherInit = Literal["separated", "default"]
Targets = Literal["teacher", "labels"]
#: (first epoch, learning rate) pairs, ascending, the first one at epoch 0.
Schedule = tuple[tuple[int, float], ...]

CHOICES: dict[str, tuple[str, ...]] = {
    "arch": tuple(ARCHITECTURES),
    "batch_norm": get_args(BatchNormPlace),
    "loss": get_args(Loss),
    "teacher_init": get_args(TeacherInit),
    "teacher_batch_norm": get_args(BatchNormPlace),
    "targets": get_args(Targets),
}
STUDENT_INITS = ("default", "perturb:S", "same-direction", "same-sign")

#: Image sets by name; ``npz:PATH`` is one too.
IMAGE_SETS = ("cifar10", "cifar100", "mnist", "fashion_mnist", "digits")


def parse_schedule(text: str) -> Schedule:
    """Read ``0.05`` or ``0:0.05,20:0.01``.

    Raises:
        BadInput: the text is something else.
    """
    try:
        pairs = [part.split(":") for part in text.split(",")]
        if len(pairs) == 1 and len(pairs[0]) == 1:
            pairs = [["0", pairs[0][0]]]
        return tuple((int(epoch), float(rate)) for epoch, rate in pairs)
    except ValueError:
        raise BadInput(
            f"A learning rate is a number or a schedule like 0:0.05,20:0.01, not {text!r}."
        ) from None


def parse_widths(text: str) -> tuple[int, ...]:
    """Read ``10-15-20-25``.

    Raises:
        BadInput: the text is something else.
    """
    try:
        return tuple(int(part) for part in text.split("-"))
    except ValueError:
        raise BadInput(
            f"Widths are whole numbers joined by dashes, like 10-15-20-25, not {text!r}."
        ) from None


def perturbation(student_init: str) -> float | None:
    """Return S of ``perturb:S``, None for any other initialisation."""
    if not student_init.startswith("perturb:"):
        return None
    try:
        return float(student_init.removeprefix("perturb:"))
    except ValueError:
        raise BadInput(
            f"Write perturb:S with a number S, not {student_init!r}."
        ) from None
