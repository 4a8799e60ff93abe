"""A bar for work whose length is known, on stderr, and only where a person looks."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .options import is_quiet


@contextmanager
def bar(total: int | None, unit: str) -> Iterator[Callable[[int], object]]:
    """Yield an ``advance(count)`` that moves the bar; ``total`` None means unknown."""
    from tqdm import tqdm

    hidden = is_quiet() or not sys.stderr.isatty()
    with tqdm(total=total, unit=unit, disable=hidden, dynamic_ncols=True) as shown:
        yield shown.update
