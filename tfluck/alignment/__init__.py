"""Two-layer teachers and students with the exact population loss. NumPy and SciPy only."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .descent import Descent, Snapshot, descend, initial_students, measure
    from .forced import is_alignment_forced, polar, spread_teachers
    from .gradient_flow import Flow, descend_as_flow, flow, slacks
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

#: A command that asks one question imports what answers it, and nothing else.
_HOMES = {
    "Balance": "theorem",
    "CriticalPoint": "stationary",
    "Descent": "descent",
    "Flow": "gradient_flow",
    "Gradient": "loss",
    "Snapshot": "descent",
    "Survey": "stationary",
    "Trial": "inequality",
    "balance": "theorem",
    "bisector": "several",
    "challenge": "inequality",
    "classify": "stationary",
    "descend": "descent",
    "descend_as_flow": "gradient_flow",
    "flow": "gradient_flow",
    "gap_function": "theorem",
    "initial_students": "descent",
    "is_alignment_forced": "forced",
    "measure": "descent",
    "polar": "forced",
    "population_gradient": "loss",
    "population_loss": "loss",
    "sampled_gradient": "loss",
    "slacks": "gradient_flow",
    "spread_teachers": "forced",
    "survey": "stationary",
    "survival": "several",
}


def __getattr__(name: str) -> Any:
    """Import the room of ``name`` when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value
