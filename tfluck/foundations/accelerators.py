"""Whether this machine has a GPU, asked before TensorFlow has loaded.

A plan is made, and printed, in a process that never loads TensorFlow; how long a compiled
call should be depends on the device all the same. Only the worker knows for certain: what
TensorFlow then finds is what :func:`tfluck.foundations.runtime.device_line` says.
"""

import os
from pathlib import Path

#: The environment variables that hide a GPU from TensorFlow: NVIDIA's, AMD's.
HIDING = ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES")
NONE = ("", "-1")
DEVICES = Path("/dev")


def gpu_here() -> bool:
    """Tell whether a driver shows a GPU that nothing in the environment hides."""
    if any(os.environ.get(name, "0").strip() in NONE for name in HIDING):
        return False
    return any(DEVICES.glob("nvidia[0-9]*")) or (DEVICES / "kfd").exists()
