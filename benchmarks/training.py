"""Training speed against a PyTorch loop of the same job, in one run on this machine.

``make bench`` runs this, prints the table and writes it to ``benchmarks/training.txt``.
The two programs take turns, each in a process of its own, and the ratio is that of their
median rates; so a machine that slows down slows both.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
TURNS = 2
#: above this load at the start, other work shares the cores and the figures say so
QUIET = 0.5
#: the load is a mean over the last minute, so what has just ended is waited for; seconds
PATIENCE = 240
#: name → (arguments, steps of a round, the ratio we promise)
JOBS = {
    "small dense 10-15-20-25 ×10": (["fc", "10-15-20-25"], 1600, 1.8),
    "BatchNorm, small dense": (["fc", "10-15-20-25", "--batch-norm"], 1600, None),
    "large dense 50-75-100-125 ×10": (["fc", "50-75-100-125"], 200, 1.1),
    "BatchNorm, large dense": (["fc", "50-75-100-125", "--batch-norm"], 200, None),
    "conv 16-16-16-16 ×10": (["cnn", "16-16-16-16"], 8, 1.05),
    "BatchNorm, conv 16-16-16-16 ×10": (
        ["cnn", "16-16-16-16", "--batch-norm"],
        8,
        1.15,
    ),
}


def run(script: Path, arguments: list[str], steps: int) -> dict:
    """Run one program of the checkout it lies in and return its JSON line."""
    command = [sys.executable, str(script), *arguments, "--steps", str(steps)]
    done = subprocess.run(
        [*command, "--repeats", "3"],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(script.parents[1])},
    )
    return json.loads(done.stdout.splitlines()[-1])


def compare(name: str, before: Path | None) -> str:
    """Let the programs take turns at one job; return a line of the table."""
    arguments, steps, promise = JOBS[name]
    scripts = {"ours": HERE / "our_loop.py", "theirs": HERE / "torch_loop.py"}
    if before:
        scripts["before"] = before / "benchmarks" / "our_loop.py"
    rates: dict[str, list[float]] = {who: [] for who in scripts}
    products, looks = [], []
    for turn in range(TURNS):
        for who in sorted(scripts, reverse=turn % 2 == 1):
            found = run(scripts[who], arguments, steps)
            rates[who] += found["rates"]
            if who == "ours":
                products.append(found["products"])
                looks.append(found["evaluation"])
    middle = {who: statistics.median(found) for who, found in rates.items()}
    rate = middle["ours"]
    epoch = 1563 / rate
    cells = [
        f"{name:34} {rate:8.1f} {min(rates['ours']):8.1f} {middle['theirs']:8.1f}",
        f"{rate / middle['theirs']:6.2f} {f'≥ {promise}' if promise else '':>6}",
        f"{1 / (statistics.median(products) * rate):8.2f}",
        f"{100 * statistics.median(looks) / epoch:8.1f} %",
    ]
    if before:
        cells.append(f"{middle['before']:8.1f} {rate / middle['before']:6.2f}")
    return " ".join(cells)


def seeds() -> str:
    """Compare five students on all cores with five times one student, whole commands."""
    with tempfile.TemporaryDirectory() as folder:
        times = []
        for count in (1, 5):
            command = (
                f"{sys.executable} -m tfluck.cli train --teacher-widths 10-15-20-25 "
                f"--batch-norm none --epochs 10 --seeds {count} --out {folder} --quiet"
            )
            start = time.perf_counter()
            subprocess.run(command.split(), check=True, stdout=subprocess.DEVNULL)
            times.append(time.perf_counter() - start)
    one, five = times
    return (
        f"five seeds {five:.0f} s, one seed {one:.0f} s: "
        f"{100 * five / (5 * one):.0f} % of five times one (promise: at most 60 %)"
    )


def memory() -> str:
    """Compare the peak memory of 5 and 40 epochs of a small training."""
    peaks = []
    for epochs in (5, 40):
        with tempfile.TemporaryDirectory() as folder:
            command = (
                f"{sys.executable} -m tfluck.cli train --scale smoke --outputs 30 "
                f"--samples-per-epoch 12800 --epochs {epochs} --out {folder} --quiet"
            )
            code = (
                "import resource, subprocess, sys; "
                f"subprocess.run({command.split()!r}, check=True, stdout=subprocess.DEVNULL); "
                "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
            )
            done = subprocess.run(
                [sys.executable, "-c", code],
                check=True,
                stdout=subprocess.PIPE,
                text=True,
            )
            peaks.append(int(done.stdout) / 1024)
    return f"peak memory {peaks[0]:.0f} MB after 5 epochs, {peaks[1]:.0f} MB after 40"


def circumstances() -> list[str]:
    """Say where and with what was measured, and whether the machine was quiet."""
    give_up = time.monotonic() + PATIENCE
    while (load := os.getloadavg()[0]) > QUIET and time.monotonic() < give_up:
        time.sleep(5)
    state = "quiet" if load <= QUIET else "NOT QUIET: do not quote these figures"
    info = Path("/proc/cpuinfo")
    names = [
        line.split(":")[1].strip()
        for line in (info.read_text().splitlines() if info.exists() else [])
        if line.startswith("model name")
    ]
    packages = ("tensorflow", "keras", "numpy", "torch")
    return [
        f"{names[0] if names else platform.machine()}, {os.cpu_count()} cores, "
        f"load {load:.2f} at the start ({state})",
        "Python "
        + ", ".join(
            [platform.python_version(), *(f"{n} {version(n)}" for n in packages)]
        ),
    ]


def main() -> None:
    """Print the table and write it beside this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "jobs", nargs="*", help="beginnings of job names, seeds, memory"
    )
    parser.add_argument(
        "--before", type=Path, help="another checkout of this project, to take turns"
    )
    parser.add_argument("--out", type=Path, default=HERE / "training.txt")
    given = parser.parse_args()
    chosen = given.jobs or [*JOBS, "seeds", "memory"]
    lines = [
        *circumstances(),
        f"steps per second, data included: medians of {3 * TURNS} rounds in "
        f"{TURNS} processes, programs alternating",
        "step/mm: our step over its bare matrix products; look: one evaluation over",
        "one epoch of 1563 steps",
        "",
        f"{'job':34} {'tfluck':>8} {'slowest':>8} {'PyTorch':>8} {'ratio':>6} "
        f"{'goal':>6} {'step/mm':>8} {'look':>10}"
        + (f" {'before':>8} {'ratio':>6}" if given.before else ""),
    ]
    print("\n".join(lines), flush=True)

    def add(line: str) -> None:
        lines.append(line)
        print(line, flush=True)

    for name in JOBS:
        if any(name.startswith(word) for word in chosen):
            add(compare(name, given.before))
    extras: dict[str, Callable[[], str]] = {"seeds": seeds, "memory": memory}
    for word, extra in extras.items():
        if word in chosen:
            add(extra())
    given.out.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
