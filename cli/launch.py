"""What stands before a run: its plan, held against this machine, and its folder."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfluck.data import describe
from tfluck.experiment.cost import Plan, plan
from tfluck.experiment.execution import HOW, Execution
from tfluck.experiment.experiment import Experiment
from tfluck.experiment.limits import Machine, excess, this_machine
from tfluck.experiment.presets import load_preset
from tfluck.experiment.scales import DEFAULT_SCALE, configure, configure_pretraining
from tfluck.foundations.errors import BadInput

from .options import click, talk
from .output import emit_json
from .summaries import describe_plan, duration

if TYPE_CHECKING:
    from tfluck.runs import Run

#: From this many seconds on it is worth saying what would take minutes.
LONG = 3600.0


@dataclass(frozen=True)
class Means:
    """Where a run may lie and what it may use.

    Attributes:
        out: folder of runs.
        scale: what was not given was taken from.
        preset: likewise, if any.
        jobs: processes that train at the same time.
        here: students train on this machine, not on a cluster.
        force: try it however large it is.
        given: the settings that were typed.
    """

    out: Path
    scale: str = DEFAULT_SCALE
    preset: str | None = None
    jobs: int = 1
    here: bool = True
    force: bool = False
    given: Mapping[str, Any] = field(default_factory=dict)


def launch(
    experiment: Experiment,
    execution: Execution,
    means: Means,
    name: str | None,
    asked: Mapping[str, Any],
    *,
    fresh: bool,
) -> "Run":
    """Return the run of ``experiment``, refused before any of it exists if it cannot be.

    Args:
        experiment: what to train.
        execution: how.
        means: where, and with what.
        name: of its folder, if one was given.
        asked: the settings that were typed.
        fresh: throw away an earlier run of the same settings.

    Raises:
        TfluckError: the data are not here.
        BadInput: this machine, or a year, will not do; or the folder holds another run.
    """
    from tfluck.runs import find_or_create, find_run

    there = (
        None if fresh else find_run(means.out, experiment, name, seeds=execution.seeds)
    )
    grows = there is not None and len(there.seeds) < execution.seeds
    if there is None or grows or there.status() != "finished":
        experiment.data.source.require(execution.data_dir)
        expected = _expected(experiment, execution, means)
        reason = _excess(expected, execution, means)
        if reason and not means.force:
            raise BadInput(f"{reason} --force tries it all the same.")
        talk(scale_line(experiment, execution, means, expected))
    record = {"preset": means.preset, "scale": means.scale}
    run = find_or_create(
        means.out, experiment, name, execution=execution, fresh=fresh, record=record
    )
    _tell_kept(run, asked, execution)
    return run


def show_plan(
    experiment: Experiment, execution: Execution, means: Means, as_json: bool
) -> None:
    """Print what the run would do and cost, and say so if that is too much."""
    from tfluck.runs.run import settings_of

    expected = _expected(experiment, execution, means)
    if as_json:
        costs = {
            "seconds": expected.seconds,
            "memory_bytes": expected.memory,
            "disk_bytes": expected.disk,
        }
        emit_json(
            {
                "digest": experiment.digest(),
                **settings_of(experiment, execution),
                "plan": costs,
            }
        )
    else:
        click.echo(describe_plan(experiment, execution, expected, means.jobs))
        talk(scale_line(experiment, execution, means, expected))
    if reason := _excess(expected, execution, means):
        talk(reason)


def _expected(experiment: Experiment, execution: Execution, means: Means) -> Plan:
    from tfluck.foundations.runtime import matmul_rate

    return plan(experiment, execution, matmul_rate(), means.jobs)


def _excess(expected: Plan, execution: Execution, means: Means) -> str:
    machine = this_machine(means.out)
    if not means.here:
        machine = Machine(math.inf, machine.disk)
    return excess(expected, machine, min(means.jobs, execution.seeds))


def scale_line(
    experiment: Experiment, execution: Execution, means: Means, expected: Plan
) -> str:
    """Say which scale runs, how long it takes here, and how long another would."""
    said = f"Scale {means.scale}: {duration(expected.seconds)} on this device"
    if means.scale == "smoke":
        return f"{said}."
    other = "laptop" if means.scale == "paper" else "paper"
    if other == "laptop" and expected.seconds < LONG:
        return f"{said}."
    seconds = _expected(*_at(other, experiment, execution, means), means).seconds
    return f"{said}; --scale {other} would take {duration(seconds)}."


def _at(
    scale: str, experiment: Experiment, execution: Execution, means: Means
) -> tuple[Experiment, Execution]:
    """Return what the same command would do at another scale."""
    data = describe(experiment.data.dataset)
    labels = experiment.training.targets == "labels"
    make = configure_pretraining if labels else configure
    preset = load_preset(means.preset).at(scale) if means.preset else {}
    try:
        return make(scale, data=data, **preset | dict(means.given))
    except BadInput:  # what was given need not go with another scale
        return experiment, execution


def _tell_kept(run: "Run", asked: Mapping[str, Any], execution: Execution) -> None:
    """Say it where a run keeps another way of computing than was ``asked`` for now."""
    for name in sorted(HOW):
        kept, wanted = getattr(run.execution, name), getattr(execution, name)
        if asked.get(name) is not None and kept != wanted:
            talk(
                f"{run.layout.root} goes on with {name} {str(kept).lower()}, as it began: "
                f"{str(wanted).lower()} gives other last bits. --fresh starts it anew."
            )
    if len(run.seeds) > execution.seeds:
        talk(f"{run.layout.root} has {len(run.seeds)} students by now; all are shown.")
