"""The one place that imports TensorFlow first: quiet, exact, with its number of threads."""

import contextlib
import logging
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tfluck.foundations.absent import looking_absent
from tfluck.foundations.accelerators import gpu_here
from tfluck.foundations.errors import TfluckError

#: What Keras imports if it is there, for conveniences that nothing here uses: its wrappers
#: for scikit-learn, its pictures, and data frames handed to ``fit``.
OPTIONAL = ("sklearn", "matplotlib", "pandas")
#: In the environment, so that worker processes are told too.
PROGRAM = "TFLUCK_IS_THE_PROGRAM"


def be_the_program() -> None:
    """Say that this process and its workers run tfluck's own command.

    Keras then starts faster, without its :data:`OPTIONAL` companions. A user's program
    keeps them: it may hand Keras a data frame.
    """
    os.environ[PROGRAM] = "1"


def start_tensorflow(threads: int = 0, *, quiet: bool = True) -> Any:
    """Import TensorFlow, once, and return the module.

    Where it was not imported before, random ops must be stateless or seeded
    (determinism is on, so an unseeded one raises), float32 products keep all their bits
    (TF32 is off), and GPUs are shared; what a user has set up is left alone.

    Args:
        threads: TensorFlow shall compute with in this process; 0 leaves it as it is,
            which in a fresh process means one a core.
        quiet: hide TensorFlow's log lines.

    Raises:
        TfluckError: TensorFlow computes with another number of threads already, and
            cannot change it.
    """
    first = "tensorflow" not in sys.modules
    if first:
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3" if quiet else "0"
        os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    if first and quiet:
        # Its Python half speaks through a logger: of functions traced once a run, say.
        logging.getLogger("tensorflow").setLevel(logging.ERROR)
    absent = OPTIONAL if PROGRAM in os.environ else ()
    silent = _silent_stderr() if first and quiet else contextlib.nullcontext()
    with silent, looking_absent(*absent):
        import keras  # noqa: F401
        import tensorflow as tf

    if not can_compute_with(threads):
        raise TfluckError(
            f"This process computes with {threads_here()} TensorFlow threads since before, "
            f"and {threads} are asked for; they cannot change while it lives. Use a "
            "fresh process, or call tfluck.foundations.runtime."
            f"start_tensorflow({threads}) first."
        )
    if first:
        compute_exactly()
        share_gpus()
    return tf


def can_compute_with(threads: int) -> bool:
    """Tell whether this process's TensorFlow has ``threads`` threads, or gets them now.

    Their number is free until the first tensor is made. 0 asks for none in particular.
    """
    if "tensorflow" not in sys.modules or not threads:
        return True
    import tensorflow as tf

    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
    except RuntimeError:
        return threads_here() == threads
    return True


def threads_here() -> int:
    """Return how many threads TensorFlow divides an operation among in this process."""
    import tensorflow as tf

    given = tf.config.threading.get_intra_op_parallelism_threads()
    return given or usable_cores()


def compute_exactly() -> None:
    """Make TensorFlow round the same way in every process that runs the same program.

    Some ops have a faster form whose sums are another's to the last bit only. Training
    calls this too, for a program that imported TensorFlow before tfluck could set it up.
    """
    import tensorflow as tf

    tf.config.experimental.enable_op_determinism()
    tf.config.experimental.enable_tensor_float_32_execution(False)


def share_gpus() -> None:
    """Let this process take a GPU's memory as it needs it, not all of it at once.

    Otherwise the second worker on a GPU finds none left. Where TensorFlow has begun to
    use its devices already it cannot be told any more, and keeps what it has.
    """
    import tensorflow as tf

    for gpu in tf.config.list_physical_devices("GPU"):
        with contextlib.suppress(RuntimeError):
            tf.config.experimental.set_memory_growth(gpu, True)


def gpu_names() -> list[str]:
    """Name the GPUs that TensorFlow sees, in its own order."""
    import tensorflow as tf

    found = tf.config.list_physical_devices("GPU")
    details = map(tf.config.experimental.get_device_details, found)
    return [str(about.get("device_name", "GPU")) for about in details]


def describe_devices() -> list[str]:
    """Name the devices TensorFlow sees, accelerators first."""
    start_tensorflow()
    return [*gpu_names(), f"CPU, {os.cpu_count()} cores"]


def device_line() -> str:
    """Say in a sentence which device this process computes on, and why.

    TensorFlow takes its first GPU for whatever a GPU can do.
    """
    if names := gpu_names():
        return (
            f"Computes on {names[0]}, TensorFlow's first GPU; "
            "CUDA_VISIBLE_DEVICES=-1 would hide it."
        )
    counts = {"thread": threads_here(), "core": usable_cores()}
    share = " on ".join(f"{n} {what}{'s' * (n != 1)}" for what, n in counts.items())
    cpu = f"Computes on the CPU, {share}"
    if gpu_here():
        return (
            f"{cpu}: TensorFlow cannot use the GPU that is here, see `tfluck doctor`."
        )
    return f"{cpu}: there is no GPU."


def usable_cores() -> int:
    """Count the cores this process may run on, which may be fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextlib.contextmanager
def _silent_stderr() -> Iterator[None]:
    """Discard what native code prints while TensorFlow loads; its log level is not
    read until after that.
    """
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
            yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def matmul_rate(size: int = 1024, repeats: int = 3) -> float:
    """Measure float32 matrix products on this machine's cores, in flop/s.

    NumPy does the work: a plan must be printed before TensorFlow has loaded.
    """
    import numpy as np

    matrix = np.ones((size, size), np.float32)
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        matrix @ matrix
        best = min(best, time.perf_counter() - start)
    return 2 * size**3 / best


def repeats_exactly(times: int = 3) -> bool:
    """Tell whether a convolution's gradients here have the same bits every time."""
    tf = start_tensorflow()
    x = tf.random.stateless_normal((64, 14, 14, 8), (1, 2))
    kernel = tf.random.stateless_normal((3, 3, 8, 16), (3, 4))

    @tf.function(autograph=False)
    def gradients() -> Any:
        with tf.GradientTape() as tape:
            tape.watch([x, kernel])
            loss = tf.reduce_mean(tf.square(tf.nn.conv2d(x, kernel, 1, "VALID")))
        return tape.gradient(loss, [x, kernel])

    found = {b"".join(g.numpy().tobytes() for g in gradients()) for _ in range(times)}
    return len(found) == 1
