"""What a sweep runs: every combination of some settings' values, as experiments.

Nothing here trains or touches a disk. A combination that cannot be (BatchNorm of batches
of one, a width that no teacher has) is a cell with its reason, not the end of the sweep.
"""

import hashlib
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tfluck.experiment.choices import shown
from tfluck.experiment.execution import Execution
from tfluck.experiment.experiment import Experiment
from tfluck.foundations.errors import BadInput

Settings = dict[str, Any]
#: What is to be done, and how.
Pair = tuple[Experiment, Execution]
#: Combinations beyond this are a slip of the pen.
MOST = 10_000


@dataclass(frozen=True)
class Axis:
    """One setting that varies: its name as an option has it, and its values.

    ``texts`` are the values as they were written, for tables and pictures.
    """

    name: str
    texts: tuple[str, ...]
    values: tuple[Any, ...]

    @property
    def field(self) -> str:
        """The setting's name in Python."""
        return self.name.replace("-", "_")


@dataclass(frozen=True)
class Cell:
    """One combination.

    Attributes:
        labels: option → its value as text, in the order of the axes.
        pair: what to run, and how; None where that cannot be.
        reason: a sentence, where it cannot.
    """

    labels: dict[str, str]
    pair: Pair | None
    reason: str = ""


def parse_axis(text: str, read: Callable[[str, str], Any]) -> Axis:
    """Read ``multiplier=1,2,5``, or ``lr=0:0.05,20:0.01;0.1`` with ``;`` between values.

    Args:
        text: NAME=V1,V2,…; where a semicolon is in it, commas belong to values.
        read: (option, text of one value) → value; it knows what may vary.

    Raises:
        BadInput: there is no such setting, or no such value of it, or one comes twice.
    """
    name, equals, rest = text.partition("=")
    name = name.strip().removeprefix("--").replace("_", "-")
    if not equals or not name:
        raise BadInput(
            f"--vary takes NAME=V1,V2,…, like multiplier=1,2,5; not {shown(text)}."
        )
    parts = [part.strip() for part in rest.split(";" if ";" in rest else ",")]
    if "" in parts:
        raise BadInput(f"A value of {name} is empty in {shown(text)}.")
    values = tuple(read(name, part) for part in parts)
    if len(set(values)) < len(values):
        raise BadInput(f"A value of {name} comes twice in {shown(text)}.")
    return Axis(name, tuple(parts), values)


def combinations(axes: Sequence[Axis]) -> list[tuple[dict[str, str], Settings]]:
    """Return labels and settings of every combination, the last axis fastest.

    Raises:
        BadInput: nothing varies, a setting does so twice, or there are too many.
    """
    if not axes:
        raise BadInput(
            "A sweep varies something: give --vary NAME=V1,V2,… at least once."
        )
    names = [axis.name for axis in axes]
    if twice := [name for name in names if names.count(name) > 1]:
        raise BadInput(f"{twice[0]} varies twice; give all its values in one --vary.")
    count = 1
    for axis in axes:
        count *= len(axis.values)
    if count > MOST:
        raise BadInput(
            f"{count:,} combinations are too many; at most {MOST:,} are run."
        )
    found = []
    for chosen in itertools.product(
        *(zip(a.texts, a.values, strict=True) for a in axes)
    ):
        labels = {a.name: text for a, (text, _) in zip(axes, chosen, strict=True)}
        values = {a.field: value for a, (_, value) in zip(axes, chosen, strict=True)}
        found.append((labels, values))
    return found


def grid(
    axes: Sequence[Axis],
    base: Mapping[str, Any],
    configure: Callable[[Settings], Pair],
) -> list[Cell]:
    """Return a cell for every combination of the ``axes`` upon the ``base`` settings.

    Args:
        axes: what varies.
        base: settings that all cells share.
        configure: says what to do, and how, of settings; its ``BadInput`` is a cell's reason.

    Raises:
        BadInput: as :func:`combinations`; a setting both varies and is given; or no
            combination at all can be run, for the first one's reason.
    """
    if both := [axis.name for axis in axes if axis.field in base]:
        raise BadInput(f"{both[0]} is given and varies; leave one of the two out.")
    cells = []
    for labels, values in combinations(axes):
        try:
            cells.append(Cell(labels, configure({**base, **values})))
        except BadInput as error:
            cells.append(Cell(labels, None, str(error)))
    if all(cell.pair is None for cell in cells):
        raise BadInput(f"No combination can be run. The first one: {cells[0].reason}")
    return cells


def sweep_name(cells: Sequence[Cell]) -> str:
    """Name a sweep after the runs it consists of: the same runs, the same name."""
    digests = "/".join(
        cell.pair[0].digest() if cell.pair else str(cell.labels) for cell in cells
    )
    return f"sweep-{hashlib.sha256(digests.encode()).hexdigest()[:12]}"
