"""The sources of inputs, one file each, by name in
:data:`tfluck.experiment.sources.SOURCES`.

A new one is a file like ``uniform.py`` (a law, given as a pure function of random bits)
or ``digits.py`` (a labelled set, given as arrays) and a line in that table; in a plugin,
a call of ``SOURCES.register(name, source)``. Command line, settings, streams, list and
checks find it there.
"""

from tfluck.data.sources.arrays import Arrays
from tfluck.data.sources.labelled import LabelledSet
from tfluck.data.sources.law import Law, Parameter
from tfluck.experiment.sources import SOURCES, Source, find_source

__all__ = [
    "SOURCES",
    "Arrays",
    "LabelledSet",
    "Law",
    "Parameter",
    "Source",
    "find_source",
]
