"""The same run on a cluster gives the same numbers as on this machine."""

import json
from typing import Any

import pytest

from tfluck.runs import summarize
from tfluck.sweeps import cluster, train_run


def test_dask_without_an_address_is_refused(tfluck: Any, tmp_path: Any) -> None:
    result = tfluck("train", "--scale", "smoke", "--engine", "dask", "--out", tmp_path)
    assert result.exit_code == 2 and "--scheduler" in result.stderr


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_cluster_of_one_machine(make_run: Any, tf: Any) -> None:
    distributed = pytest.importorskip("distributed")
    here, there = (make_run(folder, seeds=2) for folder in ("here", "there"))
    train_run(here, jobs=2)
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, dashboard_address=None
        ) as local,
        cluster("dask", local.scheduler_address) as executor,
    ):
        train_run(there, executor=executor)
    numbers = [summarize(run) for run in (here, there)]
    for found in numbers:
        found.pop("run")
        found.pop("steps_per_second")
    assert json.dumps(numbers[0]) == json.dumps(numbers[1])
