"""Shapes, sizes and bytes as a stranger's file gives them: what passes, to the last one."""

import io
import json
import math
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfluck.weightfiles import Refused, read_tensors, safetensors, tensors
from tfluck.weightfiles.natural import natural
from tfluck.weightfiles.safetensors import read_safetensors
from tfluck.weightfiles.tensors import (
    MAX_TENSOR_BYTES,
    Slot,
    TensorFile,
    check_size,
    from_slots,
    itemsize,
    read_exactly,
    read_slot,
    shape_of,
    size_of,
    zip_damage,
)

SIZES = {
    "float64": 8, "float32": 4, "float16": 2, "bfloat16": 2, "int64": 8, "int32": 4,
    "int16": 2, "int8": 1, "uint8": 1, "bool": 1,
}  # fmt: skip


@pytest.mark.parametrize("value", [[], [0], (2, 3), [2**48 - 1], [1] * 16])
def test_shapes(value):
    assert shape_of(value) == tuple(value)


@pytest.mark.parametrize(
    "value",
    [[1] * 17, [2**48], [-1], [True], [1.0], ["1"], [None], [[1]], "12", b"12", 3, None,
     {"0": 1}, {1, 2}, np.array([2])],
)  # fmt: skip
def test_what_is_no_shape(value):
    with pytest.raises(Refused, match="a shape that is none"):
        shape_of(value)


@pytest.mark.parametrize("dtype", SIZES)
def test_a_slot_counts_its_bytes(dtype):
    assert itemsize(dtype) == SIZES[dtype]
    assert Slot(0, dtype, (3, 5)).nbytes == 15 * SIZES[dtype]
    assert Slot(0, dtype, ()).nbytes == SIZES[dtype]
    assert Slot(0, dtype, (3, 0)).nbytes == 0


def test_the_largest_tensor():
    check_size("a", MAX_TENSOR_BYTES)
    with pytest.raises(
        Refused, match=r"'a' claims 1,073,741,825 bytes; at most 1,073,741,824"
    ):
        check_size("a", MAX_TENSOR_BYTES + 1)
    with pytest.raises(Refused, match="claims"):
        read_slot(io.BytesIO(b""), "a", Slot(0, "int8", (2**30 + 1,)))


@given(st.binary(min_size=1, max_size=40), st.integers(0, 45), st.integers(0, 45))
def test_bytes_are_all_there_or_none(raw, offset, count):
    stream = io.BytesIO(raw)
    if offset + count <= len(raw) or not count:
        assert read_exactly(stream, offset, count, "x") == raw[offset : offset + count]
    else:
        with pytest.raises(Refused, match="ends inside 'x'; it is truncated"):
            read_exactly(stream, offset, count, "x")
    assert size_of(stream) == len(raw) and stream.tell() == 0


@given(st.integers(0, 2**16 - 1))
def test_bfloat16_is_the_upper_half_of_a_float32(bits):
    raw = struct.pack("<H", bits)
    (found,) = read_slot(io.BytesIO(b"xx" + raw), "a", Slot(2, "bfloat16", (1,)))
    (exact,) = struct.unpack("<f", b"\0\0" + raw)
    assert found.dtype == np.float32
    assert found == exact or (math.isnan(found) and math.isnan(exact))


def test_what_is_read_may_be_written_to():
    for dtype in SIZES:
        array = read_slot(io.BytesIO(bytes(16)), "a", Slot(0, dtype, (2,)))
        array[:] = 1
        assert array.flags.owndata or array.base.flags.owndata


def test_a_guard_must_stand_where_it_says():
    stream = io.BytesIO(b"....\x02\0\0\0\0\0\0\0\x07\x08")
    guard = 4, (2).to_bytes(8, "little")
    assert read_slot(stream, "a", Slot(12, "int8", (2,), guard)).tolist() == [7, 8]
    for wrong in ((4, (3).to_bytes(8, "little")), (3, guard[1])):
        with pytest.raises(Refused, match="not where the file says"):
            read_slot(stream, "a", Slot(12, "int8", (2,), wrong))
    with pytest.raises(Refused, match="truncated"):
        read_slot(stream, "a", Slot(12, "int8", (2,), (9, guard[1])))


def test_a_file_closes_what_it_opened():
    class Door:
        shut = 0

        def close(self):
            self.shut += 1

    doors = Door(), Door()
    with TensorFile("x", {}, lambda name: np.zeros(1), opened=doors) as file:
        assert [door.shut for door in doors] == [0, 0] and file.config == {}
    assert [door.shut for door in doors] == [1, 1]
    with pytest.raises(RuntimeError), TensorFile("x", {}, id, opened=doors):
        raise RuntimeError
    assert [door.shut for door in doors] == [2, 2]


def test_slots_make_a_file():
    slots = {"b": Slot(1, "uint8", (2,)), "a": Slot(0, "uint8", ())}
    file = from_slots("plain", io.BytesIO(b"\x05\x06\x07"), slots)
    assert file.format == "plain" and list(file.shapes.items()) == [
        ("b", (2,)),
        ("a", ()),
    ]
    assert file.read("b").tolist() == [6, 7] and file.read("a") == 5
    with pytest.raises(KeyError):
        file.read("c")


@pytest.mark.parametrize(
    "error",
    [
        zipfile.BadZipFile,
        EOFError,
        OSError,
        RuntimeError,
        NotImplementedError,
        ValueError,
    ],
)
def test_what_zipfile_raises_is_one_sentence(error):
    with pytest.raises(Refused, match="damaged, truncated or encrypted"), zip_damage():
        raise error("x")
    with pytest.raises(KeyError), zip_damage():
        raise KeyError("a slip of our own")


@given(st.lists(st.integers(0, 10**7), min_size=2, max_size=8))
def test_names_sort_by_their_numbers(numbers):
    names = sorted((f"features.{n}.weight" for n in numbers), key=natural)
    assert names == [f"features.{n}.weight" for n in sorted(numbers)]


def test_names_of_words_numbers_and_neither():
    names = ["b2a10", "b10a2", "b2a9", "a", "b", "2", "10", "", "a²", "b2"]
    assert sorted(names, key=natural) == [
        "", "2", "10", "a", "a²", "b", "b2", "b2a9", "b2a10", "b10a2",
    ]  # fmt: skip
    assert natural("9" * 18) < natural("1" + "0" * 18), "a word, behind all numbers"
    assert natural("1" + "0" * 18) < natural("9" * 19)
    assert natural("1" + "0" * 19) < natural("2" + "0" * 18), (
        "words go letter by letter"
    )


# Safetensors, from here on.


def written(header, body=b""):
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return io.BytesIO(struct.pack("<Q", len(raw)) + raw + body)


def row(begin, end, shape=None, dtype="U8"):
    return {
        "dtype": dtype,
        "shape": shape or [end - begin],
        "data_offsets": [begin, end],
    }


CODES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2",
         "I8": "i1", "U8": "u1", "BOOL": "?"}  # fmt: skip


@given(st.data())
def test_any_tensors_in_any_order_come_back(data):
    names = data.draw(
        st.lists(st.text(min_size=1, max_size=5), max_size=5, unique=True)
    )
    names = [name for name in names if name != "__metadata__"]
    header, body, wanted = {"__metadata__": {"x": "y"}}, b"", {}
    for name in names:
        code = data.draw(st.sampled_from(sorted(CODES)))
        shape = data.draw(st.lists(st.integers(0, 3), max_size=3))
        count = math.prod(shape)
        bits = data.draw(st.binary(min_size=8 * count, max_size=8 * count))
        value = np.frombuffer(bits, np.uint8)[: count * np.dtype(CODES[code]).itemsize]
        value = (value % 2 if code == "BOOL" else value).tobytes()
        header[name] = row(len(body), len(body) + len(value), dtype=code) | {
            "shape": shape
        }
        wanted[name] = np.frombuffer(value, CODES[code]).reshape(shape)
        body += value
    order = data.draw(st.permutations(sorted(header)))
    file = read_safetensors(written({name: header[name] for name in order}, body))
    assert list(file.shapes) == sorted(names, key=natural)
    for name, value in wanted.items():
        found = file.read(name)
        assert file.shapes[name] == found.shape == value.shape
        assert found.tobytes() == value.tobytes() and found.dtype == value.dtype


def test_empty_tensors_may_share_a_place():
    header = {
        "a": row(0, 0, [0]),
        "b": row(0, 2),
        "c": row(2, 2, [3, 0]),
        "d": row(2, 3),
    }
    file = read_safetensors(written(header, b"\1\2\3"))
    assert {name: file.read(name).tolist() for name in file.shapes} == {
        "a": [], "b": [1, 2], "c": [[], [], []], "d": [3],
    }  # fmt: skip
    assert read_safetensors(written({})).shapes == {}


@pytest.mark.parametrize(
    ("header", "size", "reason"),
    [
        ({"a": row(0, 2), "b": row(1, 3)}, 3, "'b' overlaps another"),
        ({"a": row(0, 2), "b": row(3, 4)}, 4, "'b' leaves a hole before it"),
        ({"a": row(1, 2)}, 2, "'a' leaves a hole"),
        ({"a": row(0, 2)}, 3, "has 1 bytes that belong to no tensor"),
        ({"a": row(0, 3)}, 2, "'a' lies outside the file"),
        ({"a": row(2, 0, [0])}, 2, "'a' lies outside"),
        ({"a": row(0, 2, [3])}, 2, "size of tensor 'a' does not match its shape"),
        ({"a": row(0, 2, dtype="F16") | {"shape": [2]}}, 2, "does not match"),
        ({"a": 3}, 0, "entry of 'a' is malformed"),
        ({"a": {"dtype": "U8", "shape": [1]}}, 1, "malformed"),
        ({"a": {"dtype": "U8", "data_offsets": [0, 1]}}, 1, "malformed"),
        ({"a": {"shape": [1], "data_offsets": [0, 1]}}, 1, "malformed"),
        ({"a": row(0, 1) | {"data_offsets": [0, 1, 1]}}, 1, "malformed"),
        (b"[]", 0, "no JSON object"),
        (b"\xff\xfe", 0, "no JSON"),
    ],
)
def test_each_rule_of_the_format_has_its_sentence(header, size, reason):
    with pytest.raises(Refused, match=reason):
        read_safetensors(written(header, bytes(size)))


def test_a_header_as_long_as_the_file_and_no_longer():
    assert read_safetensors(io.BytesIO(struct.pack("<Q", 2) + b"{}")).shapes == {}
    with pytest.raises(Refused, match="claims 3 bytes; the file has 10"):
        read_safetensors(io.BytesIO(struct.pack("<Q", 3) + b"{}"))
    with pytest.raises(Refused, match="truncated"):
        read_safetensors(io.BytesIO(b"\2\0\0\0\0\0\0"))


def test_a_header_of_16_mebibytes_is_looked_at_and_no_longer_one():
    for length, reason in (
        (2**24, "is no JSON"),
        (2**24 + 1, "claims 16,777,217 bytes"),
    ):
        with pytest.raises(Refused, match=reason):
            read_safetensors(io.BytesIO(struct.pack("<Q", length) + bytes(length)))
    row_of_one = len(
        '"model.layers.0000.attention.weight":' + json.dumps(row(0, 10**9)) + ","
    )
    assert tensors.MAX_TENSORS * row_of_one < 2**24, "as many as there may be, fit"


def test_the_longest_header_and_the_most_tensors(monkeypatch):
    header = {f"t{n}": row(n, n + 1) for n in range(3)}
    whole = written(header, b"abc")
    length = int.from_bytes(whole.read(8), "little")
    monkeypatch.setattr(safetensors, "MAX_HEADER_BYTES", length)
    monkeypatch.setattr(safetensors, "MAX_TENSORS", 3)
    assert len(read_safetensors(whole).shapes) == 3
    monkeypatch.setattr(safetensors, "MAX_HEADER_BYTES", length - 1)
    with pytest.raises(Refused, match=f"at most {length - 1} are read"):
        read_safetensors(whole)
    monkeypatch.setattr(safetensors, "MAX_HEADER_BYTES", length)
    monkeypatch.setattr(safetensors, "MAX_TENSORS", 2)
    with pytest.raises(Refused, match="names 3 tensors; that is too many"):
        read_safetensors(whole)


def test_a_known_beginning_decides_the_format(monkeypatch):
    from tfluck.weightfiles import opening

    asked = []
    for name in (
        "read_apart",
        "read_torch_legacy",
        "read_torch_zip",
        "read_safetensors",
    ):
        monkeypatch.setattr(
            opening, name, lambda *a, _n=name, **k: asked.append((_n, k))
        )
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("model/data.pkl", b"")
    keras = io.BytesIO()
    with zipfile.ZipFile(keras, "w") as archive:
        archive.writestr("config.json", b"{}")
    for raw in (stream, keras, io.BytesIO(opening.HDF5_MAGIC + b"x"),
                io.BytesIO(opening.LEGACY_MAGIC), io.BytesIO(b"\2\0\0\0\0\0\0\0{}")):  # fmt: skip
        raw.seek(3)
        read_tensors(raw, by_path=True)
    assert asked == [
        ("read_torch_zip", {}),
        ("read_apart", {"by_path": True}),
        ("read_apart", {"by_path": True}),
        ("read_torch_legacy", {}),
        ("read_safetensors", {}),
    ]
    for raw in (opening.HDF5_MAGIC[:-1], opening.LEGACY_MAGIC[:-1], b"\2\0\0\0\0\0\0\0[]",
                b"PK\x03", b"{\0\0\0\0\0\0\0"):  # fmt: skip
        with pytest.raises(Refused, match="of no known format; expected safetensors"):
            read_tensors(io.BytesIO(raw))
    with pytest.raises(Refused, match="damaged, truncated or encrypted"):
        read_tensors(io.BytesIO(b"PK\x03\x04 and no more"))
    assert len(tensors._DTYPES) == len(SIZES)
