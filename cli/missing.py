"""Make the evidence that claims ask for and that is not there, and show how far it is."""

from pathlib import Path
from typing import TYPE_CHECKING

from tfluck.experiment.wording import counted

from .bar import bar
from .options import is_verbose, talk
from .progress import progress_bar

if TYPE_CHECKING:
    from tfluck.papers.gathering import Plan
    from tfluck.runs import Run


def make_missing(todo: "Plan", out: Path, jobs: int) -> None:
    """Compute and train what ``todo`` names; what is done stays when interrupted."""
    if not todo.runs and not todo.tasks:
        return
    from tfluck.papers.gathering import carry_out

    runs, tasks = len(todo.runs), len(todo.tasks)
    talk(f"To be made: {counted(tasks, 'computation')}, {counted(runs, 'run')}.")

    def train(run: "Run") -> None:
        from tfluck.sweeps import train_run

        steps = run.experiment.training.steps
        talk(f"{run.layout.root}: {len(run.seeds)} × {steps} steps")
        done = {seed: int(run.seed_status(seed).get("step", 0)) for seed in run.seeds}
        with progress_bar(steps, done) as report:
            train_run(run, report, jobs=jobs, quiet=not is_verbose())

    with bar(len(todo.tasks) + len(todo.runs), " parts") as advance:
        carry_out(todo, out, train, jobs, talk, advance)
