"""What Luck Matters sets up: its settings, its separated teachers, its correlation."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from tfluck.analysis.correlation import correlation
from tfluck.experiment.presets import load_preset
from tfluck.experiment.scales import configure
from tfluck.foundations.seeds import child, generator

Numbers: TypeAlias = dict[str, float | list[float | None] | None]


def correlations(samples: int, teachers: int, students: int, dead: int) -> Numbers:
    """Measure by how much |ρ| exceeds 1, or 0 for nodes that never change.

    Some students are the teacher's nodes again, at scales from 1e-12 to 1e12.
    """
    random = generator(0, "claim-correlations")
    teacher = np.maximum(random.normal(size=(samples, teachers)), 0)
    student = np.maximum(random.normal(size=(samples, students)), 0)
    copies = min(teachers, students - dead)
    student[:, :copies] = teacher[:, :copies] * np.logspace(-12, 12, copies)
    student[:, students - dead :] = random.normal(size=dead)
    rho = np.abs(correlation(teacher, student))
    never = float(rho[:, students - dead :].max(initial=0.0))
    return {"excess": max(float(rho.max()) - 1, never, 0.0)}


def setting(preset: str, wanted: Mapping[str, Any]) -> Numbers:
    """Count settings of a preset, at the paper's scale, that are not as ``wanted``."""
    experiment, execution = configure("paper", **load_preset(preset).at("paper"))
    there: dict[str, Any] = {}
    for part in (experiment.data, experiment.network, experiment.training, execution):
        there |= vars(part)
    different = [name for name, value in wanted.items() if _plain(there[name]) != value]
    return {"different": len(different)}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def separated(widths: Sequence[int], inputs: int, teachers: int) -> Numbers:
    """Count pairs of nodes of one direction in the layers of separated teachers."""
    from tfluck.foundations.runtime import start_tensorflow

    start_tensorflow()
    from tfluck.networks.initializers import separated_rows

    fans, pairs = (inputs, *widths[:-1]), 0
    for seed in range(teachers):
        for layer, (fan_in, nodes) in enumerate(zip(fans, widths, strict=True)):
            drawn = separated_rows(child(seed, "claim-separated", layer), nodes, fan_in)
            pairs += same_direction(drawn)
    return {"duplicates": pairs}


def same_direction(rows: Any) -> int:
    """Count pairs of rows that differ by a positive factor alone."""
    units = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    close = units @ units.T > 1 - 1e-12
    return int((close.sum() - len(rows)) // 2)
