"""TFDS's own builder on a synthetic archive in the published format, end to end, offline.

And where there is nothing to build from: which file, how large, which checksum, where.
"""

import hashlib
import io
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest

from tfluck.data import load_images
from tfluck.data.published import archives_of, prepare
from tfluck.data.sources import find_source
from tfluck.data.sources.tfds import CIFAR10, CIFAR100, FASHION_MNIST, MNIST
from tfluck.foundations.errors import TfluckError

NAME = "cifar-10-binary.tar.gz"
PUBLISHED = {s.kind: s for s in (CIFAR10, CIFAR100, MNIST, FASHION_MNIST)}
CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"
)  # fmt: skip


class Synthetic:
    """A few random images, as the published archive would hold them."""

    def __init__(self, folder: Path) -> None:
        draw = np.random.default_rng(3)
        self.pixels = draw.integers(0, 256, (23, 32, 32, 3)).astype(np.uint8)
        self.labels = draw.integers(0, 10, 23)
        self.path = folder / "downloaded.tgz"
        records = [
            bytes([label]) + image.transpose(2, 0, 1).tobytes()
            for label, image in zip(self.labels, self.pixels, strict=True)
        ]
        files = {
            f"data_batch_{i + 1}.bin": b"".join(records[3 * i : 3 * i + 3])
            for i in range(5)
        }
        files["test_batch.bin"] = b"".join(records[15:])
        files["batches.meta.txt"] = ("\n".join(CLASSES) + "\n\n").encode()
        with tarfile.open(self.path, "w:gz") as archive:
            for name, data in files.items():
                info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
        self.bytes = self.path.read_bytes()

    def registered(self) -> Any:
        """Let TFDS expect this archive in place of the published one."""
        import tensorflow_datasets as tfds
        from tensorflow_datasets.core.download.checksums import UrlInfo

        builder = type(tfds.builder("cifar10"))
        (url,) = tfds.builder("cifar10").url_infos
        checksum = hashlib.sha256(self.bytes).hexdigest()
        info = UrlInfo(len(self.bytes), checksum, NAME)
        return mock.patch.object(builder, "url_infos", {url: info})


@pytest.fixture
def synthetic(tmp_path: Path, tf: Any) -> Synthetic:
    return Synthetic(tmp_path)


@pytest.fixture
def no_network() -> Any:
    refused = mock.Mock(side_effect=AssertionError("the network was touched"))
    with (
        mock.patch("socket.create_connection", refused),
        mock.patch("socket.getaddrinfo", refused),
    ):
        yield refused


@pytest.mark.filterwarnings("ignore")  # TFDS's own, of which there are many
@pytest.mark.parametrize("place", ["given", "folder", "manual", "as registered"])
def test_the_stock_builder_end_to_end(
    synthetic: Synthetic, tmp_path: Path, place: str, no_network: Any
) -> None:
    data_dir, given = tmp_path / "sets", []
    if place == "given":
        given = [synthetic.path]
    elif place == "as registered":
        given = [synthetic.path.rename(tmp_path / NAME).parent]
    else:
        folder = data_dir if place == "folder" else data_dir / "downloads" / "manual"
        folder.mkdir(parents=True)
        synthetic.path.rename(folder / NAME)
    with synthetic.registered():
        prepare("cifar10", data_dir, given)
    images = load_images("cifar10", data_dir)
    assert images.classes == CLASSES
    assert images.x_train.shape == (15, 32, 32, 3) and images.x_test.shape == (
        8,
        32,
        32,
        3,
    )
    for split, cut in (("train", slice(0, 15)), ("test", slice(15, None))):
        x, y = images.split(split)
        found = sorted(
            (int(label), image.tobytes()) for label, image in zip(y, x, strict=True)
        )
        wanted = zip(synthetic.labels[cut], synthetic.pixels[cut], strict=True)
        assert found == sorted((int(label), image.tobytes()) for label, image in wanted)
    np.testing.assert_allclose(images.mean, 255 * np.array(CIFAR10.mean), rtol=1e-6)
    white = images.normalize(np.full((1, 1, 1, 3), 255, np.uint8))[0, 0, 0]
    np.testing.assert_allclose(white[0], (1 - 0.4914) / 0.2023, rtol=1e-5)


@pytest.mark.parametrize("damage", ["cut", "flipped", "other"])
def test_a_wrong_archive_is_refused_and_left_alone(
    tmp_path: Path, damage: str, no_network: Any
) -> None:
    path = tmp_path / NAME
    content = {"cut": b"\x1f\x8b", "flipped": b"\x00" * 999, "other": b"<html>"}[damage]
    path.write_bytes(content)
    written = path.stat().st_mtime_ns
    with pytest.raises(
        TfluckError, match="c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25"
    ) as caught:
        prepare("cifar10", tmp_path / "sets", [path], download=True)
    assert hashlib.sha256(content).hexdigest() in str(caught.value)
    assert path.read_bytes() == content
    assert path.stat().st_mtime_ns == written
    assert not any((tmp_path / "sets").glob("cifar10/*/dataset_info.json"))


def require(name: str, data_dir: Path) -> None:
    find_source(name).require(data_dir)


@pytest.mark.parametrize("name", PUBLISHED)
@pytest.mark.parametrize("how", [require, prepare, load_images])
def test_nothing_here_says_what_to_put_where(
    tmp_path: Path, name: str, how: Callable[..., object], no_network: Any
) -> None:
    with pytest.raises(TfluckError) as caught:
        how(name, tmp_path)
    message = str(caught.value)
    for archive in archives_of(name):
        assert (
            f"{archive.name} ({archive.size} bytes, SHA-256 {archive.sha256})"
            in message
        )
    assert str(tmp_path) in message and f"tfluck data prepare {name}" in message


def test_the_published_archive_is_the_one_tfds_knows() -> None:
    (archive,) = archives_of("cifar10")
    assert archive.name == NAME and archive.size == 170_052_171
    assert archive.sha256.startswith("c4a38c50a1bc5f3a") and archive.sha256.endswith(
        "29a59bca1dd"
    )


def test_tfds_agrees_with_what_we_say_of_the_sets() -> None:
    import tensorflow_datasets as tfds

    for name, source in PUBLISHED.items():
        features = tfds.builder(name).info.features
        assert features["image"].shape == source.shape
        assert features["label"].num_classes == source.classes


def test_no_network_is_noticed_before_tfds_waits(tmp_path: Path) -> None:
    unreachable = mock.patch(
        "socket.create_connection", side_effect=TimeoutError("timed out")
    )
    with unreachable as probe, pytest.raises(TfluckError, match="cannot be reached"):
        prepare("cifar10", tmp_path, download=True)
    assert probe.call_args.args[1] <= 3
