"""Theorem 4: constants by hand, the course against another simulator, refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfluck.foundations.errors import BadInput
from tfluck.theory.kernels import psi_d
from tfluck.theory.recovery import (
    constants,
    orthogonal,
    pull,
    random_unit,
    recover,
    start_at,
)


def test_constants_by_hand() -> None:
    """One node: no neighbours, d* = ψ_d(θ₀), K over [0, θ₀]."""
    found = constants(orthogonal(1), 0.5)
    least = (np.pi - 0.5) / (2 * np.pi)
    # ψ is a straight line, steepest over ψ at its far end and for the widest turn.
    k = 0.5 / (2 * np.pi) / (least * 2 * np.sin(0.25))
    change = 2 * k * np.sin(0.25)
    assert found.k_d == pytest.approx(k, rel=1e-12)
    assert found.gamma == pytest.approx(np.cos(0.5))
    assert found.d_bar == pytest.approx((1 - change) * least)
    assert found.d_printed == pytest.approx((1 + change) * least)
    two = constants(orthogonal(2), 0.1)
    assert two.eps_d == 0.5
    assert two.m_d == pytest.approx(
        (1 + two.k_d) * (1 + 2 * two.k_d * np.sin(0.05)) ** 2 / np.cos(0.05)
    )
    assert two.gamma == pytest.approx(np.cos(0.1) - 0.5 * two.m_d)


@pytest.mark.parametrize("m", [3, 4, 10])
def test_without_biases_three_nodes_are_too_many(m: int) -> None:
    assert constants(orthogonal(m), 0.0).gamma < 0


def test_the_flow_against_sampling() -> None:
    draw = np.random.default_rng(0)
    teacher, student = random_unit(3, 4, draw), random_unit(3, 4, draw)
    x = draw.normal(size=(400_000, 4))
    on, other = x @ student - 1 > 0, x @ teacher - 1 > 0
    cross, own = on.T.astype(float) @ other / len(x), on.T.astype(float) @ on / len(x)
    sampled = teacher @ cross.T - student @ own
    np.testing.assert_allclose(pull(student, teacher, -1.0), sampled, atol=5e-3)


@settings(max_examples=15)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.floats(0.01, 0.8))
def test_starts_and_fixed_points(seed: int, m: int, angle: float) -> None:
    draw = np.random.default_rng(seed)
    teacher = random_unit(m, 6, draw)
    start = start_at(teacher, angle, draw)
    np.testing.assert_allclose((start * teacher).sum(0), np.cos(angle), atol=1e-12)
    still = recover(teacher, teacher, steps=5)
    assert still.worst.max() < 1e-12
    turned = np.linalg.qr(draw.normal(size=(6, 6)))[0]
    one, two = (
        recover(q @ teacher, q @ start, steps=20).sines for q in (np.eye(6), turned)
    )
    np.testing.assert_allclose(one, two, atol=1e-9, err_msg="only angles matter")


def test_one_node_by_hand() -> None:
    """m = 1: tan θ evolves by w + η ψ_d(θ)(w* − w cos θ), in the plane."""
    teacher = orthogonal(1)
    start = np.array([[np.cos(0.7)], [np.sin(0.7)]])
    w = start[:, 0]
    for _ in range(3):
        theta = np.arctan2(w[1], w[0])
        flow = float(psi_d(theta)) * (np.array([1, 0]) - np.cos(theta) * w)
        w = w + 0.2 * flow
        w = w / np.hypot(*w)
    found = recover(teacher, start, steps=3, rate=0.2)
    assert found.sines[-1, 0] == pytest.approx(w[1], rel=1e-12)


@pytest.mark.parametrize("every", [1, 10])
def test_rates_are_of_a_step_however_seldom_one_looks(every: int) -> None:
    """m = 1 without bias: the rate rises to ψ_d(0) = ½."""
    teacher = orthogonal(1)
    start = start_at(teacher, 0.5, np.random.default_rng(0))
    found = recover(teacher, start, steps=800, every=every)
    sine, rate = found.local_rates()
    assert rate[-1] == pytest.approx(0.5, abs=1e-6) and 0.3 < rate[0] < 0.4
    assert np.all(np.diff(rate) > -1e-9) and sine[0] == pytest.approx(np.sin(0.5))
    assert found.asymptotic_rate() == pytest.approx(0.5, abs=1e-6)


@pytest.mark.parametrize("angle", [np.nan, np.inf, -0.1, 2.0])
def test_angles_that_are_none(angle: float) -> None:
    with pytest.raises(BadInput, match="angle"):
        constants(orthogonal(2), angle)


def test_bad_instances_are_refused() -> None:
    with pytest.raises(BadInput, match="m ≥ 1"):
        constants(np.zeros((3, 0)), 0.1)
    with pytest.raises(BadInput, match="as many students"):
        recover(orthogonal(2), orthogonal(3), steps=1)
    with pytest.raises(BadInput, match="finite"):
        recover(orthogonal(2), np.nan * orthogonal(2), steps=1)
    with pytest.raises(BadInput, match="dimensions"):
        start_at(np.ones((1, 1)), 0.1, np.random.default_rng(0))
