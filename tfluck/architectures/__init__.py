"""The architectures by name, and the graph that each of them draws.

A new one is a file like ``fc.py`` and a line in :data:`ARCHITECTURES`, or a plugin that
registers it there.
"""

from functools import lru_cache

from tfluck.architectures.architecture import Architecture
from tfluck.architectures.cnn import CNN
from tfluck.architectures.fc import FC
from tfluck.architectures.graph import BatchNormPlace, Draft, Graph, Vertex
from tfluck.architectures.mixed import MIXED
from tfluck.architectures.resnet import RESNET, RESNET_CONV
from tfluck.foundations.registry import Registry

ARCHITECTURES: Registry[Architecture] = Registry(
    "architecture", {a.name: a for a in (FC, CNN, RESNET, RESNET_CONV, MIXED)}
)

__all__ = [
    "ARCHITECTURES",
    "Architecture",
    "BatchNormPlace",
    "Draft",
    "Graph",
    "Vertex",
    "draw",
]


@lru_cache(maxsize=64)
def draw(
    arch: str,
    input_shape: tuple[int, ...],
    widths: tuple[int, ...],
    outputs: int,
    batch_norm: BatchNormPlace = "none",
) -> Graph:
    """Return the graph of a network.

    Args:
        arch: a name in :data:`ARCHITECTURES`.
        input_shape: ``(features,)`` or ``(height, width, channels)``.
        widths: nodes (channels) of each hidden layer, the lowest first.
        outputs: nodes of the linear output layer.
        batch_norm: where BatchNorm stands.

    Raises:
        BadInput: the architecture has no such net.
    """
    draft = Draft(input_shape, batch_norm)
    ARCHITECTURES[arch].draw(draft, widths)
    return draft.finish(outputs)
