"""The same job as a straightforward PyTorch loop: what a user would write today.

Run as a program it prints one JSON line with the steps per second of each round.
"""

import argparse
import json
import time
from typing import Any

import torch
from torch import nn


def network(arch: str, widths: list[int], outputs: int, batch_norm: bool) -> nn.Module:
    """Build hidden layers Linear → ReLU (→ BatchNorm), and a linear output."""
    layers: list[nn.Module] = []
    below, side = (20, 0) if arch == "fc" else (1, 16)
    for width in widths:
        layers += [
            nn.Linear(below, width) if arch == "fc" else nn.Conv2d(below, width, 3)
        ]
        layers += [nn.ReLU()]
        if batch_norm:
            norm = nn.BatchNorm1d if arch == "fc" else nn.BatchNorm2d
            layers += [norm(width, affine=arch == "cnn")]
        below, side = width, side - 2
    if arch == "cnn":
        layers += [nn.Flatten()]
        below *= side * side
    return nn.Sequential(*layers, nn.Linear(below, outputs))


def rounds(
    arch: str, widths: list[int], batch_norm: bool, steps: int, repeats: int
) -> list[float]:
    """Time ``repeats`` rounds of ``steps`` steps, fresh Gaussian data included."""
    torch.manual_seed(1)
    teacher = network(arch, widths, 100, False)
    student = network(arch, [10 * width for width in widths], 100, batch_norm)
    optimizer = torch.optim.SGD(student.parameters(), lr=1e-4)
    shape: tuple[int, ...] = (20,) if arch == "fc" else (1, 16, 16)

    def one_round() -> float:
        start = time.perf_counter()
        # The original draws a set and walks it in a random order.
        data = 10 * torch.randn(steps * 64, *shape)
        order = torch.randperm(len(data))
        total: Any = 0.0
        for at in range(0, len(data), 64):
            x = data[order[at : at + 64]]
            with torch.no_grad():
                target = teacher(x)
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(student(x), target)
            loss.backward()
            optimizer.step()
            total += float(loss.detach())
        return steps / (time.perf_counter() - start)

    one_round()
    return [one_round() for _ in range(repeats)]


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("arch")
    parser.add_argument("widths")
    parser.add_argument("--batch-norm", action="store_true")
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--repeats", type=int, default=5)
    given = parser.parse_args()
    chosen = [int(width) for width in given.widths.split("-")]
    found = rounds(given.arch, chosen, given.batch_norm, given.steps, given.repeats)
    print(json.dumps({"rates": found}))
