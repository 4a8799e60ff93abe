"""How well the luckiest of n random nodes matches a node, before any training.

Two nodes ReLU(w·x + b) on Gaussian inputs correlate by a formula in the angle between
their weights and their biases alone (:func:`relu_correlation`). So of n students with
random weights the best correlation with a teacher node is the largest of n draws from a
known law, and its mean grows with n: more students are more tickets (paper 1, sections 3.3
and 5; X12). It is the lowest layer's; above, inputs are not Gaussian.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, gammaln, ndtr

from tfluck.foundations.errors import BadInput
from tfluck.theory.kernels import angles_between, psi_l

Array = NDArray[np.float64]
#: Below this variance a node is taken for one that is never on.
DEAD = 1e-30
#: Random students drawn for an expectation, at least, at most, and for each one of n.
FEWEST, MOST, EACH = 20_000, 200_000, 40
#: Numbers of students at which luck is told against width, evenly on a log scale.
POINTS = 15


def relu_mean(bias: ArrayLike) -> Array:
    """Return E ReLU(z + a) = φ(a) + a Φ(a) for z ~ N(0, 1)."""
    a = np.asarray(bias, np.float64)
    return np.asarray(np.exp(-a * a / 2) / math.sqrt(2 * math.pi) + a * ndtr(a))


def relu_variance(bias: ArrayLike) -> Array:
    """Return Var ReLU(z + a), from E ReLU² = (1 + a²) Φ(a) + a φ(a)."""
    a = np.asarray(bias, np.float64)
    density = np.exp(-a * a / 2) / math.sqrt(2 * math.pi)
    square = (1 + a * a) * ndtr(a) + a * density
    return np.asarray(np.maximum(square - np.square(relu_mean(a)), 0))


def relu_correlation(
    angle: ArrayLike, bias: ArrayLike = 0.0, other: ArrayLike = 0.0
) -> Array:
    """Return ρ of ReLU(w·x + a) and ReLU(w′·x + b) for x ~ N(0, I) and unit weights.

    ρ = (ψ_l − μ_a μ_b) / (σ_a σ_b) with ψ_l = E[ReLU ReLU] of
    :mod:`tfluck.theory.kernels`; without biases (sin t + (π − t) cos t − 1)/(π − 1), of
    the arc-cosine kernel. A node that is never on correlates with nobody: 0.

    Args:
        angle: t between w and w′, radians.
        bias: a, of a weight of length one.
        other: b.
    """
    a, b = np.asarray(bias, np.float64), np.asarray(other, np.float64)
    both = psi_l(angle, a, b) - relu_mean(a) * relu_mean(b)
    size = np.sqrt(relu_variance(a) * relu_variance(b))
    known = size > DEAD
    rho = np.where(known, both / np.where(known, size, 1), 0)
    return np.asarray(rho.clip(-1, 1))


def layer_correlation(
    teacher: tuple[ArrayLike, ArrayLike],
    student: tuple[ArrayLike, ArrayLike],
    deviations: ArrayLike = 1.0,
) -> Array:
    """Return ρ of every teacher node with every student node of the lowest layer.

    Args:
        teacher: kernel ``[inputs, m]`` and biases ``[m]``.
        student: kernel ``[inputs, n]`` and biases ``[n]``.
        deviations: standard deviation of each input, or of all.

    Returns:
        ``[m, n]``, over inputs N(0, deviations²).
    """
    (w, a), (v, b) = (_unit(layer, deviations) for layer in (teacher, student))
    return relu_correlation(angles_between(w, v), a[:, None], b[None, :])


def _unit(
    layer: tuple[ArrayLike, ArrayLike], deviations: ArrayLike
) -> tuple[Array, Array]:
    """Divide a layer's weights and biases by the spread of its pre-activations."""
    scale = np.broadcast_to(np.asarray(deviations, np.float64), (len(layer[0]),))  # type: ignore[arg-type]
    kernel = np.asarray(layer[0], np.float64) * scale[:, None]
    norms = np.linalg.norm(kernel, axis=0)
    if not norms.all():
        raise BadInput("A node without weights has no angle to others.")
    return kernel / norms, np.asarray(layer[1], np.float64) / norms


class Best(NamedTuple):
    """The best of n: its mean and its standard deviation."""

    mean: Array
    deviation: Array


def expected_best(values: ArrayLike, n: int) -> Best:
    """Return mean and deviation of the largest of n, averaged over all subsets of n.

    Of N sorted values the i-th is the largest of C(i−1, n−1) of the C(N, n) subsets, so
    this is unbiased for n independent draws if the values are such.

    Args:
        values: ``[..., N]``.
        n: of them, at most N.

    Raises:
        BadInput: there are fewer than n.
    """
    x = np.sort(np.asarray(values, np.float64), axis=-1)
    count = x.shape[-1]
    if not 1 <= n <= count:
        raise BadInput(f"The best of {n} cannot be told from {count} values.")
    i = np.arange(n, count + 1, dtype=np.float64)
    logs = _log_binomial(i - 1, n - 1) - _log_binomial(count, n)
    weights = np.exp(logs)
    weights /= weights.sum()
    tail = x[..., n - 1 :]
    mean = tail @ weights
    spread = np.square(tail - mean[..., None]) @ weights
    return Best(np.asarray(mean), np.sqrt(spread))


def _log_binomial(n: ArrayLike, k: ArrayLike) -> Array:
    top, low = np.asarray(n, np.float64), np.asarray(k, np.float64)
    return np.asarray(gammaln(top + 1) - gammaln(low + 1) - gammaln(top - low + 1))


def random_students(
    inputs: int, count: int, draw: np.random.Generator
) -> tuple[Array, Array]:
    """Draw a lowest layer as students start: weights *and* biases U(±1/√inputs)."""
    bound = 1 / math.sqrt(inputs)
    kernel = draw.uniform(-bound, bound, (inputs, count))
    return kernel, draw.uniform(-bound, bound, count)


class LayerBest(NamedTuple):
    """Of each number n of students: each teacher node's mean best ρ, ``[counts, m]``, and
    the deviation of the layer's mean over teacher nodes, ``[counts]``.

    All teacher nodes look at the same students, so their best ones go together.
    """

    mean: Array
    deviation: Array


def initial_best(
    teacher: tuple[ArrayLike, ArrayLike],
    counts: Sequence[int],
    draw: np.random.Generator,
    deviations: ArrayLike = 1.0,
) -> LayerBest:
    """Return the expected best initial correlation of each teacher node.

    The correlation of each of many random students is in closed form; only their weights
    are drawn, no inputs. They make at least :data:`EACH` layers of n, so the expectation
    is off by a sixth of the deviation, and that by a ninth of itself.

    Args:
        teacher: kernel ``[inputs, m]`` and biases ``[m]`` of its lowest layer.
        counts: numbers n of students.
        draw: gives the students.
        deviations: standard deviation of each input, or of all.
    """
    kernel, bias = np.asarray(teacher[0], np.float64), np.asarray(teacher[1])
    size = int(np.clip(EACH * max(counts), FEWEST, max(MOST, 2 * max(counts))))
    students = random_students(len(kernel), size, draw)
    nodes = kernel.shape[1]
    means = np.empty((len(counts), nodes))
    layers = [np.zeros(size // n) for n in counts]
    for node in range(nodes):
        one = kernel[:, node : node + 1], bias[node : node + 1]
        rho = layer_correlation(one, students, deviations)[0]
        ordered = np.sort(rho)
        for at, n in enumerate(counts):
            means[at, node] = expected_best(ordered, n).mean
            whole = rho[: len(layers[at]) * n].reshape(-1, n)
            layers[at] += whole.max(axis=1) / nodes
    return LayerBest(means, np.array([layer.std(ddof=1) for layer in layers]))


def isotropic_best(n: int, inputs: int, points: int = 20_001) -> float:
    """Return the expected best correlation of n unbiased nodes of uniform direction.

    The angle to a given direction is at most t ≤ π/2 with chance ½ I((inputs − 1)/2, ½;
    sin² t), the regularised incomplete beta function, and ρ falls with the angle; so it is
    ∫ ρ(t) d[1 − (1 − G(t))ⁿ], without any draw. Weights U(±1/√inputs) are nearly so.

    Raises:
        BadInput: one input has no directions.
    """
    if inputs < 2 or n < 1:
        raise BadInput(f"Nothing is drawn: {n} nodes of {inputs} inputs.")
    t = np.linspace(0, math.pi, points)
    half = betainc((inputs - 1) / 2, 0.5, np.square(np.sin(t))) / 2
    within = np.where(t <= math.pi / 2, half, 1 - half)
    least = 1 - (1 - within) ** n
    middle = relu_correlation((t[1:] + t[:-1]) / 2)
    return float(middle @ np.diff(least))


@dataclass(frozen=True)
class ClosedForm:
    """Best initial correlation in the lowest layer, measured and expected, against width.

    Attributes:
        counts: numbers n of students, the last one as many as there are.
        expected: mean best ρ of n random students over teacher nodes, ``[counts]``.
        deviation: of the measured mean around it.
        measured: the same of the students there are, over all their subsets of n.
        z: (measured − expected) / deviation for all of them.
    """

    counts: tuple[int, ...]
    expected: tuple[float, ...]
    deviation: tuple[float, ...]
    measured: tuple[float, ...]
    z: float

    def to_row(self) -> dict[str, Any]:
        """Return the fields as plain lists and numbers."""
        row = asdict(self)
        return {k: list(v) if isinstance(v, tuple) else v for k, v in row.items()}


def closed_form(
    teacher: tuple[Array, Array],
    rho: Array,
    draw: np.random.Generator,
    deviations: ArrayLike = 1.0,
) -> ClosedForm:
    """Hold measured initial correlations against their closed form.

    Args:
        teacher: kernel ``[inputs, m]`` and biases ``[m]`` of its lowest layer.
        rho: measured, ``[students, m, n]``.
        draw: gives the random students of :func:`initial_best`.
        deviations: standard deviation of each input, or of all.
    """
    students, _, width = rho.shape
    counts = np.unique(np.geomspace(1, width, POINTS).round().astype(int)).tolist()
    expected = initial_best(teacher, counts, draw, deviations)
    spread = expected.deviation / math.sqrt(students)
    means = expected.mean.mean(axis=1)
    measured = [float(expected_best(rho, count).mean.mean()) for count in counts]
    z = (measured[-1] - float(means[-1])) / float(spread[-1])
    return ClosedForm(
        tuple(counts), tuple(means.tolist()), tuple(spread.tolist()), tuple(measured), z
    )
