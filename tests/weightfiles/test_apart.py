"""HDF5 is parsed by a child with tied hands, and its answers are not trusted either."""

import json
import struct
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

from tfluck.weightfiles import Refused, apart, open_tensors
from tfluck.weightfiles.apart import read_apart


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.h5"
    draw = np.random.default_rng(0)
    with h5py.File(path, "w") as h5:
        h5["bn/kernel:0"] = draw.normal(size=(300, 40)).astype("f4")
        h5["bn/count:0"] = np.int64(3)
        h5.create_dataset("bn/zipped:0", data=np.arange(5000), compression="gzip")
    return path


def test_every_bit_comes_back_local_or_remote(file, server, monkeypatch):
    with h5py.File(file) as h5:
        wanted = {f"bn/{name[:-2]}": value[()] for name, value in h5["bn"].items()}

    def fail(*_, **__):
        pytest.fail("HDF5 was opened in this process")

    monkeypatch.setattr(h5py, "File", fail)
    for source in (str(file), server.url(file)):
        with open_tensors(source) as tensors:
            assert set(tensors.shapes) == set(wanted)
            for name, value in wanted.items():
                found = tensors.read(name)
                assert found.dtype == value.dtype and found.flags.writeable
                np.testing.assert_array_equal(found, value)


def test_the_child_may_compute_for_a_while_and_write_nothing(file):
    """Seconds of computing, not of waiting: a slow disk is no damage."""
    with open_tensors(str(file)) as tensors:
        child = tensors.opened[0]
        text = Path(f"/proc/{child.process.pid}/limits").read_text()
        limits = {line[:25].strip(): line[26:].split()[0] for line in text.splitlines()}
        assert 0 < int(limits["Max cpu time"]) <= apart.SECONDS + 20
        assert int(limits["Max file size"]) == int(limits["Max core file size"]) == 0
        assert int(limits["Max address space"]) == apart.MAX_MEMORY
        assert child.process.poll() is None
    assert child.process.poll() is not None


def test_nothing_is_imported_from_the_folder_one_works_in(file, monkeypatch, tmp_path):
    """The folder of a downloaded model may hold programs beside it."""
    for name in ("numpy", "h5py", "json", "resource", "tfluck"):
        (tmp_path / f"{name}.py").write_text("open('canary', 'w'); raise SystemExit")
    monkeypatch.chdir(tmp_path)
    with open_tensors(str(file)) as tensors:
        assert tensors.read("bn/count") == 3
    assert not (tmp_path / "canary").exists()


def instead(monkeypatch, code):
    """Put a program in the child's place."""
    monkeypatch.setattr(apart, "COMMAND", (sys.executable, "-S", "-c", code))


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import os; os.abort()", "crashes"),
        ("raise SystemExit", "crashes"),
        ("import os; os.kill(os.getpid(), 24)", "does not end"),
        ("import time; print('noise ' * 99, flush=True); time.sleep(9)", "crashes"),
    ],
)
def test_a_child_that_does_not_survive_refuses_the_file(
    code, reason, file, monkeypatch
):
    instead(monkeypatch, code)
    with pytest.raises(Refused, match=reason):
        open_tensors(str(file))


def frame(message, payload=b""):
    text = json.dumps(message).encode()
    return struct.pack("<IQ", len(text), len(payload)) + text + payload


GOOD = frame({"shapes": {"a": [2]}, "config": {}})


@pytest.mark.parametrize(
    "answers",
    [
        frame({"shapes": [1]}),
        frame({"shapes": {"a": [-1]}}),
        frame({"shapes": {"a": ["x"]}}),
        frame({"need": [0]}),
        frame({"need": [-1, 5]}),
        frame([1]),
        struct.pack("<IQ", 2**32 - 1, 0),
        struct.pack("<IQ", 2, 2**63) + b"{}",
        struct.pack("<IQ", 2, 0) + b"{]",
        GOOD + frame({"dtype": "|O8"}, bytes(16)),
        GOOD + frame({"dtype": "<U2"}, bytes(16)),
        GOOD + frame({"dtype": "<f4"}, bytes(7)),
        GOOD + frame({"dtype": "<f8"}, bytes(8)),
        GOOD + frame({"dtype": "<f4, <f4"}, bytes(16)),
        GOOD + frame({"refused": "no"}),
    ],
    ids=lambda raw: f"{len(raw)} bytes",
)
def test_what_the_child_says_is_checked(answers, file, monkeypatch):
    """A file that has taken the child over gets no further."""
    instead(
        monkeypatch,
        f"import sys; sys.stdout.buffer.write({answers!r}); sys.stdout.flush()\n"
        "sys.stdin.buffer.read()",
    )
    with (
        file.open("rb") as stream,
        pytest.raises(Refused),
        read_apart(stream) as tensors,
    ):
        tensors.read("a")


def test_damage_in_the_heap_of_names_is_a_sentence(file):
    """Group names lie in heaps that the header only points to."""
    whole = file.read_bytes()
    for at in range(whole.index(b"HEAP"), len(whole), max(1, len(whole) // 4)):
        raw = bytearray(whole)
        raw[at : at + 16] = b"\xff" * 16
        file.write_bytes(raw)
        try:
            with open_tensors(str(file)) as tensors:
                for name in tensors.shapes:
                    tensors.read(name)
        except Refused as error:
            assert str(error).endswith(".")
