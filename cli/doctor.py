"""``tfluck doctor``: what this machine has; paste it into an issue."""

import os
import platform
import shutil
from pathlib import Path

from tfluck import __version__

from .options import click, json_option
from .options import command as declare
from .output import emit_json

PACKAGES = (
    "tensorflow",
    "keras",
    "tensorboard",
    "tensorflow-datasets",
    "numpy",
    "scipy",
    "pandas",
    "matplotlib",
    "click",
    "python-flint",
)


@declare("tfluck doctor", "tfluck doctor --json", name="doctor")
@json_option
def command(as_json: bool) -> None:
    """Report versions, devices, data sets, disk and determinism."""
    from tfluck.foundations.runtime import (
        describe_devices,
        matmul_rate,
        repeats_exactly,
    )

    from .data import sets

    found = {
        "tfluck": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: _version(name) for name in PACKAGES},
        "devices": describe_devices(),
        "matmul_gflops": round(matmul_rate() / 1e9),
        "deterministic": repeats_exactly(),
        "onednn": os.environ.get("TF_ENABLE_ONEDNN_OPTS", "default"),
        "data": {name: found.presence(None) for name, found in sets().items()},
        "free_disk_gb": round(shutil.disk_usage(Path.cwd()).free / 1e9, 1),
    }
    if as_json:
        emit_json(found)
        return
    for key, value in found.items():
        if isinstance(value, dict):
            value = ", ".join(f"{name} {version}" for name, version in value.items())
        elif isinstance(value, list):
            value = "; ".join(value)
        click.echo(f"{key:14} {value}")


def _version(name: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"
