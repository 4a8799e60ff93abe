"""A user's npz file is read whole and exactly, or refused in one sentence."""

import io
import os
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tfluck.data import describe, load_images
from tfluck.data import images as image_sets
from tfluck.data.images import ImageSet, standardization
from tfluck.foundations.errors import BadInput
from tfluck.weightfiles import npz

Write = Callable[..., str]


def specimen(**changes: Any) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(0)
    good = {
        "x_train": draw.integers(0, 256, (12, 5, 4, 3), np.uint8),
        "y_train": np.arange(12) % 3,
        "x_test": draw.integers(0, 256, (6, 5, 4, 3), np.uint8),
        "y_test": np.arange(6) % 3,
    }
    return {
        name: array for name, array in (good | changes).items() if array is not None
    }


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(**changes: Any) -> str:
        np.savez_compressed(tmp_path / "set.npz", **specimen(**changes))
        return f"npz:{tmp_path / 'set.npz'}"

    return write


def test_pixels_and_labels_come_back_as_they_were(write: Write) -> None:
    name, arrays = write(), specimen()
    images = load_images(name)
    for part in ("x_train", "y_train", "x_test", "y_test"):
        assert np.array_equal(getattr(images, part), arrays[part])
    assert images.x_train.dtype == np.uint8
    assert images.classes == ("0", "1", "2")
    found = describe(name)
    assert found["sample_shape"] == (5, 4, 3)
    assert (found["outputs"], found["samples"], found["eval_samples"]) == (3, 12, 6)


@pytest.mark.parametrize("shape", [(7,), (5, 4), (5, 4, 2)])
def test_features_grey_and_coloured_images_are_all_welcome(
    write: Write, shape: tuple[int, ...]
) -> None:
    name = write(x_train=np.ones((12, *shape)), x_test=np.zeros((6, *shape)))
    wanted = (*shape, 1) if len(shape) == 2 else shape
    assert load_images(name).sample_shape == describe(name)["sample_shape"] == wanted


WRONG = {
    "no x_train": ({"x_train": None}, "has no x_train"),
    "objects": ({"y_test": np.array([{}] * 6, object)}, "pickled Python objects"),
    "objects as pixels": ({"x_train": np.array([None] * 12)}, "pickled Python objects"),
    "real labels": ({"y_train": np.arange(12) / 3}, "y_train .* class numbers"),
    "real test labels": ({"y_test": np.ones(6)}, "y_test .* class numbers"),
    "words": ({"x_train": np.full((12, 4), "a")}, "x_train .* must hold numbers"),
    "a label too high": (
        {"y_test": np.array([0, 1, 2, 3, 0, 1])},
        "label 3, outside .* 0 … 2",
    ),
    "a negative label": ({"y_train": np.arange(12) % 3 - 1}, "label -1, outside"),
    "too few labels": (
        {"y_train": np.arange(11) % 3},
        "12 samples and y_train has shape",
    ),
    "one-hot labels": ({"y_test": np.eye(6, dtype=int)}, "y_test has shape"),
    "a class of 10⁹": ({"y_train": np.arange(12) * 10**8}, "more than 65,536 classes"),
    "a class of 2⁶³": (
        {"y_train": np.array([2**63, *range(11)], np.uint64)},
        "more than 65,536 classes",
    ),
    "a test class of 2⁶³": (
        {"y_test": np.array([2**63, 0, 1, 2, 0, 1], np.uint64)},
        "label 9223372036854775808, outside",
    ),
    "a column of labels": (
        {"y_train": (np.arange(12) % 3)[:, None]},
        r"y_train has shape \(12, 1\)",
    ),
    "another test shape": ({"x_test": np.ones((6, 4, 5, 3))}, "same in both splits"),
    "too many axes": ({"x_train": np.ones((12, 2, 2, 2, 2))}, "must be"),
    "no axes": ({"x_train": np.float64(3)}, "must be|whole npz"),
    "no samples": (
        {
            "x_train": np.ones((0, 4)),
            "x_test": np.ones((6, 4)),
            "y_train": np.ones(0, int),
        },
        "no training samples",
    ),
    "not finite": ({"x_train": np.full((12, 5, 4, 3), np.nan)}, "x_train .*not finite"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_does_not_fit_is_refused_in_a_sentence(write: Write, case: str) -> None:
    changes, message = WRONG[case]
    with pytest.raises(BadInput, match=message) as caught:
        load_images(write(**changes))
    assert str(caught.value).endswith((".", "savez_compressed."))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "case", [case for case in WRONG if case not in ("not finite", "no axes")]
)
def test_it_is_refused_before_its_pixels_are_read(write: Write, case: str) -> None:
    """`describe` is asked before a run is made, `load_images` after."""
    changes, message = WRONG[case]
    with pytest.raises(BadInput, match=message):
        describe(write(**changes))


@given(cut=st.integers(0, 4000))
def test_no_prefix_of_a_file_passes(tmp_path_factory: Any, cut: int) -> None:
    stream = io.BytesIO()
    np.savez(stream, **specimen())
    whole = stream.getvalue()
    path = tmp_path_factory.getbasetemp() / "cut.npz"
    path.write_bytes(whole[: min(cut, len(whole) - 1)])
    for read in (describe, load_images):
        with pytest.raises(BadInput, match=r"cut\.npz is not a whole npz file"):
            read(f"npz:{path}")


def test_a_header_that_promises_too_much_gets_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "bomb.npz"
    np.savez(path, **specimen())
    with zipfile.ZipFile(path) as old:
        members = {info.filename: old.read(info) for info in old.infolist()}
    small, giant = b"(12, 5, 4, 3)", b"(12, 5, 4, 3000000000)"
    header = members["x_train.npy"]
    grown = header.replace(
        small + b", }" + b" " * (len(giant) - len(small)), giant + b", }"
    )
    assert grown != header and len(grown) == len(header)
    with zipfile.ZipFile(path, "w") as new:
        for name, data in (members | {"x_train.npy": grown}).items():
            new.writestr(name, data)
    with pytest.raises(BadInput, match=r"x_train.npy .* claims shape"):
        load_images(f"npz:{path}")


@pytest.mark.parametrize("packed", [True, False])
def test_a_directory_that_repeats_the_claim_gets_no_memory_either(
    packed: bool, tmp_path: Path
) -> None:
    """Header and zip directory agree on 4 TB; the file has 900 bytes."""
    path = tmp_path / "set.npz"
    header = np.lib.format.header_data_from_array_1_0(np.zeros(1, np.uint8))
    with zipfile.ZipFile(path, "w") as new:
        for name, array in specimen().items():
            stream = io.BytesIO()
            np.save(stream, array)
            new.writestr(f"{name}.npy", stream.getvalue())
        stream = io.BytesIO()
        np.lib.format.write_array_header_1_0(stream, header | {"shape": (2**42,)})
        claim = len(stream.getvalue()) + 2**42
        for info in new.infolist():
            if info.filename == "x_train.npy":
                new.fp.seek(info.header_offset + 30 + len(info.filename))
                new.fp.write(stream.getvalue())
                info.file_size = claim
                info.compress_size = claim if packed else info.compress_size
        new.fp.seek(new.start_dir)
    for read in (describe, load_images):
        with pytest.raises(BadInput, match="claims more bytes than the file has"):
            read(f"npz:{path}")


def test_a_true_bomb_is_weighed_before_it_is_unpacked(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = write(
        x_train=np.zeros((12, 500, 40, 3), np.uint8),
        x_test=np.zeros((6, 500, 40, 3), np.uint8),
    )
    assert describe(name)["sample_shape"] == (500, 40, 3)
    monkeypatch.setattr(npz, "free_memory", lambda: 700_000)
    with pytest.raises(BadInput, match=r"x_train .* GiB of memory"):
        load_images(name)


def test_every_flipped_bit_of_the_directory_is_read_or_refused(tmp_path: Path) -> None:
    """Flags of encryption, unknown compressions and the like included."""
    path = tmp_path / "set.npz"
    good = specimen()
    np.savez(path, **good)
    whole = path.read_bytes()
    for bit in range(8 * whole.index(b"PK\x01\x02"), 8 * len(whole), 3):
        raw = bytearray(whole)
        raw[bit // 8] ^= 1 << bit % 8
        path.write_bytes(raw)
        try:
            images = load_images(f"npz:{path}")
        except BadInput:
            continue
        assert all(np.array_equal(getattr(images, name), good[name]) for name in good)


@pytest.mark.parametrize("read", [describe, load_images])
def test_only_regular_files_are_sets(read: Any, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.npz")
    for path in (tmp_path / "fifo.npz", tmp_path, Path("/dev/zero")):
        with pytest.raises(BadInput, match="expected a file"):
            read(f"npz:{path}")


def test_no_file_is_a_sentence_too(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="There is no file"):
        describe(f"npz:{tmp_path / 'nowhere.npz'}")


def test_a_file_that_changed_is_not_the_same_data(write: Write) -> None:
    name = write()
    digest = describe(name)["data_digest"]
    assert load_images(name, digest=digest).sample_shape == (5, 4, 3)
    write(y_train=np.arange(12)[::-1] % 3)
    with pytest.raises(BadInput, match="has changed since this run began"):
        load_images(name, digest=digest)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_constants_measured_in_pieces_are_those_of_the_whole(
    dtype: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = (np.random.default_rng(1).gamma(2, 30, (101, 7, 5, 3)) % 256).astype(dtype)
    monkeypatch.setattr(image_sets, "PIECE", 1000)
    mean, std = standardization(x)
    assert np.array_equal(mean, x.mean((0, 1, 2), np.float64).astype(np.float32))
    assert np.array_equal(std, x.std((0, 1, 2), np.float64).astype(np.float32))


def test_no_float64_copy_of_the_training_set_is_made() -> None:
    x = np.zeros((2**10, 2**16), np.uint8)
    tracemalloc.start()
    standardization(x)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * x.size


@given(arrays(np.uint8, (6, 3, 3, 2)))
def test_networks_see_standardised_channels(x: np.ndarray) -> None:
    mean, std = standardization(x)
    seen = ImageSet(
        x, np.zeros(6, int), x, np.zeros(6, int), ("a",), mean, std
    ).normalize(x)
    rounding = 255 * 2.0**-22 / std  # of the mean, kept in float32
    assert np.all(np.abs(seen.mean((0, 1, 2), np.float64)) <= rounding)
    flat = x.reshape(-1, 2)
    changing = flat.std(0) > 0
    np.testing.assert_allclose(seen.std((0, 1, 2))[changing], 1, rtol=1e-4)
    assert not seen[..., ~changing].any()


def test_digits_are_split_once_and_for_all() -> None:
    one, two = load_images("digits"), load_images("digits")
    assert (len(one.x_train), len(one.x_test)) == (1297, 500)
    assert one.fingerprint("test") == two.fingerprint("test")
    assert np.bincount(one.y_test).min() >= 40
    together = np.concatenate([one.x_train, one.x_test]).reshape(1797, -1)
    from sklearn.datasets import load_digits

    wanted = np.array(sorted(map(tuple, load_digits().data)))
    assert np.array_equal(np.array(sorted(map(tuple, together))), wanted)
