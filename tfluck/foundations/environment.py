"""What decides the last bits of a training beside its settings: versions and processor.

A checkpoint carries the surroundings its run was computed in, so that going on in others
is told and not found out.
"""

import os
import platform
import re
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from tfluck.foundations.runtime import gpu_names

PACKAGES = ("tensorflow", "keras", "numpy")
#: Instructions that decide in which order a library adds and multiplies.
VECTORS = re.compile(r"avx\w*|amx\w*|fma\w*|f16c|sve\w*|asimd\w*|bf16|i8mm")
Surroundings = Mapping[str, Any]


def surroundings(threads: int, jit: bool) -> dict[str, Any]:
    """Return all that may change the bits of a run in this process, ready for JSON.

    TensorFlow's accelerators count where it is imported.
    """
    from importlib.metadata import version

    return {
        **{name: version(name) for name in PACKAGES},
        "processor": processor(),
        "accelerators": gpu_names() if "tensorflow" in sys.modules else [],
        "onednn": os.environ.get("TF_ENABLE_ONEDNN_OPTS", "default"),
        "threads": threads,
        "jit": jit,
    }


@cache
def processor() -> str:
    """Name the kind of processor: architecture, maker, vector instructions."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return f"{platform.machine()} {platform.processor()}".strip()
    maker = re.search(r"^(?:vendor_id|CPU implementer)\s*:\s*(\S+)", text, re.M)
    flags = re.search(r"^(?:flags|Features)\s*:(.*)", text, re.M)
    vectors = [f for f in (flags[1].split() if flags else []) if VECTORS.fullmatch(f)]
    return " ".join(
        [platform.machine(), *([maker[1]] if maker else []), *sorted(vectors)]
    )


def changes(before: Surroundings, now: Surroundings) -> list[str]:
    """Say what differs, of what both know; a processor by its instructions."""
    said = []
    for name in sorted(before.keys() & now.keys() - {"step"}):
        if before[name] == now[name]:
            continue
        if name == "processor":
            said.append(_processors(str(before[name]), str(now[name])))
        else:
            said.append(f"{name} {_shown(before[name])} → {_shown(now[name])}")
    return said


def follow(history: list[dict[str, Any]], now: Surroundings, step: int) -> list[str]:
    """Add ``now`` to a run's ``history`` unless it is there; return what it changes."""
    changed = changes(history[-1], now) if history else []
    if not history or history[-1] != {"step": history[-1]["step"]} | dict(now):
        history.append({"step": step} | dict(now))
    return changed


def moves(history: Sequence[Surroundings]) -> list[dict[str, Any]]:
    """Return at which steps the surroundings changed, and how."""
    found = ((new["step"], changes(old, new)) for old, new in pairwise(history))
    return [{"step": step, "changes": changed} for step, changed in found if changed]


def _processors(before: str, now: str) -> str:
    had, has = set(before.split()), set(now.split())
    lost = [f"without {word}" for word in sorted(had - has)]
    gained = [f"with {word}" for word in sorted(has - had)]
    return f"a processor {', '.join(lost + gained)}"


def _shown(value: Any) -> str:
    return ", ".join(value) or "none" if isinstance(value, list) else str(value)
