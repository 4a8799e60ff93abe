"""The process that parses HDF5 for :mod:`tfluck.weightfiles.apart`, with its hands tied.

It may not use more than so much memory and time, nor write to a file, and it gives up
every question in words or not at all.
"""

import io
import resource
import signal
import sys
from contextlib import suppress
from typing import IO, Any, BinaryIO, cast

from tfluck.foundations.errors import TfluckError
from tfluck.weightfiles.apart import MAX_MEMORY, SECONDS, receive, send
from tfluck.weightfiles.tensors import TensorFile


class Borrowed(io.RawIOBase):
    """The parent's file: every read is a question to the parent."""

    def __init__(self, size: int, inward: IO[bytes], outward: IO[bytes]) -> None:
        super().__init__()
        self.size = size
        self._pipes = inward, outward
        self._position = 0

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def seekable(self) -> bool:
        """Tell that it can be sought."""
        return True

    def tell(self) -> int:
        """Return the position in bytes."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to ``offset`` from the start, the position or the end."""
        self._position = offset + (0, self._position, self.size)[whence]
        if self._position < 0:
            raise ValueError("The position is before the start of the file.")
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Fill ``buffer`` as far as the file reaches; return the bytes read."""
        count = max(0, min(len(buffer), self.size - self._position))
        if count:
            send(self._pipes[1], {"need": [self._position, count]})
            raw = receive(self._pipes[0])[1]
            count = len(raw)
            buffer[:count] = raw
        self._position += count
        return count


def limit() -> None:
    """Give up what parsing needs none of: endless memory, output, Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for what, most in (
        (resource.RLIMIT_AS, MAX_MEMORY),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        resource.setrlimit(what, (most if hard < 0 else min(most, hard), hard))


def allow_seconds() -> None:
    """Grant the next question its seconds of computing."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime) + 1 + SECONDS
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(
        resource.RLIMIT_CPU, (most if hard < 0 else min(most, hard), hard)
    )


def serve(inward: IO[bytes], outward: IO[bytes]) -> None:
    """Answer questions until the parent is gone."""
    from tfluck.weightfiles.opening import read_here

    file: TensorFile | None = None
    while True:
        question, _ = receive(inward)
        allow_seconds()
        try:
            if file is None:
                stream = Borrowed(int(question["size"]), inward, outward)
                file = read_here(cast(BinaryIO, stream), question["by_path"])
                send(
                    outward, {"shapes": dict(file.shapes), "config": dict(file.config)}
                )
            else:
                array = file.read(question["read"])
                send(outward, {"dtype": array.dtype.str}, array.tobytes())
        except TfluckError as error:
            send(outward, {"refused": str(error)})
        except MemoryError:
            send(outward, {"refused": "The HDF5 file takes more memory than it may."})


def main() -> None:
    """Serve on stdin and stdout."""
    limit()
    with suppress(EOFError, BrokenPipeError):
        serve(sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    main()
