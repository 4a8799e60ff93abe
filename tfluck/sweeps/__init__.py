"""Many seeds, one machine or many: processes that share only the run folder."""

from tfluck.sweeps.engine import settle, train_run
from tfluck.sweeps.executors import check_engine, cluster
from tfluck.sweeps.signals import Signals

__all__ = ["Signals", "check_engine", "cluster", "settle", "train_run"]
