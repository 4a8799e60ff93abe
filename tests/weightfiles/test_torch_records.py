"""What a state dict may say of a tensor, one storage and one view at a time."""

import io
import struct
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfluck.weightfiles import Refused, pickles, read_tensors, torch_file
from tfluck.weightfiles.pickles import read_pickle
from tfluck.weightfiles.torch_file import LEGACY_MAGIC, flatten
from tfluck.weightfiles.torch_records import (
    BUILDERS,
    STORAGES,
    Name,
    Storage,
    TensorRecord,
    build_storage,
    require_key,
)

FLOATS = Name("torch", "FloatStorage")


def text(word):
    raw = word.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw


def number(n):
    return b"\x8a\x08" + struct.pack("<q", n)


def sizes(values):
    return b"(" + b"".join(map(number, values)) + b"t"


def storage(count, kind="Float", key="0", view=b""):
    return (
        b"(" + text("storage") + f"ctorch\n{kind}Storage\n".encode() + text(key)
        + text("cpu") + number(count) + view + b"tQ"
    )  # fmt: skip


def tensor(shape, strides, offset=0, **given):
    count = given.pop("count", 12)
    return (
        b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage(count, **given) + number(offset)
        + sizes(shape) + sizes(strides) + b"\x89}tR"
    )  # fmt: skip


def state(**values):
    inner = b"".join(text(name) + value for name, value in values.items())
    return b"\x80\x02}(" + inner + b"u."


def archived(pickle, data=b"", *, method=zipfile.ZIP_STORED, stem="model", **more):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(f"{stem}/data.pkl", pickle)
        archive.writestr(f"{stem}/data/0", data, method)
        for name, content in more.items():
            archive.writestr(f"{stem}/{name}", content)
    return stream


NUMBERS = np.arange(12, dtype="f4")
RAW = NUMBERS.tobytes()


def read(shape, strides, offset=0, data=RAW, **given):
    return read_tensors(
        archived(state(a=tensor(shape, strides, offset, **given)), data)
    ).read("a")


@given(st.lists(st.integers(1, 4), max_size=3), st.integers(0, 3), st.data())
def test_a_view_that_lies_row_by_row(shape, offset, data):
    """Axes of one entry may have any stride: nobody steps along them."""
    count = int(np.prod(shape))
    if count + offset > 12:
        offset = 0
    if count > 12:
        return
    strides, step = [], 1
    for length in reversed(shape):
        strides.insert(0, data.draw(st.integers(0, 9)) if length == 1 else step)
        step *= length
    found = read(shape, strides, offset)
    np.testing.assert_array_equal(
        found, NUMBERS[offset : offset + count].reshape(shape)
    )


@pytest.mark.parametrize(
    ("shape", "strides"),
    [((3, 4), (1, 3)), ((2, 3), (4, 1)), ((2,), (2,)), ((2,), (0,)), ((2, 1, 2), (1, 2, 2)),
     ((2, 2), (2,)), ((2,), (2, 1)), ((), (1,))],
)  # fmt: skip
def test_a_view_that_does_not_is_refused(shape, strides):
    with pytest.raises(Refused, match="'a' does not lie row by row"):
        read(shape, strides)


@pytest.mark.parametrize(
    ("shape", "offset", "fits"),
    [((12,), 0, True), ((12,), 1, False), ((13,), 0, False), ((1,), 11, True),
     ((1,), 12, False), ((0,), 12, True), ((0,), 13, False), ((), 11, True), ((), 12, False),
     ((1,), -1, False)],
)  # fmt: skip
def test_a_view_ends_where_its_storage_ends(shape, offset, fits):
    strides = [1] * len(shape)
    if fits:
        assert read(shape, strides, offset).size == np.prod(shape, dtype=int)
    else:
        with pytest.raises(Refused, match="'a' reaches beyond its storage"):
            read(shape, strides, offset)


def view(start, count=3):
    return b"(" + text("v") + number(start) + number(count) + b"t"


def test_a_storage_may_be_a_view_of_another():
    found = read((3,), (1,), 2, view=view(4))
    np.testing.assert_array_equal(found, NUMBERS[6:9])
    np.testing.assert_array_equal(read((3,), (1,), 2, view=b"N"), NUMBERS[2:5])
    for start, offset in ((10, 0), (9, 1), (-1, 0)):
        with pytest.raises(Refused, match="beyond its storage"):
            read((3,), (1,), offset, view=view(start))
    assert read((3,), (1,), 0, view=view(9)).tolist() == [9, 10, 11]


KINDS = {
    "Double": "<f8", "Float": "<f4", "Half": "<f2", "Long": "<i8", "Int": "<i4",
    "Short": "<i2", "Char": "i1", "Byte": "u1", "Bool": "?",
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_type_of_storage(kind):
    values = np.array([1, 0, 1, 1], KINDS[kind])
    found = read((3,), (1,), 1, values.tobytes(), kind=kind, count=4)
    assert found.dtype == np.dtype(KINDS[kind]) and found.tolist() == [0, 1, 1]
    assert STORAGES[Name("torch", f"{kind}Storage")] == np.dtype(KINDS[kind]).name


def test_bfloat16_and_a_type_nobody_has():
    raw = np.array([1.5, -2.0], "<f4").view("<u2")[1::2].tobytes()
    found = read((2,), (1,), 0, raw, kind="BFloat16", count=2)
    assert found.dtype == np.float32 and found.tolist() == [1.5, -2.0]
    assert len(STORAGES) == len(KINDS) + 1
    with pytest.raises(Refused, match=r"asks for 'torch\.QuaternionStorage'"):
        read((2,), (1,), 0, kind="Quaternion")


def test_storages_of_a_zip_must_be_there_whole_and_stored():
    pickle = state(a=tensor((12,), (1,)))
    raw = NUMBERS.tobytes()
    assert (
        read_tensors(archived(pickle, raw + b"more")).read("a").tolist()
        == NUMBERS.tolist()
    )
    with pytest.raises(Refused, match="'0' is shorter than it claims"):
        read_tensors(archived(pickle, raw[:-1])).read("a")
    with pytest.raises(Refused, match="'0' is missing or compressed"):
        read_tensors(archived(pickle, raw, method=zipfile.ZIP_DEFLATED)).read("a")
    lost = state(a=tensor((12,), (1,), key="1"))
    with pytest.raises(Refused, match="'1' is missing"):
        read_tensors(archived(lost, raw)).read("a")


def test_a_zip_says_its_byte_order_and_where_its_pickle_is():
    pickle, raw = state(a=tensor((12,), (1,))), NUMBERS.tobytes()
    assert read_tensors(archived(pickle, raw, byteorder=b"little")).shapes == {
        "a": (12,)
    }
    for order in (b"big", b"littleX", b"", b"LITTLE"):
        with pytest.raises(Refused, match="not little-endian"):
            read_tensors(archived(pickle, raw, byteorder=order))
    deep = read_tensors(archived(pickle, raw, stem="a/b/c"))
    assert deep.format == "PyTorch zip" and deep.read("a")[11] == 11
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("data.pkl", pickle)
    with pytest.raises(Refused, match="no PyTorch state dict"):
        read_tensors(stream)


def test_a_member_must_lie_where_the_directory_says():
    stream = archived(state(a=tensor((12,), (1,))), NUMBERS.tobytes())
    whole = stream.getvalue()
    place = whole.index(b"PK\x03\x04", 4)
    for byte in (0, 2, 4, 255):
        raw = bytearray(whole)
        raw[place + 2] = byte
        with pytest.raises(Refused, match="not where its directory says"):
            read_tensors(io.BytesIO(bytes(raw))).read("a")


# Files from before 2020.


def legacy(pickle, keys, data, little=b"\x88", protocol=b"M\xe9\x03"):
    head = LEGACY_MAGIC + b"\x80\x02" + protocol + b"."
    head += b"\x80\x02}" + text("little_endian") + little + b"s."
    return io.BytesIO(head + pickle + b"\x80\x02](" + keys + b"e." + data)


def stored(values):
    return struct.pack("<q", len(values)) + values.tobytes()


def test_storages_follow_each_other_in_the_order_of_their_keys():
    pickle = state(
        a=tensor((2,), (1,), count=3, key="7", offset=1),
        b=tensor((4,), (1,), count=4, key="5"),
    )
    one, two = NUMBERS[:3], NUMBERS[3:7]
    file = read_tensors(
        legacy(pickle, text("5") + text("7"), stored(two) + stored(one))
    )
    assert file.format == "PyTorch legacy"
    assert file.read("a").tolist() == [1, 2] and file.read("b").tolist() == [3, 4, 5, 6]
    swapped = legacy(pickle, text("7") + text("5"), stored(two) + stored(one))
    with pytest.raises(Refused, match="not where the file says"):
        read_tensors(swapped).read("a")


@pytest.mark.parametrize(
    "keys", [b"", text("1"), text("0") + text("0"), text("0") + text("1")]
)
def test_the_keys_are_those_of_the_tensors(keys):
    with pytest.raises(Refused, match="list of storages does not match"):
        read_tensors(legacy(state(a=tensor((12,), (1,))), keys, stored(NUMBERS)))


def test_the_last_storage_ends_with_the_file_or_before():
    pickle = state(a=tensor((12,), (1,)))
    raw = stored(NUMBERS)
    assert read_tensors(legacy(pickle, text("0"), raw + b"x")).read("a").sum() == 66
    with pytest.raises(Refused, match="ends before its last storage"):
        read_tensors(legacy(pickle, text("0"), raw[:-1]))
    with pytest.raises(
        Refused, match=r"reaches beyond its storage|ends before its last"
    ):
        read_tensors(legacy(state(a=tensor((0,), (1,), count=-1)), text("0"), raw))


def test_other_protocols_and_byte_orders():
    pickle, raw = state(a=tensor((12,), (1,))), stored(NUMBERS)
    for protocol in (b"M\xe8\x03", b"K\x01", b"N", b"}"):
        with pytest.raises(Refused, match="unknown protocol"):
            read_tensors(legacy(pickle, text("0"), raw, protocol=protocol))
    for little in (b"\x89", b"N", b"K\x01"):
        with pytest.raises(Refused, match="not little-endian"):
            read_tensors(legacy(pickle, text("0"), raw, little=little))


# The words themselves.


GOOD = ("storage", FLOATS, "0", "cpu", 4)


def test_a_storage_by_its_words():
    assert build_storage(GOOD) == Storage("0", "float32", 4, 0)
    assert build_storage((*GOOD, None)) == Storage("0", "float32", 4, 0)
    assert build_storage((*GOOD, ("v", 3, 1))) == Storage("0", "float32", 4, 3)
    assert build_storage((*GOOD, ("v", 3))).start == 0


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (list(GOOD), "no storage"),
        (GOOD[:4], "no storage"),
        ((*GOOD, None, None), "no storage"),
        (("module", *GOOD[1:]), "no storage"),
        (("storage", "torch.FloatStorage", *GOOD[2:]), "unknown type"),
        (("storage", Name("torch", "Size"), *GOOD[2:]), "unknown type"),
        (("storage", FLOATS, 0, "cpu", 4), "words that are none"),
        (("storage", FLOATS, "0", "cpu", "4"), "words that are none"),
        (("storage", FLOATS, "0", "cpu", True), "words that are none"),
        ((*GOOD, ("v", "3", 1)), "words that are none"),
    ],
)
def test_words_that_make_no_storage(words, reason):
    with pytest.raises(Refused, match=reason):
        build_storage(words)


def test_the_five_builders():
    assert {str(name) for name in BUILDERS} == {
        "collections.OrderedDict", "torch._utils._rebuild_tensor",
        "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_parameter", "torch.Size",
    }  # fmt: skip
    ordered = BUILDERS[Name("collections", "OrderedDict")]
    assert ordered() == {} and ordered([["a", 1], ("b", 2)]) == {"a": 1, "b": 2}
    for items in ([1], ["ab"], [{"a": 1}], "ab"):
        with pytest.raises(Refused, match="something else than pairs"):
            ordered(items)
    place = Storage("0", "float32", 4)
    for version in ("", "_v2"):
        build = BUILDERS[Name("torch._utils", f"_rebuild_tensor{version}")]
        made = build(place, 1, (2,), (1,), False, {})
        assert made == TensorRecord(place, 1, (2,), (1,))
        for wrong in (("0", 1), (place, True), (place, 1.0), (place, None)):
            with pytest.raises(Refused, match="something else than a storage"):
                build(*wrong, (2,), (1,))
    assert BUILDERS[Name("torch._utils", "_rebuild_parameter")](made, True, {}) is made
    assert BUILDERS[Name("torch", "Size")]((1, 2)) == (1, 2)


def test_keys_are_words_and_numbers():
    for key in ("a", 1, True):
        assert require_key(key) is key
    for key in (None, 1.5, (1,), b"a", FLOATS, place_of()):
        with pytest.raises(Refused, match="no word or number"):
            require_key(key)


def place_of():
    return Storage("0", "float32", 4)


def test_a_name_is_shown_short():
    assert str(Name("a", "b")) == "a.b" and len(str(Name("m" * 90, "x"))) == 80


RECORD = TensorRecord(Storage("0", "float32", 4), 0, (4,), (1,))


def test_names_are_paths_joined_by_dots():
    tree = {
        "model": {"bn": {"weight": RECORD, "n": 3}, 0: RECORD},
        "top": RECORD,
        "x": [RECORD],
    }
    assert list(flatten(tree)) == ["model.bn.weight", "model.0", "top"]
    assert list(flatten({"": {"a": RECORD}})) == ["a"]
    for empty in ({}, {"a": 1}, [RECORD], None, 3):
        with pytest.raises(Refused, match="holds no tensors"):
            flatten(empty)


def nest(depth):
    return RECORD if not depth else {"a": nest(depth - 1)}


def test_how_deep_and_long_names_may_be(monkeypatch):
    assert list(flatten(nest(8))) == [".".join("a" * 8)]
    with pytest.raises(Refused, match="nests more"):
        flatten(nest(9))
    assert len(flatten({"n" * 1000: RECORD})) == 1
    with pytest.raises(Refused, match="nests more"):
        flatten({"n" * 1001: RECORD})
    monkeypatch.setattr(torch_file, "MAX_TENSORS", 4)
    assert len(flatten(dict.fromkeys("abc", RECORD))) == 3, "the dict itself is a step"
    with pytest.raises(Refused, match="nests more"):
        flatten(dict.fromkeys("abcd", RECORD))


# The machine.


@pytest.mark.parametrize(
    ("program", "value"),
    [
        (b"N", None), (b"\x88", True), (b"\x89", False), (b"K\xff", 255), (b"M\xff\xff", 65535),
        (b"J\xff\xff\xff\xff", -1), (number(2**63 - 1), 2**63 - 1), (number(-(2**63)), -(2**63)),
        (b"G" + struct.pack(">d", 1.5), 1.5), (b"U\x02ab", "ab"), (b"\x8c\x02ab", "ab"),
        (b"T\x02\0\0\0ab", "ab"), (b"}", {}), (b"]", []), (b")", ()),
        (b"K\x01\x85", (1,)), (b"K\x01K\x02\x86", (1, 2)), (b"K\x01K\x02K\x03\x87", (1, 2, 3)),
        (b"(K\x01K\x02t", (1, 2)), (b"]K\x01a", [1]), (b"](K\x01K\x02e", [1, 2]),
        (b"}K\x01K\x02s", {1: 2}), (b"}(K\x01K\x02K\x03K\x04u", {1: 2, 3: 4}),
        (b"]q\x05K\x01ah\x05\x86", ([1], [1])), (b"]\x94K\x01ah\x00\x86", ([1], [1])),
        (b"]r\x05\1\0\0j\x05\1\0\0\x86", ([], [])), (b"\x95" + b"\0" * 8 + b"N", None),
        (b"}}b", {}), (b"K\x07]\x94h\x00\x87", (7, [], [])),
        (b"K\x07]q\x02h\x02\x87", (7, [], [])), (b"K\x07K\x01\x85\x86", (7, (1,))),
        (b"(K\x01(K\x02tK\x03t", (1, (2,), 3)),
    ],
)  # fmt: skip
def test_every_instruction(program, value):
    found = read_pickle(io.BytesIO(b"\x80\x02" + program + b"."))
    assert found == value and type(found) is type(value)


def test_what_is_remembered_is_the_thing_itself():
    (one, other) = read_pickle(io.BytesIO(b"]q\x00h\x00\x86."))
    assert one is other


@pytest.mark.parametrize(
    "program",
    [b"\x8a\x09" + struct.pack("<q", 0) + b"\1", b"\x8a\x09" + b"\xff" * 7 + b"\x7f\xff",
     b"K\x01b", b"}K\x01K\x02b", b"]K\x01K\x02s", b"}K\x01a", b"](K\x01K\x02u", b"}(K\x01e",
     b"K\x01Nb", b"K\x01)R", b"ctorch\nSize\n]R", b"ctorch\nSize\n)R", b"NN", b"",
     b"K\x01K\x02\x87", b"\x86", b"}(K\x01K\x02K\x03u", b"(", b"h\x00", b"}K\x01N",
     b"K\x01K\x02\x93"],
)  # fmt: skip
def test_programs_that_say_nothing(program):
    with pytest.raises(Refused):
        read_pickle(io.BytesIO(b"\x80\x02" + program + b"."))


def test_a_pickle_may_be_as_long_as_the_cap(monkeypatch):
    raw = b"\x80\x02](" + b"K\x01" * 40 + b"e."
    monkeypatch.setattr(pickles, "MAX_PICKLE_BYTES", len(raw))
    assert read_pickle(io.BytesIO(raw)) == [1] * 40
    monkeypatch.setattr(pickles, "MAX_PICKLE_BYTES", len(raw) - 1)
    with pytest.raises(Refused, match=f"longer than {len(raw) - 1} bytes"):
        read_pickle(io.BytesIO(raw))
    names = b"\x80\x02ctorch\nSize\n."
    monkeypatch.setattr(pickles, "MAX_PICKLE_BYTES", len(names))
    assert read_pickle(io.BytesIO(names)) == Name("torch", "Size")
    monkeypatch.setattr(pickles, "MAX_PICKLE_BYTES", len(names) - 1)
    with pytest.raises(Refused, match="longer than"):
        read_pickle(io.BytesIO(names))


@pytest.mark.parametrize(
    "word", [b"cposix\nsystem\n", b"\x8c\x05posix\x8c\x06system\x93"]
)
def test_a_name_outside_the_list_is_told_and_not_looked_up(word):
    with pytest.raises(
        Refused, match=r"asks for 'posix\.system', which is no part of a tensor"
    ):
        read_pickle(io.BytesIO(b"\x80\x02" + word + b"."))
    named = read_pickle(io.BytesIO(b"\x80\x02\x8c\x05torch\x8c\x04Size\x93."))
    assert named == Name("torch", "Size")
    with pytest.raises(Refused, match=r"calls 'torch\.FloatStorage'"):
        read_pickle(io.BytesIO(b"\x80\x02ctorch\nFloatStorage\n)R."))
