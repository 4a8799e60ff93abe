"""Labelled sets that a function gives as arrays."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfluck.data.sources.labelled import LabelledSet
from tfluck.foundations.errors import BadInput, TfluckError

if TYPE_CHECKING:
    from tfluck.data.images import ImageSet


@dataclass(frozen=True, kw_only=True)
class Arrays(LabelledSet):
    """A set whose samples and classes a function returns.

    Mean and deviation of each channel are the training split's.

    Attributes:
        read: gives ``x_train, y_train, x_test, y_test``: samples ``[n, features]`` or
            ``[n, height, width, channels]``, classes ``[n]`` from 0.
        package: that must be installed to read it, as it is imported; "" for none.
        advice: the sentence that says how to get that package.
        extra: what ``tfluck data list`` says is missing.
        ships: where it comes from, as the end of "it …".
    """

    read: Callable[[], Mapping[str, Any]]
    package: str = ""
    advice: str = ""
    extra: str = ""
    ships: str = "is made on the spot"

    def presence(self, data_dir: Path | None) -> str:
        """Say whether the set is here, or what it needs."""
        return "yes" if self._here else f"needs {self.extra or self.package}"

    def require(self, data_dir: Path | str | None = None) -> None:
        """Fail if the package that it needs is missing.

        Raises:
            TfluckError: it is.
        """
        if not self._here:
            raise TfluckError(self.advice or f"{self.kind} needs {self.package}.")

    def prepare(
        self, data_dir: Path | None, archives: Sequence[Path], *, download: bool
    ) -> bool:
        """Refuse: nothing needs preparing.

        Raises:
            BadInput: always.
        """
        raise BadInput(f"{self.kind} needs no preparing: it {self.ships}.")

    def load(self, data_dir: Path | None = None, digest: str = "") -> "ImageSet":
        """Call the function and check what it gives.

        Raises:
            BadInput: samples and classes do not fit each other.
            TfluckError: the package that it needs is missing.
        """
        self.require(data_dir)
        import numpy as np

        from tfluck.data.images import ImageSet, standardization

        arrays = dict(self.read())
        for split in ("y_train", "y_test"):
            arrays[split] = np.asarray(arrays[split], np.int64)
        for split in ("x_train", "x_test"):
            x = np.asarray(arrays[split])
            arrays[split] = x if x.dtype == np.uint8 else x.astype(np.float32)
        mean, std = standardization(arrays["x_train"])
        names = tuple(map(str, range(self.classes)))
        return ImageSet(**arrays, classes=names, mean=mean, std=std)

    @property
    def _here(self) -> bool:
        return not self.package or find_spec(self.package) is not None
