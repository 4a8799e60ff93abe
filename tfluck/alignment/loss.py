"""The population loss of a two-layer teacher and student, and its gradient, exactly.

Teacher Σ_k a_k σ(t_k·x), student Σ_i v_i σ(w_i·x), x ~ N(0, I_d), and
ℓ = ½ E(student − teacher)². With E[σ(u·x)σ(v·x)] = |u||v| f(t)/(2π), t = ∠(u, v),
f(t) = sin t + (π − t) cos t, everything is in closed form, in every dimension.

The paper prints the gradient with the constant 1/(4π). With the ½ in its loss the right
constant is 1/(2π), the one used here: a learning rate of the paper is twice ours. The set
where the gradient vanishes is the same (equation 2).
"""

from dataclasses import dataclass

import numpy as np

from tfluck.foundations.errors import BadInput

from .geometry import Array, angles_between, directions, kernel, norms


@dataclass(frozen=True)
class Gradient:
    """∂ℓ/∂w, shape (n, d), and ∂ℓ/∂v, shape (n,).

    At w_i = 0 the loss has no gradient in w_i; its row is 0 by convention.
    """

    weights: Array
    outputs: Array


def _stacked(
    students: Array,
    teachers: Array,
    student_outputs: Array | None,
    teacher_outputs: Array | None,
) -> tuple[Array, Array, Array]:
    """Return all neurons X = [w; t], their signed outputs c = [v; −a], and v."""
    for name, vectors in (("students", students), ("teachers", teachers)):
        if vectors.ndim != 2 or not np.isfinite(vectors).all():
            raise BadInput(f"The {name} must be a finite matrix of shape (neurons, d).")
    if students.shape[1] != teachers.shape[1]:
        raise BadInput(
            f"Students live in dimension {students.shape[1]}, teachers in {teachers.shape[1]}."
        )
    v = (
        np.ones(len(students))
        if student_outputs is None
        else np.asarray(student_outputs)
    )
    a = (
        np.ones(len(teachers))
        if teacher_outputs is None
        else np.asarray(teacher_outputs)
    )
    if v.shape != (len(students),) or a.shape != (len(teachers),):
        raise BadInput("There must be one output weight for each neuron.")
    return np.concatenate([students, teachers]), np.concatenate([v, -a]), v


def population_loss(
    students: Array,
    teachers: Array,
    student_outputs: Array | None = None,
    teacher_outputs: Array | None = None,
) -> float:
    """Return ℓ = (1/4π) Σ_{p,q} c_p c_q |X_p||X_q| f(t_pq) (Section 2 of the paper).

    ``students`` (n, d), ``teachers`` (k, d); output weights (n,) and (k,), all 1 unless
    given. Near zero loss the sum cancels: below about 1e-15 of its terms it is noise, and
    may be negative.

    Raises:
        BadInput: shapes that do not fit, or values that are not finite.
    """
    neurons, signs, _ = _stacked(students, teachers, student_outputs, teacher_outputs)
    mass = signs * norms(neurons)
    return float(mass @ kernel(angles_between(neurons, neurons)) @ mass / (4 * np.pi))


def population_gradient(
    students: Array,
    teachers: Array,
    student_outputs: Array | None = None,
    teacher_outputs: Array | None = None,
) -> Gradient:
    """Return the gradient of :func:`population_loss` in the student's weights.

    ∂ℓ/∂w_i = (v_i/2π) Σ_q c_q [(π − t_iq) X_q + |X_q| sin t_iq u_i], q over all neurons;
    ∂ℓ/∂v_i = (1/2π) Σ_q c_q |w_i||X_q| f(t_iq) (equation 2 with the right constant).
    """
    neurons, signs, v = _stacked(students, teachers, student_outputs, teacher_outputs)
    mass = signs * norms(neurons)
    angles = angles_between(students, neurons)
    outputs = norms(students) * (kernel(angles) @ mass) / (2 * np.pi)
    return Gradient(v[:, None] * _pull(students, neurons, signs), outputs)


def weight_gradient(students: Array, teachers: Array) -> Array:
    """Return ∂ℓ/∂w alone, all output weights 1, nothing checked: for inner loops."""
    signs = np.repeat([1.0, -1.0], [len(students), len(teachers)])
    return _pull(students, np.concatenate([students, teachers]), signs)


def _pull(students: Array, neurons: Array, signs: Array) -> Array:
    """Return (1/2π) Σ_q c_q [(π − t_iq) X_q + |X_q| sin t_iq u_i], 0 where w_i = 0."""
    angles = angles_between(students, neurons)
    unit = directions(students)
    along = angles.sine @ (signs * norms(neurons))
    pull = (angles.supplement * signs) @ neurons + along[:, None] * unit
    pull[~unit.any(axis=1)] = 0.0
    result: Array = pull / (2 * np.pi)
    return result


def sampled_gradient(
    students: Array,
    teachers: Array,
    inputs: Array,
    student_outputs: Array | None = None,
) -> Array:
    """Return the gradient in w of the empirical loss on ``inputs`` (batch, d), shape (n, d).

    Teacher outputs are 1. Its mean over Gaussian inputs is the population gradient.
    """
    v = np.ones(len(students)) if student_outputs is None else student_outputs
    hidden = inputs @ students.T
    residual = np.maximum(hidden, 0.0) @ v - np.maximum(inputs @ teachers.T, 0.0).sum(
        axis=1
    )
    gate = (hidden > 0) * residual[:, None] * v
    gradient: Array = gate.T @ inputs / len(inputs)
    return gradient
