"""HDF5 read in a process apart, so that no stranger's HDF5 is ever opened in this one.

HDF5's library is C; damaged files are known to crash it, to keep it busy for ever and
to write where they should not. So a child process parses the file and hands back what
it says, names, shapes and numbers, in plain frames that this process checks. The child
opens nothing: when HDF5 asks for bytes of the file, local or remote, it asks its parent.

A frame is the lengths of a JSON object and of the bytes behind it, then both.
"""

import json
import math
import os
import re
import signal
import struct
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

import numpy as np

import tfluck
from tfluck.weightfiles.tensors import (
    MAX_TENSOR_BYTES,
    MAX_TENSORS,
    Refused,
    TensorFile,
    check_size,
    shape_of,
    size_of,
)

#: Seconds a child may *compute* on one question. Waiting for a slow disk costs none.
SECONDS = 60
#: The child's memory: twice the largest tensor, and room for HDF5 and NumPy.
MAX_MEMORY = 2 * MAX_TENSOR_BYTES + 2**32
#: JSON of one frame: the names of a hundred thousand tensors and a description.
_MAX_JSON = 128 * 2**20
#: The child runs the tfluck of this process, and imports nothing from the folder it is
#: called in (-P): a stranger's archive may hold a file named numpy.py.
_ROOT = str(Path(tfluck.__file__).parents[1])
_START = (
    "import sys; sys.path.insert(0, sys.argv[1]); "
    "from tfluck.weightfiles.child import main; main()"
)
COMMAND = (sys.executable, "-B", "-P", "-c", _START, _ROOT)
_FRAME = struct.Struct("<IQ")
_NUMBERS = re.compile(r"[<>|=]?[fiub][1248]")


def send(pipe: IO[bytes], message: Mapping[str, Any], payload: bytes = b"") -> None:
    """Write one frame."""
    text = json.dumps(message).encode()
    pipe.write(_FRAME.pack(len(text), len(payload)) + text)
    pipe.write(payload)
    pipe.flush()


def receive(pipe: IO[bytes]) -> tuple[dict[str, Any], bytes]:
    """Read one frame.

    Raises:
        EOFError: the other side is gone.
        ValueError: this is no frame.
    """
    text, payload = _FRAME.unpack(_exactly(pipe, _FRAME.size))
    if text > _MAX_JSON or payload > MAX_TENSOR_BYTES:
        raise ValueError("no frame")
    message = json.loads(_exactly(pipe, text))
    if not isinstance(message, dict):
        raise ValueError("no frame")
    return message, _exactly(pipe, payload)


def _exactly(pipe: IO[bytes], count: int) -> bytes:
    raw = pipe.read(count)
    if len(raw) != count:
        raise EOFError
    return raw


class _Child:
    """A child at work on one stream; it lives until :meth:`close`."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.process = subprocess.Popen(  # noqa: S603
            COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        )
        self.to = cast(IO[bytes], self.process.stdin)
        self.back = cast(IO[bytes], self.process.stdout)

    def ask(self, question: Mapping[str, Any]) -> tuple[dict[str, Any], bytes]:
        """Put a question; until the answer comes, serve the bytes the child needs.

        Raises:
            Refused: what the child says of the file, or the child did not survive it.
        """
        try:
            send(self.to, question)
            while True:
                answer, payload = receive(self.back)
                if "need" not in answer:
                    break
                offset, count = shape_of(answer["need"])
                self.stream.seek(offset)
                raw = self.stream.read(min(count, MAX_TENSOR_BYTES))
                send(self.to, {}, raw)
        except (EOFError, BrokenPipeError, ValueError) as error:
            self.close()
            raise Refused(self._end()) from error
        if "refused" in answer:
            raise Refused(str(answer["refused"]))
        return answer, payload

    def _end(self) -> str:
        if self.process.returncode == -signal.SIGXCPU:
            return "Reading the HDF5 file does not end; it is damaged."
        return "The HDF5 library crashes on the file; it is damaged."

    def close(self) -> None:
        """End the child."""
        for pipe in (self.to, self.back):
            with suppress(OSError):
                pipe.close()
        try:
            # Its pipes are closed, so it ends by itself unless HDF5 keeps it busy.
            self.process.wait(0.2)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def read_apart(stream: BinaryIO, *, by_path: bool = False) -> TensorFile:
    """Read what tensors an HDF5 or ``.keras`` file holds; a child does the parsing.

    Args:
        stream: the file; it must stay open as long as tensors are read.
        by_path: name tensors by their path in the file, not by layer.

    Raises:
        Refused: the file is damaged, breaks a rule, or the child does not survive it.
    """
    child = _Child(stream)
    try:
        told, _ = child.ask({"size": size_of(stream), "by_path": by_path})
        rows, config = told.get("shapes"), told.get("config")
        if not isinstance(rows, dict) or len(rows) > MAX_TENSORS:
            raise Refused("The HDF5 file holds no list of tensors.")
        shapes = {str(name): shape_of(shape) for name, shape in rows.items()}
    except BaseException:
        child.close()
        raise
    return TensorFile(
        format="Keras HDF5",
        shapes=shapes,
        read=lambda name: _read(child, name, shapes[name]),
        config=config if isinstance(config, dict) else {},
        opened=(child,),
    )


def _read(child: _Child, name: str, shape: tuple[int, ...]) -> np.ndarray:
    check_size(name, math.prod(shape))
    told, payload = child.ask({"read": name})
    dtype = str(told.get("dtype"))
    if not _NUMBERS.fullmatch(dtype):
        raise Refused(f"Tensor '{name}' holds no numbers.")
    if len(payload) != math.prod(shape) * np.dtype(dtype).itemsize:
        raise Refused(f"Tensor '{name}' is damaged or truncated.")
    return np.frombuffer(payload, dtype).reshape(shape).copy()
