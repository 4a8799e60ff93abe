"""Gather the evidence of a paper's claims: recalled, found again, or made."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future, as_completed
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from threading import Lock
from typing import Any

from tfluck.foundations.errors import TfluckError
from tfluck.foundations.processes import signals_held, watch_all, worker_pool
from tfluck.papers.cache import Task, keep, recall
from tfluck.papers.claim import Claim, Paper
from tfluck.papers.computations import SEEDED, WITH_TENSORFLOW, compute
from tfluck.papers.evidence import Evidence, Part, Tried
from tfluck.papers.figures.figure import PaperFigure
from tfluck.papers.shipped import read_weights, weights_evidence, weights_task
from tfluck.papers.studied import (
    TrainTickets,
    perform_study,
    studies_of,
    study_evidence,
    tickets_plan,
)
from tfluck.papers.trained import (
    Shelf,
    Tell,
    Train,
    Wanted,
    distinct,
    ensure,
    wanted_by,
    wanted_by_figure,
)

_performing = Lock()


@dataclass(frozen=True)
class Plan:
    """What a verdict needs and is not there yet.

    Attributes:
        runs: to be trained.
        tasks: computations that need no run.
        studies: upon runs, and what else needs TensorFlow; they come last.
    """

    runs: tuple[Wanted, ...]
    tasks: tuple[Task, ...]
    studies: tuple[Task, ...] = ()

    @property
    def size(self) -> int:
        """How many things there are to do."""
        return len(self.runs) + len(self.tasks) + len(self.studies)


def tasks_of(claim: Claim, paper: Paper, scale: str) -> list[Task]:
    """Return the computations of a claim, and what is read for it."""
    if claim.kind == "theory":
        return [Task.of("theory", name, {}) for name in claim.checks]
    if claim.kind == "needs data":
        there = weights_task(claim)
        return [] if there is None else [there]
    if claim.kind == "study":
        wanted = wanted_by(claim, scale, paper.seeds[scale])
        lacking = any(one.lacks for one in wanted)
        return [] if lacking else studies_of(claim, scale, paper.seeds[scale])
    if claim.kind != "computed":
        return []
    settings = claim.at(scale)
    if claim.compute in SEEDED:
        settings["seeds"] = paper.seeds[scale]
    return [Task.of("computed", claim.compute, settings)]


def plan(
    papers: Iterable[Paper],
    scale: str,
    root: Path,
    figures: Iterable[PaperFigure] = (),
) -> Plan:
    """Return what is missing, each thing once; runs of figures come last."""
    claims = [(paper, claim) for paper in papers for claim in paper.claims]
    judged = (wanted_by(one, scale, paper.seeds[scale]) for paper, one in claims)
    drawn = (wanted_by_figure(figure, scale) for figure in figures)
    runs = distinct(chain.from_iterable(chain(judged, drawn)))
    tasks = dict.fromkeys(
        task for paper, claim in claims for task in tasks_of(claim, paper, scale)
    )
    missing = [task for task in tasks if recall(root, task) is None]
    return Plan(
        tuple(one for one in runs if not one.lacks and not one.done(root)),
        tuple(task for task in missing if not _late(task)),
        tuple(task for task in missing if _late(task)),
    )


def _late(task: Task) -> bool:
    """Tell whether a task needs TensorFlow: these share the processes that load it."""
    return task.room in ("studied", "weights") or task.name in WITH_TENSORFLOW


def carry_out(
    todo: Plan,
    root: Path,
    train: Train,
    jobs: int = 1,
    tell: Tell = lambda sentence: None,
    ended: Callable[[Task | Wanted], object] = lambda thing: None,
    train_tickets: TrainTickets = lambda run, plan: None,
    executor: Executor | None = None,
) -> None:
    """Compute and train what is missing; what is done stays done when interrupted.

    Args:
        todo: from :func:`plan`.
        root: folder of runs.
        train: trains what is left of a run.
        jobs: processes for computations.
        tell: hears of divergence.
        ended: hears of each thing when it is done.
        train_tickets: trains what is left of a study of lottery tickets.
        executor: processes that are there already, in place of ``jobs`` new ones.

    Raises:
        TfluckError: something could not be computed, or was interrupted.
    """
    for task, found in _computed(todo.tasks, root, jobs, executor):
        keep(root, task, found)
        ended(task)
    for wanted in todo.runs:
        ensure(wanted, root, train, tell)
        ended(wanted)
    for task in todo.studies:
        if task.room == "studied" and (tickets := tickets_plan(task, root)):
            train_tickets(*tickets)
    for task, found in _computed(todo.studies, root, jobs, executor):
        keep(root, task, found)
        ended(task)


def _computed(
    tasks: tuple[Task, ...], root: Path, jobs: int, executor: Executor | None
) -> Iterator[tuple[Task, Mapping[str, Any]]]:
    if executor is not None:
        yield from _over(executor, tasks, root)
        return
    if jobs == 1 or len(tasks) < 2:
        for task in tasks:
            yield task, perform(task, root)
        return
    with worker_pool(min(jobs, len(tasks))) as pool:
        yield from _over(pool, tasks, root)


def _over(
    executor: Executor, tasks: tuple[Task, ...], root: Path
) -> Iterator[tuple[Task, Mapping[str, Any]]]:
    with signals_held():
        futures: dict[Future[dict[str, Any]], Task] = {
            executor.submit(perform, task, root.resolve()): task for task in tasks
        }
        watch_all(executor)
    try:
        for future in as_completed(futures):
            yield futures[future], future.result()
    finally:
        for future in futures:
            future.cancel()


def perform(task: Task, root: Path) -> dict[str, Any]:
    """Carry out one computation, in this process; ``root`` is the folder of runs.

    One at a time, for ball arithmetic keeps its precision for the whole process, and the
    threads of a cluster's worker share it.

    Raises:
        TfluckError: it failed; the message names it.
    """
    with _performing:
        return _perform(task, root)


def _perform(task: Task, root: Path) -> dict[str, Any]:
    if task.room == "studied":
        return perform_study(task, root)
    if task.room == "weights":
        return read_weights(task)
    try:
        if task.room == "computed":
            return dict(compute(task.name, task.arguments))
        from tfluck.theory.checks import select

        found = next(one for one in select([task.name]) if one.id == task.name).check()
        return {
            "verdict": found.verdict,
            "measured": found.measured,
            "note": found.note,
        }
    except StopIteration:
        raise TfluckError(f"There is no check {task.name}.") from None


def gathered(paper: Paper, scale: str, root: Path) -> dict[str, Evidence]:
    """Return the evidence that is there, by the ids of claims; nothing is computed.

    Raises:
        Damaged: a run's rows were changed or are lost.
    """
    shelf = Shelf(root)
    return {claim.id: _evidence(claim, paper, scale, shelf) for claim in paper.claims}


def _evidence(claim: Claim, paper: Paper, scale: str, shelf: Shelf) -> Evidence:
    if claim.kind == "runs":
        return shelf.evidence(claim, scale, paper.seeds[scale])
    if claim.kind == "theory":
        return _tried(claim, paper, scale, shelf.root)
    if claim.kind == "computed":
        return _numbers(claim, paper, scale, shelf.root)
    if claim.kind == "study":
        return study_evidence(claim, scale, paper.seeds[scale], shelf.root)
    if claim.kind == "needs data":
        return weights_evidence(claim, shelf.root)
    return Evidence()


def _tried(claim: Claim, paper: Paper, scale: str, root: Path) -> Evidence:
    command = f"tfluck theory check {' '.join(claim.checks)}"
    tried, note = [], ""
    for task in tasks_of(claim, paper, scale):
        found = recall(root, task)
        if found is None:
            return Evidence(note=f"Not tried yet: {task.name}.", command=command)
        tried.append(Tried(task.name, found["verdict"], found["measured"]))
        note = note or str(found["note"])
    return Evidence(tried=tuple(tried), note=note, command=command)


def _numbers(claim: Claim, paper: Paper, scale: str, root: Path) -> Evidence:
    task = tasks_of(claim, paper, scale)[0]
    settings = ", ".join(f"{k} {v}" for k, v in task.arguments.items())
    command = f"{task.name}: {settings}"
    found = recall(root, task)
    if found is None:
        return Evidence(note="Not computed yet.", command=command)
    premise = () if claim.premise is None else (_part(claim.premise, found),)
    changed = claim.scales.get(scale, {})
    said = ", ".join(f"{name} {value}" for name, value in changed.items())
    return Evidence(
        (_part(claim, found),),
        premise=premise,
        note=f"At the scale {scale}: {said}." if said else "",
        sampled=isinstance(found.get(claim.metric), list),
        undecided=float(found.get(claim.open) or 0),
        command=command,
    )


def _part(claim: Claim, found: Mapping[str, Any]) -> Part:
    value = found.get(claim.metric)
    return Part(claim.metric, tuple(value) if isinstance(value, list) else (value,))
