"""Every statement of paper 1, tried on an instance made for it.

Modules register their claims when they are imported.
"""

from tfluck.theory.checks import (
    bounds,
    gradients,
    matrices,
    normalization,
    overlaps,
    overparameterized,
    promises,
    recovering,
    suppressing,
)
from tfluck.theory.checks.registry import (
    STATEMENTS,
    Check,
    Claim,
    claims,
    run,
    select,
)

__all__ = [
    "STATEMENTS",
    "Check",
    "Claim",
    "bounds",
    "claims",
    "gradients",
    "matrices",
    "normalization",
    "overlaps",
    "overparameterized",
    "promises",
    "recovering",
    "run",
    "select",
    "suppressing",
]
