"""A user's pictures: order, scale and type, from a folder or an npz."""

import os

import numpy as np
import pytest
from PIL import Image

from tfluck.foundations.errors import BadInput
from tfluck.weightfiles import npz, pictures
from tfluck.weightfiles.pictures import read_pictures


def test_folder_gives_pictures_in_order_scaled_as_colour(tmp_path):
    for name, value in (("b.png", 200), ("a.jpg", 100), ("deep/c.png", 50)):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        Image.new("L", (30, 20), value).save(path)
    (tmp_path / "notes.txt").write_text("no picture")
    images = read_pictures(tmp_path, size=16)
    assert images.shape == (3, 16, 16, 3) and images.dtype == np.float32
    np.testing.assert_allclose(images.mean(axis=(1, 2, 3)), [100, 200, 50], atol=1)


def test_npz_gives_its_first_array_of_pictures(tmp_path):
    images = np.arange(2 * 4 * 5 * 3, dtype=np.uint8).reshape(2, 4, 5, 3)
    path = tmp_path / "a.npz"
    np.savez(path, labels=np.arange(2), images=images, more=images[::-1])
    np.testing.assert_array_equal(read_pictures(path), images.astype("f4"))


def test_no_more_than_the_cap(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "MAX_PICTURES", 2)
    np.savez(tmp_path / "a.npz", images=np.zeros((5, 4, 4, 3)))
    assert len(read_pictures(tmp_path / "a.npz")) == 2
    for index in range(3):
        Image.new("RGB", (4, 4)).save(tmp_path / f"{index}.png")
    assert len(read_pictures(tmp_path)) == 2


def broken(folder):
    (folder / "a.png").write_bytes(b"no picture")
    return folder


def no_npz(folder):
    (folder / "a.npz").write_bytes(b"PK no zip")
    return folder / "a.npz"


def objects(folder):
    np.savez(folder / "a.npz", images=np.array([[[[None] * 3]]]), allow_pickle=True)
    return folder / "a.npz"


def infinite(folder):
    np.savez(folder / "a.npz", images=np.full((1, 2, 2, 3), np.inf))
    return folder / "a.npz"


def flat(folder):
    np.savez(folder / "a.npz", images=np.zeros((5, 5)))
    return folder / "a.npz"


def program(folder):
    """An EPS, which Pillow would give to Ghostscript to run."""
    (folder / "a.jpg").write_bytes(
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 4 4\n%%EndComments\n"
        b"(ran) print showpage\n%%EOF\n"
    )
    return folder


def fifo(folder):
    os.mkfifo(folder / "a.png")
    return folder


def text(folder):
    (folder / "a.npz").write_text("no zip")
    return folder / "a.npz"


def empty(folder):
    (folder / "a.npz").touch()
    return folder / "a.npz"


def plain_array(folder):
    np.save(folder / "a.npy", np.zeros((2, 4, 4, 3)))
    return folder / "a.npy"


def torn(folder):
    Image.new("RGB", (40, 40)).save(folder / "a.png")
    raw = (folder / "a.png").read_bytes()
    (folder / "a.png").write_bytes(raw[:20] + b"\xff" + raw[21:-30])
    return folder


def bomb(folder):
    """One bit a pixel: 12,500 x 12,500 of them in 20 kB."""
    Image.new("1", (12_500, 12_500)).save(folder / "a.png")
    return folder


OTHERS = [program, fifo, text, empty, plain_array, torn, bomb]


@pytest.mark.parametrize("make", OTHERS)
def test_what_is_called_a_picture_and_is_none_is_refused(make, tmp_path, monkeypatch):
    """Without a warning, and without Ghostscript."""
    monkeypatch.setattr(
        "subprocess.check_call", lambda *a, **k: pytest.fail("something ran")
    )
    monkeypatch.setattr(
        "PIL.EpsImagePlugin.Ghostscript", lambda *a, **k: pytest.fail("something ran")
    )
    with pytest.raises(BadInput):
        read_pictures(make(tmp_path))


def test_of_many_pictures_only_the_first_are_unpacked(tmp_path, monkeypatch):
    np.savez_compressed(tmp_path / "a.npz", images=np.ones((900, 4, 4, 3)))
    monkeypatch.setattr(npz, "free_memory", lambda: 256 * 4 * 4 * 3 * 8)
    assert read_pictures(tmp_path / "a.npz").shape == (256, 4, 4, 3)
    monkeypatch.setattr(npz, "free_memory", lambda: 1000)
    with pytest.raises(BadInput, match="of memory"):
        read_pictures(tmp_path / "a.npz")


@pytest.mark.parametrize("make", [lambda p: p, broken, no_npz, objects, infinite, flat])
def test_what_is_no_picture_is_refused(make, tmp_path):
    with pytest.raises(BadInput):
        read_pictures(make(tmp_path))
