"""Try a local HDF5 file in another process before this one opens it.

HDF5's library is C, and damaged files are known to crash it or to keep it busy for
ever. A child process finds out; what it survives is then read here. Remote files are
not tried, for it would cost their traffic twice.
"""

import subprocess
import sys
import zipfile
from pathlib import Path

from tfluck.errors import TfluckError
from tfluck.foreign.tensors import Refused, TensorFile

HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
#: A child that reads longer than this is stuck.
SECONDS = 30.0
COMMAND = (sys.executable, "-m", "tfluck.foreign.rehearsal")


def holds_hdf5(path: Path) -> bool:
    """Tell whether ``path`` is an HDF5 file or, like ``.keras``, holds one."""
    with path.open("rb") as stream:
        head = stream.read(8)
    if head != HDF5_MAGIC and head[:4] == b"PK\x03\x04":
        try:
            with zipfile.ZipFile(path) as archive:
                return "model.weights.h5" in archive.NameToInfo
        except (zipfile.BadZipFile, ValueError, NotImplementedError):
            return False
    return head == HDF5_MAGIC


def rehearse(path: Path) -> None:
    """Let a child read all of ``path``.

    Raises:
        Refused: the child crashed or did not end.
    """
    try:
        done = subprocess.run(  # noqa: S603
            [*COMMAND, str(path)], capture_output=True, timeout=SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise Refused("Reading the HDF5 file does not end; it is damaged.") from None
    # A Python-level refusal also exits 0: the same words will come from this process.
    if done.returncode != 0:
        raise Refused("The HDF5 library crashes on the file; it is damaged.")


def read_all(file: TensorFile) -> None:
    """Read every tensor and forget it."""
    for name in file.shapes:
        file.read(name)


def main() -> None:
    """Read the file named on the command line, refused or not."""
    from tfluck.foreign.opening import read_tensors

    try:
        with Path(sys.argv[1]).open("rb") as stream, read_tensors(stream) as file:
            read_all(file)
    except TfluckError:
        pass


if __name__ == "__main__":
    main()
