"""Published VGG-BN weights: where they lie, and how to bring them by hand."""

import os
from collections.abc import Iterator
from pathlib import Path

from tfluck.foundations.errors import BadInput
from tfluck.zoo.applications import (
    APPLICATIONS,
    LAYER_NORM,
    PLAIN,
    downloaded,
    keras_folder,
)
from tfluck.zoo.vgg import VGG_BN

_TORCH = "https://download.pytorch.org/models"
_HUB = "https://huggingface.co/timm"
#: Name → published files of the same weights, in the order they are asked for. The
#: eight digits in a name begin the file's SHA-256; the mirrors are pinned revisions.
PUBLISHED: dict[str, tuple[str, ...]] = {
    "vgg11_bn": (
        f"{_TORCH}/vgg11_bn-6002323d.pth",
        f"{_HUB}/vgg11_bn.tv_in1k/resolve/"
        "1eb350bbb712e01a71a259d3296ac996539a9f0e/model.safetensors",
    ),
    "vgg13_bn": (f"{_TORCH}/vgg13_bn-abd245e5.pth",),
    "vgg16_bn": (
        f"{_TORCH}/vgg16_bn-6c64b313.pth",
        f"{_HUB}/vgg16_bn.tv_in1k/resolve/"
        "e00c01e7cee168262dcba6428dc4a8f41e27e965/model.safetensors",
    ),
    "vgg19_bn": (f"{_TORCH}/vgg19_bn-c79401a0.pth",),
}
_MEBIBYTES = {"vgg11_bn": 507, "vgg13_bn": 508, "vgg16_bn": 528, "vgg19_bn": 548}


def network_names() -> tuple[str, ...]:
    """Return every name a network can be asked for by."""
    return (*VGG_BN, *APPLICATIONS)


def network_name(text: str) -> str:
    """Return the exact name of the network ``text``, whatever its capitals.

    Raises:
        BadInput: there is none of that name, or it has no bias of this kind.
    """
    known = {name.lower(): name for name in (*network_names(), *LAYER_NORM)}
    name = known.get(text.lower())
    if name is None:
        raise BadInput(
            f"There is no network '{text}'; expected one of "
            f"{', '.join(network_names())}, or all."
        )
    if name in LAYER_NORM:
        raise BadInput(f"{name} normalises by LayerNorm; it has no BatchNorm bias.")
    return name


def at_hand() -> list[str]:
    """Return the VGGs with BatchNorm, and what else has its weights on this disk.

    Networks without BatchNorm are left out.
    """
    others = [name for name in APPLICATIONS if name not in PLAIN and downloaded(name)]
    return [*VGG_BN, *others]


def torch_folder() -> Path:
    """Return where PyTorch keeps downloaded weights."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("TORCH_HOME") or cache / "torch") / "hub" / "checkpoints"


def sources(name: str) -> Iterator[str]:
    """Yield where the weights of ``name`` may lie: on this disk first, then the web."""
    if name in APPLICATIONS:
        local = downloaded(name)
        urls: tuple[str, ...] = (APPLICATIONS[name],)
    else:
        local = torch_folder() / PUBLISHED[name][0].rsplit("/", 1)[1]
        urls = PUBLISHED[name]
    if local is not None and local.is_file():
        yield str(local)
    yield from urls


def how_to_bring(name: str) -> str:
    """Say how to bring the file of ``name`` by hand; its address was said before."""
    if name in APPLICATIONS:
        return (
            "Fetch that file on a machine with a network and give it with "
            f"--model {name} --weights FILE, or put it into {keras_folder()}."
        )
    url = PUBLISHED[name][0]
    digits = url.removesuffix(".pth").rsplit("-", 1)[1]
    return (
        f"Fetch that file (about {_MEBIBYTES[name]} MiB, SHA-256 beginning {digits}) "
        f"on a machine with a network and give it with --model {name} --weights FILE, "
        f"or put it into {torch_folder()}."
    )
