"""Evidence: the numbers that a claim is judged by, however they were come by."""

from dataclasses import dataclass

import numpy as np

from tfluck.papers.statistics import Array


@dataclass(frozen=True)
class Part:
    """One number a student, or one number alone, of a part of a claim.

    Attributes:
        name: of the part, such as ``layer 0``.
        values: in the order of the seeds; None where a student has none.
    """

    name: str
    values: tuple[float | None, ...]

    @property
    def known(self) -> Array:
        """The values that there are."""
        return np.array([v for v in self.values if v is not None], np.float64)

    @property
    def whole(self) -> bool:
        """Whether no student lacks its value."""
        return bool(self.values) and None not in self.values


@dataclass(frozen=True)
class Tried:
    """A check of a theorem: its name, its verdict and what was measured."""

    id: str
    verdict: str
    measured: float | None = None


@dataclass(frozen=True)
class Evidence:
    """What was found for a claim.

    Attributes:
        parts: the numbers; empty where none could be had.
        tried: checks of theorems.
        premise: the numbers of the claim's hypothesis.
        sampled: whether the values are of students or starts, to be tested; else the one
            value of a part is exact, or certified.
        undecided: what the computation could not decide.
        note: what else must be said, such as why numbers are missing.
        lacks: the sentence on data that are not here, without which there can be none.
        command: that shows the same.
        runs: the folders of the runs behind it.
    """

    parts: tuple[Part, ...] = ()
    tried: tuple[Tried, ...] = ()
    premise: tuple[Part, ...] = ()
    sampled: bool = False
    undecided: float = 0
    note: str = ""
    lacks: str = ""
    command: str = ""
    runs: tuple[str, ...] = ()
