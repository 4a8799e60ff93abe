"""Training speed against a PyTorch loop of the same job, in one run on this machine.

``make bench`` runs this, prints the table and writes it to ``benchmarks/training.txt``.
The two programs take turns, each in a process of its own, and the ratio is that of their
median rates; so a machine that slows down slows both.
"""

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
TURNS = 2
#: name → (arguments, steps of a round, the ratio we promise)
JOBS = {
    "small dense 10-15-20-25 ×10": (["fc", "10-15-20-25"], 1600, 2.2),
    "BatchNorm, small dense": (["fc", "10-15-20-25", "--batch-norm"], 1600, None),
    "large dense 50-75-100-125 ×10": (["fc", "50-75-100-125"], 200, 1.5),
    "BatchNorm, large dense": (["fc", "50-75-100-125", "--batch-norm"], 200, None),
    "conv 16-16-16-16 ×10": (["cnn", "16-16-16-16"], 8, 1.1),
    "BatchNorm, conv 16-16-16-16 ×10": (
        ["cnn", "16-16-16-16", "--batch-norm"],
        8,
        None,
    ),
}


def run(script: str, arguments: list[str], steps: int) -> dict | list:
    """Run one program and return its JSON line."""
    command = [sys.executable, str(HERE / script), *arguments, "--steps", str(steps)]
    done = subprocess.run(
        [*command, "--repeats", "3"], check=True, stdout=subprocess.PIPE, text=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def compare(name: str) -> str:
    """Let both programs take turns at one job; return a line of the table."""
    arguments, steps, promise = JOBS[name]
    ours: list[float] = []
    theirs: list[float] = []
    products, evaluation = [], []
    for _ in range(TURNS):
        found = run("our_loop.py", arguments, steps)
        ours += found["rates"]
        products.append(found["products"])
        evaluation.append(found["evaluation"])
        theirs += run("torch_loop.py", arguments, steps)
    rate, other = statistics.median(ours), statistics.median(theirs)
    share = statistics.median(products) * rate
    epoch = 1563 / rate
    look = statistics.median(evaluation)
    wanted = f"≥ {promise}" if promise else ""
    return (
        f"{name:34} {rate:9.1f} {other:9.1f} {rate / other:7.2f} {wanted:>6} "
        f"{1 / share:9.2f} {100 * look / epoch:9.1f} %"
    )


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


def main() -> None:
    """Print the table and write it beside this file."""
    head = (
        f"{'job':34} {'tfluck':>9} {'PyTorch':>9} {'ratio':>7} {'goal':>6} "
        f"{'step/mm':>9} {'look/epoch':>11}"
    )
    lines = [
        f"{platform.machine()}, {os.cpu_count()} cores; steps per second, medians of "
        f"{3 * TURNS} rounds, data included",
        "step/mm: our step over its bare matrix products; look/epoch: one evaluation over",
        "one epoch of 1563 steps",
        "",
        head,
    ]
    chosen = sys.argv[1:] or [*JOBS, "seeds", "memory"]
    print("\n".join(lines), flush=True)
    for name in JOBS:
        if any(name.startswith(word) for word in chosen):
            lines.append(compare(name))
            print(lines[-1], flush=True)
    for word, extra in (("seeds", seeds), ("memory", memory)):
        if word in chosen:
            lines.append(extra())
            print(lines[-1], flush=True)
    (HERE / "training.txt").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
