"""Keep the BatchNorm tensors of a remote file, so that the next look needs no network.

One npz of about 70 kB a network, in ``$XDG_CACHE_HOME/tfluck/bn-bias`` (by default
``~/.cache/tfluck/bn-bias``): the vectors of every layer, and under ``about`` a JSON
text with the source, its ETag, the day it was read, and each layer's name and role.
"""

import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tfluck.foundations.errors import BadInput
from tfluck.foundations.files import make_directory, to_json, write_atomic
from tfluck.weightfiles.keras_graph import Role
from tfluck.weightfiles.norms import NormLayer
from tfluck.weightfiles.npz import Arrays, open_npz
from tfluck.weightfiles.tensors import Refused

_VECTORS = ("shift", "scale", "mean", "variance")


def cache_folder() -> Path:
    """Return the folder for what can be fetched again."""
    root = os.environ.get("XDG_CACHE_HOME")
    return (Path(root) if root else Path.home() / ".cache") / "tfluck" / "bn-bias"


def kept_path(name: str, url: str) -> Path:
    """Return where the tensors of network ``name`` from ``url`` are kept."""
    digest = hashlib.sha256(url.encode()).hexdigest()[:12]
    return cache_folder() / f"{re.sub(r'[^A-Za-z0-9_.-]', '_', name)}-{digest}.npz"


def keep(path: Path, layers: Sequence[NormLayer], about: Mapping[str, Any]) -> None:
    """Write ``layers`` and what is known ``about`` their source to ``path``."""
    arrays: dict[str, Any] = {}
    rows = []
    for index, layer in enumerate(layers):
        rows.append({"name": layer.name} | vars(layer.role))
        for field in _VECTORS:
            value = getattr(layer, field)
            if value is not None:
                arrays[f"{index}/{field}"] = value.astype(np.float32)
    arrays["about"] = np.array(to_json(dict(about) | {"layers": rows}))
    make_directory(path.parent)
    write_atomic(path, lambda stream: np.savez_compressed(stream, **arrays))


def kept(path: Path) -> tuple[tuple[NormLayer, ...], dict[str, Any]] | None:
    """Read what :func:`keep` wrote, or None if there is nothing whole."""
    try:
        with open_npz(path) as arrays:
            about = json.loads(str(arrays.read("about")))
            layers = tuple(
                _layer(arrays, index, row) for index, row in enumerate(about["layers"])
            )
    except (BadInput, ValueError, KeyError, TypeError, RecursionError, Refused):
        return None
    return layers, about


def _layer(arrays: Arrays, index: int, row: Mapping[str, str]) -> NormLayer:
    vectors: dict[str, Any] = {
        field: arrays.read(f"{index}/{field}").astype(np.float64)
        if f"{index}/{field}" in arrays.headers
        else None
        for field in _VECTORS
    }
    return NormLayer(
        name=row["name"], role=Role(row["consumer"], row["order"]), **vectors
    )
