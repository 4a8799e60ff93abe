"""Where students train: in processes of this machine, or on a cluster."""

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from importlib.util import find_spec

from tfluck.errors import BadInput


def check_engine(engine: str, scheduler: str | None) -> None:
    """Refuse an engine that cannot be reached, before anything is made for it.

    Raises:
        BadInput: the engine's package is missing, or its address.
    """
    if engine == "local":
        if scheduler is not None:
            raise BadInput("--scheduler belongs to --engine dask.")
        return
    if scheduler is None:
        raise BadInput("--engine dask needs --scheduler ADDRESS, as tcp://host:8786.")
    if find_spec("distributed") is None:
        raise BadInput("--engine dask needs Dask: pip install 'tfluck[dask]'.")


@contextmanager
def cluster(engine: str, scheduler: str | None) -> Iterator[Executor | None]:
    """Yield the executor of ``engine``; None means this machine.

    Args:
        engine: one of :data:`tfluck.choices.ENGINES`.
        scheduler: address of the Dask scheduler. Its workers must see the run folder
            under the same path.

    Raises:
        BadInput: the engine's package is missing, or its address.
    """
    check_engine(engine, scheduler)
    if engine == "local":
        yield None
        return
    from distributed import Client

    with Client(scheduler) as client:
        yield client.get_executor(pure=False)
