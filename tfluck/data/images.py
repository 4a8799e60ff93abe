"""A labelled image set in memory, as raw pixels, checked when made."""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfluck.errors import BadInput

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
        shape = self.x_train.shape[1:]
        if len(shape) not in (1, 3) or self.x_test.shape[1:] != shape:
            raise BadInput(
                "Samples must be [n, height, width, channels] or [n, features], the "
                f"same in both splits, not {self.x_train.shape} and {self.x_test.shape}."
            )
        for split in ("train", "test"):
            self._check(split, *self.split(split))

    def _check(self, split: str, x: Pixels, y: Labels) -> None:
        if y.shape != (len(x),) or not len(x):
            raise BadInput(
                f"x_{split} has {len(x)} samples and y_{split} has shape {y.shape}; "
                "give one label a sample, and at least one sample."
            )
        low, high, last = y.min(), y.max(), len(self.classes) - 1
        if low < 0 or high > last:
            wrong = low if low < 0 else high
            raise BadInput(
                f"y_{split} holds the label {wrong}, outside the {len(self.classes)} "
                f"classes 0 … {last}."
            )
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


def standardization(x: Pixels) -> tuple[Scale, Scale]:
    """Measure mean and standard deviation of each channel (or feature) of ``x``.

    A channel that never changes gets the standard deviation 1.
    """
    axes = tuple(range(x.ndim - 1))
    mean, std = x.mean(axes, np.float64), x.std(axes, np.float64)
    return mean.astype(np.float32), np.where(std > 0, std, 1).astype(np.float32)
