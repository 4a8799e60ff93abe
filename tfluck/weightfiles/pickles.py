"""What a PyTorch state dict says, read from its pickle as data.

A pickle is a program for a stack machine. Python's own machine imports and calls
whatever the program names. This one knows only the instructions a state dict needs
and has no instruction that imports or calls: ``GLOBAL`` pushes a name, ``REDUCE`` on
one of the few names below builds one of our own records, and everything else is
refused. So the worst a hostile file can do is to be refused.
"""

import pickletools
from typing import IO, Any, BinaryIO, cast

from tfluck.weightfiles.tensors import Refused
from tfluck.weightfiles.torch_records import (
    BUILDERS,
    STORAGES,
    Name,
    build_storage,
    require_key,
)

#: A state dict of a thousand tensors takes about 0.2 MB.
MAX_PICKLE_BYTES = 4 * 2**20


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
        if b"\\" in line:
            raise Refused("The pickle escapes letters of a name, as no name needs.")
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
            if type(argument) is int and not -(2**63) <= argument < 2**63:
                raise Refused("The pickle holds a number that counts nothing.")
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
        _expect(self.stack[-1], dict)[require_key(key)] = value

    def do_setitems(self, _: Any) -> None:
        items = self._above_mark()
        target = _expect(self.stack[-1], dict)
        for key, value in zip(items[::2], items[1::2], strict=True):
            target[require_key(key)] = value

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
        if name not in BUILDERS and name not in STORAGES:
            raise Refused(
                f"The file asks for '{name}', which is no part of a tensor; nothing "
                "was run. Save the state dict alone, or as safetensors."
            )
        self.stack.append(name)

    def do_reduce(self, _: Any) -> None:
        arguments, name = _expect(self.stack.pop(), tuple), self.stack.pop()
        builder = BUILDERS.get(_expect(name, Name))
        if builder is None:
            raise Refused(f"The file calls '{name}', which is no part of a tensor.")
        self.stack.append(builder(*arguments))

    def do_build(self, _: Any) -> None:
        # Attributes of a state dict (its ``_metadata``) are of no use to us.
        self.stack.pop()
        _expect(self.stack[-1], dict)

    def do_binpersid(self, _: Any) -> None:
        self.stack.append(build_storage(self.stack.pop()))


def _expect(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise TypeError
    return value


def read_pickle(stream: IO[bytes]) -> Any:
    """Interpret one pickle from where ``stream`` stands, and leave it just behind.

    Returns numbers, words, lists, tuples, dicts, and the records of
    :mod:`tfluck.weightfiles.torch_records`, nothing else.

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
