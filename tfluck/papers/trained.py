"""The runs that claims are judged by: which, made where missing, read again."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from tfluck.data import describe
from tfluck.experiment.execution import Execution
from tfluck.experiment.experiment import Experiment
from tfluck.experiment.presets import load_preset
from tfluck.experiment.scales import configure
from tfluck.foundations.errors import BadInput, Diverged, TfluckError
from tfluck.papers.claim import Claim
from tfluck.papers.courses import Courses, courses, minus, parts_of
from tfluck.papers.evidence import Evidence, Part
from tfluck.runs import Run, find_or_create, find_run

#: Hears of what goes on, in sentences.
Tell = Callable[[str], object]
#: (seed, step, note)
Report = Callable[[int, int, str], None]
#: Trains what is left of a run.
Train = Callable[[Run], None]


@dataclass(frozen=True, eq=False)
class Wanted:
    """A run that claims ask for.

    Attributes:
        preset: it is an experiment of.
        settings: that a claim changes in it.
        scale: at which.
        seeds: its number of students.
    """

    preset: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    scale: str = "smoke"
    seeds: int = 2

    @cached_property
    def specified(self) -> tuple[Experiment, Execution]:
        """What is to be done, and how.

        Raises:
            BadInput: the preset needs a teacher, or a setting does not go with it.
        """
        preset = load_preset(self.preset)
        if preset.teacher:
            raise BadInput(f"{self.preset} needs a pretrained teacher.")
        given = preset.at(self.scale) | dict(self.settings) | {"seeds": self.seeds}
        data = describe(given.get("dataset", "gaus"))
        return configure(self.scale, data=data, **given)

    @property
    def digest(self) -> str:
        """Of the experiment: presets of one digest are one run."""
        return self.specified[0].digest()

    @cached_property
    def lacks(self) -> str:
        """The sentence on data that are not here; "" where all are."""
        experiment, execution = self.specified
        try:
            experiment.data.source.require(execution.data_dir)
        except TfluckError as error:
            return str(error)
        return ""

    def find(self, root: Path) -> Run | None:
        """Return the run if it is there."""
        return find_run(root, self.specified[0], seeds=self.seeds)

    def done(self, root: Path) -> bool:
        """Tell whether the run is there with all its students, finished."""
        run = self.find(root)
        return run is not None and not _left(run, self.seeds)

    def make(self, root: Path) -> Run:
        """Return the run, born if it is missing and joined by students that are."""
        experiment, execution = self.specified
        # Settings that a claim changes belong to no preset.
        preset = None if self.settings else self.preset
        record = {"preset": preset, "scale": self.scale}
        return find_or_create(root, experiment, execution=execution, record=record)

    @property
    def command(self) -> str:
        """The command that makes it."""
        options = "".join(
            f" --{name.replace('_', '-')} {value}"
            for name, value in sorted(self.settings.items())
        )
        if self.specified[0].training.targets == "labels":
            # One net at a time: seeds are students of a teacher there.
            return (
                f"tfluck pretrain --preset {self.preset} --scale {self.scale}{options}"
            )
        return (
            f"tfluck train --preset {self.preset} --scale {self.scale} "
            f"--seeds {self.seeds}{options}"
        )


def _left(run: Run, seeds: int) -> bool:
    """Tell whether students are missing or unfinished; one that diverged has ended."""
    ended = ("finished", "diverged")
    states = [run.seed_status(seed).get("status") for seed in run.seeds]
    return len(run.seeds) < seeds or any(state not in ended for state in states)


def wanted_by(claim: Claim, scale: str, seeds: int) -> list[Wanted]:
    """Return the runs of a claim: its own, the one it is compared with, its premise's."""
    if claim.kind not in ("runs", "study"):
        return []
    found = [Wanted(claim.preset, claim.settings, scale, seeds)]
    if claim.against:
        changed = dict(claim.settings) | dict(claim.against_settings)
        found.append(Wanted(claim.against, changed, scale, seeds))
    if claim.premise is not None:
        found += wanted_by(claim.premise, scale, seeds)
    return found


def distinct(wanted: Iterable[Wanted]) -> list[Wanted]:
    """Return one of each digest, in order."""
    return list({one.digest: one for one in reversed(list(wanted))}.values())[::-1]


def ensure(wanted: Wanted, root: Path, train: Train, tell: Tell) -> None:
    """Make the run whole; divergence is a result, and is told.

    Raises:
        TfluckError: it cannot be made, or was interrupted.
    """
    if wanted.done(root):
        return
    run = wanted.make(root)
    try:
        train(run)
    except Diverged as error:
        tell(f"{wanted.preset}: {error}")


class Shelf:
    """Runs below a folder, each read once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._read: dict[str, tuple[Run, dict[int, Courses]] | None] = {}

    def parts(self, claim: Claim, wanted: Wanted) -> tuple[tuple[Part, ...], str, str]:
        """Return the parts of a claim in one run, the run's folder, and what is wrong."""
        found = self._open(wanted)
        if found is None:
            return (), "", f"There is no run yet: {wanted.command}"
        run, students = found
        seeds = run.seeds[: wanted.seeds]
        depth = len(run.experiment.network.student_widths)
        lost = [s for s in seeds if run.seed_status(s).get("status") != "finished"]
        note = f"Not finished: seeds {', '.join(map(str, lost))}." if lost else ""
        chosen = [{} if seed in lost else students[seed] for seed in seeds]
        return parts_of(claim, chosen, depth), str(run.layout.root), note

    def _open(self, wanted: Wanted) -> tuple[Run, dict[int, Courses]] | None:
        if wanted.digest not in self._read:
            run = wanted.find(self.root)
            self._read[wanted.digest] = None if run is None else (run, courses(run))
        return self._read[wanted.digest]

    def evidence(self, claim: Claim, scale: str, seeds: int) -> Evidence:
        """Return the evidence of a claim about runs that are there."""
        own, *others = wanted_by(claim, scale, seeds)
        parts, folder, note = self.parts(claim, own)
        folders = [folder]
        premise: tuple[Part, ...] = ()
        if claim.against:
            against = others.pop(0)
            if against.digest == own.digest:
                note = note or f"At the scale {scale} both runs are one and the same."
            other, folder, wrong = self.parts(claim, against)
            folders, note = [*folders, folder], note or wrong
            parts = minus(parts, other) if parts and other else ()
        if claim.premise is not None:
            premise, folder, wrong = self.parts(claim.premise, others.pop(0))
            folders, note = [*folders, folder], note or wrong
        return Evidence(
            parts,
            premise=premise,
            sampled=True,
            note=note,
            command=own.command,
            runs=tuple(dict.fromkeys(filter(None, folders))),
        )
