"""A user's pictures as one array: a folder of image files, or an npz."""

from pathlib import Path

import numpy as np

from tfluck.errors import BadInput
from tfluck.foreign.tensors import check_size

#: More pictures than this add minutes and no digits.
MAX_PICTURES = 256
_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp")


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
    from PIL import Image, UnidentifiedImageError

    files = sorted(f for f in folder.rglob("*") if f.suffix.lower() in _SUFFIXES)
    pictures = []
    for file in files[:MAX_PICTURES]:
        try:
            with Image.open(file) as image:
                scaled = image.convert("RGB").resize((size, size))
        except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
            raise BadInput(f"Cannot read the picture {file}.") from error
        pictures.append(np.asarray(scaled, np.float32))
    return np.stack(pictures) if pictures else np.empty((0, size, size, 3), np.float32)


def _from_npz(path: Path) -> np.ndarray:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            for name in arrays.files:
                array = arrays[name]
                numbers = array.dtype.kind in "fui"
                if numbers and array.ndim == 4 and array.shape[-1] == 3:
                    kept = array[:MAX_PICTURES]
                    check_size(name, kept.size * 4)
                    return kept.astype(np.float32)
    except (OSError, ValueError, AttributeError) as error:
        raise BadInput(f"Cannot read pictures from {path}.") from error
    raise BadInput(f"{path} has no array of shape [n, height, width, 3].")
