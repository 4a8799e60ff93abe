"""Try to break Theorems B0 to B5 of docs/alignment.md; print what was counted.

    python benchmarks/alignment.py [--flows 10000] [--configurations 100000] [--longest 10]

Flows start at random, close to the antipode, tiny and long; configurations spread over
six decades of length and eight of distance from (anti-)alignment, in dimensions 1 to 7.
"""

import argparse
import time

import numpy as np

from tfluck.alignment.gradient_flow import flow, slacks
from tfluck.alignment.inequality import configuration
from tfluck.foundations.errors import BadInput


def start(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw students (m, d) and a teacher for a flow."""
    d, m = int(random.integers(1, 6)), int(random.integers(1, 6))
    teacher = random.standard_normal(d) * 10.0 ** random.uniform(-1, 1)
    students = random.standard_normal((m, d)) * 10.0 ** random.uniform(-2, 1, (m, 1))
    students *= np.linalg.norm(teacher)
    if random.random() < 0.4:
        lengths = np.linalg.norm(students, axis=1, keepdims=True)
        near = random.standard_normal((m, d)) * 10.0 ** random.uniform(-4, 0, (m, 1))
        students = lengths * (near - teacher / np.linalg.norm(teacher))
    return students, teacher


def flows(count: int, random: np.random.Generator, longest: float) -> None:
    """Integrate ``count`` short flows and report the worst of each bound."""
    worst, reach, deaths, done, opposite = 0.0, np.inf, 0, 0, 0
    while done < count:
        students, teacher = start(random)
        try:
            end = longest * 10.0 ** random.uniform(-2, 0)
            found = flow(students, teacher, end, 5, tolerance=1e-8)
        except BadInput:
            opposite += 1
            continue
        worst, reach = max(worst, found.worst), min(reach, found.least_reach)
        deaths, done = deaths + found.deaths, done + 1
        if done % 500 == 0:
            print(
                f"{done} flows, {deaths} deaths: loss over bound at most {worst:.9g}, "
                f"a_max over A_0 at least {reach:.9g} ({opposite} exactly opposite)",
                flush=True,
            )


def configurations(count: int, random: np.random.Generator) -> None:
    """Evaluate every inequality at ``count`` configurations."""
    least: dict[str, float] = {}
    counted: dict[str, int] = {}
    for _ in range(count):
        m, d = int(random.integers(1, 7)), int(random.integers(1, 8))
        students, teacher = configuration(random, m, d)
        for name, ratio in slacks(students, teacher).items():
            least[name] = min(least.get(name, np.inf), ratio)
            counted[name] = counted.get(name, 0) + 1
    for name in sorted(least):
        print(f"{name}: right over left at least {least[name]:.9g} in {counted[name]}")


def main() -> None:
    """Run both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--flows", type=int, default=10_000)
    parser.add_argument("--configurations", type=int, default=100_000)
    parser.add_argument("--longest", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    started = time.perf_counter()
    random = np.random.default_rng(given.seed)
    configurations(given.configurations, random)
    print(f"{given.configurations} configurations", flush=True)
    flows(given.flows, random, given.longest)
    print(f"{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
