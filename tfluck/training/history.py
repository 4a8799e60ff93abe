"""What a student was computed with so far: noted, and told where it changes."""

from tfluck.foundations.environment import follow, moves, surroundings
from tfluck.foundations.runtime import threads_here
from tfluck.runs import Run, Status
from tfluck.training.checkpoint import Progress


def note_surroundings(run: Run, progress: Progress, status: Status) -> str | None:
    """Note what this process computes with; return a sentence where that has changed."""
    history, step = progress.history, progress.step
    if step and not history:  # an old run wrote down no more than this
        history.append({"step": 0} | dict(run.manifest.get("packages", {})))
    now = surroundings(threads_here(), run.execution.jit)
    changed = follow(history, now, step)
    status.moves = moves(history)
    if not changed:
        return None
    return (
        f"From step {step} on this run is computed otherwise than before "
        f"({'; '.join(changed)}): its last bits may differ from those of a run that "
        "stayed where it was."
    )
