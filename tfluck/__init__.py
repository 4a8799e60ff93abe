"""tfluck: when a wide ReLU student learns from a small teacher, which nodes win?

Importing this package costs nothing: TensorFlow is imported by the names that
need it, when they are first used.
"""

import importlib

__version__ = "0.1.0"

#: Public name → the module that holds it, imported on first use.
_PUBLIC = {
    "NodeWatcher": "tfluck.training.watcher",
    "Execution": "tfluck.experiment.execution",
    "Experiment": "tfluck.experiment.experiment",
    "analyze": "tfluck.instruments.analyzing",
    "load_run": "tfluck.instruments.loaded",
    "make_experiment": "tfluck.experiment.scales",
}

__all__ = [
    "Execution",
    "Experiment",
    "NodeWatcher",
    "__version__",
    "analyze",
    "load_run",
    "make_experiment",
]


def __getattr__(name: str) -> object:
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'tfluck' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
