"""What settings may be, and how people write them."""

import math
import re
from typing import Literal, get_args

from tfluck.architectures import ARCHITECTURES, BatchNormPlace
from tfluck.foundations.errors import BadInput

Loss = Literal["mse", "cross-entropy"]
TeacherInit = Literal["separated", "default"]
Targets = Literal["teacher", "labels"]
Labels = Literal["true", "shuffled"]
#: (first epoch, learning rate) pairs, ascending, the first one at epoch 0.
Schedule = tuple[tuple[int, float], ...]

CHOICES: dict[str, tuple[str, ...]] = {
    "arch": tuple(ARCHITECTURES),
    "batch_norm": get_args(BatchNormPlace),
    "loss": get_args(Loss),
    "teacher_init": get_args(TeacherInit),
    "teacher_batch_norm": get_args(BatchNormPlace),
    "targets": get_args(Targets),
    "labels": get_args(Labels),
}
#: Where students train.
ENGINES = ("local", "dask")
STUDENT_INITS = ("default", "perturb:S", "same-direction", "same-sign")

#: Image sets by name; ``npz:PATH`` is one too.
IMAGE_SETS = ("cifar10", "cifar100", "mnist", "fashion_mnist", "digits")


def whole(text: str) -> int:
    """Read a whole number: ASCII digits, and perhaps a sign.

    Raises:
        BadInput: the text is something else, or the number has more than 18 digits.
    """
    if not re.fullmatch(r"[+-]?[0-9]+", text):
        raise BadInput(f"{shown(text)} is not a whole number.")
    digits = text.lstrip("+-").lstrip("0")
    if len(digits) > 18:
        raise BadInput(f"A whole number of {len(digits)} digits is too large.")
    return int(text)


def number(text: str) -> float:
    """Read a finite number such as ``0.05`` or ``1e-3``.

    Raises:
        BadInput: the text is something else.
    """
    plain = re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", text)
    if plain and math.isfinite(float(text)):
        return float(text)
    infinite = plain or text.strip("+-").lower() in ("nan", "inf", "infinity")
    kind = "a finite number" if infinite else "a number"
    raise BadInput(f"{shown(text)} is not {kind}.")


def shown(text: str) -> str:
    """Quote what somebody wrote, and of something long only how it begins."""
    return repr(text if len(text) <= 60 else f"{text[:60]}…")


def parse_schedule(text: str) -> Schedule:
    """Read ``0.05`` or ``0:0.05,20:0.01``.

    Raises:
        BadInput: the text is something else.
    """
    pairs = [part.split(":") for part in text.split(",")]
    if len(pairs) == 1 and len(pairs[0]) == 1:
        pairs = [["0", pairs[0][0]]]
    try:
        if any(len(pair) != 2 for pair in pairs):
            raise BadInput("every part is EPOCH:RATE.")
        return tuple((whole(epoch), number(rate)) for epoch, rate in pairs)
    except BadInput as error:
        raise BadInput(
            "A learning rate is a number or a schedule like 0:0.05,20:0.01, not "
            f"{shown(text)}: {error}"
        ) from None


def parse_widths(text: str) -> tuple[int, ...]:
    """Read ``10-15-20-25``.

    Raises:
        BadInput: the text is something else.
    """
    try:
        return tuple(whole(part) for part in text.split("-"))
    except BadInput as error:
        raise BadInput(
            "Widths are whole numbers joined by dashes, like 10-15-20-25, not "
            f"{shown(text)}: {error}"
        ) from None


def perturbation(student_init: str) -> float | None:
    """Return S of ``perturb:S``, None for any other initialisation."""
    if not student_init.startswith("perturb:"):
        return None
    try:
        return number(student_init.removeprefix("perturb:"))
    except BadInput:
        raise BadInput(
            f"Write perturb:S with a number S, not {shown(student_init)}."
        ) from None
