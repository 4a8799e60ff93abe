"""Open other people's weights: a path or a URL in, named tensors out."""

import zipfile
import zlib
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, cast

from tfluck.errors import BadInput
from tfluck.foreign.checkpoint import checkpoint_prefix, read_checkpoint
from tfluck.foreign.ranged import PATIENCE, RangedFile
from tfluck.foreign.rehearsal import HDF5_MAGIC, holds_hdf5, rehearse
from tfluck.foreign.safetensors import read_safetensors
from tfluck.foreign.tensors import Refused, TensorFile, size_of
from tfluck.foreign.torch_file import (
    LEGACY_MAGIC,
    read_torch_legacy,
    read_torch_zip,
)

#: What zipfile raises on a file that is damaged or of a kind it does not read.
_ZIP_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)


def is_url(source: str) -> bool:
    """Tell a URL from a path."""
    return "://" in source


def open_stream(source: str, patience: float = PATIENCE) -> BinaryIO:
    """Open ``source``, a path or a URL, for reading pieces of it.

    Raises:
        BadInput: there is no such file, or the address is not of the web.
        Unreachable: the server does not answer.
        Refused: the server has no ranges or no such file.
    """
    if is_url(source):
        return cast(BinaryIO, RangedFile(source, patience))
    try:
        return Path(source).open("rb")
    except OSError as error:
        raise BadInput(f"Cannot read {source}: {error.strerror}.") from error


def open_tensors(source: str) -> TensorFile:
    """Open safetensors, ``.pth``, Keras or TensorFlow weights, told by their content.

    Tensors are read when asked for, so use it in a ``with`` statement; nothing in the
    file is ever executed. A TensorFlow checkpoint is given by its prefix, its
    ``.index`` file or its folder.

    Raises:
        BadInput: there is no such file.
        Refused: the file is of no known format, damaged, or breaks a rule.
    """
    if not is_url(source):
        prefix = checkpoint_prefix(Path(source))
        if prefix is not None:
            return read_checkpoint(prefix)
    stream = open_stream(source)
    try:
        if not is_url(source) and holds_hdf5(Path(source)):
            rehearse(Path(source))
        file = read_tensors(stream)
    except BaseException:
        stream.close()
        raise
    return replace(file, opened=(*file.opened, stream))


def read_tensors(stream: BinaryIO) -> TensorFile:
    """Read what tensors ``stream`` holds, whatever its format.

    Raises:
        Refused: it is of no known format, damaged, or breaks a rule.
    """
    size_of(stream)
    head = stream.read(16)
    if head.startswith(b"PK\x03\x04"):
        return _read_zip(stream)
    if head.startswith(HDF5_MAGIC):
        # h5py takes 0.2 s to import and most commands never need it.
        from tfluck.foreign.keras_file import read_keras_hdf5

        return read_keras_hdf5(stream)
    if head.startswith(LEGACY_MAGIC):
        return read_torch_legacy(stream)
    if head[8:9] == b"{":
        return read_safetensors(stream)
    raise Refused(
        "The file is of no known format; expected safetensors, a PyTorch .pth, "
        "Keras .h5, .hdf5 or .keras, or a TensorFlow checkpoint."
    )


def _read_zip(stream: BinaryIO) -> TensorFile:
    try:
        archive = zipfile.ZipFile(stream)
        if "config.json" in archive.NameToInfo:
            from tfluck.foreign.keras_file import read_keras_archive

            return read_keras_archive(archive)
        return read_torch_zip(stream, archive)
    except _ZIP_DAMAGE as error:
        raise Refused("The zip file is damaged, truncated or encrypted.") from error
