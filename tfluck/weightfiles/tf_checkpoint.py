"""TensorFlow checkpoints, of version 1 and 2, by TensorFlow's own reader.

The format is a table of tensors without code; TensorFlow checks its checksums.
"""

import glob
import math
from pathlib import Path

import numpy as np

from tfluck.foundations.files import open_regular
from tfluck.foundations.runtime import start_tensorflow
from tfluck.weightfiles.natural import natural
from tfluck.weightfiles.tensors import Refused, TensorFile, check_size

_TAIL = "/.ATTRIBUTES/VARIABLE_VALUE"


def checkpoint_prefix(path: Path) -> str | None:
    """Return the prefix of the checkpoint at ``path``, or None if there is none.

    ``path`` may be the prefix, its ``.index`` file, a folder that holds one, or a
    SavedModel folder. The prefix is no path: one that is empty but for its folder,
    with files ``.index`` and ``.data-…``, is legal.
    """
    files = [path] if path.name.endswith(".index") else []
    files.append(path.with_name(path.name + ".index"))
    for folder in (path, path / "variables"):
        # Of the steps in a folder the newest is the last in natural order.
        steps = sorted(folder.glob("*.index"), key=lambda file: natural(file.name))
        files += reversed(steps)
    found = next((file for file in files if file.is_file()), None)
    return str(found).removesuffix(".index") if found else None


def read_checkpoint(prefix: str) -> TensorFile:
    """Read what tensors the checkpoint at ``prefix`` holds.

    Raises:
        Unreadable: a file of it is no regular one.
        Refused: TensorFlow finds it damaged.
    """
    path = Path(prefix)
    for part in (
        Path(f"{prefix}.index"),
        *path.parent.glob(f"{glob.escape(path.name)}.data-*"),
    ):
        open_regular(part).close()
    tf = start_tensorflow()

    try:
        reader = tf.compat.v1.train.NewCheckpointReader(prefix)
        shapes = reader.get_variable_to_shape_map()
    except (tf.errors.OpError, ValueError) as error:
        raise Refused(f"The checkpoint {prefix} is damaged or not complete.") from error
    names = {
        key.removesuffix(_TAIL): key
        for key in sorted(shapes, key=natural)
        if ".OPTIMIZER_SLOT" not in key
    }

    def read(name: str) -> np.ndarray:
        check_size(name, 8 * math.prod(shapes[names[name]]))
        try:
            return np.asarray(reader.get_tensor(names[name]))
        except (tf.errors.OpError, ValueError) as error:
            raise Refused(f"Tensor '{name}' of {prefix} is damaged.") from error

    found = {name: tuple(shapes[key]) for name, key in names.items()}
    return TensorFile("TensorFlow checkpoint", found, read)
