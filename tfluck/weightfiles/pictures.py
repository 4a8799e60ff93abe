"""A user's pictures as one array: a folder of image files, or an npz."""

import math
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np

from tfluck.foundations.errors import BadInput
from tfluck.foundations.files import open_regular
from tfluck.weightfiles.npz import open_npz

#: More pictures than this add minutes and no digits.
MAX_PICTURES = 256
_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp")
#: What Pillow may take a file for. Left to itself it knows forty formats and starts
#: Ghostscript for one of them, whatever the file is called.
FORMATS = ("PNG", "JPEG", "BMP", "WEBP")
#: Numbers of one picture; a network of 64 channels makes twenty times as many of them.
MAX_PIXELS = 3 * 2**22
#: What Pillow raises on files that are damaged, of another format, or bombs.
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    MemoryError,
    OverflowError,
    struct.error,
    zlib.error,
    Warning,
)


def read_pictures(path: Path, size: int = 224) -> np.ndarray:
    """Return up to 256 pictures, float32 in [0, 255], shape [n, height, width, 3].

    From a folder the first in alphabetical order, each scaled to ``size`` × ``size``;
    from an npz its first array of shape [n, height, width, 3], as it is.

    Raises:
        BadInput: there are none.
    """
    pictures = _from_folder(path, size) if path.is_dir() else _from_npz(path)
    if not len(pictures) or not np.isfinite(pictures).all():
        raise BadInput(f"{path} holds no pictures, or values that are not finite.")
    return pictures


def _from_folder(folder: Path, size: int) -> np.ndarray:
    from PIL import Image

    files = sorted(f for f in folder.rglob("*") if f.suffix.lower() in _SUFFIXES)
    pictures = []
    for file in files[:MAX_PICTURES]:
        with open_regular(file) as stream, warnings.catch_warnings():
            # Pillow warns of a picture that may be a bomb; a larger one it refuses.
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            try:
                with Image.open(stream, formats=FORMATS) as image:
                    scaled = image.convert("RGB").resize((size, size))
            except _DAMAGE as error:
                raise BadInput(
                    f"Cannot read the picture {file}; expected {', '.join(FORMATS)}."
                ) from error
        pictures.append(np.asarray(scaled, np.float32))
    return np.stack(pictures) if pictures else np.empty((0, size, size, 3), np.float32)


def _from_npz(path: Path) -> np.ndarray:
    with open_npz(path) as arrays:
        for name, header in arrays.headers.items():
            shape = header.shape
            if header.dtype.kind in "fui" and len(shape) == 4 and shape[-1] == 3:
                if math.prod(shape[1:]) > MAX_PIXELS:
                    raise BadInput(f"The pictures in {path} are too large to measure.")
                return arrays.read(name, MAX_PICTURES)[:MAX_PICTURES].astype(np.float32)
    raise BadInput(f"{path} has no array of shape [n, height, width, 3].")
