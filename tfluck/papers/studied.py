"""Evidence from studies upon runs: which there are, made once the runs are there, recalled."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tfluck.foundations.errors import BadInput, Damaged, TfluckError
from tfluck.papers.cache import Task, recall
from tfluck.papers.claim import Claim
from tfluck.papers.courses import minus
from tfluck.papers.evidence import Evidence, Part
from tfluck.papers.trained import Wanted, wanted_by
from tfluck.papers.upon_runs import Found, study
from tfluck.runs import Run
from tfluck.studies.arms import Plan, make_plan
from tfluck.studies.outcomes import Arm, outcomes

#: The study that trains parts of students again, and the arms that claims compare.
TICKETS = "tickets"
ARMS = ("lucky", "reinit", "random")
#: Metric of :data:`TICKETS` → the arm, and the one that is subtracted.
DIFFERENCES = {
    "reinit_minus_lucky": ("reinit", "lucky"),
    "lucky_minus_full": ("lucky", "full"),
    "random_minus_lucky": ("random", "lucky"),
}
#: Trains the tickets of a plan that are missing.
TrainTickets = Callable[[Run, Plan], None]


def studies_of(claim: Claim, scale: str, seeds: int) -> list[Task]:
    """Return the studies that a claim asks for, one for each of its runs."""
    if claim.kind != "study":
        return []
    return [task_of(claim, wanted, scale) for wanted in wanted_by(claim, scale, seeds)]


def task_of(claim: Claim, wanted: Wanted, scale: str) -> Task:
    """Return the study of one run."""
    settings = {
        "digest": wanted.digest,
        "preset": wanted.preset,
        "settings": dict(wanted.settings),
        "scale": wanted.scale,
        "seeds": wanted.seeds,
        "options": claim.at(scale),
    }
    return Task.of("studied", claim.study, settings)


def wanted_of(task: Task) -> Wanted:
    """Return the run that a study is upon."""
    given = task.arguments
    return Wanted(given["preset"], given["settings"], given["scale"], given["seeds"])


def perform_study(task: Task, root: Path) -> dict[str, Any]:
    """Carry out a study of all students of a run.

    Returns:
        Metric → part → a number for each student, None where there is none; and under
        ``note`` why.

    Raises:
        BadInput: the run is not there.
    """
    run, seeds = _run_of(task, root)
    if task.name == TICKETS:
        return _compared(run, seeds, task.arguments["options"])
    notes: list[str] = []
    found = [
        _of_student(task.name, run, seed, task.arguments["options"], notes)
        for seed in seeds
    ]
    return joined(found) | {"note": " ".join(dict.fromkeys(notes))}


def _run_of(task: Task, root: Path) -> tuple[Run, tuple[int, ...]]:
    wanted = wanted_of(task)
    run = wanted.find(root)
    if run is None:
        raise BadInput(f"There is no run yet: {wanted.command}")
    return run, run.seeds[: wanted.seeds]


def _unfinished(run: Run, seeds: Sequence[int]) -> list[str]:
    """Say of every student that has not finished what it is."""
    told = {seed: run.seed_status(seed).get("status", "new") for seed in seeds}
    return [f"Seed {s} is {what}." for s, what in told.items() if what != "finished"]


def _of_student(
    name: str, run: Run, seed: int, options: Mapping[str, Any], notes: list[str]
) -> Found:
    if lost := _unfinished(run, [seed]):
        notes += lost
        return {}
    try:
        return study(name, run, seed, options)
    except (BadInput, Damaged) as error:
        notes.append(f"Seed {seed}: {error}")
        return {}


def joined(students: Sequence[Found]) -> dict[str, Any]:
    """Turn metric → part → number of each student into lists over students."""
    names = {
        metric: list(
            dict.fromkeys(part for one in students for part in one.get(metric, ()))
        )
        for metric in dict.fromkeys(metric for one in students for metric in one)
    }
    return {
        metric: {
            part: [one.get(metric, {}).get(part) for one in students] for part in parts
        }
        for metric, parts in names.items()
    }


def tickets_plan(task: Task, root: Path) -> tuple[Run, Plan] | None:
    """Return what must be trained for the study ``task``; None for other studies.

    None too where a student has not finished: then nobody knows who has won.
    """
    if task.name != TICKETS:
        return None
    run, seeds = _run_of(task, root)
    if _unfinished(run, seeds):
        return None
    return run, make_plan(
        run, ARMS, (task.arguments["options"]["keep"],), 0, len(seeds)
    )


def _compared(
    run: Run, seeds: Sequence[int], options: Mapping[str, Any]
) -> dict[str, Any]:
    """Read the arms of the study of lottery tickets and subtract their log losses."""
    if lost := _unfinished(run, seeds):
        return {"note": " ".join(lost)}
    try:
        plan = make_plan(run, ARMS, (options["keep"],), 0, len(seeds))
    except TfluckError as error:
        return {"note": str(error)}
    return ticket_differences(outcomes(run, plan)) | {"note": ""}


def ticket_differences(arms: Sequence[Arm]) -> dict[str, Any]:
    """Return differences of log losses, student by student, of the arms that are there."""
    log_loss = {arm.arm: arm.log_loss for arm in arms}
    return {
        metric: {
            "": [
                None if a is None or b is None else a - b
                for a, b in zip(log_loss[one], log_loss[other], strict=True)
            ]
        }
        for metric, (one, other) in DIFFERENCES.items()
        if {one, other} <= set(log_loss)
    }


def study_evidence(claim: Claim, scale: str, seeds: int, root: Path) -> Evidence:
    """Return the evidence of a claim about studies that are done."""
    every = wanted_by(claim, scale, seeds)
    command = every[0].command
    if lacks := next((one.lacks for one in every if one.lacks), ""):
        return Evidence(sampled=True, lacks=lacks, command=command)
    sides: list[tuple[Part, ...]] = []
    folders, note = [], reduced(claim, scale)
    for wanted in every:
        found = recall(root, task_of(claim, wanted, scale))
        run = wanted.find(root)
        if found is None or run is None:
            return Evidence(sampled=True, note="Not studied yet.", command=command)
        folders.append(str(run.layout.root))
        note = str(found.get("note") or note)
        sides.append(parts_of_study(found, claim.metric))
    parts = sides[0] if len(sides) == 1 else ()
    if len(sides) == 2 and [p.name for p in sides[0]] == [p.name for p in sides[1]]:
        parts = minus(*sides)
    return Evidence(
        parts, sampled=True, note=note, command=command, runs=tuple(folders)
    )


def reduced(claim: Claim, scale: str) -> str:
    """Say what a smaller scale leaves out."""
    changed = claim.scales.get(scale, {})
    said = ", ".join(
        f"{value} {name} in place of {claim.options[name]}"
        for name, value in changed.items()
    )
    return f"At the scale {scale}: {said}." if said else ""


def parts_of_study(found: Mapping[str, Any], metric: str) -> tuple[Part, ...]:
    """Return the parts of a metric as evidence has them."""
    return tuple(
        Part(name, tuple(values)) for name, values in found.get(metric, {}).items()
    )
