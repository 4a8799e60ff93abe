"""Many seeds, one machine or many: processes that share only the run folder."""

from tfluck.sweeps.engine import train_run
from tfluck.sweeps.executors import ENGINES, cluster
from tfluck.sweeps.signals import Signals

__all__ = ["ENGINES", "Signals", "cluster", "train_run"]
