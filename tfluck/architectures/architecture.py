"""What an architecture says of itself; everything else follows from its graph."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tfluck.architectures.graph import Draft

Settings = dict[str, Any]


@dataclass(frozen=True)
class Architecture:
    """One way to stack layers.

    Attributes:
        name: as ``--arch`` takes it.
        draw: puts the hidden layers of the given widths on a draft.
        help: a few words.
        images: whether it reads images; otherwise they are flattened.
        defaults: settings of the paper's size.
        scales: settings that a smaller scale puts in their place.
        few_samples: settings for labelled sets of few samples.
        few_pixels: the same for tiny images, if others are needed.
    """

    name: str
    draw: Callable[[Draft, tuple[int, ...]], None]
    help: str
    images: bool = False
    defaults: Settings = field(default_factory=dict)
    scales: Mapping[str, Settings] = field(default_factory=dict)
    few_samples: Settings = field(default_factory=dict)
    few_pixels: Settings = field(default_factory=dict)
