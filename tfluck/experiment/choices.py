"""What settings may be, and how people write them."""

import math
import re
from collections.abc import Collection
from typing import Any, Literal

from tfluck.experiment.inputs import spectrum
from tfluck.foundations.errors import BadInput
from tfluck.foundations.registry import Registry

TeacherInit = Literal["separated", "default"]
Targets = Literal["teacher", "labels"]
Labels = Literal["true", "shuffled"]
#: (first epoch, learning rate) pairs, ascending, the first one at epoch 0.
Schedule = tuple[tuple[int, float], ...]

#: Losses and optimisers by name; what they are lies where students train.
OBJECTIVES: Registry[Any] = Registry(
    "loss",
    {
        "mse": "tfluck.training.objectives.mse:mean_squared_error",
        "cross-entropy": "tfluck.training.objectives.cross_entropy:cross_entropy",
    },
)
OPTIMIZERS: Registry[Any] = Registry(
    "optimizer",
    {
        "sgd": "tfluck.training.optimizers.sgd:SGD",
        "adam": "tfluck.training.optimizers.adam:Adam",
    },
)
#: Where students train.
ENGINES = ("local", "dask")
STUDENT_INITS = ("default", "perturb:S", "same-direction", "same-sign")


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


def parse_epochs(text: str) -> tuple[int, ...]:
    """Read epochs like ``0,1,every:5``; ``every:K`` is written −K.

    Raises:
        BadInput: the text is something else.
    """
    found = []
    for part in text.split(","):
        word, _, period = part.rpartition("every:")
        if word or not re.fullmatch("[0-9]{1,7}", period):
            raise BadInput(f"Give epochs like 0,1,every:5, not {shown(text)}.")
        if period != part and not int(period):
            raise BadInput(f"every:K needs a K of at least 1, not {shown(text)}.")
        found.append(int(period) if period == part else -int(period))
    return tuple(found)


def kept_epochs(kept: Collection[int], last: int) -> frozenset[int]:
    """Return the epochs that ``kept`` means: −K stands for K, 2K, … up to the ``last``.

    Raises:
        BadInput: one is beyond the last.
    """
    if max(kept, default=0) > last:
        raise BadInput(
            f"keep-epochs names epoch {max(kept)}, and the training has {last}."
        )
    every = [range(-k, last + 1, -k) if k < 0 else [k] for k in kept]
    return frozenset(epoch for epochs in every for epoch in epochs)


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


def parse_samples(text: str) -> int | None:
    """Read the size of a data set; None for ``infinite``.

    Raises:
        BadInput: the text is something else.
    """
    if text == "infinite":
        return None
    count = whole(text)
    if count < 1:
        raise BadInput(f"Give 'infinite' or a number of samples, not {shown(text)}.")
    return count


def parse_names(text: str) -> tuple[str, ...]:
    """Read ``one,another`` into names, each once.

    Raises:
        BadInput: a name is empty.
    """
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",")))
    if not all(names):
        raise BadInput(f"Give names like one,another, not {shown(text)}.")
    return names


def parse_shares(text: str) -> tuple[float, ...]:
    """Read shares of layers like ``0.3`` or ``0.1,0.2,0.3``.

    Raises:
        BadInput: the text is something else.
    """
    try:
        return tuple(number(part) for part in text.split(","))
    except BadInput:
        raise BadInput(
            f"Give shares like 0.3 or 0.1,0.2,0.3, not {shown(text)}."
        ) from None


def check_start(student_init: str) -> None:
    """Refuse a start of students that there is not.

    Raises:
        BadInput: it is no name, or S of ``perturb:S`` is negative or no number.
    """
    noise = perturbation(student_init)
    if student_init not in STUDENT_INITS and (noise is None or noise < 0):
        raise BadInput(
            f"student-init must be one of {', '.join(STUDENT_INITS)}, "
            f"not {student_init!r}."
        )


def check_covariance(covariance: str) -> None:
    """Refuse a covariance that there is not.

    Raises:
        BadInput: it is neither ``identity`` nor ``spectrum:DECAY``.
    """
    spectrum(covariance, 1)
