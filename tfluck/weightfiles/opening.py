"""Open other people's weights: a path or a URL in, named tensors out."""

import zipfile
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, cast

from tfluck.foundations.errors import BadInput
from tfluck.foundations.files import open_regular
from tfluck.weightfiles.apart import read_apart
from tfluck.weightfiles.ranged import PATIENCE, RangedFile
from tfluck.weightfiles.safetensors import read_safetensors
from tfluck.weightfiles.tensors import Refused, TensorFile, size_of, zip_damage
from tfluck.weightfiles.tf_checkpoint import checkpoint_prefix, read_checkpoint
from tfluck.weightfiles.torch_file import (
    LEGACY_MAGIC,
    read_torch_legacy,
    read_torch_zip,
)

HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"


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
    return open_regular(source)


def open_tensors(source: str) -> TensorFile:
    """Open safetensors, ``.pth``, Keras or TensorFlow weights, told by their content.

    Tensors are read when asked for, so use it in a ``with`` statement; nothing in the
    file is ever executed. A TensorFlow checkpoint is given by its prefix, its
    ``.index`` file or its folder.

    Raises:
        BadInput: there is no such file.
        Refused: the file is of no known format, damaged, or breaks a rule.
    """
    if not source:
        raise BadInput("The name of the weight file is empty.")
    if not is_url(source):
        prefix = checkpoint_prefix(Path(source))
        if prefix is not None:
            return read_checkpoint(prefix)
    stream = open_stream(source)
    try:
        file = read_tensors(stream)
    except BaseException:
        stream.close()
        raise
    return replace(file, opened=(*file.opened, stream))


def read_tensors(stream: BinaryIO, *, by_path: bool = False) -> TensorFile:
    """Read what tensors ``stream`` holds, whatever its format.

    Args:
        stream: the file; it must stay open as long as tensors are read.
        by_path: name the tensors of a Keras file by their path in it, not by layer.

    Raises:
        Refused: it is of no known format, damaged, or breaks a rule.
    """
    size_of(stream)
    head = stream.read(16)
    if head.startswith(b"PK\x03\x04"):
        with zip_damage():
            archive = zipfile.ZipFile(stream)
            if "config.json" not in archive.NameToInfo:
                return read_torch_zip(stream, archive)
        return read_apart(stream, by_path=by_path)
    if head.startswith(HDF5_MAGIC):
        return read_apart(stream, by_path=by_path)
    if head.startswith(LEGACY_MAGIC):
        return read_torch_legacy(stream)
    if head[8:9] == b"{":
        return read_safetensors(stream)
    raise Refused(
        "The file is of no known format; expected safetensors, a PyTorch .pth, "
        "Keras .h5, .hdf5 or .keras, or a TensorFlow checkpoint."
    )


def read_here(stream: BinaryIO, by_path: bool) -> TensorFile:
    """Read a Keras file in this process, as only the child of `read_apart` should.

    Raises:
        Refused: it is damaged, or breaks a rule.
    """
    # h5py takes 0.2 s to import and most commands never need it.
    from tfluck.weightfiles.keras_file import read_keras_archive, read_keras_hdf5

    head = stream.read(8)
    stream.seek(0)
    if head == HDF5_MAGIC:
        return read_keras_hdf5(stream, by_path=by_path)
    with zip_damage():
        return read_keras_archive(zipfile.ZipFile(stream), by_path)
