"""Readers of other people's weight files: tensors by name, and nothing is executed."""

from tfluck.foreign.batch_norm import NormLayer, batch_norms
from tfluck.foreign.keras_graph import Role, roles
from tfluck.foreign.opening import open_stream, open_tensors, read_tensors
from tfluck.foreign.ranged import RangedFile
from tfluck.foreign.tensors import Refused, TensorFile, Unreachable

__all__ = [
    "NormLayer",
    "RangedFile",
    "Refused",
    "Role",
    "TensorFile",
    "Unreachable",
    "batch_norms",
    "open_stream",
    "open_tensors",
    "read_tensors",
    "roles",
]
