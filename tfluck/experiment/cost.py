"""What a run will cost, by arithmetic: flop, seconds, memory, disk."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from tfluck.experiment.config import RunConfig

#: Flop of one compiled call: a second or two on a laptop, so that progress shows and a
#: signal is heard, yet many steps of a small net to spread the cost of a call over.
CHUNK_FLOP = 2e11
LONGEST_CHUNK = 200
#: Bytes of inputs that one chunk may hold; two more wait in the pipeline.
CHUNK_BYTES = 6.4e7
#: What a step costs beyond its products, and the share of the peak rate it reaches.
STEP_OVERHEAD = 4e-4
EFFICIENCY = 0.55
ROLES: tuple[Literal["student", "teacher"], ...] = ("student", "teacher")
#: Bytes of a process that has loaded TensorFlow and compiled a step.
PROCESS = 7e8


def step_flop(config: "RunConfig") -> float:
    """Count one training step: the student three ways, the teacher one."""
    student = config.graph().multiply_adds
    teacher = config.graph("teacher").multiply_adds
    if config.targets == "labels":
        teacher = 0
    return 2.0 * config.batch_size * (3 * student + teacher)


def chunk_length(config: "RunConfig") -> int:
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


def plan(config: "RunConfig", rate: float, jobs: int = 1) -> Plan:
    """Estimate a run on a device that multiplies matrices at ``rate`` flop/s."""
    useful = rate * EFFICIENCY
    looks = 1 + config.epochs / config.eval_every
    look = 2.0 * config.eval_samples * config.graph().multiply_adds
    work = config.steps * (step_flop(config) / useful + STEP_OVERHEAD)
    rounds = math.ceil(config.seeds / jobs)
    seconds = rounds * (work + looks * look / useful) + 10
    widths = zip(config.teacher_widths, config.student_widths, strict=True)
    matrices = sum(teacher * student for teacher, student in widths)
    weights = config.graph().weights
    # Two checkpoints, with Adam's two moments of every weight.
    moments = 2 if config.optimizer == "adam" else 0
    kept = 4 + 2 * moments + len(config.kept_epochs)
    disk = 4.0 * config.seeds * (looks * matrices * 1.1 + kept * weights)
    # A student's weights lie there six times: their gradients, what is read and written.
    memory = PROCESS + 4.0 * ((6 + moments) * weights + 8 * matrices + _numbers(config))
    return Plan(seconds, memory, disk)


def _numbers(config: "RunConfig") -> int:
    """Count what a process holds at once of inputs and activations."""
    inputs = math.prod(config.input_shape)
    student, teacher = (
        [math.prod(vertex.shape) for vertex in config.graph(role).linear]
        for role in ROLES
    )
    step = 4 * config.batch_size * sum(student)
    chunk = chunk_batches(config) * config.batch_size * (3 * inputs + 2 * max(teacher))
    seen = 2 * config.eval_samples * inputs
    look = 2 * min(piece(config), config.eval_samples) * (sum(student) + sum(teacher))
    return step + chunk + seen + look + 2 * (config.samples or 0) * inputs


def chunk_batches(config: "RunConfig") -> int:
    """Count the batches that one compiled call holds."""
    return min(config.chunk, config.steps_per_epoch)


def piece(config: "RunConfig") -> int:
    """Count the samples of the evaluation set that are looked at together."""
    return 64 if config.reads_images else 1000
