"""Where inputs come from: endless streams of laws, and labelled image sets.

Importing this package costs nothing; NumPy and TensorFlow come with what needs them.
"""

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfluck.experiment.sources import find_source

if TYPE_CHECKING:
    from tfluck.data.batches import ImageStream, Stream
    from tfluck.data.endless import stream
    from tfluck.data.images import ImageSet
    from tfluck.data.stateless import gaussian_batches
    from tfluck.data.training_data import open_stream

#: Public name → its module, imported on first use.
_LATER = {
    "ImageSet": "tfluck.data.images",
    "ImageStream": "tfluck.data.batches",
    "Stream": "tfluck.data.batches",
    "gaussian_batches": "tfluck.data.stateless",
    "open_stream": "tfluck.data.training_data",
    "stream": "tfluck.data.endless",
}

__all__ = [
    "ImageSet",
    "ImageStream",
    "Stream",
    "describe",
    "gaussian_batches",
    "load_images",
    "open_stream",
    "stream",
]


def describe(source: str) -> dict[str, Any]:
    """Return what ``source`` decides of a run's settings; {} for a law of inputs.

    Published sets need not be there for this.

    Returns:
        ``sample_shape, outputs, samples, eval_samples, augment, data_digest``.

    Raises:
        BadInput: the source is unknown, or its file does not fit.
    """
    return find_source(source).describe()


def load_images(
    source: str, data_dir: Path | None = None, digest: str = ""
) -> "ImageSet":
    """Read a labelled set; nothing is ever fetched.

    Args:
        source: as ``cifar10``, ``digits`` or ``npz:PATH``.
        data_dir: where published sets lie; TFDS's own directory if not given.
        digest: of its file when the run began; "" asks for none.

    Raises:
        BadInput: the set is unknown, or its file does not fit or has changed.
        TfluckError: the set is not there; the message says how to get it.
    """
    found: ImageSet = find_source(source).load(data_dir, digest)
    return found


def __getattr__(name: str) -> object:
    if name in _LATER:
        return getattr(importlib.import_module(_LATER[name]), name)
    raise AttributeError(f"module 'tfluck.data' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
