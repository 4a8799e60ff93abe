"""Two-layer teachers and students with the exact population loss. NumPy and SciPy only."""

from .descent import Descent, Snapshot, descend, initial_students, measure
from .flow import Flow, descend_as_flow, flow, slacks
from .forced import is_alignment_forced, polar, spread_teachers
from .inequality import Trial, challenge
from .loss import Gradient, population_gradient, population_loss, sampled_gradient
from .several import bisector, survival
from .stationary import CriticalPoint, Survey, classify, survey
from .theorem import Balance, balance, gap_function

__all__ = [
    "Balance",
    "CriticalPoint",
    "Descent",
    "Flow",
    "Gradient",
    "Snapshot",
    "Survey",
    "Trial",
    "balance",
    "bisector",
    "challenge",
    "classify",
    "descend",
    "descend_as_flow",
    "flow",
    "gap_function",
    "initial_students",
    "is_alignment_forced",
    "measure",
    "polar",
    "population_gradient",
    "population_loss",
    "sampled_gradient",
    "slacks",
    "spread_teachers",
    "survey",
    "survival",
]
