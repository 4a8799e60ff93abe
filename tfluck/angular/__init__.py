"""Angular-distance functions: determinants with certified signs, and what follows.

NumPy, SciPy and ball arithmetic (python-flint); never TensorFlow.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .asking import FORMS
    from .branch import propose
    from .certificate import Certificate, load, save, verify
    from .functions import AngularFunction, CosineSeries, Smoothness
    from .grid import surface
    from .matrices import antipodal_pairs, associated, determinants_by_definition
    from .naming import named, parse
    from .phase import phase_diagram
    from .sampling import sample
    from .search import hunt
    from .signs import certified_signs
    from .spectrum import spectrum_of
    from .verdicts import Check, check

__all__ = [
    "FORMS",
    "AngularFunction",
    "Certificate",
    "Check",
    "CosineSeries",
    "Smoothness",
    "antipodal_pairs",
    "associated",
    "certified_signs",
    "check",
    "determinants_by_definition",
    "hunt",
    "load",
    "named",
    "parse",
    "phase_diagram",
    "propose",
    "sample",
    "save",
    "spectrum_of",
    "surface",
    "verify",
]

#: A command that asks one question imports what answers it, and nothing else.
_HOMES = {
    "AngularFunction": "functions",
    "Certificate": "certificate",
    "Check": "verdicts",
    "CosineSeries": "functions",
    "FORMS": "asking",
    "Smoothness": "functions",
    "antipodal_pairs": "matrices",
    "associated": "matrices",
    "certified_signs": "signs",
    "check": "verdicts",
    "determinants_by_definition": "matrices",
    "hunt": "search",
    "load": "certificate",
    "named": "naming",
    "parse": "naming",
    "phase_diagram": "phase",
    "propose": "branch",
    "sample": "sampling",
    "save": "certificate",
    "spectrum_of": "spectrum",
    "surface": "grid",
    "verify": "certificate",
}


def __getattr__(name: str) -> Any:
    """Import the room of ``name`` when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value
