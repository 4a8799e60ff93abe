"""What a run will cost, by arithmetic: flop, seconds, memory, disk."""

import math
from dataclasses import dataclass

from tfluck.config import RunConfig

#: Flop of one compiled call: a second or two on a laptop, so that progress shows and a
#: signal is heard, yet many steps of a small net to spread the cost of a call over.
CHUNK_FLOP = 2e11
LONGEST_CHUNK = 200
#: Bytes of inputs that one chunk may hold; two more wait in the pipeline.
CHUNK_BYTES = 6.4e7
#: What a step costs beyond its products, and the share of the peak rate it reaches.
STEP_OVERHEAD = 4e-4
EFFICIENCY = {"fc": 0.55, "cnn": 0.55}


def multiply_adds(
    arch: str, input_shape: tuple[int, ...], widths: tuple[int, ...], outputs: int
) -> int:
    """Count the multiply-adds of one sample's forward pass."""
    total, positions = 0, 1
    fan_in = input_shape[-1] if arch == "cnn" else math.prod(input_shape)
    for depth, width in enumerate(widths, start=1):
        if arch == "cnn":
            positions = math.prod(side - 2 * depth for side in input_shape[:2])
            fan_in *= 9
        total += positions * fan_in * width
        fan_in = width
    return total + positions * fan_in * outputs


def _forward(config: RunConfig, widths: tuple[int, ...]) -> int:
    return multiply_adds(config.arch, config.input_shape, widths, config.outputs)


def step_flop(config: RunConfig) -> float:
    """Count one training step: the student three ways, the teacher one."""
    student = _forward(config, config.student_widths)
    teacher = _forward(config, config.teacher_widths)
    if config.targets == "labels":
        teacher = 0
    return 2.0 * config.batch_size * (3 * student + teacher)


def chunk_length(config: RunConfig) -> int:
    """Choose how many steps one compiled call makes."""
    batch = 4.0 * config.batch_size * math.prod(config.input_shape)
    steps = min(CHUNK_FLOP / step_flop(config), CHUNK_BYTES / batch)
    return max(1, min(LONGEST_CHUNK, round(steps)))


@dataclass(frozen=True)
class Plan:
    """What to expect; good to a factor of two.

    Attributes:
        seconds: for all seeds.
        memory: bytes of one process.
        disk: bytes of the run directory.
    """

    seconds: float
    memory: float
    disk: float


def plan(config: RunConfig, rate: float, jobs: int = 1) -> Plan:
    """Estimate a run on a device that multiplies matrices at ``rate`` flop/s."""
    useful = rate * EFFICIENCY[config.arch]
    looks = 1 + config.epochs / config.eval_every
    look = 2.0 * config.eval_samples * _forward(config, config.student_widths)
    work = config.steps * (step_flop(config) / useful + STEP_OVERHEAD)
    rounds = math.ceil(config.seeds / jobs)
    seconds = rounds * (work + looks * look / useful) + 10
    widths = zip(config.teacher_widths, config.student_widths, strict=True)
    matrices = 4.0 * sum(teacher * student for teacher, student in widths)
    weights = 4.0 * _parameters(config)
    disk = config.seeds * (looks * matrices * 1.1 + 4 * weights)
    return Plan(seconds, 7e8 + 6 * weights, disk)


def _parameters(config: RunConfig) -> int:
    shape = config.input_shape if config.arch == "fc" else config.input_shape[-1:]
    dense = multiply_adds("fc", shape, config.student_widths, config.outputs)
    if config.arch == "fc":
        return dense
    shrink = 2 * len(config.teacher_widths)
    places = math.prod(side - shrink for side in config.input_shape[:2])
    last = config.student_widths[-1] * config.outputs
    return 9 * (dense - last) + places * last
