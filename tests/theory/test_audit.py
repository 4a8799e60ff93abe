"""An audit says of a network what the checks say of their instances."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tfluck.analysis.correlation import correlation, live_nodes
from tfluck.analysis.relu_net import Affine, ReluNet, Skip
from tfluck.theory.assumption import layer_inputs, separation
from tfluck.theory.audit import audit, audit_teacher
from tfluck.theory.gradient_rule import gradient_rule
from tfluck.theory.measured import State
from tfluck.theory.nets import conv_net, dense_net, separated_net


def state_of(
    student: ReluNet,
    teacher: ReluNet,
    x: np.ndarray,
    start: ReluNet | None = None,
    **given: Any,
) -> State:
    before = start or student
    active = [net.activations(x)[:-1] for net in (teacher, student)]
    return State(
        student=student,
        teacher=teacher,
        x=x,
        rho=[correlation(t, s) for t, s in zip(*active, strict=True)],
        live=[live_nodes(t) for t in active[0]],
        kernels=[a.kernel for a in student.layers],
        biases=[a.bias for a in student.layers],
        start=[a.kernel for a in before.layers],
        start_biases=[a.bias for a in before.layers],
        batch_norm=given.pop("batch_norm", False),
        **given,
    )


def rows_of(state: State) -> dict[tuple[str, int], Any]:
    return {(row.hypothesis, row.layer): row for row in audit(state)}


def pair(samples: int = 300) -> tuple[ReluNet, ReluNet, np.ndarray]:
    draw = np.random.default_rng(0)
    teacher = separated_net([6, 4, 3, 5], draw)
    return dense_net([6, 12, 9, 5], draw), teacher, draw.normal(size=(samples, 6))


def test_a_student_at_its_start() -> None:
    found = rows_of(state_of(*pair()))
    for layer in (0, 1):
        assert found["Theorem 1, error", layer].verdict == "holds"
        assert found["Assumption 1, error", layer].verdict == "violated"
        assert found["Theorem 2, error", layer].verdict == "violated"
        assert found["Theorem 3, drift", layer].measured == 0
        for name in ("Theorem 5, V_r / V_u", "Section 3.4, block"):
            assert found[name, layer].verdict == "diagnostic", (
                "nothing is said of the start"
            )


def test_assumption_1_of_small_layers_is_of_all_their_tuples() -> None:
    student, teacher, x = pair(200)
    rules = gradient_rule(student, teacher, x)
    sides = [layer_inputs(x, net.activations(x)) for net in (student, teacher)]
    found = rows_of(state_of(student, teacher, x))
    for layer, given in enumerate(zip(rules, *sides, strict=True)):
        both = separation(*given)
        exact = max(both.cross.error, both.own.error)
        assert found["Assumption 1, error", layer].measured == pytest.approx(exact)


def test_one_sample_leaves_nothing_to_separate() -> None:
    """Assumption 1 and Theorem 2 are exact for one sample: the audit must say so."""
    found = rows_of(state_of(*pair(1)))
    for layer in (0, 1):
        assert found["Assumption 1, error", layer].measured < 1e-12
        assert found["Theorem 2, error", layer].measured < 1e-12
        assert found["Theorem 2, error", layer].verdict == "holds"


def test_a_student_as_theorem_5_has_it() -> None:
    """The teacher, and random nodes without fan-out."""
    start, teacher, x = pair()
    draw = np.random.default_rng(1)
    low, high, top = teacher.layers
    student = ReluNet(
        (
            Affine(
                np.hstack([low.kernel, draw.normal(size=(6, 8))]),
                np.concatenate([low.bias, draw.normal(size=8)]),
            ),
            Affine(
                np.vstack(
                    [
                        np.hstack([high.kernel, draw.normal(size=(4, 6))]),
                        np.hstack([np.zeros((8, 3)), draw.normal(size=(8, 6))]),
                    ]
                ),
                np.concatenate([high.bias, draw.normal(size=6)]),
            ),
            Affine(np.vstack([top.kernel, np.zeros((6, 5))]), top.bias),
        )
    )
    state = state_of(student, teacher, x, start)
    # Random nodes may happen to resemble a teacher node; here the first are its own.
    found = rows_of(state)
    assert found["Theorem 5, V_r / V_u", 1].measured == 0
    assert found["Theorem 5, V_r / V_u", 1].verdict == "holds"
    assert found["Section 3.4, block", 1].measured == 0
    assert found["Section 3.4, block", 0].measured == 0
    assert found["Theorem 5, V_r / V_u", 0].verdict == "violated", (
        "they feed each other"
    )
    assert "4 of 4 live" in found["Shared teacher nodes", 0].note
    doubled = replace(state, rho=[np.repeat(rho, 2, axis=1) for rho in state.rho])
    assert doubled.rho[0].shape == (4, 24)


def test_shared_teacher_nodes_are_counted() -> None:
    student, teacher, x = pair()
    state = state_of(student, teacher, x)
    rho = np.zeros((4, 12))
    rho[0, :3] = rho[1, 3] = 0.97
    rho[2, 4] = 0.94
    found = rows_of(replace(state, rho=[rho, state.rho[1]]))
    row = found["Shared teacher nodes", 0]
    assert row.measured == 1 and row.note.startswith("2 of ")
    dead = rows_of(
        replace(state, rho=[rho, state.rho[1]], live=[np.arange(4) != 0, state.live[1]])
    )
    assert dead["Shared teacher nodes", 0].measured == 0, (
        "dead teacher nodes own nobody"
    )


def test_drift_is_of_weights_and_bias_together() -> None:
    student, teacher, x = pair()
    layers = list(student.layers)
    w, b = layers[0].kernel, layers[0].bias
    # Rotate each node's (w, b): nothing is lost between them.
    turned = np.vstack([w, b])[::-1]
    layers[0] = Affine(turned[:-1], turned[-1])
    layers[1] = Affine(1.2 * layers[1].kernel, 1.2 * layers[1].bias)
    state = state_of(ReluNet(tuple(layers)), teacher, x, student, batch_norm=True)
    found = rows_of(state)
    assert found["Theorem 3, drift", 0].measured < 1e-12
    assert found["Theorem 3, drift", 0].verdict == "holds"
    assert found["Theorem 3, drift", 1].measured == pytest.approx(0.2)
    assert found["Theorem 3, drift", 1].verdict == "violated"
    plain = rows_of(replace(state, batch_norm=False))
    assert plain["Theorem 3, drift", 1].verdict == "vacuous"


def test_a_teacher_that_is_separated_leaves_a_gamma() -> None:
    x = np.random.default_rng(3).normal(size=(200_000, 4))
    low = Affine(np.eye(4)[:, :2], np.full(2, -1.5))
    teacher = ReluNet((low, Affine(np.ones((2, 3)), np.zeros(3))))
    found = {
        row.hypothesis: row for row in audit_teacher(state_of(teacher, teacher, x))
    }
    assert found["Assumption 3, teacher, median ε_d"].measured == pytest.approx(
        0.067, abs=5e-3
    )
    assert found["Assumption 3, teacher, median ε_d"].verdict == "holds"
    gamma, k_d = found["Theorem 4, γ"].measured, found["Assumption 2, K_d"].measured
    eps = float(found["Assumption 3, teacher, median ε_d"].note.split()[-1])
    assert gamma == pytest.approx(1 - eps * (1 + k_d), abs=0.05)
    assert found["Theorem 4, γ"].verdict == "holds"
    bare = ReluNet((replace(low, bias=np.zeros(2)), teacher.layers[1]))
    silent = {
        row.hypothesis: row for row in audit_teacher(state_of(bare, bare, x[:3000]))
    }
    assert silent["Assumption 3, teacher, median ε_d"].verdict == "violated"


def test_what_cannot_be_measured_says_why() -> None:
    draw = np.random.default_rng(4)
    student, teacher = conv_net(7, (1, 4, 3), 2, draw), conv_net(7, (1, 2, 2), 2, draw)
    x = draw.normal(size=(20, 7, 7, 1))
    found = rows_of(state_of(student, teacher, x))
    assert found["Theorem 1, error", 0].verdict == "holds"
    assert found["Theorem 2, error", 0].measured is None
    assert "Dense" in found["Assumption 1, error", 0].note
    one = np.ones(4)
    layers = tuple(Affine(draw.normal(size=(4, 4)), one) for _ in range(3))
    skipping = ReluNet(
        (*layers, Affine(np.ones((4, 2)), one[:2])), skips=(Skip(0, 2, one, one),)
    )
    found = rows_of(state_of(skipping, skipping, draw.normal(size=(50, 4))))
    assert found["Theorem 1, error", 0].measured is None
    assert "skip" in found["Theorem 1, error", 0].note
