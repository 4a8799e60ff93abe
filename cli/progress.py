"""One bar over all steps of all seeds, on stderr, and only where a person looks."""

import sys
import time
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from typing import Any

from .options import is_quiet, talk

#: Without a bar, a sign of life this often.
QUIET_SECONDS = 10.0


@contextmanager
def progress_bar(steps: int, done: Mapping[int, int]) -> Any:
    """Yield a ``report(seed, step, note)`` that moves the bar.

    ``steps`` belong to one seed, and ``done`` says how many each has made already: the
    time left counts those to come only. A note that ends in a full stop is a sentence
    for the user and is printed above the bar.
    """
    from tqdm import tqdm

    hidden = is_quiet() or not sys.stderr.isatty()
    bar = tqdm(
        total=steps * len(done),
        initial=sum(done.values()),
        unit="step",
        disable=hidden,
        dynamic_ncols=True,
    )
    at = dict(done)
    said: set[str] = set()
    milestones = _milestones(hidden)

    def report(seed: int, step: int, note: str) -> None:
        if note.endswith("."):
            if note not in said:
                said.add(note)
                bar.clear()
                talk(note)
            return
        at[seed] = step
        bar.n = sum(at.values())
        bar.set_postfix_str(
            note if len(at) == 1 else f"seed {seed}: {note}", refresh=False
        )
        bar.refresh()
        milestones(seed, step, note)

    try:
        yield report
    finally:
        bar.close()


def _milestones(hidden: bool) -> Callable[[int, int, str], None]:
    """Where there is no bar, say a line at each finished evaluation and now and then."""
    last: dict[int, str] = {}
    said_at = time.monotonic()

    def tell(seed: int, step: int, note: str) -> None:
        nonlocal said_at
        looked = note.startswith(("ρ̄", "accuracy"))
        due = looked or time.monotonic() - said_at > QUIET_SECONDS
        if hidden and due and note and last.get(seed) != note:
            last[seed] = note
            said_at = time.monotonic()
            talk(f"seed {seed}  step {step:>7}  {note}")

    return tell
