"""The one place that imports TensorFlow first: quiet, reproducible, thrifty."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any


@contextmanager
def silenced() -> Iterator[None]:
    """Drop what C++ code writes to stderr.

    TensorFlow logs before its log level is read, so TF_CPP_MIN_LOG_LEVEL alone does
    not hide the lines of its import.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(null)
        os.close(kept)


def start_tensorflow(threads: int = 0, *, quiet: bool = True) -> Any:
    """Import TensorFlow, once, and return the module.

    Random ops must be stateless or seeded (determinism is on, so an unseeded one
    raises), and float32 products keep all their bits (TF32 is off).

    Args:
        threads: cores this process may use; 0 means all of them. Takes effect only in
            the first call of a process.
        quiet: hide TensorFlow's log lines.
    """
    first = "tensorflow" not in sys.modules
    if first:
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3" if quiet else "0"
        os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    with silenced() if first and quiet else nullcontext():
        import keras  # noqa: F401
        import tensorflow as tf

    if first:
        if threads:
            tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.experimental.enable_op_determinism()
        tf.config.experimental.enable_tensor_float_32_execution(False)
    return tf
