"""Any plain array in an npz comes back, and every claim is weighed before it is believed."""

import io
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from tfluck.foundations.errors import BadInput
from tfluck.weightfiles import npz
from tfluck.weightfiles.npz import DEFLATE, Header, free_memory, open_npz

KINDS = ["<f8", ">f8", "<f4", "<f2", "<i8", ">i4", "u1", "i1", "?", "<c8", "<U3", "S2"]


@settings(max_examples=30)
@given(data=st.data())
def test_arrays_of_any_kind_and_order_come_back(data, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "any.npz"
    dtype = np.dtype(data.draw(st.sampled_from(KINDS)))
    shape = data.draw(st.just(()) | array_shapes(max_dims=3, min_side=0, max_side=4))
    value = data.draw(arrays(dtype, shape))
    if data.draw(st.booleans()):
        value = np.asfortranarray(value)
    save = np.savez if data.draw(st.booleans()) else np.savez_compressed
    save(path, first=value, second=np.arange(3))
    with open_npz(path) as found:
        header = found.headers["first"]
        assert (header.shape, header.dtype) == (value.shape, value.dtype)
        assert header.nbytes == value.nbytes and list(found.headers) == [
            "first",
            "second",
        ]
        back = found.read("first")
        assert back.shape == value.shape and back.dtype == value.dtype
        assert back.tobytes() == value.tobytes()
        if shape and not header.fortran:
            rows = data.draw(st.integers(0, 6))
            some = found.read("first", rows)
            assert some.tobytes() == value[:rows].tobytes()
            assert len(some) == min(rows, len(value))


def test_rows_of_an_array_in_columns_cannot_be_had_alone(tmp_path):
    np.savez(tmp_path / "x.npz", a=np.asfortranarray(np.arange(6.0).reshape(3, 2)))
    with open_npz(tmp_path / "x.npz") as found:
        assert found.headers["a"].fortran and found.read("a", 1).shape == (3, 2)


def test_memory_is_asked_for_by_size(tmp_path, monkeypatch):
    np.savez(tmp_path / "x.npz", a=np.zeros((10, 2)))
    with open_npz(tmp_path / "x.npz") as found:
        monkeypatch.setattr(npz, "free_memory", lambda: 160)
        assert found.read("a").shape == (10, 2)
        monkeypatch.setattr(npz, "free_memory", lambda: 159)
        with pytest.raises(BadInput, match=r"a in .*x\.npz takes .* GiB of memory"):
            found.read("a")
        assert found.read("a", 9).shape == (9, 2)


def test_a_header_counts_its_bytes():
    assert Header((2, 3), False, np.dtype("f4")).nbytes == 24
    assert Header((), False, np.dtype("f8")).nbytes == 8
    assert Header((2**40, 2**40), False, np.dtype("u1")).nbytes == 2**80, "never wraps"


def test_objects_are_refused_by_their_header(tmp_path):
    np.savez(
        tmp_path / "x.npz", good=np.ones(2), bad=np.array([{}, None]), allow_pickle=True
    )
    with open_npz(tmp_path / "x.npz") as found:
        assert found.plain("good").shape == (2,) and found.read("good").tolist() == [
            1,
            1,
        ]
        for ask in (found.plain, found.read):
            with pytest.raises(
                BadInput, match=r"bad in .* holds pickled Python objects"
            ):
                ask("bad")


def member(value):
    stream = io.BytesIO()
    np.save(stream, value)
    return stream.getvalue()


def archive(path, **members):
    with zipfile.ZipFile(path, "w") as out:
        for name, raw in members.items():
            out.writestr(name, raw)
    return path


def test_names_with_and_without_their_suffix(tmp_path):
    path = archive(tmp_path / "x.npz", **{"a.npy": member([1]), "b": member([2])})
    with open_npz(path) as found:
        assert list(found.headers) == ["a", "b"] and found.read("b").tolist() == [2]
    twice = archive(tmp_path / "y.npz", **{"a.npy": member([1]), "a": member([2])})
    with pytest.raises(BadInput, match="two arrays a"), open_npz(twice):
        pass


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (member([1, 2]) + b"x", "holds another number of bytes"),
        (member([1, 2])[:-1], "holds another number of bytes"),
        (b"", "not a whole npz"),
        (b"\x93NUMPY\x04\x00", "not a whole npz"),
        (member([1, 2]).replace(b"(2,)", b"-2, "), "not a whole npz"),
        (member([1, 2]).replace(b"'<i8'", b"'|O8'"), None),
        (b"no array at all", "not a whole npz"),
    ],
)
def test_a_member_that_is_no_whole_array(tmp_path, raw, reason):
    path = archive(tmp_path / "x.npz", **{"a.npy": raw})
    if reason is None:
        with (
            open_npz(path) as found,
            pytest.raises(BadInput, match="pickled Python objects"),
        ):
            found.read("a")
        return
    with pytest.raises(BadInput, match=reason), open_npz(path):
        pass


def test_a_header_of_version_2_is_read(tmp_path):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.arange(4), version=(2, 0))
    with open_npz(archive(tmp_path / "x.npz", **{"a.npy": stream.getvalue()})) as found:
        assert found.read("a").tolist() == [0, 1, 2, 3]


def test_what_deflate_cannot_do_is_no_deflate(tmp_path):
    """A megabyte of zeros shrinks a thousandfold, which is all that it can."""
    raw = np.zeros(2**20, np.uint8)
    np.savez_compressed(tmp_path / "x.npz", a=raw)
    with zipfile.ZipFile(tmp_path / "x.npz") as found:
        (info,) = found.infolist()
    assert 900 < info.file_size / info.compress_size < DEFLATE
    with open_npz(tmp_path / "x.npz") as back:
        assert not back.read("a").any()
    whole = (tmp_path / "x.npz").read_bytes()
    size = info.file_size.to_bytes(4, "little")
    claimed = (info.compress_size * DEFLATE + 1).to_bytes(4, "little")
    (tmp_path / "y.npz").write_bytes(whole.replace(size, claimed))
    lie = open_npz(tmp_path / "y.npz")
    with pytest.raises(BadInput, match="claims more bytes than the file has"), lie:
        pass


@pytest.mark.parametrize(
    ("text", "found"),
    [("MemTotal: 9 kB\nMemAvailable:    1234 kB\n", 1234 * 1024), ("MemTotal: 9 kB\n", 8192),
     ("MemAvailable: many kB\n", 8192), (None, 8192)],
)  # fmt: skip
def test_free_memory(text, found, monkeypatch):
    def read(path):
        if text is None:
            raise PermissionError
        return text

    monkeypatch.setattr(npz.Path, "read_text", read)
    monkeypatch.setattr(
        npz.os, "sysconf", lambda name: {"SC_PAGE_SIZE": 4096}.get(name, 2)
    )
    assert free_memory() == found
