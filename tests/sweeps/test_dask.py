"""The same run on a cluster gives the same numbers as on this machine."""

import json
import socket
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from tfluck.foundations.errors import Interrupted, TfluckError
from tfluck.runs import summarize
from tfluck.runs.lock import locked
from tfluck.sweeps import cluster, driving, engine, executors, train_run


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


def free_address() -> str:
    """Return an address of this machine at which nobody answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"tcp://127.0.0.1:{probe.getsockname()[1]}"


@pytest.mark.filterwarnings("ignore")
def test_a_scheduler_that_is_not_there_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(executors, "CONNECT_SECONDS", 0.5)
    address = free_address()
    nobody = pytest.raises(TfluckError, match=f"No Dask scheduler answers at {address}")
    with nobody, cluster("dask", address):
        pytest.fail("somebody is there")


@pytest.mark.filterwarnings("ignore")
def test_the_threads_of_a_worker_train_side_by_side(make_run: Any, tf: Any) -> None:
    """By default a worker has several, and they share the teacher's file and Keras."""
    distributed = pytest.importorskip("distributed")
    settings = {"seeds": 2, "epochs": 1, "arch": "cnn", "batch_norm": "none"}
    alone, together = (make_run(each, **settings) for each in ("alone", "together"))
    with ThreadPoolExecutor(1) as executor:
        train_run(alone, executor=executor)
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None
        ) as local,
        cluster("dask", local.scheduler_address) as executor,
    ):
        train_run(together, executor=executor)
    assert together.status() == "finished"
    for seed in alone.seeds:
        metrics = [
            run.layout.seed(seed).metrics.read_bytes() for run in (alone, together)
        ]
        assert metrics[0] == metrics[1]


@pytest.mark.filterwarnings("ignore")
def test_a_lost_scheduler_stops_the_students_and_is_told(
    make_run: Any, tf: Any
) -> None:
    """The futures are cancelled then, and nobody but the driver can say why."""
    run = make_run(epochs=1000, seeds=2)

    class Lost(ThreadPoolExecutor):
        """Trains, but loses what it was given once training has begun."""

        def submit(self, *given: Any) -> Any:
            real, future = super().submit(*given), Future[None]()

            def lose() -> None:
                while not run.seed_status(1).get("step"):
                    time.sleep(0.01)
                future.cancel()
                future.set_running_or_notify_cancel()

            threading.Thread(target=lose).start()
            return future if not real.cancelled() else real

    with Lost(2) as executor, pytest.raises(TfluckError, match=r"was lost.*resume"):
        train_run(run, executor=executor)
    assert run.status() == "interrupted"
    assert not run.layout.stop.exists()


def test_students_stop_when_their_driver_lets_the_run_go(
    make_run: Any, tf: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a cluster a killed driver is no parent; its lock is all that can be seen."""
    monkeypatch.setattr(driving, "LOOK_SECONDS", 0.0)
    run = make_run(epochs=1000)
    with ThreadPoolExecutor(1) as executor:
        with locked(run.layout.lock):
            future = executor.submit(
                engine.train_seed, str(run.layout.root), 1, run.places
            )
            while not run.seed_status(1).get("step"):
                time.sleep(0.01)
            assert not future.done()
        with pytest.raises(Interrupted):
            future.result(60)
    assert run.status() == "interrupted"
