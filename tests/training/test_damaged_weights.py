"""A damaged file of Keras weights is told by its name, whatever broke in it."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tfluck.foundations.errors import Damaged


@pytest.fixture
def weights(tf: Any, tmp_path: Path) -> Path:
    path = tmp_path / "teacher.weights.h5"
    network().save_weights(path)
    return path


def network() -> Any:
    from tfluck.networks import Network

    return Network("fc", (4,), (3, 5), 2).build(lambda name, fan_in: {}, "teacher")


def load(path: Path) -> Any:
    from tfluck.training.teachers import load_weights

    model = network()
    load_weights(model, path, sealed=False)
    return model


def test_damage_in_the_heap_of_names_is_told_by_the_file(weights: Path) -> None:
    """Sixteen bytes at a time, over every table of names and what follows it."""
    whole = weights.read_bytes()
    places = [
        i
        for i in range(0, len(whole), 8)
        if whole[i : i + 4] in (b"HEAP", b"TREE", b"SNOD")
    ]
    refused = 0
    for place in places[:: max(1, len(places) // 12)]:
        for shift in (4, 16):
            raw = bytearray(whole)
            raw[place + shift : place + shift + 12] = b"\xff" * 12
            weights.write_bytes(raw)
            try:
                load(weights)
            except Damaged as error:
                assert str(weights) in str(error)
                refused += 1
    assert refused > 5


def test_weights_that_are_not_finite_are_told_by_the_file(weights: Path) -> None:
    with h5py.File(weights, "a") as file:
        found: list[Any] = []
        file.visititems(lambda _, item: found.append(item))
        target = next(item for item in found if isinstance(item, h5py.Dataset))
        target[...] = np.nan
    with pytest.raises(Damaged, match=r"teacher\.weights\.h5 .* not finite"):
        load(weights)
