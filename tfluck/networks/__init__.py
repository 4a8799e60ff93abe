"""Teachers and students as Keras functional models.

The names are imported when first used: what knows only addresses or shapes of networks
lives here too, and must not wait for TensorFlow.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tfluck.networks.network import Network, linear_layers
    from tfluck.networks.normalization import BatchNorm
    from tfluck.networks.student import build_student, restart_student
    from tfluck.networks.teacher import build_teacher, normalize_rows, normalized

__all__ = [
    "BatchNorm",
    "Network",
    "build_student",
    "build_teacher",
    "linear_layers",
    "normalize_rows",
    "normalized",
    "restart_student",
]

_HOMES = {
    "BatchNorm": "normalization",
    "Network": "network",
    "linear_layers": "network",
    "build_student": "student",
    "restart_student": "student",
    "build_teacher": "teacher",
    "normalize_rows": "teacher",
    "normalized": "teacher",
}


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
