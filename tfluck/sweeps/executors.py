"""Where students train: in processes of this machine, or on a cluster."""

import logging
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from importlib.util import find_spec

from tfluck.foundations.errors import BadInput, TfluckError


def check_engine(engine: str, scheduler: str | None) -> None:
    """Refuse an engine that cannot be reached, before anything is made for it.

    Raises:
        BadInput: the engine's package is missing, or its address.
        TfluckError: nobody is there.
    """
    if engine == "local":
        if scheduler is not None:
            raise BadInput("--scheduler belongs to --engine dask.")
        return
    if scheduler is None:
        raise BadInput("--engine dask needs --scheduler ADDRESS, as tcp://host:8786.")
    if find_spec("distributed") is None:
        raise BadInput("--engine dask needs Dask: pip install 'tfluck[dask]'.")


#: To find the scheduler, and for its first worker to come.
CONNECT_SECONDS, WORKER_SECONDS = 10, 60


@contextmanager
def cluster(engine: str, scheduler: str | None) -> Iterator[Executor | None]:
    """Yield the executor of ``engine``; None means this machine.

    Args:
        engine: one of :data:`tfluck.experiment.choices.ENGINES`.
        scheduler: address of the Dask scheduler. Its workers must see the run folder
            under the same path.

    Raises:
        BadInput: the engine's package is missing, or its address.
        TfluckError: nobody is there.
    """
    check_engine(engine, scheduler)
    if engine == "local":
        yield None
        return
    from distributed import Client

    with _without_tracebacks():
        try:
            client = Client(scheduler, timeout=CONNECT_SECONDS)
        except (OSError, ValueError) as error:
            raise TfluckError(
                f"No Dask scheduler answers at {scheduler}: "
                f"{str(error) or type(error).__name__}. Start one, or correct the address."
            ) from error
        with client:
            try:
                client.wait_for_workers(1, timeout=WORKER_SECONDS)
            except TimeoutError:
                raise TfluckError(
                    f"The cluster at {scheduler} has had no worker for "
                    f"{WORKER_SECONDS} seconds; start some: `dask worker {scheduler}`."
                ) from None
            yield client.get_executor(pure=False)


@contextmanager
def _without_tracebacks() -> Iterator[None]:
    """Keep Dask from printing its own when a cluster goes away; we say it in a sentence."""
    known = [
        name
        for name in logging.root.manager.loggerDict
        if name.startswith("distributed")
    ]
    loggers = [logging.getLogger(name) for name in known]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
