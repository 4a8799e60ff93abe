"""Every statement of paper 1, tried on an instance made for it.

Modules register their claims when they are imported.
"""

from tfluck.theory.checks import (
    gradients,
    normalization,
    overlaps,
    recovering,
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
    "claims",
    "gradients",
    "normalization",
    "overlaps",
    "recovering",
    "run",
    "select",
]
