"""Assumption 1: may the expectation of a product be replaced by a product of three?

    E[β*_jj° f′_j f′_j° f_k f_k°] = E[β*_jj°] E[f′_j f′_j°] E[f_k f_k°]       (Eq. 4)
    E[β_jj′ f′_j f′_j′ f_k f_k′]  = E[β_jj′] E[f′_j f′_j′] E[f_k f_k′]        (Eq. 5)

for nodes k below and j above (in print the left f_j° of Eq. 4 lacks its prime). Both
sides are compared over all tuples (j, j°, k, k°). With one sample they are equal.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tfluck.theory.agreement import Agreement
from tfluck.theory.gradient_rule import LayerRule

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Separation:
    """Both equations at one layer of nodes j: the right side against the left."""

    cross: Agreement
    own: Agreement


def separation(rule: LayerRule, below: Array, teacher_below: Array) -> Separation:
    """Compare both sides at the nodes of ``rule``, the bias nodes left out.

    Args:
        rule: Theorem 1 at the layer of j.
        below: f_k of the student, ``[samples, nodes below]``.
        teacher_below: f_k° of the teacher.
    """
    beta = rule.beta_cross[:, :-1, :-1], rule.beta[:, :-1, :-1]
    ours, theirs = rule.gates, rule.teacher_gates
    return Separation(
        compare_sides(beta[0], pairs(ours, theirs), pairs(below, teacher_below)),
        compare_sides(beta[1], pairs(ours, ours), pairs(below, below)),
    )


def pairs(left: Array, right: Array) -> Array:
    """Return the products of every pair of nodes, ``[samples, n, m]``."""
    return left[:, :, None] * right[:, None, :]


def compare_sides(beta: Array, gates: Array, products: Array) -> Agreement:
    """Compare E[β g p] with E[β] E[g] E[p] over all pairs above and below.

    Args:
        beta, gates: ``[samples, n, m]``.
        products: ``[samples, …]``.
    """
    samples = len(beta)
    below = products.reshape(samples, -1)
    left = (beta * gates).reshape(samples, -1).T @ below / samples
    means = (beta.mean(axis=0) * gates.mean(axis=0)).ravel()
    return Agreement.of(np.outer(means, below.mean(axis=0)), left)


def layer_inputs(x: Array, activations: Sequence[Array]) -> list[Array]:
    """Return what each hidden layer reads, ``[samples, nodes below]``."""
    return [f.reshape(len(f), -1) for f in (x, *activations[:-2])]
