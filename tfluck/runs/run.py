"""A run that is there: its files, its settings, what it says of itself."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tfluck.experiment.config import RunConfig
from tfluck.foundations.errors import Damaged, TfluckError
from tfluck.runs.layout import RunLayout
from tfluck.runs.provenance import provenance
from tfluck.runs.status import WORDS, status_of
from tfluck.runs.store import KINDS, format_of, read

#: Raised when an older tfluck could no longer read what we write. In format 1 files had
#: no seals.
FORMAT_VERSION = 2


@dataclass(frozen=True)
class Run:
    """A run directory and the settings it was made with.

    ``manifest`` is what was written down at its birth: format, digest, versions,
    hardware, and whatever its maker added.
    """

    layout: RunLayout
    config: RunConfig
    manifest: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    #: Nodes of the students' hidden layers where they are fewer than the settings say:
    #: in a lottery ticket.
    narrowed: tuple[int, ...] | None = None

    @property
    def student_widths(self) -> tuple[int, ...]:
        """Nodes of each hidden student layer."""
        return self.narrowed or self.config.student_widths

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.layout.root.name

    def status(self) -> str:
        """Return ``running``, or the worst status of its students; ``new`` at first."""
        begun = self._begun()
        found = {self.seed_status(seed).get("status", "new") for seed in begun}
        if len(begun) < len(self.seeds):
            found.add("new")
        return next(word for word in WORDS if word in found)

    def placed(self, places: Mapping[str, str | None]) -> "Run":
        """Return this run with its ingredients where ``places`` says they lie now."""
        return replace(self, config=self.config.placed(places))

    def doubts(self) -> list[str]:
        """Return what is not believed of what its students say, a sentence each."""
        told = (self.seed_status(seed).get("doubts", []) for seed in self._begun())
        return [sentence for sentences in told for sentence in sentences]

    def _begun(self) -> list[int]:
        there = {path.name for path in self.layout.root.glob("seed-*")}
        return [s for s in self.seeds if self.layout.seed(s).root.name in there]

    @property
    def seeds(self) -> tuple[int, ...]:
        """The students' seeds."""
        return self.config.student_seeds

    def seed_status(self, seed: int) -> dict[str, Any]:
        """Return what a student last said about itself, as far as it is true."""
        config = self.config
        return status_of(self.layout.seed(seed), config.steps, config.epochs)


def open_run(path: Path) -> Run:
    """Open the run directory ``path``.

    Raises:
        Damaged: it is no run, torn, changed, or written by a newer tfluck.
    """
    layout = RunLayout(path)
    layout = RunLayout(path, format_of("manifest", layout.manifest, FORMAT_VERSION) > 1)
    manifest = read("manifest", layout.manifest, layout.sealed)
    values = read("config", layout.config, layout.sealed)
    advice = KINDS["config"].advice
    try:
        config = RunConfig.from_dict(values)
        names = {config.digest()}
        if not layout.sealed:
            names.add(config.first_digest(values))
    except (
        TfluckError,
        TypeError,
        ValueError,
        AttributeError,
        ArithmeticError,
    ) as error:
        raise Damaged(layout.config, f"is damaged: {error} {advice}") from error
    if manifest.get("digest") not in names:
        raise Damaged(layout.config, f"was changed since this run began. {advice}")
    return Run(layout, config, manifest)


def is_run(path: Path) -> bool:
    """Tell whether ``path`` is a run, or what is left of one."""
    layout = RunLayout(path)
    return any(map(os.path.lexists, (layout.manifest, layout.config)))


def manifest_of(config: RunConfig) -> dict[str, Any]:
    """Return what a run's manifest says of its birth."""
    return {
        "format_version": FORMAT_VERSION,
        "digest": config.digest(),
        "seeds": list(config.student_seeds),
        **provenance(),
    }
