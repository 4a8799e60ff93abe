"""What an instrument is: what it needs, what it computes, how that is told and drawn."""

import inspect
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

from tfluck.foundations.errors import BadInput

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

    from tfluck.instruments.view import View

#: What a view is asked for: ρ of one evaluation, ρ of all, the student's kernels, the two
#: networks, their inputs. All but the first two are kept of a run's first and last epoch
#: only; all but the first three take TensorFlow.
Need = Literal["matrices", "history", "weights", "networks", "inputs"]
#: One line of a table.
Line = dict[str, Any]


@dataclass(frozen=True)
class Option:
    """What a user may choose: ``samples=100`` in Python, ``--samples 100`` in a shell.

    Attributes:
        name: of the keyword that ``compute`` takes.
        help: of the command's option; says what None stands for.
        kind: of the value.
        default: None lets the instrument choose; a bool makes a switch.
        low: the least value there is.
    """

    name: str
    help: str
    kind: type = int
    default: Any = None
    low: float | None = None


@dataclass(frozen=True, eq=False)
class Layers:
    """What an instrument found, a plain dict for every hidden layer.

    A result of another kind overrides what it tells differently.
    """

    layers: list[Line]

    def to_json(self) -> dict[str, Any]:
        """Return all of it as plain values."""
        return {"layers": self.layers}

    def rows(self) -> list[Line]:
        """Return a flat line for every layer: numbers and words under plain names."""
        return [flat(layer) for layer in self.layers]

    def lines(self) -> list[Line]:
        """Return the columns that a terminal shows."""
        return self.rows()

    def numbers(self) -> Iterator[tuple[int | None, str, float | None]]:
        """Yield (layer, metric, value), as a training records them.

        The words of a row come before the metric: ``teacher/eps_d/mean``.
        """
        for row in self.rows():
            words = [value for value in row.values() if isinstance(value, str)]
            for name, value in row.items():
                if name != "layer" and not isinstance(value, str | bool):
                    yield row.get("layer"), "/".join([*words, name]), value

    def arrays(self) -> "dict[str, np.ndarray]":
        """Return the matrices behind the numbers, if there are any."""
        return {}


class Finding(NamedTuple):
    """What an instrument found in a view."""

    view: "View"
    result: Any

    @property
    def seed(self) -> int:
        """The student."""
        return self.view.seed

    @property
    def epoch(self) -> int:
        """When it was looked at; 0 is before training."""
        return self.view.epoch


class Instrument(ABC):
    """One way to look at a student beside its teacher.

    Its docstring is the command's help. A subclass says what it needs and computes a
    result like :class:`Layers`.

    Attributes:
        name: as commands and functions take it.
        needs: what it will ask of a view; missing files are told before any work.
        options: what ``compute`` takes by name.
        ends: look at both ends of training where no epoch is named, not at the last.
        epoch_help: what there is to say about the epoch.
        arrays_help: what a result's ``arrays`` are; "" if it has none.
        examples: what follows ``tfluck analyze NAME``.
    """

    name: ClassVar[str]
    needs: ClassVar[frozenset[Need]] = frozenset({"matrices"})
    options: ClassVar[tuple[Option, ...]] = ()
    ends: ClassVar[bool] = False
    epoch_help: ClassVar[str] = "0 is before training.  [default: the last]"
    arrays_help: ClassVar[str] = ""
    examples: ClassVar[tuple[str, ...]] = ("gaus-fc", "gaus-fc --epoch 0 --json")

    @property
    def help(self) -> str:
        """What it tells, the first line for lists."""
        return inspect.getdoc(type(self)) or self.name

    @abstractmethod
    def compute(self, view: "View", *args: Any, **options: Any) -> Any:
        """Look at one student at one epoch; all options have defaults."""

    def answer(self, findings: Sequence[Finding]) -> dict[str, Any]:
        """Put together what was found of one student, one finding an epoch."""
        told = [{"epoch": found.epoch} | found.result.to_json() for found in findings]
        return told[0] if not self.ends else {"epochs": told}

    def draw(self, findings: Sequence[Finding], title: str) -> "Figure":
        """Draw what was found of one student.

        Raises:
            BadInput: the instrument has no picture.
        """
        raise BadInput(f"{self.name} has no picture.")

    @property
    def draws(self) -> bool:
        """Tell whether it has a picture."""
        return type(self).draw is not Instrument.draw

    def chosen(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return every option's value.

        Raises:
            BadInput: one is given that the instrument does not have, or of another kind.
        """
        known = {option.name: option for option in self.options}
        if unknown := [name for name in given if name not in known]:
            has = f"it takes {', '.join(known)}" if known else "it takes none"
            raise BadInput(f"{self.name} has no option {unknown[0]!r:.60}; {has}.")
        for name, value in given.items():
            _check(self.name, known[name], value)
        return {name: option.default for name, option in known.items()} | dict(given)


def _check(instrument: str, option: Option, value: Any) -> None:
    if value is None and option.default is None:
        return
    whole = isinstance(value, int) and not isinstance(value, bool)
    fits = (whole and option.kind is float) or type(value) is option.kind
    if not fits or (option.low is not None and not value >= option.low):
        least = "" if option.low is None else f" of at least {option.low:g}"
        raise BadInput(
            f"{option.name} of {instrument} is a value of type {option.kind.__name__}"
            f"{least}, not {value!r:.60}."
        )


def flat(value: Mapping[str, Any], prefix: str = "") -> Line:
    """Write nested names with slashes and leave out lists."""
    found: Line = {}
    for name, inner in value.items():
        if isinstance(inner, Mapping):
            found |= flat(inner, f"{prefix}{name}/")
        elif not isinstance(inner, list | tuple):
            found[f"{prefix}{name}"] = inner
    return found
