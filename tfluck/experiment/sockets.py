"""What a training step can be given, by name: optimisers and objectives.

Here they are only names, so that settings can be checked without TensorFlow; what stands
behind a name is imported when a step is built. A new one is a file and a line, or comes
with a plugin.
"""

from typing import Any

from tfluck.foundations.registry import Registry

#: Classes as :class:`tfluck.training.optimizers.Optimizer` says.
OPTIMIZERS: Registry[Any] = Registry(
    "optimizer",
    {
        "sgd": "tfluck.training.optimizers.sgd:SGD",
        "adam": "tfluck.training.optimizers.adam:Adam",
    },
)
#: Functions as :class:`tfluck.training.objectives.Objective` says.
OBJECTIVES: Registry[Any] = Registry(
    "loss",
    {
        "mse": "tfluck.training.objectives.mse:mean_squared_error",
        "cross-entropy": "tfluck.training.objectives.cross_entropy:cross_entropy",
    },
)
