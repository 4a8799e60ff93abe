"""Observers that are given from outside: as they are, or as makers of one a student."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from tfluck.foundations.errors import BadInput

if TYPE_CHECKING:
    from tfluck.training.observers import Observer

#: An observer, or what makes one for the student of a seed.
Watcher: TypeAlias = "Observer | Callable[[int], Observer]"


def is_maker(watcher: Watcher) -> bool:
    """Tell whether it makes observers: a class, or what can be called and observes nothing."""
    return isinstance(watcher, type) or (
        callable(watcher) and not hasattr(watcher, "evaluated")
    )


def made(watcher: Watcher, seed: int) -> "Observer":
    """Return the observer of the student ``seed``."""
    maker = cast(Callable[[int], "Observer"], watcher)
    return maker(seed) if is_maker(watcher) else cast("Observer", watcher)


def check_observers(observers: Sequence[Watcher], jobs: int, elsewhere: bool) -> bool:
    """Tell whether students must train in this process, for an observer lives in it.

    Args:
        observers: and makers of some.
        jobs: processes that are asked for.
        elsewhere: students train over an executor that was given.

    Raises:
        BadInput: that is not where they are asked to train, or another process could
            not find a maker.
    """
    alive = [watcher for watcher in observers if not is_maker(watcher)]
    for watcher in alive:
        if not hasattr(watcher, "evaluated"):
            raise BadInput(
                f"{watcher!r:.80} is no observer: derive it from "
                "tfluck.training.observers.Observer."
            )
        if elsewhere or jobs > 1:
            raise BadInput(
                f"The observer {type(watcher).__qualname__} lives in this process, and "
                "students shall train in others: give its class, or a function of the "
                "seed that makes it, or leave out jobs and executor."
            )
    for watcher in observers:
        if not alive and (elsewhere or jobs > 1) and "<" in _name(watcher):
            raise BadInput(
                f"The maker of observers {_name(watcher)} cannot be found by another "
                "process: define it at the top of a module, or leave out jobs and "
                "executor."
            )
    return bool(alive)


def _name(maker: Any) -> str:
    while isinstance(maker, partial):
        maker = maker.func
    return str(getattr(maker, "__qualname__", type(maker).__qualname__))
