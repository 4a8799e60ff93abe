"""Readers of other people's weight files: tensors by name, and nothing is executed."""

from tfluck.weightfiles.keras_graph import Role, roles
from tfluck.weightfiles.norms import NormLayer, batch_norms
from tfluck.weightfiles.opening import open_stream, open_tensors, read_tensors
from tfluck.weightfiles.ranged import RangedFile
from tfluck.weightfiles.tensors import Refused, TensorFile, Unreachable

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
