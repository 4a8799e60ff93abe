"""A run that is there: its files, its experiment, what it says of itself."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tfluck.experiment.execution import Execution, Places, execution_names
from tfluck.experiment.experiment import Experiment
from tfluck.foundations.errors import Damaged, TfluckError
from tfluck.runs.layout import RunLayout
from tfluck.runs.provenance import provenance
from tfluck.runs.status import WORDS, status_of
from tfluck.runs.store import KINDS, format_of, read

#: Raised when an older tfluck could no longer read what we write. In format 1 files had
#: no seals, and in both formats before 3 settings lay flat and students were counted
#: among them.
FORMAT_VERSION = 3


@dataclass(frozen=True)
class Run:
    """A run directory, what it does, and how.

    ``manifest`` is what was written down at its birth: format, digest, versions,
    hardware, and whatever its maker added.
    """

    layout: RunLayout
    experiment: Experiment
    execution: Execution = field(default_factory=Execution)
    manifest: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    #: Nodes of the students' hidden layers where they are fewer than the settings say:
    #: in a lottery ticket.
    narrowed: tuple[int, ...] | None = None

    @property
    def student_widths(self) -> tuple[int, ...]:
        """Nodes of each hidden student layer."""
        return self.narrowed or self.experiment.network.student_widths

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.layout.root.name

    @property
    def digest(self) -> str:
        """The experiment's name, as it was written down when the run was born."""
        return str(self.manifest["digest"])

    def status(self) -> str:
        """Return ``running``, or the worst status of its students; ``new`` at first."""
        begun = self._begun()
        found = {self.seed_status(seed).get("status", "new") for seed in begun}
        if len(begun) < len(self.seeds):
            found.add("new")
        return next(word for word in WORDS if word in found)

    @property
    def places(self) -> Places:
        """Where the ingredients lie, as far as it was said."""
        return Places.of(self.experiment, self.execution)

    def placed(self, places: Places) -> "Run":
        """Return this run with its ingredients where ``places`` says they lie now."""
        experiment, execution = places.moved(self.experiment, self.execution)
        return replace(self, experiment=experiment, execution=execution)

    def doubts(self) -> list[str]:
        """Return what is not believed of what its students say, a sentence each."""
        told = (self.seed_status(seed).get("doubts", []) for seed in self._begun())
        return [sentence for sentences in told for sentence in sentences]

    def _begun(self) -> list[int]:
        there = {path.name for path in self.layout.root.glob("seed-*")}
        return [s for s in self.seeds if self.layout.seed(s).root.name in there]

    @property
    def seeds(self) -> tuple[int, ...]:
        """The students' seeds; the first is the teacher's too."""
        first = self.experiment.seed
        return tuple(range(first, first + self.execution.seeds))

    def seed_status(self, seed: int) -> dict[str, Any]:
        """Return what a student last said about itself, as far as it is true."""
        training = self.experiment.training
        return status_of(self.layout.seed(seed), training.steps, training.epochs)


def open_run(path: Path) -> Run:
    """Open the run directory ``path``.

    Raises:
        Damaged: it is no run, torn, changed, or written by a newer tfluck.
    """
    layout = RunLayout(path)
    version = format_of("manifest", layout.manifest, FORMAT_VERSION)
    layout = RunLayout(path, version > 1)
    manifest = read("manifest", layout.manifest, layout.sealed)
    values = read("config", layout.config, layout.sealed)
    advice = KINDS["config"].advice
    try:
        experiment, execution = _taken(values, version)
        names = {experiment.digest()}
        if version < 3:
            names = {experiment.former_digest(execution.seeds)}
        if version < 2:
            names.add(experiment.first_digest(values))
    except (
        TfluckError,
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
        ArithmeticError,
    ) as error:
        raise Damaged(layout.config, f"is damaged: {error} {advice}") from error
    if manifest.get("digest") not in names:
        raise Damaged(layout.config, f"was changed since this run began. {advice}")
    return Run(layout, experiment, _grown(layout, execution), manifest)


def _taken(values: Mapping[str, Any], version: int) -> tuple[Experiment, Execution]:
    """Take experiment and execution out of what a run's settings hold."""
    if version > 2:
        return (
            Experiment.from_dict(values["experiment"]),
            Execution.of(values["execution"]),
        )
    how = {name: values[name] for name in values if name in execution_names()}
    what = {name: values[name] for name in values if name not in how}
    return Experiment.of(what), Execution.of(how)


def _grown(layout: RunLayout, born: Execution) -> Execution:
    """Return how a run is computed with the students that joined since it was ``born``.

    Raises:
        Damaged: the file that counts them does not.
    """
    if not os.path.lexists(layout.students):
        return born
    said = read("students", layout.students, layout.sealed)
    try:
        grown = born.but(seeds=said["seeds"], keep_epochs=said["keep_epochs"])
        if grown.seeds >= born.seeds:
            return grown
    except (TfluckError, KeyError):
        pass
    advice = KINDS["students"].advice
    raise Damaged(layout.students, f"counts no students. {advice}")


def is_run(path: Path) -> bool:
    """Tell whether ``path`` is a run, or what is left of one."""
    layout = RunLayout(path)
    return any(map(os.path.lexists, (layout.manifest, layout.config)))


def settings_of(experiment: Experiment, execution: Execution) -> dict[str, Any]:
    """Return what a run's settings hold, ready for JSON."""
    return {"experiment": experiment.to_dict(), "execution": execution.to_dict()}


def manifest_of(experiment: Experiment) -> dict[str, Any]:
    """Return what a run's manifest says of its birth."""
    return {
        "format_version": FORMAT_VERSION,
        "digest": experiment.digest(),
        **provenance(),
    }
