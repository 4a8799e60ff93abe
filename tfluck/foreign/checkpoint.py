"""TensorFlow checkpoints, of version 1 and 2, by TensorFlow's own reader.

The format is a table of tensors without code; TensorFlow checks its checksums.
"""

import math
from pathlib import Path

import numpy as np

from tfluck.foreign.naming import natural
from tfluck.foreign.tensors import Refused, TensorFile, check_size

_TAIL = "/.ATTRIBUTES/VARIABLE_VALUE"


def checkpoint_prefix(path: Path) -> Path | None:
    """Return the prefix of the checkpoint at ``path``, or None if there is none.

    ``path`` may be the prefix, its ``.index`` file, a folder that holds one, or a
    SavedModel folder.
    """
    if path.name.endswith(".index") and path.is_file():
        return path.with_name(path.name.removesuffix(".index"))
    if path.with_name(path.name + ".index").is_file():
        return path
    for folder in (path, path / "variables"):
        # The newest step is the last in natural order. A bare ".index" is legal too.
        found = sorted(folder.glob("*.index"), key=lambda f: natural(f.name))
        if found:
            return found[-1].with_name(found[-1].name.removesuffix(".index"))
    return None


def read_checkpoint(prefix: Path) -> TensorFile:
    """Read what tensors the checkpoint at ``prefix`` holds.

    Raises:
        Refused: TensorFlow finds it damaged.
    """
    import tensorflow as tf

    try:
        reader = tf.compat.v1.train.NewCheckpointReader(str(prefix))
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
