"""How an experiment is computed, where its ingredients lie, how many students there are.

Nothing here is part of an experiment's name.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from tfluck.experiment.choices import parse_epochs
from tfluck.experiment.experiment import Experiment
from tfluck.experiment.fields import Field, fields_of, hold, setting
from tfluck.foundations.errors import BadInput

#: These decide last bits and speed: a run keeps those it was born with.
HOW = frozenset({"jit", "chunk", "threads"})
#: Where ingredients lie today: given anew, or as they were where nothing is said.
WHERE = frozenset({"data_dir", "teacher"})


@dataclass(frozen=True, kw_only=True)
class Execution:
    """How a run is computed; checked when made."""

    seeds: int = setting(
        1, "Number of students of the one teacher.", low=1, high=10_000
    )
    jit: bool = setting(
        True, "Compile with XLA.", default_text="yes; not with convolutions"
    )
    chunk: int = setting(
        200, "Steps fused into one call.", low=1, default_text="by size"
    )
    #: TensorFlow adds up a convolution's gradient in as many parts as it has threads, so
    #: their number may not follow the machine or what else it does.
    threads: int = setting(
        2, "TensorFlow's threads for a student; the run's own.", low=1, high=1024
    )
    #: −K stands for every K-th epoch.
    keep_epochs: tuple[int, ...] = setting(
        (),
        "Epochs of which the students' weights are kept, beside the first and the last.",
        parse=parse_epochs,
        metavar="0,1,every:5",
        default_text="none",
    )
    data_dir: str | None = setting(
        None, "Where image sets lie.", metavar="DIRECTORY", default_text="TFDS's own"
    )
    #: Directory of a pretrained teacher.
    teacher: str | None = setting(None, hidden=True)

    def __post_init__(self) -> None:
        hold(self)
        kept = tuple(sorted(set(self.keep_epochs)))
        object.__setattr__(self, "keep_epochs", kept)

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "Execution":
        """Build it from settings by their names; others keep their defaults.

        Raises:
            BadInput: a name is unknown, or a value is out of range.
        """
        if unknown := sorted(set(settings) - execution_names()):
            raise BadInput(f"Unknown settings: {', '.join(unknown)}.")
        return cls(**settings)

    def to_dict(self) -> dict[str, Any]:
        """Return every field, ready for JSON."""
        return dataclasses.asdict(self)

    def but(self, **settings: Any) -> "Execution":
        """Return this with other ``settings``."""
        return dataclasses.replace(self, **settings)


@cache
def execution_fields() -> tuple[Field, ...]:
    """Return the settings of :class:`Execution`."""
    return fields_of(Execution)


@cache
def execution_names() -> frozenset[str]:
    """Return the names of the settings of :class:`Execution`."""
    return frozenset(field.name for field in execution_fields())


@dataclass(frozen=True)
class Places:
    """Where the ingredients of a run lie, as far as it was said."""

    dataset: str | None = None
    data_dir: str | None = None
    teacher: str | None = None

    @classmethod
    def of(cls, experiment: Experiment, execution: Execution) -> "Places":
        """Say where the ingredients of an experiment lie."""
        return cls(experiment.data.dataset, execution.data_dir, execution.teacher)

    def moved(
        self, experiment: Experiment, execution: Execution
    ) -> tuple[Experiment, Execution]:
        """Return both with their ingredients here; what is None stays where it was."""
        if self.dataset is not None:
            data = dataclasses.replace(experiment.data, dataset=self.dataset)
            experiment = dataclasses.replace(experiment, data=data)
        where = {"data_dir": self.data_dir, "teacher": self.teacher}
        given = {name: place for name, place in where.items() if place is not None}
        return experiment, execution.but(**given)
