"""What is too large, said by arithmetic before memory or time is spent on it.

Some sizes no machine can do (a tensor has at most 2³¹ − 1 numbers); those an experiment
refuses. Others this machine cannot do; those the plan tells.
"""

import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

from tfluck.experiment.cost import Plan, chunk_batches
from tfluck.foundations.errors import BadInput

if TYPE_CHECKING:
    from tfluck.architectures import Vertex
    from tfluck.experiment.experiment import Experiment

#: TensorFlow counts the numbers of a tensor, and we the steps, in 32 bits.
LARGEST = 2**31 - 1
#: A layer is compiled.
MOST_LAYERS = 100
#: A plan above this many seconds, a year, is a slip of the pen.
LONGEST = 365 * 86400.0


def check_sizes(experiment: "Experiment") -> None:
    """Refuse an experiment that no machine can train.

    Raises:
        BadInput: a count, or the product of some, is beyond what can be held.
    """
    layers = len(experiment.network.teacher_widths)
    if layers > MOST_LAYERS:
        raise BadInput(f"layers must be at most {MOST_LAYERS}, not {layers:,}.")
    training = experiment.training
    if training.steps > LARGEST:
        raise BadInput(
            f"{training.epochs:,} epochs of {training.samples_per_epoch:,} samples are "
            f"{training.steps:,} steps; at most {LARGEST:,} can be counted. Lower "
            "--epochs or --samples-per-epoch, or raise --batch-size."
        )
    if _draws_separated(experiment):
        teacher = experiment.graph("teacher")
        for vertex in teacher.linear:
            check_patterns(vertex.nodes, teacher.fan_in(vertex))
    _hold(_tensors(experiment))


def check_chunk(experiment: "Experiment", chunk: int) -> None:
    """Refuse a chunk of more batches than a tensor holds.

    Raises:
        BadInput: the sentence has the product.
    """
    batches, batch = chunk_batches(experiment, chunk), experiment.training.batch_size
    _hold(
        [
            ("A chunk of batches", (batches, batch, *experiment.input_shape)),
            *(
                (
                    f"A chunk's activations of the teacher's {_layer(vertex)}",
                    (batches * batch, *vertex.shape),
                )
                for vertex in experiment.graph("teacher").linear
            ),
        ]
    )


def _hold(tensors: Iterable[tuple[str, tuple[int, ...]]]) -> None:
    for what, sizes in tensors:
        if prod(sizes) > LARGEST:
            raise BadInput(
                f"{what} would be {' × '.join(f'{size:,}' for size in sizes)} numbers, "
                f"and a tensor holds at most {LARGEST:,}."
            )


def _draws_separated(experiment: "Experiment") -> bool:
    random = (
        experiment.training.targets == "teacher" and not experiment.start.teacher_digest
    )
    return random and experiment.start.teacher_init == "separated"


def check_patterns(nodes: int, fan_in: int) -> None:
    """Refuse a separated layer with more nodes than there are weights for them.

    Entries are of {−½, −¼, 0, ¼, ½}, and a row of zeros is none.

    Raises:
        BadInput: 5^fan_in − 1 is less than ``nodes``.
    """
    patterns = 5 ** min(fan_in, 99) - 1
    if nodes > patterns:
        raise BadInput(
            f"A teacher layer of {nodes} nodes with fan-in {fan_in} cannot have mutually "
            f"different weights: only {patterns} patterns exist. Use fewer nodes or "
            "more inputs."
        )


def _tensors(experiment: "Experiment") -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield each tensor that a setting makes large, and the sizes it is a product of."""
    shape, batch = experiment.input_shape, experiment.training.batch_size
    yield "A batch", (batch, *shape)
    yield "The evaluation set", (experiment.watch.eval_samples, *shape)
    yield "The data set", (experiment.data.samples or 0, *shape)
    student = experiment.graph()
    for vertex in student.linear:
        weights = (student.fan_in(vertex), vertex.nodes)
        yield f"The weights of the student's {_layer(vertex)}", weights
        activations = (batch, *vertex.shape)
        yield f"A batch's activations of the student's {_layer(vertex)}", activations
    widths = zip(
        experiment.network.teacher_widths,
        experiment.network.student_widths,
        strict=True,
    )
    for index, pair in enumerate(widths):
        yield f"The correlations of layer {index}", pair


def _layer(vertex: "Vertex") -> str:
    return vertex.name.removesuffix("_linear")


@dataclass(frozen=True)
class Machine:
    """What a run may use: bytes of memory, and of disk where it would lie."""

    memory: float
    disk: float


def this_machine(folder: Path) -> Machine:
    """Look at this machine; ``folder`` need not exist yet."""
    there = next(
        (place for place in (folder, *folder.absolute().parents) if place.is_dir()),
        Path("/"),
    )
    return Machine(_memory(), shutil.disk_usage(there).free)


def _memory() -> float:
    """Return the bytes of memory here, or what a container is given of them."""
    found = float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    try:
        given = Path("/sys/fs/cgroup/memory.max").read_text().strip()
    except OSError:
        return found
    return min(found, float(given)) if given.isdigit() else found


def excess(expected: Plan, machine: Machine, processes: int = 1) -> str:
    """Say what of ``machine`` a plan exceeds; "" if it fits.

    Args:
        expected: what the run needs, good to a factor of two.
        machine: what there is.
        processes: that train at the same time.
    """
    together = expected.memory * processes
    if expected.memory > machine.memory:
        return (
            f"This run needs about {_gigabytes(expected.memory)} of memory, and this "
            f"machine has {_gigabytes(machine.memory)}."
        )
    if together > machine.memory:
        return (
            f"{processes} students at once need about {_gigabytes(together)} of memory, "
            f"and this machine has {_gigabytes(machine.memory)}; "
            f"--jobs {int(machine.memory // expected.memory)} fits."
        )
    if expected.disk > machine.disk:
        return (
            f"This run needs about {_gigabytes(expected.disk)} of disk, and there are "
            f"{_gigabytes(machine.disk)} free."
        )
    if expected.seconds > LONGEST:
        return (
            f"This run would take about {expected.seconds / LONGEST:,.0f} years here."
        )
    return ""


def _gigabytes(size: float) -> str:
    return f"{size / 1e9:,.3g} GB" if size < 1e12 else f"{size / 1e9:,.0f} GB"
