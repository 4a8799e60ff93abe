"""Where and with what a run was made: versions, machine, the state of our own code."""

import os
import platform
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

from tfluck import __version__
from tfluck.foundations.environment import PACKAGES, processor

#: The checkout that we may run from.
CHECKOUT = Path(__file__).parents[2]


def provenance() -> dict[str, Any]:
    """Return what a run's manifest says of the place of its birth."""
    from importlib.metadata import version

    return {
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "tfluck": __version__,
        "python": platform.python_version(),
        "packages": {name: version(name) for name in PACKAGES},
        "platform": platform.platform(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "onednn": os.environ.get("TF_ENABLE_ONEDNN_OPTS", "default"),
        **checkout_state(CHECKOUT),
    }


def checkout_state(root: Path) -> dict[str, Any]:
    """Return the commit of the checkout ``root``, and whether files differ from it.

    Both are None where we are installed, or where Git is not.
    """
    unknown = {"git": None, "dirty": None}
    git = shutil.which("git")
    if git is None or not (root / ".git").exists():
        return unknown
    # In a hook these name another checkout.
    own = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    ask = ["status", "--porcelain=v2", "--branch", "--untracked-files=no"]
    try:
        done = subprocess.run(  # noqa: S603
            [git, "--no-optional-locks", "-C", str(root), *ask],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
            env=own,
        )
    except (OSError, subprocess.SubprocessError):
        return unknown
    lines = done.stdout.splitlines()
    commits = [line.split()[-1] for line in lines if line.startswith("# branch.oid")]
    dirty = any(not line.startswith("#") for line in lines)
    return {"git": commits[0], "dirty": dirty} if commits else unknown
