"""The words a PyTorch state dict may use, and the records they build here.

A state dict's pickle names a few functions of PyTorch and calls them. None of them is
ever imported: each name below stands for a record of ours.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tfluck.weightfiles.tensors import Refused


@dataclass(frozen=True)
class Name:
    """Something a pickle named and nobody imported, such as ``torch.FloatStorage``."""

    module: str
    attribute: str

    def __str__(self) -> str:
        return f"{self.module}.{self.attribute}"[:80]


@dataclass(frozen=True)
class Storage:
    """A run of ``count`` elements kept under ``key``, from element ``start`` on."""

    key: str
    dtype: str
    count: int
    start: int = 0


@dataclass(frozen=True)
class TensorRecord:
    """A view of a storage: sizes and strides in elements, as PyTorch wrote them."""

    storage: Storage
    offset: int
    shape: Any
    stride: Any


#: PyTorch's storage types and the type of their elements.
STORAGES = {
    Name("torch", f"{kind}Storage"): dtype
    for kind, dtype in {
        "Double": "float64",
        "Float": "float32",
        "Half": "float16",
        "BFloat16": "bfloat16",
        "Long": "int64",
        "Int": "int32",
        "Short": "int16",
        "Char": "int8",
        "Byte": "uint8",
        "Bool": "bool",
    }.items()
}


def _ordered_dict(items: Any = ()) -> dict[Any, Any]:
    """Build the dict Python 2 (list of pairs) or Python 3 (nothing) asked for."""
    if len(items) and not all(type(pair) in (list, tuple) for pair in items):
        raise Refused("The pickle builds a dictionary from something else than pairs.")
    return {require_key(key): value for key, value in items}


def _tensor(
    storage: Any, offset: Any, shape: Any, stride: Any, *_: Any
) -> TensorRecord:
    if not isinstance(storage, Storage) or type(offset) is not int:
        raise Refused("The pickle builds a tensor from something else than a storage.")
    return TensorRecord(storage, offset, shape, stride)


def _parameter(data: Any, *_: Any) -> Any:
    return data


#: Every name ``REDUCE`` may follow, and what it means here.
BUILDERS: dict[Name, Callable[..., Any]] = {
    Name("collections", "OrderedDict"): _ordered_dict,
    Name("torch._utils", "_rebuild_tensor"): _tensor,
    Name("torch._utils", "_rebuild_tensor_v2"): _tensor,
    Name("torch._utils", "_rebuild_parameter"): _parameter,
    Name("torch", "Size"): lambda sizes: sizes,
}


def require_key(value: Any) -> Any:
    """Refuse a dictionary key that is no word or number: hashing it may never end."""
    if type(value) not in (str, int, bool):
        raise Refused("The pickle uses a dictionary key that is no word or number.")
    return value


def build_storage(words: Any) -> Storage:
    """Read ('storage', type, key, device, count[, view]) as PyTorch writes it."""
    if type(words) is not tuple or len(words) not in (5, 6) or words[0] != "storage":
        raise Refused("The pickle refers to something outside that is no storage.")
    kind, key, count = words[1], words[2], words[4]
    view = words[5] if len(words) == 6 else None
    start = view[1] if type(view) is tuple and len(view) == 3 else 0
    if not isinstance(kind, Name) or kind not in STORAGES:
        raise Refused("The pickle refers to a storage of unknown type.")
    if type(key) is not str or type(count) is not int or type(start) is not int:
        raise Refused("The pickle describes a storage in words that are none.")
    return Storage(key, STORAGES[kind], count, start)
