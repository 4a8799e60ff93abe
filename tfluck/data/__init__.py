"""Where inputs come from: endless Gaussian streams, and labelled image sets.

Importing this package costs nothing; TensorFlow comes with the streams.
"""

import importlib

from tfluck.data.images import ImageSet
from tfluck.data.registry import DATASETS, describe, load_images

#: Public name → its module, imported on first use because it imports TensorFlow.
_STREAMS = {
    "ImageStream": "tfluck.data.stream",
    "Stream": "tfluck.data.gaussian",
    "gaussian_batches": "tfluck.data.gaussian",
    "open_stream": "tfluck.data.stream",
}

__all__ = [
    "DATASETS",
    "ImageSet",
    "ImageStream",
    "Stream",
    "describe",
    "gaussian_batches",
    "load_images",
    "open_stream",
]


def __getattr__(name: str) -> object:
    if name in _STREAMS:
        return getattr(importlib.import_module(_STREAMS[name]), name)
    raise AttributeError(f"module 'tfluck.data' has no attribute {name!r}")
