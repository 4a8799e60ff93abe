"""Runs in one line: what is to be done and how, as ``configure`` gives both."""

from pathlib import Path
from typing import Any

from tfluck.experiment.execution import Execution
from tfluck.experiment.experiment import Experiment
from tfluck.runs import Run, find_or_create

#: What ``configure`` returns.
Pair = tuple[Experiment, Execution]


def make(root: Path, pair: Pair, name: str | None = None, **more: Any) -> Run:
    """Find or make the run of an experiment and its execution."""
    experiment, execution = pair
    return find_or_create(root, experiment, name, execution=execution, **more)
