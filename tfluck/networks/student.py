"""The student: as deep as its teacher, wider, and random or near the teacher at the start."""

from collections.abc import Callable
from functools import partial

import keras
import numpy as np
from numpy.typing import NDArray

from tfluck.experiment.choices import perturbation
from tfluck.foundations.seeds import generator
from tfluck.networks.initializers import default_start
from tfluck.networks.network import Network

Array = NDArray[np.float32]
#: (student's own array, the teacher's embedded in its place) → new array.
Blend = Callable[[Array, Array], Array]


def build_student(
    network: Network, seed: int, teacher: keras.Model | None, init: str = "default"
) -> keras.Model:
    """Make a student; a pure function of its arguments.

    With an ``init`` other than ``default`` the first nodes of each layer, as many as
    the teacher has there, start near the teacher's. The teacher's row is embedded: it
    reads the first nodes below and has weight 0 from the others. Then

    * ``perturb:S``: row ← embedded row + S · N(0, 1), so S = 0 computes the teacher;
    * ``same-direction``: the embedded direction with the student's own norm;
    * ``same-sign``: own sizes, the teacher's signs where its entry is not zero.
    """
    model = network.build(partial(default_start, seed), name="student")
    _bring_near(model, network, seed, teacher, init)
    return model


def restart_student(
    model: keras.Model,
    network: Network,
    seed: int,
    teacher: keras.Model | None,
    init: str = "default",
) -> None:
    """Make ``model`` what :func:`build_student` makes of the other arguments."""
    network.restart(model, partial(default_start, seed))
    _bring_near(model, network, seed, teacher, init)


def _bring_near(
    model: keras.Model,
    network: Network,
    seed: int,
    teacher: keras.Model | None,
    init: str,
) -> None:
    if init == "default" or teacher is None:
        return
    graph = network.graph
    for vertex in graph.linear:
        read = graph.layer_read_by(vertex)
        below = network.input_shape[-1]
        if read is not None:
            below = teacher.get_layer(graph.hidden[read].linear).kernel.shape[-1]
        source = teacher.get_layer(vertex.name)
        _start_near(model.get_layer(vertex.name), source, below, seed, init)


def _start_near(
    layer: keras.layers.Layer,
    source: keras.layers.Layer,
    below: int,
    seed: int,
    init: str,
) -> None:
    kernel, bias = (np.array(array) for array in layer.get_weights())
    teacher_kernel, teacher_bias = source.get_weights()
    nodes = teacher_kernel.shape[-1]
    own = np.vstack([kernel.reshape(-1, kernel.shape[-1])[:, :nodes], bias[:nodes]])
    flat = teacher_kernel.reshape(-1, nodes)
    target = embed(flat, below, kernel.size // kernel.shape[-1])
    target = np.vstack([target, teacher_bias])
    noise = generator(seed, layer.name, "perturb").standard_normal(own.shape)
    near = _blend(init, own, target, noise)
    kernel[..., :nodes] = near[:-1].reshape(*kernel.shape[:-1], nodes)
    bias[:nodes] = near[-1]
    layer.set_weights([kernel, bias])


def embed(rows: Array, below: int, inputs: int) -> Array:
    """Place a teacher's weights where the first student nodes below are read.

    Args:
        rows: ``[places · below, nodes]``, the teacher's kernel with its channels last
            among the inputs; a dense layer has one place, a 3×3 filter nine.
        below: teacher nodes that are read: of the layer below, or the input's channels.
        inputs: inputs of a student node.

    Returns:
        ``[inputs, nodes]``, zero for every other student node below.
    """
    places, nodes = len(rows) // below, rows.shape[-1]
    out = np.zeros((places, inputs // places, nodes), rows.dtype)
    out[:, :below] = rows.reshape(places, below, nodes)
    return out.reshape(inputs, nodes)


def _blend(init: str, own: Array, target: Array, noise: NDArray[np.float64]) -> Array:
    """Combine rows ``[fan_in + 1, nodes]`` whose last line is the bias."""
    scale = perturbation(init)
    if scale is not None:
        return (target + scale * noise).astype(own.dtype)
    if init == "same-sign":
        return np.where(target != 0, np.sign(target) * np.abs(own), own)
    norm = np.linalg.norm(target[:-1], axis=0)
    ratio = np.linalg.norm(own[:-1], axis=0) / np.where(norm > 0, norm, 1)
    return np.asarray(target * ratio, own.dtype)
