"""What stands before a run: its plan, held against this machine, and its folder."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfluck.data import describe
from tfluck.experiment.config import HOW, RunConfig
from tfluck.experiment.cost import Plan, plan
from tfluck.experiment.limits import Machine, excess, this_machine
from tfluck.experiment.presets import load_preset
from tfluck.experiment.scales import make_config
from tfluck.foundations.errors import BadInput
from tfluck.runs import Run, find_or_create, find_run

from .options import click, talk
from .output import emit_json
from .report import describe_plan, duration

#: A plan above this many seconds is worth a warning.
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
    """

    out: Path
    scale: str = "paper"
    preset: str | None = None
    jobs: int = 1
    here: bool = True
    force: bool = False


def launch(
    config: RunConfig,
    means: Means,
    name: str | None,
    asked: Mapping[str, Any],
    *,
    fresh: bool,
) -> Run:
    """Return the run of ``config``, refused before any of it exists if it cannot be done.

    Args:
        config: what to train.
        means: where, and with what.
        name: of its folder, if one was given.
        asked: the settings that were typed.
        fresh: throw away an earlier run of the same settings.

    Raises:
        TfluckError: the data are not here.
        BadInput: this machine, or a year, will not do; or the folder holds another run.
    """
    there = None if fresh else find_run(means.out, config, name)
    if there is None or there.status() != "finished":
        config.source.require(config.data_dir)
        expected = _expected(config, means)
        reason = _excess(expected, config, means)
        if reason and not means.force:
            raise BadInput(f"{reason} --force tries it all the same.")
        _warn_if_long(expected, config, means)
    record = {"preset": means.preset, "scale": means.scale}
    run = find_or_create(means.out, config, name, fresh=fresh, record=record)
    _tell_kept(run, asked, config)
    return run


def show_plan(config: RunConfig, means: Means, as_json: bool) -> None:
    """Print what the run would do and cost, and say so if that is too much."""
    expected = _expected(config, means)
    if as_json:
        costs = {
            "seconds": expected.seconds,
            "memory_bytes": expected.memory,
            "disk_bytes": expected.disk,
        }
        digest = config.digest()
        emit_json({"digest": digest, "config": config.to_dict(), "plan": costs})
    else:
        click.echo(describe_plan(config, expected, means.jobs))
    if reason := _excess(expected, config, means):
        talk(reason)


def _expected(config: RunConfig, means: Means) -> Plan:
    from tfluck.foundations.runtime import matmul_rate

    return plan(config, matmul_rate(), means.jobs)


def _excess(expected: Plan, config: RunConfig, means: Means) -> str:
    machine = this_machine(means.out)
    if not means.here:
        machine = Machine(math.inf, machine.disk)
    return excess(expected, machine, min(means.jobs, config.seeds))


def _warn_if_long(expected: Plan, config: RunConfig, means: Means) -> None:
    """Say so when the run needs more than an hour, and what would take minutes."""
    if expected.seconds <= LONG:
        return
    hint = ""
    if means.scale == "paper":
        short = _expected(_shorter(config, means.preset), means).seconds
        hint = f"; --scale laptop would take {duration(short)}"
    said = duration(expected.seconds)
    talk(f"This run will take {said} on this device{hint}. It starts now.")


def _shorter(config: RunConfig, preset: str | None) -> RunConfig:
    """Return about what ``--scale laptop`` would make of ``config``."""
    settings = load_preset(preset).at("laptop") if preset else {"arch": config.arch}
    data = describe(config.dataset)
    return make_config("laptop", data=data, **settings | {"dataset": config.dataset})


def _tell_kept(run: Run, asked: Mapping[str, Any], config: RunConfig) -> None:
    """Say it where a run keeps another way of computing than was ``asked`` for now."""
    for name in sorted(HOW):
        kept, wanted = getattr(run.config, name), getattr(config, name)
        if asked.get(name) is not None and kept != wanted:
            talk(
                f"{run.layout.root} goes on with {name} {str(kept).lower()}, as it began: "
                f"{str(wanted).lower()} gives other last bits. --fresh starts it anew."
            )
