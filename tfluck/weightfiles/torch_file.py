"""PyTorch ``.pth`` files, both layouts, without PyTorch and without running them.

* zip (since 2020): ``<stem>/data.pkl`` is the state dict's pickle and
  ``<stem>/data/<key>`` are the storages, kept uncompressed.
* legacy: four pickles (magic number, protocol, system, state dict), a pickled list of
  storage keys, then for each key its element count (8 bytes) and its bytes.

Only the pickle is read at first; a tensor's bytes are read where they lie when it is
asked for, so the BatchNorm biases of a half-gigabyte file cost a few small reads.
"""

import math
import struct
import zipfile
from collections.abc import Callable
from typing import Any, BinaryIO

from tfluck.weightfiles.pickles import read_pickle
from tfluck.weightfiles.tensors import (
    MAX_TENSORS,
    Refused,
    Slot,
    TensorFile,
    itemsize,
    read_exactly,
    read_slot,
    shape_of,
    size_of,
)
from tfluck.weightfiles.torch_records import Storage, TensorRecord

#: The first pickle of every legacy file, byte for byte: 0x1950a86a20f9469cfc6c.
LEGACY_MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
_LEGACY_PROTOCOL = 1001
#: How deep dictionaries of dictionaries may lie.
_MAX_DEPTH = 8

#: The offset of a storage's first byte, and what must stand just before it.
_Place = tuple[int, tuple[int, bytes] | None]


def read_torch_zip(stream: BinaryIO, archive: zipfile.ZipFile) -> TensorFile:
    """Read what tensors a zip ``.pth`` holds; ``archive`` is ``stream`` opened.

    Raises:
        Refused: the pickle does more than describe tensors, or a storage is missing,
            compressed or too short.
    """
    members = {info.filename: info for info in archive.infolist()}
    pickle = next((name for name in members if name.endswith("/data.pkl")), None)
    if pickle is None:
        raise Refused("The zip file has no data.pkl; it is no PyTorch state dict.")
    stem = pickle.removesuffix("data.pkl")
    if stem + "byteorder" in members:
        with archive.open(stem + "byteorder") as order:
            _require_little(order.read(8) == b"little")
    with archive.open(pickle) as source:
        tensors = flatten(read_pickle(source))

    def place(storage: Storage) -> _Place:
        info = members.get(f"{stem}data/{storage.key}")
        if info is None or info.compress_type != zipfile.ZIP_STORED:
            raise Refused(f"Storage '{storage.key[:80]}' is missing or compressed.")
        if info.file_size < storage.count * itemsize(storage.dtype):
            raise Refused(f"Storage '{storage.key[:80]}' is shorter than it claims.")
        return _first_byte(stream, info.header_offset), None

    return _tensor_file("PyTorch zip", stream, tensors, place)


def _first_byte(stream: BinaryIO, header: int) -> int:
    """Return where a zip member's bytes begin: behind its own header of 30 + n + m."""
    fixed = read_exactly(stream, header, 30, "zip header")
    if fixed[:4] != b"PK\x03\x04":
        raise Refused("A member of the zip file is not where its directory says.")
    name_length, extra_length = struct.unpack("<HH", fixed[26:])
    return int(header + 30 + name_length + extra_length)


def read_torch_legacy(stream: BinaryIO) -> TensorFile:
    """Read what tensors a ``.pth`` from before 2020 holds.

    Raises:
        Refused: a pickle does more than describe tensors, or the storages end beyond
            the file.
    """
    size = size_of(stream)
    read_exactly(stream, 0, len(LEGACY_MAGIC), "magic number")
    if read_pickle(stream) != _LEGACY_PROTOCOL:
        raise Refused("The PyTorch file is of an unknown protocol.")
    system = read_pickle(stream)
    _require_little(isinstance(system, dict) and system.get("little_endian") is True)
    tensors = flatten(read_pickle(stream))
    storages = {record.storage.key: record.storage for record in tensors.values()}
    places = _walk(read_pickle(stream), storages, stream.tell(), size)
    return _tensor_file("PyTorch legacy", stream, tensors, lambda s: places[s.key])


def _walk(
    keys: Any, storages: dict[str, Storage], offset: int, size: int
) -> dict[str, _Place]:
    """Place the storages one after the other in the order of ``keys``."""
    if not isinstance(keys, list) or sorted(map(str, keys)) != sorted(storages):
        raise Refused("The file's list of storages does not match its tensors.")
    places: dict[str, _Place] = {}
    for key in keys:
        storage = storages[key]
        count = storage.count.to_bytes(8, "little", signed=True)
        places[key] = (offset + 8, (offset, count))
        offset += 8 + storage.count * itemsize(storage.dtype)
        if storage.count < 0 or offset > size:
            raise Refused("The file ends before its last storage; it is truncated.")
    return places


def _require_little(is_little: bool) -> None:
    if not is_little:
        raise Refused("The PyTorch file is not little-endian; no other is read.")


def flatten(tree: Any) -> dict[str, TensorRecord]:
    """Collect the tensors of nested dicts, their names joined by dots.

    Raises:
        Refused: there is none, or the nest is so deep or wide that it is a trap.
    """
    found: dict[str, TensorRecord] = {}
    steps = 0

    def visit(value: Any, name: str, depth: int) -> None:
        nonlocal steps
        steps += 1
        if steps > MAX_TENSORS or depth > _MAX_DEPTH or len(name) > 1000:
            raise Refused("The file nests more dictionaries than any state dict.")
        if isinstance(value, TensorRecord):
            found[name] = value
        elif isinstance(value, dict):
            for key, item in value.items():
                visit(item, f"{name}.{key}" if name else str(key), depth + 1)

    visit(tree, "", 0)
    if not found:
        raise Refused("The PyTorch file holds no tensors.")
    return found


def _tensor_file(
    name: str,
    stream: BinaryIO,
    tensors: dict[str, TensorRecord],
    place: Callable[[Storage], _Place],
) -> TensorFile:
    shapes = {key: _shape(key, record) for key, record in tensors.items()}

    def read(key: str) -> Any:
        storage = tensors[key].storage
        first, guard = place(storage)
        skipped = (storage.start + tensors[key].offset) * itemsize(storage.dtype)
        slot = Slot(first + skipped, storage.dtype, shapes[key], guard)
        return read_slot(stream, key, slot)

    return TensorFile(name, shapes, read)


def _shape(name: str, record: TensorRecord) -> tuple[int, ...]:
    """Return the shape of a tensor that lies row by row inside its storage."""
    shape, strides = shape_of(record.shape), shape_of(record.stride)
    dense, step = [], 1
    for length in reversed(shape):
        dense.append(step)
        step *= length
    pairs = zip(shape, strides, reversed(dense), strict=False)
    if len(shape) != len(strides) or any(n > 1 and s != d for n, s, d in pairs):
        raise Refused(f"Tensor '{name}' does not lie row by row; it cannot be read.")
    begin = record.storage.start + record.offset
    end = begin + math.prod(shape)
    if record.offset < 0 or begin < 0 or end > record.storage.count:
        raise Refused(f"Tensor '{name}' reaches beyond its storage.")
    return shape
