"""Instruments: what a run, two networks or a training at work shows, node by node.

An instrument is one object; see :class:`~tfluck.instruments.instrument.Instrument`. The
command ``tfluck analyze NAME RUN``, :func:`tfluck.analyze`, a training that watches and
:class:`tfluck.NodeWatcher` all use the same one. A new instrument is a file like
``rank.py`` and a line below, or a plugin that calls ``INSTRUMENTS.register``.
"""

from typing import Any

from tfluck.foundations.registry import Registry
from tfluck.instruments.instrument import Finding, Instrument, Layers, Option

#: Name → where it is below this package, and a line of help that costs no import.
_OWN = {
    "correlation": (
        "correlation:Correlation",
        "Which student matches which teacher node.",
    ),
    "rank": ("rank:Rank", "Where the winners stood before they had won."),
    "modulation": (
        "modulation:Modulation",
        "β*, H*, β, H: who corrects whom, top down.",
    ),
    "overlap": ("overlap:Overlap", "How much activation regions overlap; K_d, K_l."),
    "weights": ("weights:Weights", "Fan-in, fan-out, and the L shape."),
}
#: By name; a class stands for the instrument that it makes without arguments.
INSTRUMENTS: Registry[Any] = Registry(
    "instrument", {name: f"{__name__}.{place}" for name, (place, _) in _OWN.items()}
)

__all__ = [
    "INSTRUMENTS",
    "Finding",
    "Instrument",
    "Layers",
    "Option",
    "find_instrument",
    "help_of",
]


def find_instrument(name: "str | Instrument") -> Instrument:
    """Return the instrument called ``name``; one that is given is returned.

    Raises:
        BadInput: there is none.
    """
    if isinstance(name, Instrument):
        return name
    found = INSTRUMENTS.find(name)
    made: Instrument = found() if isinstance(found, type) else found
    return made


def help_of(name: str) -> str:
    """Return the instrument's help in one line; ours are not imported for it."""
    if name in _OWN:
        return _OWN[name][1]
    return find_instrument(name).help.partition("\n")[0]
