"""A labelled image set in memory, as raw pixels, checked when made."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfluck.foundations.errors import BadInput

Pixels = NDArray[Any]
Labels = NDArray[np.int64]
Scale = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Training and test samples with their classes.

    Attributes:
        x_train: raw samples, uint8 or float32, ``[n, height, width, channels]`` or
            ``[n, features]``.
        y_train: classes ``[n]``, counted from 0.
        x_test: like ``x_train``; never seen in training.
        y_test: like ``y_train``.
        classes: the name of each class.
        mean: of each channel (or feature) in raw units; networks see (x − mean) / std.
        std: likewise, above 0.
    """

    x_train: Pixels
    y_train: Labels
    x_test: Pixels
    y_test: Labels
    classes: tuple[str, ...]
    mean: Scale
    std: Scale

    def __post_init__(self) -> None:
        check_shapes(self.x_train.shape, self.x_test.shape)
        for split in ("train", "test"):
            x, y = self.split(split)
            check_labels(split, len(x), y, len(self.classes))
            if x.dtype != np.uint8 and not np.isfinite(x).all():
                raise BadInput(f"x_{split} holds values that are not finite.")

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """Shape of one sample."""
        return tuple(self.x_train.shape[1:])

    def split(self, name: str) -> tuple[Pixels, Labels]:
        """Return samples and classes of ``train`` or ``test``."""
        if name == "train":
            return self.x_train, self.y_train
        return self.x_test, self.y_test

    def normalize(self, x: Pixels) -> NDArray[np.float32]:
        """Return (x − mean) / std, what networks see."""
        return np.asarray((x.astype(np.float32) - self.mean) / self.std, np.float32)

    def fingerprint(self, split: str) -> str:
        """Return the SHA-256 of a split's samples and classes, as 64 hex digits."""
        x, y = self.split(split)
        digest = hashlib.sha256(np.ascontiguousarray(x).tobytes())
        digest.update(np.ascontiguousarray(y, np.int64).tobytes())
        return digest.hexdigest()


def check_shapes(train: tuple[int, ...], test: tuple[int, ...]) -> None:
    """Refuse samples that are no images or features, or differ between the splits.

    Raises:
        BadInput: they are.
    """
    if len(train) not in (2, 4) or test[1:] != train[1:]:
        raise BadInput(
            "Samples must be [n, height, width, channels] or [n, features], the "
            f"same in both splits, not {train} and {test}."
        )


def check_labels(split: str, samples: int, y: NDArray[Any], classes: int) -> None:
    """Refuse labels ``y`` of a split that are not one class number for each sample.

    Raises:
        BadInput: they are not, or there are none.
    """
    if y.shape != (samples,) or not samples:
        raise BadInput(
            f"x_{split} has {samples} samples and y_{split} has shape {y.shape}; "
            "give one label a sample, and at least one sample."
        )
    low, high = y.min(), y.max()
    if low < 0 or high >= classes:
        raise BadInput(
            f"y_{split} holds the label {low if low < 0 else high}, outside the "
            f"{classes} classes 0 … {classes - 1}."
        )


#: Values standardised at a time: 128 MiB of float64.
PIECE = 2**24


def standardization(x: Pixels) -> tuple[Scale, Scale]:
    """Measure mean and standard deviation of each channel (or feature) of ``x``.

    A channel that never changes gets the standard deviation 1. In float64, like
    ``x.mean`` and ``x.std``, but a piece at a time: no float64 copy of ``x`` is made.
    """
    flat = x.reshape(-1, x.shape[-1])
    rows = max(1, PIECE // x.shape[-1])
    pieces = range(0, len(flat), rows)
    mean = sum(flat[at : at + rows].sum(0, np.float64) for at in pieces) / len(flat)
    squares = sum(((flat[at : at + rows] - mean) ** 2).sum(0) for at in pieces)
    std = np.sqrt(squares / len(flat))
    return mean.astype(np.float32), np.where(std > 0, std, 1).astype(np.float32)
