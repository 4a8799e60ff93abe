"""Safetensors: eight bytes of header length, a JSON header, then the tensors."""

import json
from collections.abc import Mapping
from typing import Any, BinaryIO, NamedTuple

from tfluck.weightfiles.natural import natural
from tfluck.weightfiles.tensors import (
    MAX_TENSORS,
    Refused,
    Slot,
    TensorFile,
    from_slots,
    read_exactly,
    shape_of,
    size_of,
)

#: A header of 100,000 tensors is smaller than this.
MAX_HEADER_BYTES = 16 * 2**20

_DTYPES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U8": "uint8",
    "BOOL": "bool",
}


def read_safetensors(stream: BinaryIO) -> TensorFile:
    """Read the header of ``stream``; tensors are read when asked for.

    Tensors of a type tfluck does not know (8-bit floats, say) are left out.

    Raises:
        Refused: the header is too long, no JSON, or says something twice; or tensors
            overlap, leave holes or lie outside the file.
    """
    size = size_of(stream)
    length = int.from_bytes(read_exactly(stream, 0, 8, "header"), "little")
    if length > min(MAX_HEADER_BYTES, size - 8):
        raise Refused(
            f"The safetensors header claims {length:,} bytes; "
            f"the file has {size:,} and at most {MAX_HEADER_BYTES:,} are read."
        )
    header = _parse(read_exactly(stream, 8, length, "header"))
    header.pop("__metadata__", None)
    if len(header) > MAX_TENSORS:
        raise Refused(f"The file names {len(header):,} tensors; that is too many.")
    start = 8 + length
    rows = {name: _row(name, row) for name, row in header.items()}
    _require_tiling(rows, size - start)
    # The header is sorted by type and letter; a network is better read by number.
    found = {name: _slot(name, rows[name], start) for name in sorted(rows, key=natural)}
    slots = {name: slot for name, slot in found.items() if slot is not None}
    return from_slots("safetensors", stream, slots)


def _parse(raw: bytes) -> dict[str, Any]:
    try:
        header = json.loads(raw, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise Refused("The safetensors header is no JSON.") from error
    if not isinstance(header, dict):
        raise Refused("The safetensors header is no JSON object.")
    return header


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Build an object whose keys all differ: of two equal ones readers pick another."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Refused("The safetensors header says something twice.")
    return found


class _Row(NamedTuple):
    code: str
    shape: tuple[int, ...]
    begin: int
    end: int


def _row(name: str, row: Any) -> _Row:
    try:
        begin, end = shape_of(row["data_offsets"])
        return _Row(str(row["dtype"]), shape_of(row["shape"]), begin, end)
    except (KeyError, TypeError, ValueError) as error:
        raise Refused(f"The header entry of '{name}' is malformed.") from error


def _require_tiling(rows: Mapping[str, _Row], size: int) -> None:
    """Refuse tensors that overlap, leave a hole or lie outside the ``size`` bytes.

    The format allows none of it: bytes nobody names may hide something, and bytes two
    tensors share make one of them change with the other.
    """
    at = 0
    for name, row in sorted(
        rows.items(), key=lambda item: (item[1].begin, item[1].end)
    ):
        if not row.begin <= row.end <= size:
            raise Refused(f"Tensor '{name}' lies outside the file; it is truncated.")
        if row.begin != at:
            what = "overlaps another" if row.begin < at else "leaves a hole before it"
            raise Refused(f"Tensor '{name}' {what}; the file is no safetensors file.")
        at = row.end
    if at != size:
        raise Refused(f"The file has {size - at:,} bytes that belong to no tensor.")


def _slot(name: str, row: _Row, start: int) -> Slot | None:
    if row.code not in _DTYPES:
        return None
    slot = Slot(start + row.begin, _DTYPES[row.code], row.shape)
    if slot.nbytes != row.end - row.begin:
        raise Refused(f"The size of tensor '{name}' does not match its shape.")
    return slot
