"""What a PyTorch state dict says, read from its pickle as data.

A pickle is a program for a stack machine. Python's own machine imports and calls
whatever the program names. This one knows only the instructions a state dict needs
and has no instruction that imports or calls: ``GLOBAL`` pushes a name, ``REDUCE`` on
one of the few names below builds one of our own records, and everything else is
refused. So the worst a hostile file can do is to be refused.
"""

import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO, Any, BinaryIO, cast

from tfluck.foreign.tensors import Refused

#: A state dict of a thousand tensors takes about 0.2 MB.
MAX_PICKLE_BYTES = 4 * 2**20


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


_STORAGES = {
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
    return {_key(key): value for key, value in items}


def _tensor(
    storage: Any, offset: Any, shape: Any, stride: Any, *_: Any
) -> TensorRecord:
    if not isinstance(storage, Storage) or type(offset) is not int:
        raise Refused("The pickle builds a tensor from something else than a storage.")
    return TensorRecord(storage, offset, shape, stride)


def _parameter(data: Any, *_: Any) -> Any:
    return data


#: Every name ``REDUCE`` may follow, and what it means here.
_BUILDERS: dict[Name, Callable[..., Any]] = {
    Name("collections", "OrderedDict"): _ordered_dict,
    Name("torch._utils", "_rebuild_tensor"): _tensor,
    Name("torch._utils", "_rebuild_tensor_v2"): _tensor,
    Name("torch._utils", "_rebuild_parameter"): _parameter,
    Name("torch", "Size"): lambda sizes: sizes,
}


def _key(value: Any) -> Any:
    if type(value) not in (str, int, bool):
        raise Refused("The pickle uses a dictionary key that is no word or number.")
    return value


class _Budget:
    """The stream under genops, with an end to how much a pickle may read."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.stream = stream
        self.left = MAX_PICKLE_BYTES

    def _spend(self, count: int) -> None:
        self.left -= count
        if self.left < 0:
            raise Refused(
                f"The pickle in the file is longer than {MAX_PICKLE_BYTES:,} bytes."
            )

    def read(self, count: int) -> bytes:
        self._spend(count)
        return self.stream.read(count)

    def readline(self) -> bytes:
        line = self.stream.readline(1024)
        self._spend(len(line))
        return line


_NUMBERS = {"BININT", "BININT1", "BININT2", "LONG1", "LONG4", "BINFLOAT"}
_TEXTS = {"BINUNICODE", "SHORT_BINUNICODE", "BINSTRING", "SHORT_BINSTRING"}
_LITERALS = _NUMBERS | _TEXTS
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_IGNORED = frozenset({"PROTO", "FRAME", "STOP"})


class _Machine:
    """The stack machine. One method an instruction that is no literal."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def step(self, name: str, argument: Any) -> None:
        if name in _LITERALS:
            self.stack.append(argument)
        elif name in _CONSTANTS:
            self.stack.append(_CONSTANTS[name])
        elif name not in _IGNORED:
            method = getattr(self, f"do_{name.lower()}", None)
            if method is None:
                raise Refused(
                    f"The pickle uses the instruction {name}, "
                    "which no file of tensors needs."
                )
            method(argument)

    def _above_mark(self) -> list[Any]:
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def do_mark(self, _: Any) -> None:
        self.marks.append(len(self.stack))

    def do_empty_dict(self, _: Any) -> None:
        self.stack.append({})

    def do_empty_list(self, _: Any) -> None:
        self.stack.append([])

    def do_empty_tuple(self, _: Any) -> None:
        self.stack.append(())

    def do_tuple(self, _: Any) -> None:
        self.stack.append(tuple(self._above_mark()))

    def _take(self, count: int) -> None:
        if len(self.stack) < count:
            raise IndexError
        self.stack[-count:] = [tuple(self.stack[-count:])]

    def do_tuple1(self, _: Any) -> None:
        self._take(1)

    def do_tuple2(self, _: Any) -> None:
        self._take(2)

    def do_tuple3(self, _: Any) -> None:
        self._take(3)

    def do_append(self, _: Any) -> None:
        item = self.stack.pop()
        _expect(self.stack[-1], list).append(item)

    def do_appends(self, _: Any) -> None:
        items = self._above_mark()
        _expect(self.stack[-1], list).extend(items)

    def do_setitem(self, _: Any) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        _expect(self.stack[-1], dict)[_key(key)] = value

    def do_setitems(self, _: Any) -> None:
        items = self._above_mark()
        target = _expect(self.stack[-1], dict)
        for key, value in zip(items[::2], items[1::2], strict=True):
            target[_key(key)] = value

    def do_binput(self, index: int) -> None:
        self.memo[index] = self.stack[-1]

    do_long_binput = do_binput

    def do_memoize(self, _: Any) -> None:
        self.memo[len(self.memo)] = self.stack[-1]

    def do_binget(self, index: int) -> None:
        self.stack.append(self.memo[index])

    do_long_binget = do_binget

    def do_global(self, argument: str) -> None:
        module, _, attribute = argument.partition(" ")
        self._name(module, attribute)

    def do_stack_global(self, _: Any) -> None:
        attribute, module = self.stack.pop(), self.stack.pop()
        self._name(_expect(module, str), _expect(attribute, str))

    def _name(self, module: str, attribute: str) -> None:
        name = Name(module, attribute)
        if name not in _BUILDERS and name not in _STORAGES:
            raise Refused(
                f"The file asks for '{name}', which is no part of a tensor; nothing "
                "was run. Save the state dict alone, or as safetensors."
            )
        self.stack.append(name)

    def do_reduce(self, _: Any) -> None:
        arguments, name = _expect(self.stack.pop(), tuple), self.stack.pop()
        builder = _BUILDERS.get(_expect(name, Name))
        if builder is None:
            raise Refused(f"The file calls '{name}', which is no part of a tensor.")
        self.stack.append(builder(*arguments))

    def do_build(self, _: Any) -> None:
        # Attributes of a state dict (its ``_metadata``) are of no use to us.
        self.stack.pop()
        _expect(self.stack[-1], dict)

    def do_binpersid(self, _: Any) -> None:
        self.stack.append(_storage(self.stack.pop()))


def _expect(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise TypeError
    return value


def _storage(words: Any) -> Storage:
    """Read ('storage', type, key, device, count[, view]) as PyTorch writes it."""
    if type(words) is not tuple or len(words) not in (5, 6) or words[0] != "storage":
        raise Refused("The pickle refers to something outside that is no storage.")
    kind, key, count = words[1], words[2], words[4]
    view = words[5] if len(words) == 6 else None
    start = view[1] if type(view) is tuple and len(view) == 3 else 0
    if not isinstance(kind, Name) or kind not in _STORAGES:
        raise Refused("The pickle refers to a storage of unknown type.")
    if type(key) is not str or type(count) is not int or type(start) is not int:
        raise Refused("The pickle describes a storage in words that are none.")
    return Storage(key, _STORAGES[kind], count, start)


def read_pickle(stream: IO[bytes]) -> Any:
    """Interpret one pickle from where ``stream`` stands, and leave it just behind.

    Returns numbers, words, lists, tuples, dicts, :class:`Storage` and
    :class:`TensorRecord`, nothing else.

    Raises:
        Refused: the pickle names, calls or does anything a state dict does not.
    """
    machine = _Machine()
    try:
        for opcode, argument, _ in pickletools.genops(cast(BinaryIO, _Budget(stream))):
            machine.step(opcode.name, argument)
        (result,) = machine.stack
    except (ValueError, IndexError, KeyError, TypeError, OverflowError) as error:
        raise Refused("The pickle in the file is malformed or truncated.") from error
    return result
