"""Teachers and students as Keras functional models."""

from tfluck.models.batch_norm import BatchNorm
from tfluck.models.network import Network, linear_layers
from tfluck.models.student import build_student
from tfluck.models.teacher import build_teacher, normalize_rows, normalized

__all__ = [
    "BatchNorm",
    "Network",
    "build_student",
    "build_teacher",
    "linear_layers",
    "normalize_rows",
    "normalized",
]
