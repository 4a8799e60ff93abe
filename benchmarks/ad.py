"""Speed of certified signs, beside a straightforward NumPy version without certification.

    python benchmarks/ad.py [--samples 200000] [--repeat 3] [--json]

The plain version does what one would write first: build M by broadcasting, replace each
column in turn, call ``numpy.linalg.det`` m times, take the minimum. It proves nothing. Both
are timed in the same run, on the same draws, best of ``--repeat``; the order alternates.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

from tfluck.angular import parse, sample

SIZES = (3, 4, 6, 9)


def plain(m: int, samples: int, block: int = 4096) -> float:
    """Return max z over random draws, from m determinants a draw, in float64."""
    random, largest = np.random.default_rng(0), -np.inf
    for _ in range(0, samples, block):
        theta = random.random((block, m)) * 2 * np.pi
        gap = np.abs(theta[:, :, None] - theta[:, None, :])
        t = np.minimum(gap, 2 * np.pi - gap)
        matrix = np.sin(t) + (np.pi - t) * np.cos(t)
        t0 = np.minimum(theta, 2 * np.pi - theta)
        b = np.sin(t0) + (np.pi - t0) * np.cos(t0)
        dets = []
        for i in range(m):
            replaced = matrix.copy()
            replaced[:, :, i] = b
            dets.append(np.linalg.det(replaced))
        largest = max(largest, float(np.min(dets, axis=0).max()))
    return largest


def seconds(work: Callable[[], object]) -> float:
    """Time one call."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def row(m: int, samples: int, repeat: int) -> dict[str, float]:
    """Measure one m: samples per second of both versions, and what certified them."""
    function, cores = parse("relu"), os.cpu_count() or 1
    ours, one, theirs, found = [], [], [], None
    for turn in range(repeat):
        ours.append(
            seconds(lambda seed=turn: sample(function, m, samples, seed, cores))
        )
        one.append(seconds(lambda seed=turn: sample(function, m, samples, seed, 1)))
        theirs.append(seconds(lambda: plain(m, samples)))
        found = sample(function, m, samples, turn, cores)
        assert found.undecided == 0
    return {
        "m": m,
        "certified_per_second": samples / min(ours),
        "certified_per_second_one_thread": samples / min(one),
        "plain_per_second": samples / min(theirs),
        "ratio": min(theirs) / min(ours),
        "by_ball": found.by_ball if found else 0,
    }


def start() -> float:
    """Return the seconds `tfluck ad check` takes from start to answer, best of five."""
    code = (
        "from tfluck.cli.main import main; main(['ad', 'check', '--angles', '1,2,3'])"
    )
    command = [sys.executable, "-c", code]
    return min(
        seconds(lambda: subprocess.run(command, check=True, capture_output=True))
        for _ in range(5)
    )


def memory(samples: int) -> dict[str, float]:
    """Return how much the peak resident size grows over ``samples`` draws, in MB."""
    sample(parse("relu"), 3, 100_000, 0, 2)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    took = seconds(lambda: sample(parse("relu"), 3, samples, 1, os.cpu_count() or 1))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"samples": samples, "growth_mb": (after - before) / 1024, "seconds": took}


def main() -> None:
    """Print the table, or one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=200_000)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--memory", type=int, default=10_000_000, help="draws; 0 skips")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result: dict[str, object] = {
        "cores": os.cpu_count(),
        "rows": [row(m, options.samples, options.repeat) for m in SIZES],
        "check_seconds": start(),
    }
    if options.memory:
        result["memory"] = memory(options.memory)
    if options.json:
        print(json.dumps(result))
        return
    for line in result["rows"]:
        print("  ".join(f"{key} {value:,.4g}" for key, value in line.items()))
    print(f"tfluck ad check: {result['check_seconds']:.2f} s")
    print(f"memory: {result.get('memory')}")


if __name__ == "__main__":
    main()
