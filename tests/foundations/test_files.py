"""Only regular files are opened, whatever a path leads to."""

import os
import socket
from pathlib import Path

import pytest

from tfluck.foundations.errors import BadInput, Missing, Unreadable
from tfluck.foundations.files import open_regular, read_bytes


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")
    return path


def test_a_regular_file_is_read_from_its_start(file: Path) -> None:
    with open_regular(file) as stream:
        assert (stream.read(3), stream.seek(8), stream.read()) == (b"012", 8, b"89")
        assert not os.get_inheritable(stream.fileno())
    assert read_bytes(str(file), 10) == b"0123456789"


def test_a_fifo_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(Unreadable, match="is a fifo; expected a file"):
        open_regular(tmp_path / "fifo")


def test_devices_folders_and_sockets_are_refused(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(tmp_path / "s"))
        for path, kind in ((tmp_path / "s", "a socket"), (tmp_path, "a folder")):
            with pytest.raises(Unreadable, match=kind):
                open_regular(path)
    for device in ("/dev/zero", "/dev/full", "/dev/tty"):
        with pytest.raises(Unreadable, match="a device"):
            open_regular(device)


def test_what_is_not_there_is_missing(tmp_path: Path, file: Path) -> None:
    with pytest.raises(Missing, match="There is no file"):
        open_regular(tmp_path / "none")
    with pytest.raises(Missing, match="is empty"):
        open_regular("")
    for path in (file / "below", tmp_path / ("n" * 5000), "a\0b"):
        with pytest.raises(BadInput, match="Cannot read"):
            open_regular(path)


def test_a_link_is_followed_only_where_it_may_be(tmp_path: Path, file: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(file)
    assert read_bytes(link, 10) == b"0123456789"
    with pytest.raises(Unreadable, match="is a link"):
        read_bytes(link, 10, follow=False)
    assert read_bytes(file, 10, follow=False) == b"0123456789"


def test_a_file_exchanged_for_a_fifo_meanwhile_is_refused(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second look, at what was opened, is the one that counts."""
    os.mkfifo(tmp_path / "fifo")
    before = file.stat()
    monkeypatch.setattr(Path, "stat", lambda *_, **__: before)
    handles = len(list(Path("/proc/self/fd").iterdir()))
    for follow in (True, False):
        with pytest.raises(Unreadable, match="is a fifo"):
            open_regular(tmp_path / "fifo", follow=follow)
    (tmp_path / "link").symlink_to(file)
    with pytest.raises(Unreadable, match="Cannot read"):
        open_regular(tmp_path / "link", follow=False)
    assert len(list(Path("/proc/self/fd").iterdir())) == handles


def test_the_limit_is_on_what_is_there_not_on_what_is_claimed(file: Path) -> None:
    with pytest.raises(Unreadable, match="longer than 9 bytes"):
        read_bytes(file, 9)
    # The kernel says that this file has no bytes.
    assert Path("/proc/self/maps").stat().st_size == 0
    with pytest.raises(Unreadable, match="longer than 100 bytes"):
        read_bytes("/proc/self/maps", 100)
