"""Files that are replaced as a whole, digests, and JSON that says only finite numbers."""

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfluck.foundations.errors import TfluckError, Unreadable
from tfluck.foundations.files import (
    UNFINISHED,
    digest_of,
    explained,
    finite,
    make_directory,
    read_bytes,
    replacing,
    to_json,
    write_atomic,
    write_json,
)


def test_what_is_in_the_neighbour_at_the_end_replaces_the_file(tmp_path: Path) -> None:
    path = tmp_path / "x.weights.h5"
    path.write_text("old")
    with replacing(path) as place:
        assert place.parent == tmp_path and place.name.startswith(UNFINISHED)
        assert place.name.endswith("-x.weights.h5"), "libraries look at suffixes"
        assert place.read_bytes() == b""
        place.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new" and [p.name for p in tmp_path.iterdir()] == [
        path.name
    ]
    assert path.stat().st_mode & 0o777 == 0o644


def test_whatever_goes_wrong_leaves_the_old_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("old")
    for error in (KeyboardInterrupt, RuntimeError):
        with pytest.raises(error), replacing(path) as place:
            place.write_text("half")
            raise error
    with pytest.raises(ZeroDivisionError):
        write_atomic(path, lambda stream: stream.write(b"half") / 0)  # type: ignore[operator]
    with pytest.raises(TfluckError, match="Cannot write"), replacing(path) as place:
        place.unlink()
    assert path.read_text() == "old" and len(list(tmp_path.iterdir())) == 1


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("other")
    path = tmp_path / "x"
    path.symlink_to(tmp_path / "target")
    write_atomic(path, lambda stream: stream.write(b"new"))
    assert not path.is_symlink() and path.read_text() == "new"
    assert (tmp_path / "target").read_text() == "other"


def test_a_stream_can_be_read_back_while_it_is_written(tmp_path: Path) -> None:
    def write(stream: object) -> None:
        stream.write(b"abc")  # type: ignore[attr-defined]
        stream.seek(1)  # type: ignore[attr-defined]
        assert stream.read() == b"bc"  # type: ignore[attr-defined]

    write_atomic(tmp_path / "x", write)
    assert (tmp_path / "x").read_bytes() == b"abc"


def test_directories(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    with pytest.raises(TfluckError, match="Cannot write"):
        make_directory(deep, parents=False)
    assert make_directory(deep) == deep == make_directory(deep, parents=False)
    assert deep.is_dir()


def test_an_error_of_the_system_is_explained_and_no_other(tmp_path: Path) -> None:
    with (
        pytest.raises(
            TfluckError, match=r"Cannot write x: No space left.*choose another --out"
        ),
        explained(Path("x")),
    ):
        raise OSError(28, "No space left")
    with (
        pytest.raises(TfluckError, match=r"Cannot write x: odd\. "),
        explained(Path("x")),
    ):
        raise OSError("odd")
    with pytest.raises(KeyError), explained(Path("x")):
        raise KeyError


@given(st.binary(max_size=200))
def test_digests(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "digest"
    path.write_bytes(raw)
    assert digest_of(path) == hashlib.sha256(raw).hexdigest()


def test_the_digest_of_nothing_and_of_no_file(tmp_path: Path) -> None:
    assert digest_of(tmp_path / "none") == ""
    with pytest.raises(Unreadable, match="is a folder"):
        digest_of(tmp_path)


def test_a_file_exactly_as_long_as_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(bytes(70_000))
    assert len(read_bytes(path, 70_000)) == 70_000
    with pytest.raises(Unreadable, match="longer than 69,999 bytes"):
        read_bytes(path, 69_999)
    path.write_bytes(b"")
    assert read_bytes(path, 0) == b""


def test_a_file_that_cannot_be_read_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x"
    path.touch()

    def fail(handle: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patch:
        real = os.fstat
        calls = iter((real, fail))
        patch.setattr(os, "fstat", lambda handle: next(calls)(handle))
        with pytest.raises(Unreadable, match=r"Cannot read .*x: Input/output error\."):
            read_bytes(path, 10)


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (float("nan"), None), (float("inf"), None), (-float("inf"), None), (1.5, 1.5),
        (True, True),
        ((1, float("nan")), [1, None]), ({1: (2.0,), None: 3}, {"1": [2.0], "None": 3}),
        (np.array([[1.0, np.inf]]), [[1.0, None]]), (np.float32("nan"), None),
        (np.bool_(True), True),
        (np.array(3), 3), ("nan", "nan"), (np.int8(-1), -1),
    ],
)  # fmt: skip
def test_only_finite_numbers_are_said(value: object, plain: object) -> None:
    found = finite(value)
    assert found == plain and type(found) is type(plain)
    assert json.loads(to_json(value)) == plain


def test_json_on_disk_is_indented_and_ends_in_a_line(tmp_path: Path) -> None:
    write_json(tmp_path / "x.json", {"ρ̄": [1, float("nan")]})
    assert (
        tmp_path / "x.json"
    ).read_bytes() == '{\n  "ρ̄": [\n    1,\n    null\n  ]\n}\n'.encode()
    assert to_json({"a": [1, 2]}) == '{"a": [1, 2]}'
