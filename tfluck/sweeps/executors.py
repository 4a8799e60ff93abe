"""Where students train: in processes of this machine, or on a cluster."""

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

from tfluck.errors import BadInput

ENGINES = ("local", "dask")


@contextmanager
def cluster(engine: str, scheduler: str | None) -> Iterator[Executor | None]:
    """Yield the executor of ``engine``; None means this machine.

    Args:
        engine: one of :data:`ENGINES`.
        scheduler: address of the Dask scheduler. Its workers must see the run folder
            under the same path.

    Raises:
        BadInput: the engine's package is missing, or its address.
    """
    if engine == "local":
        yield None
        return
    if scheduler is None:
        raise BadInput("--engine dask needs --scheduler ADDRESS, as tcp://host:8786.")
    try:
        from distributed import Client
    except ImportError:
        raise BadInput(
            "--engine dask needs Dask: pip install 'tfluck[dask]'."
        ) from None
    with Client(scheduler) as client:
        yield client.get_executor(pure=False)
