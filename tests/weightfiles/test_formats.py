"""The layouts of plain bytes: round trips, element types, truncation, false claims."""

import io
import json
import struct

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tfluck.foundations.errors import BadInput
from tfluck.weightfiles import Refused, batch_norms, open_tensors, read_tensors

VALUES = {
    "bn.running_mean": np.array([0.5, -1.0, 2.0], "f4"),
    "bn.running_var": np.array([1.0, 0.0, 3.0], "f4"),
    "bn.weight": np.array([1.0, -2.0, 0.0], "f4"),
    "bn.bias": np.array([-1.0, 0.0, 1.0], "f4"),
    "conv.weight": np.arange(24, dtype="f4").reshape(2, 3, 4),
}


def test_every_tensor_comes_back(layout, write_tensors):
    with open_tensors(str(write_tensors(layout, VALUES))) as file:
        assert file.shapes == {key: value.shape for key, value in VALUES.items()}
        for key, value in VALUES.items():
            np.testing.assert_array_equal(file.read(key), value)
        (norm,) = batch_norms(file)
    np.testing.assert_array_equal(norm.shift, [-1, 0, 1])
    assert norm.role.order == "other" and norm.role.consumer == "unknown"


def test_every_truncation_is_refused(layout, write_tensors):
    raw = write_tensors(layout, VALUES).read_bytes()
    for length in range(0, len(raw), 7):
        with pytest.raises(Refused):
            file = read_tensors(io.BytesIO(raw[:length]))
            for key in file.shapes:
                file.read(key)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
    max_examples=150,
)
@given(data=st.data())
def test_damage_is_read_or_refused_and_nothing_else(data, layout, write_tensors):
    raw = bytearray(write_tensors(layout, VALUES).read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    try:
        file = read_tensors(io.BytesIO(bytes(raw)))
        for key in file.shapes:
            assert file.read(key).shape == file.shapes[key]
    except Refused:
        pass


def test_legacy_storage_that_is_not_where_it_should_be_is_refused(write_tensors):
    raw = write_tensors("legacy", VALUES).read_bytes()
    shifted = raw.replace(struct.pack("<q", 24), struct.pack("<q", 23))
    file = read_tensors(io.BytesIO(shifted))
    with pytest.raises(Refused, match="not where the file says"):
        file.read("conv.weight")


def safetensors(header: object, body: bytes = b"") -> io.BytesIO:
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return io.BytesIO(struct.pack("<Q", len(raw)) + raw + body)


@pytest.mark.parametrize(
    ("code", "body", "expected"),
    [
        ("F64", struct.pack("<2d", 1.5, -2), [1.5, -2]),
        ("F32", struct.pack("<2f", 1.5, -2), [1.5, -2]),
        ("F16", struct.pack("<2e", 1.5, -2), [1.5, -2]),
        ("BF16", b"\xc0\x3f\x00\xc0", [1.5, -2]),
        ("I64", struct.pack("<2q", 3, -4), [3, -4]),
        ("I32", struct.pack("<2i", 3, -4), [3, -4]),
        ("I16", struct.pack("<2h", 3, -4), [3, -4]),
        ("I8", struct.pack("<2b", 3, -4), [3, -4]),
        ("U8", b"\x03\xff", [3, 255]),
        ("BOOL", b"\x01\x00", [1, 0]),
    ],
)
def test_element_types(code, body, expected):
    entry = {"dtype": code, "shape": [2], "data_offsets": [0, len(body)]}
    file = read_tensors(safetensors({"a": entry}, body))
    np.testing.assert_array_equal(file.read("a"), expected)


def entry(**changes: object) -> dict[str, dict[str, object]]:
    good: dict[str, object] = {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}
    return {"a": good | changes}


@pytest.mark.parametrize(
    "header",
    [
        b"{",
        b"{" + b'"a":{' * 100_000,
        b"{} trailing",
        {"a": 1},
        {"a": {}},
        entry(shape=[3]),
        entry(shape=[-2]),
        entry(shape=[2.0]),
        entry(shape=[2**60, 2**60]),
        entry(shape="2"),
        entry(shape=[1] * 40),
        entry(data_offsets=[0]),
        entry(data_offsets=[0, 16]),
        entry(data_offsets=[-8, 0]),
        entry(data_offsets=[8, 0]),
        entry(data_offsets=[0, "x"]),
    ],
)
def test_false_header_is_refused(header):
    with pytest.raises(Refused):
        read_tensors(safetensors(header, b"\0" * 8))


def at(begin: int, end: int, **changes: object) -> dict[str, object]:
    shape = [(end - begin) // 4]
    row = {"dtype": "F32", "shape": shape, "data_offsets": [begin, end]}
    return row | changes


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ({"a": at(0, 16), "b": at(8, 24)}, "overlaps"),
        ({"a": at(0, 24), "b": at(0, 24)}, "overlaps"),
        ({"a": at(0, 24), "b": at(8, 12)}, "overlaps"),
        ({"a": at(0, 24), "b": at(8, 12, dtype="F8_E4M3")}, "overlaps"),
        ({"a": at(0, 8), "b": at(12, 24)}, "hole"),
        ({"a": at(4, 24)}, "hole"),
        ({"a": at(0, 20)}, "belong to no tensor"),
        ({}, "belong to no tensor"),
        ({"a": at(0, 28)}, "outside"),
        ({"a": at(0, 24, dtype="F32 ")}, None),
        ({"a": at(0, 24, data_offsets=["0", "24"])}, "shape"),
        ({"a": at(0, 24, data_offsets=[0.0, 24.0])}, "shape"),
        ({"a": at(0, 24, data_offsets=[False, 24])}, "shape"),
        (b'{"a":{"dtype":"F32","shape":[6],"data_offsets":[0,24]},'
         b'"a":{"dtype":"F32","shape":[6],"data_offsets":[0,24]}}', "twice"),
        (b'{"a":{"dtype":"F32","dtype":"I32","shape":[6],"data_offsets":[0,24]}}',
         "twice"),
        (b'{"a":{"dtype":"F32","shape":[' + b"9" * 9999 + b'],"data_offsets":[0,24]}}',
         "JSON"),
    ],
)  # fmt: skip
def test_bytes_belong_to_one_tensor_each(header, reason):
    """The published attack files of the format, written anew."""
    if reason is None:
        assert not read_tensors(safetensors(header, b"\0" * 24)).shapes
        return
    with pytest.raises(Refused, match=reason):
        read_tensors(safetensors(header, b"\0" * 24))


def test_header_longer_than_the_file_is_refused():
    with pytest.raises(Refused, match="header claims"):
        read_tensors(io.BytesIO(struct.pack("<Q", 10**9) + b"{}"))


def test_unknown_element_type_is_left_out():
    header = entry(dtype="F8_E4M3") | {"b": entry(data_offsets=[8, 16])["a"]}
    assert list(read_tensors(safetensors(header, b"\0" * 16)).shapes) == ["b"]


def test_layers_are_ordered_by_number_not_by_letter():
    names = [f"features.{n}.{v}" for n in (11, 4) for v in ("bias", "running_mean")]
    names += [f"features.{n}.running_var" for n in (11, 4)]
    header = {
        name: entry(data_offsets=[8 * place, 8 * place + 8])["a"]
        for place, name in enumerate(names)
    }
    layers = batch_norms(read_tensors(safetensors(header, b"\0" * 48)))
    assert [layer.name for layer in layers] == ["features.4", "features.11"]


@pytest.mark.parametrize("raw", [b"", b"PK\x05\x06" + b"\0" * 18, b"{}", b"\x93NUMPY"])
def test_unknown_format_is_refused(raw):
    with pytest.raises(Refused, match="no known format"):
        read_tensors(io.BytesIO(raw))


def test_missing_file_is_the_users_mistake(tmp_path):
    with pytest.raises(BadInput, match="There is no file"):
        open_tensors(str(tmp_path / "nothing.pth"))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"bn.running_var": np.array([1, -1, 0], "f4")}, "negative variance"),
        ({"bn.bias": np.array([1, np.nan, 0], "f4")}, "not finite"),
        ({"bn.bias": np.array([1, 2], "f4")}, "differ in length"),
        ({"bn.bias": np.ones((3, 1), "f4")}, "expected a vector"),
    ],
)
def test_impossible_batch_norm_is_refused(changes, reason, layout, write_tensors):
    path = str(write_tensors(layout, VALUES | changes))
    with open_tensors(path) as file, pytest.raises(Refused, match=reason):
        batch_norms(file)
