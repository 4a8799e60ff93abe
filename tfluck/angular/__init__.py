"""Angular-distance functions: determinants with certified signs, and what follows.

NumPy, SciPy and ball arithmetic (python-flint); never TensorFlow.
"""

from .branch import propose
from .certificate import Certificate, load, save, verify
from .functions import AngularFunction, CosineSeries, Smoothness
from .matrices import antipodal_pairs, associated, determinants_by_definition
from .naming import FORMS, named, parse
from .phase import phase_diagram
from .sampling import sample
from .search import hunt
from .signs import certified_signs
from .spectrum import spectrum_of
from .surface import surface
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
