"""One bar over all that is trained, on stderr, and only where a person looks."""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .options import is_quiet, talk
from .summaries import duration

#: Without a bar, a sign of life this often.
QUIET_SECONDS = 10.0
#: Of work from which on its pace is known better than it was estimated.
SOON = 60.0
#: (seed, step, note)
Report = Callable[[int, int, str], None]


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
    try:
        yield _reporter(bar, done, lambda made: made)
    finally:
        bar.close()


def _reporter(
    bar: Any, done: Mapping[int, int], place: Callable[[int], float]
) -> Report:
    """Return what moves ``bar`` to the ``place`` of all steps that are made."""
    at = dict(done)
    said: set[str] = set()
    milestones = _milestones(bar.disable)

    def report(seed: int, step: int, note: str) -> None:
        if note.endswith("."):
            if note not in said:
                said.add(note)
                bar.clear()
                talk(note)
            return
        at[seed] = step
        bar.n = place(sum(at.values()))
        bar.set_postfix_str(
            note if len(at) == 1 else f"seed {seed}: {note}", refresh=False
        )
        bar.refresh()
        milestones(seed, step, note)

    return report


class Whole:
    """One display over many parts, in seconds of work as they were estimated."""

    def __init__(self, bar: Any, seconds: float) -> None:
        self.bar = bar
        self.seconds = seconds
        self.done = 0.0
        self.began = time.monotonic()

    def advance(self, seconds: float) -> None:
        """Count a part as done."""
        self.done = min(self.seconds, self.done + seconds)
        self.bar.n = self.done
        self.bar.refresh()

    @contextmanager
    def part(self, seconds: float, steps: int, done: Mapping[int, int]) -> Any:
        """Yield a ``report`` as :func:`progress_bar` does, for a part of ``seconds``.

        The part is counted as done by :meth:`advance` alone.
        """
        begun = sum(done.values())
        ahead = max(1, steps * len(done) - begun)
        start = self.done
        yield _reporter(
            self.bar, done, lambda made: start + seconds * (made - begun) / ahead
        )
        self.bar.set_postfix_str("", refresh=False)

    def __str__(self) -> str:
        gone = time.monotonic() - self.began
        pace = gone / self.done if self.done > SOON else 1.0
        left = duration(pace * (self.seconds - self.done))
        return f"{self.done / self.seconds:.0%} of the work is done, {left} left"


@contextmanager
def whole_bar(seconds: float) -> Iterator[Whole]:
    """Yield the display of work that takes ``seconds``, as estimated."""
    from tqdm import tqdm

    hidden = is_quiet() or not sys.stderr.isatty()
    with tqdm(
        total=seconds, disable=hidden, dynamic_ncols=True, smoothing=0.02,
        bar_format="{percentage:3.0f} % |{bar}| {elapsed} gone, {remaining} left{postfix}",
    ) as bar:  # fmt: skip
        yield Whole(bar, seconds)


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
