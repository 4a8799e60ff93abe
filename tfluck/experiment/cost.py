"""What a run will cost, by arithmetic: flop, seconds, memory, disk."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tfluck.experiment.choices import kept_epochs

if TYPE_CHECKING:
    from tfluck.experiment.execution import Execution
    from tfluck.experiment.experiment import Experiment

#: Flop of one compiled call: a second or two on a laptop, so that progress shows and a
#: signal is heard, yet many steps of a small net to spread the cost of a call over.
CHUNK_FLOP = 2e11
LONGEST_CHUNK = 200
#: Bytes of inputs that one chunk may hold; two more wait in the pipeline.
CHUNK_BYTES = 6.4e7
#: A GPU does this many times the work in the same time, and waits for the CPU between
#: calls; so its calls are longer in all three measures.
GPU_SPEED = 20
#: What a step costs beyond its products, and the share of the peak rate it reaches.
STEP_OVERHEAD = 4e-4
EFFICIENCY = 0.55
ROLES: tuple[Literal["student", "teacher"], ...] = ("student", "teacher")
#: Bytes of a process that has loaded TensorFlow and compiled a step.
PROCESS = 7e8


def step_flop(experiment: "Experiment") -> float:
    """Count one training step: the student three ways, the teacher one."""
    student = experiment.graph().multiply_adds
    teacher = experiment.graph("teacher").multiply_adds
    if experiment.training.targets == "labels":
        teacher = 0
    return 2.0 * experiment.training.batch_size * (3 * student + teacher)


def chunk_length(experiment: "Experiment", *, gpu: bool = False) -> int:
    """Choose how many steps one compiled call makes, on a CPU or a ``gpu``."""
    batch = 4.0 * experiment.training.batch_size * math.prod(experiment.input_shape)
    more = GPU_SPEED if gpu else 1
    steps = min(CHUNK_FLOP / step_flop(experiment), CHUNK_BYTES / batch, LONGEST_CHUNK)
    return max(1, round(more * steps))


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


def plan(
    experiment: "Experiment", execution: "Execution", rate: float, jobs: int = 1
) -> Plan:
    """Estimate a run on a device that multiplies matrices at ``rate`` flop/s."""
    useful = rate * EFFICIENCY
    looks = 1 + experiment.training.epochs / experiment.watch.eval_every
    look = 2.0 * experiment.watch.eval_samples * experiment.graph().multiply_adds
    work = experiment.training.steps * (step_flop(experiment) / useful + STEP_OVERHEAD)
    rounds = max(1.0, execution.seeds / jobs)  # the last students take turns
    seconds = rounds * (work + looks * look / useful) + 10
    widths = zip(
        experiment.network.teacher_widths,
        experiment.network.student_widths,
        strict=True,
    )
    matrices = sum(teacher * student for teacher, student in widths)
    weights = experiment.graph().weights
    # Two checkpoints, with Adam's two moments of every weight.
    moments = 2 if experiment.training.optimizer == "adam" else 0
    epochs = kept_epochs(execution.keep_epochs, experiment.training.epochs)
    kept = 4 + 2 * moments + len(epochs)
    disk = 4.0 * execution.seeds * (looks * matrices * 1.1 + kept * weights)
    # A student's weights lie there six times: their gradients, what is read and written.
    numbers = _numbers(experiment, execution.chunk)
    memory = PROCESS + 4.0 * ((6 + moments) * weights + 8 * matrices + numbers)
    return Plan(seconds, memory, disk)


def _numbers(experiment: "Experiment", chunk_length: int) -> int:
    """Count what a process holds at once of inputs and activations."""
    inputs = math.prod(experiment.input_shape)
    student, teacher = (
        [math.prod(vertex.shape) for vertex in experiment.graph(role).linear]
        for role in ROLES
    )
    step = 4 * experiment.training.batch_size * sum(student)
    chunk = (
        chunk_batches(experiment, chunk_length)
        * experiment.training.batch_size
        * (3 * inputs + 2 * max(teacher))
    )
    seen = 2 * experiment.watch.eval_samples * inputs
    look = (
        2
        * min(piece(experiment), experiment.watch.eval_samples)
        * (sum(student) + sum(teacher))
    )
    kept = 2 * (seen + (experiment.data.samples or 0)) * inputs
    return step + chunk + look + kept


def chunk_batches(experiment: "Experiment", chunk: int) -> int:
    """Count the batches that one compiled call of ``chunk`` steps holds."""
    return min(chunk, experiment.training.steps_per_epoch)


def piece(experiment: "Experiment") -> int:
    """Count the samples of the evaluation set that are looked at together."""
    return 64 if experiment.network.reads_images else 1000
