"""Alone, in a pool or on a cluster, on one core or on too many: the same bits."""

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from laws.specimens import DEAR, SPECIMENS, outcome

from tfluck.runs import open_run
from tfluck.sweeps import cluster, train_run


def confine(cores: int) -> None:
    """Let this process have ``cores`` of the machine's, and TensorFlow the wrong idea."""
    usable = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, usable[:cores])
    os.environ["TF_NUM_INTRAOP_THREADS"] = os.environ["OMP_NUM_THREADS"] = "4"


@contextmanager
def pool(cores: int) -> Iterator[Executor]:
    """One process that is not this one."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context, confine, (cores,)) as executor:
        yield executor


@contextmanager
def dask(processes: bool) -> Iterator[Executor]:
    distributed = pytest.importorskip("distributed")
    local = distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=processes, dashboard_address=None
    )
    with local, cluster("dask", local.scheduler_address) as executor:
        yield executor


def check(
    names: Any, whole: Callable[..., Any], executor: Executor, place: Path
) -> None:
    for name in names:
        specimen = whole(name)
        run = specimen.again(place / name)
        train_run(run, executor=executor)
        run = open_run(run.layout.root)
        assert run.status() == "finished"
        for seed, expected in specimen.outcomes.items():
            assert outcome(run, seed) == expected, f"{name}, seed {seed}"


def test_another_process_with_one_core_gives_the_same_bits(
    whole: Callable[..., Any], tmp_path: Path
) -> None:
    with pool(1) as executor:
        check(DEAR, whole, executor, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("cores", [1, 2, 4])
def test_every_specimen_in_a_pool_is_as_if_alone(
    whole: Callable[..., Any], tmp_path: Path, cores: int
) -> None:
    with pool(cores) as executor:
        check(SPECIMENS, whole, executor, tmp_path)


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_gives_the_same_bits(
    whole: Callable[..., Any], tmp_path: Path
) -> None:
    """Two students at once, in two threads of one worker."""
    with dask(processes=False) as executor:
        check(DEAR, whole, executor, tmp_path)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_every_specimen_on_a_cluster_is_as_if_alone(
    whole: Callable[..., Any], tmp_path: Path
) -> None:
    with dask(processes=True) as executor:
        check(SPECIMENS, whole, executor, tmp_path)
