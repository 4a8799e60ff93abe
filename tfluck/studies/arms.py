"""The arms of the lottery-ticket study, and where each one's students lie (X5).

An arm is a smaller network, trained again on the student's own data for the same steps.
Its students lie in the run, below ``tickets``, one folder an arm, and are files like
those of a run's students: whole after a kill, gone on with, never computed twice.
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from tfluck.foundations.errors import BadInput
from tfluck.runs import Run, RunLayout
from tfluck.runs.weights import kept_weights

#: Name → what it is, in the order of the table.
ARMS = {
    "full": "all nodes: the run itself",
    "lucky": "the final winners with their own start (figure 3 b)",
    "reinit": "their structure, a new start at the small network's scale (figure 3 c)",
    "reinit-full": "their structure, a new start at the full network's scale",
    "random": "as many random nodes, own start",
    "first": "the best correlated before training, own start",
    "magnitude": "the largest fan-out after training, own start",
    "twin": "the winners' nearest rivals, own start",
}
#: Arms that begin with weights nobody has trained: there is nothing to rewind.
NEW_START = ("reinit", "reinit-full")


@dataclass(frozen=True)
class Plan:
    """Which arms of a run are trained, of which students.

    Attributes:
        arms: among :data:`ARMS`.
        keep: students kept for each teacher node, ascending.
        rewind: epoch whose weights the kept nodes start from; 0 is before training.
        seeds: of the students.
    """

    arms: tuple[str, ...]
    keep: tuple[int, ...]
    rewind: int
    seeds: tuple[int, ...]

    @property
    def cells(self) -> list[tuple[str, int]]:
        """Every (arm, keep) that is trained, small networks first."""
        trained = [arm for arm in ARMS if arm in self.arms and arm != "full"]
        return [(arm, keep) for keep in self.keep for arm in trained]


def make_plan(
    run: Run,
    arms: Sequence[str] = tuple(ARMS),
    keep: Sequence[int] = (1,),
    rewind: int = 0,
    seeds: int | None = None,
) -> Plan:
    """Check what is asked of ``run``; ``seeds`` counts its first students, None all.

    Raises:
        BadInput: an arm is unknown, the run has no teacher or is not finished, keeps no
            weights of the epoch, or has fewer students.
        Damaged: a file is missing.
    """
    if unknown := [arm for arm in arms if arm not in ARMS]:
        raise BadInput(f"There is no arm {unknown[0]!r}; choose of {', '.join(ARMS)}.")
    if not arms or not keep:
        raise BadInput("Name at least one arm and one number of nodes to keep.")
    if min(keep) < 1:
        raise BadInput(
            f"--keep {min(keep)} keeps nobody: a ticket has at least 1 student for each "
            "teacher node."
        )
    chosen = _students(run, seeds)
    for seed in chosen:
        if (said := run.seed_status(seed).get("status", "new")) != "finished":
            raise BadInput(
                f"Student {seed} of {run.name} is {said}; who has won is known when it is "
                f"finished: `tfluck resume {run.name}` goes on with it."
            )
        for epoch in (0, rewind, None):
            kept_weights(run, seed, epoch)
    if rewind >= run.experiment.training.epochs:
        raise BadInput(
            f"--rewind {rewind} leaves nothing to train: the run has "
            f"{run.experiment.training.epochs} epochs."
        )
    if rewind:
        arms = [arm for arm in arms if arm not in NEW_START]
        if not arms:
            raise BadInput("A new start has nothing to rewind; name another arm.")
    return Plan(tuple(arms), tuple(sorted(set(keep))), rewind, chosen)


def _students(run: Run, count: int | None) -> tuple[int, ...]:
    if count is not None and not 1 <= count <= len(run.seeds):
        raise BadInput(f"{run.name} has {len(run.seeds)} students, not {count}.")
    return run.seeds[:count]


def folder_name(arm: str, keep: int, rewind: int) -> str:
    """Return the name of an arm's folder, by which its results are found again."""
    return f"{arm}-keep-{keep}" + (f"-rewind-{rewind}" if rewind else "")


def ticket_run(run: Run, arm: str, keep: int, rewind: int = 0) -> Run:
    """Return the students of an arm as a run: the same settings in a folder of its own.

    ``full`` is the run itself.
    """
    if arm == "full":
        return run
    folder = run.layout.tickets / folder_name(arm, keep, rewind)
    return dataclasses.replace(run, layout=RunLayout(folder))


def is_done(run: Run, seed: int) -> bool:
    """Tell whether a ticket's student has ended, well or by diverging."""
    return run.seed_status(seed).get("status") in ("finished", "diverged")


def steps_done(
    run: Run, plan: Plan, seed: int, ended: set[tuple[str, int, int]] | None = None
) -> int:
    """Count the steps that the tickets of a student have made.

    Those in ``ended`` are not looked at again, and those that have ended join it.
    """
    begun = plan.rewind * run.experiment.training.steps_per_epoch
    whole = run.experiment.training.steps - begun
    ended, total = set() if ended is None else ended, 0
    for arm, keep in plan.cells:
        ticket = ticket_run(run, arm, keep, plan.rewind)
        if (arm, keep, seed) not in ended and is_done(ticket, seed):
            ended.add((arm, keep, seed))
        is_over = (arm, keep, seed) in ended
        total += whole if is_over else steps_done_of(ticket, seed, begun)
    return total


def steps_done_of(ticket: Run, seed: int, begun: int) -> int:
    """Count the steps since ``begun`` that a ticket has made which is not done."""
    return max(0, int(ticket.seed_status(seed).get("step", 0)) - begun)
