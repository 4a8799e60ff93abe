"""Files, seeds and presets: what everything else stands on."""

import json
import math
import os
import resource
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfluck.data import describe
from tfluck.experiment.presets import load_preset, presets
from tfluck.experiment.scales import SCALES, configure
from tfluck.foundations.errors import BadInput, TfluckError
from tfluck.foundations.files import (
    finite,
    make_directory,
    to_json,
    write_arrays,
    write_atomic,
    write_json,
)
from tfluck.foundations.seeds import child, generator

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(values)
def test_json_never_holds_nan(value: object) -> None:
    text = to_json(value)
    assert json.loads(text, parse_constant=lambda name: pytest.fail(name)) == finite(
        value
    )


def test_numpy_numbers_become_json() -> None:
    text = to_json(
        {"a": np.float32(0.5), "b": np.array([1.0, math.nan]), "c": np.int64(3)}
    )
    assert json.loads(text) == {"a": 0.5, "b": [1.0, None], "c": 3}


def test_a_failed_write_leaves_the_old_bytes_and_no_litter(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fail(stream: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(TfluckError, match="No space left"):
        write_atomic(path, fail)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.fixture
def little_room() -> Iterator[None]:
    """The system refuses to let any file of ours grow beyond 64 bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    deaf = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, deaf)


@pytest.mark.parametrize("size", [400, 40_000])
def test_a_file_that_cannot_grow_is_a_sentence_and_the_old_one_stays(
    tmp_path: Path, little_room: None, size: int
) -> None:
    """Whether a write fails or only the flush of what was buffered."""
    write_json(tmp_path / "x.json", {})
    for write in (
        lambda: write_json(tmp_path / "x.json", ["x" * size]),
        lambda: write_arrays(tmp_path / "x.npz", {"a": np.zeros(size)}),
    ):
        with pytest.raises(
            TfluckError, match=r"Cannot write .*x\.(json|npz): File too"
        ):
            write()
    assert (tmp_path / "x.json").read_text() == "{}\n"
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]


def test_a_full_disk_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Linux keeps one disk that is always full."""

    def on_the_full_disk(**where: object) -> tuple[int, str]:
        name = tmp_path / ".x.json.new"
        name.symlink_to("/dev/full")
        return os.open(name, os.O_WRONLY), str(name)

    monkeypatch.setattr(tempfile, "mkstemp", on_the_full_disk)
    with pytest.raises(TfluckError, match="No space left on device"):
        write_json(tmp_path / "x.json", {"a": 1})
    assert not list(tmp_path.iterdir())


def test_bytes_are_on_the_disk_before_their_name_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a power cut leaves a new name over an empty file, or an old name for ever."""
    synced, real = [], os.fsync

    def fsync(handle: int) -> None:
        synced.append((os.fstat(handle).st_ino, (tmp_path / "x").exists()))
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    write_atomic(tmp_path / "x", lambda stream: stream.write(b"new"))
    file, folder = (path.stat().st_ino for path in (tmp_path / "x", tmp_path))
    assert synced == [(file, False), (folder, True)]


def test_an_unwritable_place_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(TfluckError, match="Cannot write"):
        make_directory(tmp_path / "file" / "folder")


def test_arrays_make_a_round_trip(tmp_path: Path) -> None:
    arrays = {"a/b": np.arange(6.0).reshape(2, 3), "n": np.int64(3)}
    write_arrays(tmp_path / "x.npz", arrays)
    with np.load(tmp_path / "x.npz") as back:
        assert sorted(back.files) == sorted(arrays)
        np.testing.assert_array_equal(back["a/b"], arrays["a/b"])
    assert [path.name for path in tmp_path.iterdir()] == ["x.npz"]


@given(st.integers(0, 2**31 - 1), st.lists(st.text(max_size=5), max_size=3))
def test_children_differ_and_repeat(seed: int, names: list[str]) -> None:
    own = child(seed, *names)
    assert own == child(seed, *names) and 0 <= own < 2**31
    assert own != child(seed, *names, "another")
    assert generator(seed, *names).random() == generator(seed, *names).random()


@pytest.mark.parametrize("name", sorted(presets()))
@pytest.mark.parametrize("scale", sorted(SCALES))
def test_every_preset_makes_a_run_at_every_scale(name: str, scale: str) -> None:
    settings = load_preset(name).at(scale)
    data = describe(settings["dataset"])
    config, how = configure(scale, data=data, **settings)
    if "figure" in name and scale == "paper":
        assert how.seeds == 5 and config.training.epochs == 40, (
            "the paper repeats 5 times"
        )
        assert config.training.steps_per_epoch == (
            782 if config.data.labelled else 1563
        )


def test_figures_of_the_paper_all_have_presets() -> None:
    figures = {
        name.split("figure-")[1].split("-")[0] for name in presets() if "figure" in name
    }
    assert {"7", "8", "9a", "9b", "17", "18", "19", "20", "21", "22", "23"} <= figures


def test_a_misspelt_preset_gets_a_hint() -> None:
    with pytest.raises(BadInput, match="figure-7-fc-bn"):
        load_preset("luck-matters/figure-7-fcbn")
