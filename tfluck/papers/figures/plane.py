"""Two-layer ReLU networks on the plane: small enough that every region can be drawn.

Teacher node i is on where u_i·x > 1, u_i evenly spread directions, and feeds output i
alone; inputs are x ~ N(0, 1.5² I). So its regions are half-planes far from the origin,
which overlap little (Assumption 3). Students start with unit weights in random
directions, biases U(−1, 0) and small fan-outs, and follow the gradient of
½ E|y_t − y_s|² over one fixed sample by plain descent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tfluck.analysis.correlation import correlation
from tfluck.foundations.seeds import generator
from tfluck.theory.matrix_dynamics import unstacked
from tfluck.theory.nets import weight_gradients

Array = NDArray[np.float64]
#: [w; b] of the hidden layer, ``[3, nodes]``; [V; c] of the outputs, ``[nodes + 1, outputs]``.
Layers = tuple[Array, Array]
#: Of the inputs; of every teacher node; of fan-outs at first; of every step.
SPREAD, BIAS, START, RATE = 1.5, -1.0, 0.1, 0.2
#: A student is a teacher node's own from this correlation on.
OWN = 0.95


def inputs(count: int) -> Array:
    """Return the sample that all networks of a figure learn from, ``[count, 2]``."""
    return SPREAD * generator(0, "plane", "inputs").normal(size=(count, 2))


def teacher_of(nodes: int, bias: float = BIAS) -> Layers:
    """Return a teacher of ``nodes`` evenly spread half-planes."""
    angle = 0.3 + 2 * np.pi * np.arange(nodes) / nodes
    hidden = np.stack([np.cos(angle), np.sin(angle), np.full(nodes, bias)])
    return hidden, np.vstack([np.eye(nodes), np.zeros((1, nodes))])


def student_of(nodes: int, outputs: int, draw: np.random.Generator) -> Layers:
    """Draw a student."""
    angle = draw.uniform(0, 2 * np.pi, nodes)
    bias = draw.uniform(-1, 0, nodes)
    hidden = np.stack([np.cos(angle), np.sin(angle), bias])
    fan_out = START * draw.normal(size=(nodes, outputs))
    return hidden, np.vstack([fan_out, np.zeros((1, outputs))])


def kept(student: Layers, nodes: NDArray[np.int64]) -> Layers:
    """Return the student with these nodes alone."""
    hidden, top = student
    return hidden[:, nodes], np.vstack([top[nodes], top[-1:]])


@dataclass(frozen=True, eq=False)
class Look:
    """A student at one step, held against its teacher.

    Attributes:
        step: of descent.
        student: the layers.
        rho: correlation of activations, ``[teacher nodes, students]``.
        loss: ½ mean |y_t − y_s|².
    """

    step: int
    student: Layers
    rho: Array
    loss: float

    @property
    def covered(self) -> int:
        """Return how many teacher nodes have a student of their own."""
        return int((self.rho.max(axis=1) >= OWN).sum())

    @property
    def strength(self) -> Array:
        """Return |w_j||v_j|, what a student node contributes, ``[students]``."""
        hidden, top = self.student
        sizes = np.linalg.norm(hidden[:2], axis=0), np.linalg.norm(top[:-1], axis=1)
        return np.asarray(sizes[0] * sizes[1])

    @property
    def winners(self) -> NDArray[np.int64]:
        """Return every teacher node's best student, each once, ``[at most teachers]``."""
        return np.unique(self.rho.argmax(axis=1))


def look(step: int, student: Layers, teacher: Layers, x: Array) -> Look:
    """Compare a student with its teacher on ``x``."""
    theirs, ours = unstacked(teacher).activations(x), unstacked(student).activations(x)
    loss = float(np.square(theirs[-1] - ours[-1]).sum(axis=1).mean() / 2)
    return Look(step, student, correlation(theirs[0], ours[0]), loss)


def train(
    student: Layers, teacher: Layers, x: Array, steps: int, looks: int = 0
) -> list[Look]:
    """Return looks before and after training, and about so many between (log-spaced)."""
    labels = unstacked(teacher).activations(x)[-1]
    between = {int(at) for at in np.geomspace(1, steps, looks)} if looks else set()
    here, found = student, [look(0, student, teacher, x)]
    for at in range(1, steps + 1):
        flow = weight_gradients(unstacked(here), x, labels)
        hidden, top = (w + RATE * g for w, g in zip(here, flow, strict=True))
        here = (hidden, top)
        if at == steps or at in between:
            found.append(look(at, here, teacher, x))
    return found


def rows_of(panel: str, seen: Look, teacher: Layers) -> list[dict[str, Any]]:
    """Return a row for each node: its half-plane, its strength, whose it is."""
    hidden, _ = teacher
    theirs = [
        _row(panel, seen, "teacher", i, hidden[:, i], 1.0, i, 1.0)
        for i in range(hidden.shape[1])
    ]
    owner, best = seen.rho.argmax(axis=0), seen.rho.max(axis=0)
    ours = [
        _row(panel, seen, "student", j, w, seen.strength[j], int(owner[j]), best[j])
        for j, w in enumerate(seen.student[0].T)
    ]
    return theirs + ours


def _row(
    panel: str,
    seen: Look,
    net: str,
    node: int,
    w: Sequence[float] | Array,
    strength: float,
    owner: int,
    rho: float,
) -> dict[str, Any]:
    return {
        "panel": panel,
        "net": net,
        "node": node,
        "step": seen.step,
        "w1": float(w[0]),
        "w2": float(w[1]),
        "bias": float(w[2]),
        "strength": float(strength),
        "teacher": owner,
        "rho": float(rho),
        "loss": seen.loss,
    }
