"""Arrays whose axes have names and whose entries have labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfluck.foundations.errors import BadInput


@dataclass(frozen=True, eq=False)
class LabelledArray:
    """Numbers with named axes.

    Attributes:
        values: the numbers.
        dims: a name an axis.
        coords: the labels along each axis, as the seeds 1, 2, 3.
    """

    values: NDArray[Any]
    dims: tuple[str, ...]
    coords: dict[str, tuple[int, ...]]

    @property
    def shape(self) -> tuple[int, ...]:
        """Labels an axis."""
        return self.values.shape

    def sel(self, **labels: int) -> "LabelledArray":
        """Pick one label of each axis named, which is then gone: ``sel(seed=1)``.

        Raises:
            BadInput: there is no such axis or label.
        """
        index: list[Any] = [slice(None)] * len(self.dims)
        for dim, label in labels.items():
            if label not in self.coords.get(dim, ()):
                raise BadInput(f"There is no {dim} {label!r:.40}; {self._there()}.")
            index[self.dims.index(dim)] = self.coords[dim].index(label)
        left = tuple(dim for dim in self.dims if dim not in labels)
        coords = {dim: self.coords[dim] for dim in left}
        return LabelledArray(self.values[tuple(index)], left, coords)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Let NumPy read the numbers."""
        return (
            np.array(self.values, dtype=dtype)
            if copy
            else np.asarray(self.values, dtype)
        )

    def __repr__(self) -> str:
        """Say the axes, not the numbers."""
        sizes = zip(self.dims, self.shape, strict=True)
        axes = ", ".join(f"{dim}: {size}" for dim, size in sizes)
        return f"LabelledArray({axes}; {self.values.dtype})"

    def _there(self) -> str:
        return "; ".join(f"{dim}: {_span(self.coords[dim])}" for dim in self.dims)


def _span(labels: Sequence[int]) -> str:
    shown = [*map(str, labels)]
    return ", ".join(shown if len(shown) < 9 else [*shown[:3], "…", shown[-1]])
