"""A stranger's pickle is read as data: it imports nothing and runs nothing."""

import contextlib
import io
import struct
import sys
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfluck.weightfiles import Refused, read_tensors
from tfluck.weightfiles.pickles import MAX_PICKLE_BYTES, read_pickle
from tfluck.weightfiles.torch_file import LEGACY_MAGIC, flatten

SYSTEM = b"X\x0c\x00\x00\x00touch canary"
TENSOR = (
    b"ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\n"
    b"X\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04tQK\x00K\x04\x85K\x01\x85\x89}tR"
)
#: Each line is a way in which a pickle reaches for more than data.
HOSTILE = {
    "reduce": b"cposix\nsystem\n" + SYSTEM + b"\x85R",
    "stack_global": b"\x8c\x05posix\x8c\x06system\x93" + SYSTEM + b"\x85R",
    "inst": b"(" + SYSTEM + b"iposix\nsystem\n",
    "obj": b"(cposix\nsystem\n" + SYSTEM + b"o",
    "newobj": b"csubprocess\nPopen\n" + SYSTEM + b"\x85\x81",
    "newobj_ex": b"csubprocess\nPopen\n)}\x92",
    "build_global": b"cposix\nsystem\n}b",
    "extension": b"\x82\x01",
    "persid": b"Pstorage\n",
    "eval": b"c__builtin__\neval\nX\x03\x00\x00\x001+1\x85R",
    "import": b"cantigravity\nfly\n",
    "dotted": b"ccollections\nOrderedDict.fromkeys\n)R",
    "torch_load": b"ctorch\nload\n)R",
    "call_storage": b"ctorch\nFloatStorage\n)R",
    "call_number": b"K\x01)R",
    "out_of_band_buffer": b"\x97",
    "set": b"\x8f",
    "bytes": b"C\x01a",
}
#: Each line is a pickle that is broken, or a trap for memory or time.
BROKEN = {
    "nothing": b"",
    "no_stop": b"}",
    "pop_from_nothing": b"a.",
    "mark_missing": b"t.",
    "memo_missing": b"h\x07.",
    "short_tuple": b"K\x01\x87.",
    "odd_dict": b"}(K\x01u.",
    "list_as_key": b"}]K\x01s.",
    "tuple_as_key": b"})K\x01s.",
    "append_to_dict": b"}K\x01a.",
    "two_results": b"K\x01K\x02.",
    "unknown_opcode": b"\xff.",
    "text_longer_than_file": b"X\xff\xff\xff\x0fab.",
    "text_longer_than_memory": b"\x8d" + b"\xff" * 7 + b"\x7fab.",
    "number_longer_than_file": b"\x8b\xff\xff\xff\x0f1.",
    "negative_length": b"\x8b\xff\xff\xff\xffK.",
    "escaped_name": b"ccollect\\ions\nOrderedDict\n.",
    "endless_line": b"c" + b"a" * 2000,
    "bad_utf8": b"X\x01\x00\x00\x00\xff.",
    "tensor_of_nothing": b"ctorch._utils\n_rebuild_tensor\n(K\x01K\x02K\x03K\x04tR.",
    "tensor_without_arguments": b"ctorch._utils\n_rebuild_tensor\n)R.",
    "dict_of_numbers": b"ccollections\nOrderedDict\n](K\x01K\x02e\x85R.",
    "number_of_4000_bytes": b"\x8b\xa0\x0f\x00\x00" + b"\x7f" * 4000 + b".",
    "key_of_4000_bytes": b"}\x8b\xa0\x0f\x00\x00" + b"\x7f" * 4000 + b"K\x01s.",
    "number_of_65_bits": b"\x8a\x09" + b"\x00" * 8 + b"\x01.",
    "storage_by_name": b"(X\x07\x00\x00\x00storageK\x01K\x02K\x03K\x04tQ.",
}


def as_zip(pickle: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("model/data.pkl", pickle)
    return buffer.getvalue()


def as_legacy(pickle: bytes) -> bytes:
    little = b"\x80\x02}X\x0d\x00\x00\x00little_endian\x88s."
    return LEGACY_MAGIC + b"\x80\x02M\xe9\x03." + little + pickle


@pytest.mark.parametrize("wrap", [as_zip, as_legacy])
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pickle_is_refused_in_one_sentence(name, wrap, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pickle = b"\x80\x02}X\x01\x00\x00\x00a" + HOSTILE[name] + b"s."
    with pytest.raises(Refused) as caught:
        read_tensors(io.BytesIO(wrap(pickle)))
    assert "\n" not in str(caught.value) and str(caught.value).endswith(".")
    assert not list(tmp_path.iterdir())
    assert "antigravity" not in sys.modules


@pytest.mark.parametrize("name", BROKEN)
def test_broken_pickle_is_refused(name):
    with pytest.raises(Refused):
        read_pickle(io.BytesIO(b"\x80\x02" + BROKEN[name]))


@pytest.mark.parametrize("wrap", [as_zip, as_legacy])
def test_a_key_too_long_to_be_printed_is_refused(wrap):
    """Python writes no whole number of more than 4,300 digits."""
    key = b"\x8b\xa0\x0f\x00\x00" + b"\x7f" * 4000
    with pytest.raises(Refused, match="number"):
        read_tensors(io.BytesIO(wrap(b"}" + key + TENSOR + b"s.")))


def test_a_legacy_file_of_numbers_without_end_is_refused():
    """A protocol, a length or a key of six million digits, each 2.5 MB long."""
    huge = b"\x8b" + (2_500_000).to_bytes(4, "little") + b"\x7f" * 2_500_000 + b"."
    magic = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
    for before in (b"", b"\x80\x02M\xe9\x03."):
        with pytest.raises(Refused, match="number"):
            read_tensors(io.BytesIO(magic + before + b"\x80\x02" + huge))


def test_pickle_longer_than_the_cap_is_refused():
    pickle = b"](" + b"K\x01" * (MAX_PICKLE_BYTES // 2) + b"e."
    with pytest.raises(Refused, match="longer than"):
        read_pickle(io.BytesIO(pickle))


def nested(levels: int) -> bytes:
    """Each level is a dict that holds the level below twice: 2^levels leaves."""
    level = b"}(X\x01\x00\x00\x00a%sX\x01\x00\x00\x00bh%cu"
    inner = TENSOR + b"q\x00"
    for index in range(levels):
        inner = level % (inner, index) + b"q" + bytes([index + 1])
    return inner + b"."


def test_dicts_within_dicts_multiply_but_not_beyond_the_cap():
    assert len(flatten(read_pickle(io.BytesIO(nested(3))))) == 8
    with pytest.raises(Refused, match="nests more"):
        flatten(read_pickle(io.BytesIO(nested(40))))


def test_dict_that_holds_itself_is_refused():
    cyclic = b"}q\x00X\x01\x00\x00\x00ah\x00s."
    with pytest.raises(Refused, match="nests more"):
        flatten(read_pickle(io.BytesIO(cyclic)))


def test_python_2_wrote_ordered_dicts_as_lists_of_pairs():
    pairs = b"](](U\x01a" + TENSOR + b"e](U\x01b" + TENSOR + b"ee\x85"
    pickle = b"\x80\x02ccollections\nOrderedDict\n" + pairs + b"R}U\x09_metadata}sb."
    assert list(flatten(read_pickle(io.BytesIO(pickle)))) == ["a", "b"]


def test_reading_stops_behind_the_pickle():
    stream = io.BytesIO(b"\x80\x02K\x05.rest")
    assert read_pickle(stream) == 5
    assert stream.read() == b"rest"


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**31), 2**31 - 1)
        | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.text(max_size=3), inner, max_size=3)
        ),
    )
)
def test_plain_data_survives(value):
    assert read_pickle(io.BytesIO(encode(value) + b".")) == value


def encode(value) -> bytes:
    """Write plain data with the instructions PyTorch's files use."""
    if value is None or isinstance(value, bool):
        return {None: b"N", True: b"\x88", False: b"\x89"}[value]
    if isinstance(value, int):
        return b"J" + struct.pack("<i", value)
    if isinstance(value, str):
        raw = value.encode("utf-8", "surrogatepass")
        return b"X" + struct.pack("<I", len(raw)) + raw
    if isinstance(value, list):
        return b"](" + b"".join(map(encode, value)) + b"e"
    pairs = (encode(key) + encode(item) for key, item in value.items())
    return b"}(" + b"".join(pairs) + b"u"


@given(st.binary(max_size=200))
def test_noise_is_read_or_refused_and_nothing_else(noise):
    with contextlib.suppress(Refused):
        read_pickle(io.BytesIO(noise))


@given(st.data())
def test_damaged_state_dict_is_read_or_refused_and_nothing_else(data):
    raw = bytearray(b"\x80\x02}X\x01\x00\x00\x00a" + TENSOR + b"s.")
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(Refused):
        flatten(read_pickle(io.BytesIO(bytes(raw))))
