"""What functions hand out does not change under anybody's hands."""

import dataclasses
import importlib
import pkgutil
from collections.abc import Iterator

import pytest

from tfluck.weightfiles.keras_graph import _Graph

ROOMS = ("analysis", "architectures", "foundations", "runs", "theory", "weightfiles")
#: Built in steps, inside one module.
GROWING = {_Graph}


def values(room: str) -> Iterator[type]:
    package = importlib.import_module(f"tfluck.{room}")
    names = [package.__name__]
    names += [
        found.name for found in pkgutil.walk_packages(package.__path__, f"{names[0]}.")
    ]
    for name in names:
        for kind in vars(importlib.import_module(name)).values():
            ours = isinstance(kind, type) and dataclasses.is_dataclass(kind)
            if ours and kind.__module__ == name:
                yield kind


@pytest.mark.parametrize("room", ROOMS)
def test_values_are_frozen(room: str) -> None:
    found = set(values(room)) - GROWING
    assert found or room == "foundations"
    soft = {kind.__name__ for kind in found if not kind.__dataclass_params__.frozen}  # type: ignore[attr-defined]
    assert not soft
