"""Safetensors: eight bytes of header length, a JSON header, then the tensors."""

import json
from typing import Any, BinaryIO

from tfluck.foreign.naming import natural
from tfluck.foreign.tensors import (
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
        Refused: the header is too long, no JSON, or points outside the file.
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
    slots = {}
    # The header is sorted by type and letter; a network is better read by number.
    for name in sorted(header, key=natural):
        slot = _slot(name, header[name], start, size)
        if slot is not None:
            slots[name] = slot
    return from_slots("safetensors", stream, slots)


def _parse(raw: bytes) -> dict[str, Any]:
    try:
        header = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Refused("The safetensors header is no JSON.") from error
    if not isinstance(header, dict):
        raise Refused("The safetensors header is no JSON object.")
    return header


def _slot(name: str, row: Any, start: int, size: int) -> Slot | None:
    try:
        code, shape = str(row["dtype"]), shape_of(row["shape"])
        begin, end = map(int, row["data_offsets"])
    except (KeyError, TypeError, ValueError) as error:
        raise Refused(f"The header entry of '{name}' is malformed.") from error
    if not 0 <= begin <= end <= size - start:
        raise Refused(f"Tensor '{name}' lies outside the file; it is truncated.")
    if code not in _DTYPES:
        return None
    slot = Slot(start + begin, _DTYPES[code], shape)
    if slot.nbytes != end - begin:
        raise Refused(f"The size of tensor '{name}' does not match its shape.")
    return slot
