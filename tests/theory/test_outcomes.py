"""What an audit says of the end, row by row, and where each verdict turns."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfluck.analysis.relu_net import ReluNet, Skip
from tfluck.theory.conjecture import blocks
from tfluck.theory.measured import Row, State, absent, judged
from tfluck.theory.nets import conv_net, dense_net
from tfluck.theory.outcomes import norms, outcomes


def state(**given: Any) -> State:
    """Two hidden layers of 2 teacher nodes and 4 students; nothing is measured here."""
    draw = np.random.default_rng(0)
    student, teacher = dense_net([3, 4, 4, 2], draw), dense_net([3, 2, 2, 2], draw)
    start = dense_net([3, 4, 4, 2], draw)
    rho = np.array([[0.99, 0.2, 0.97, 0.1], [0.1, 0.96, 0.3, 0.94]])
    settings: dict[str, Any] = {
        "student": student,
        "teacher": teacher,
        "x": draw.normal(size=(5, 3)),
        "rho": [rho, rho[:, ::-1]],
        "live": [np.array([True, True])] * 2,
        "kernels": [a.kernel for a in student.layers],
        "biases": [a.bias for a in student.layers],
        "start": [a.kernel for a in start.layers],
        "start_biases": [a.bias for a in start.layers],
        "batch_norm": True,
    }
    return State(**settings | given)


def named(rows: list[Row]) -> dict[tuple[str, int], Row]:
    return {(row.id, row.layer): row for row in rows}


def test_a_bound_is_kept_up_to_the_bound() -> None:
    for measured, verdict in ((0.0, "holds"), (0.1, "holds"), (0.1000001, "violated")):
        row = judged("A3", "name", 2, measured, 0.1, "note")
        assert row == Row("A3", "name", 2, measured, 0.1, verdict, "note")
    assert judged("A3", "name", 0, float("nan"), 1.0).verdict == "violated"
    assert list(row.to_row()) == [
        *("id", "hypothesis", "layer", "measured", "bound", "verdict", "note"),
    ]


def test_what_was_not_measured_is_said_of_every_layer() -> None:
    rows = absent("T1", "name", 3, 0.5, "why")
    assert [row.layer for row in rows] == [0, 1, 2]
    for row in rows:
        assert row.measured is None and (row.bound, row.note) == (0.5, "why")
        assert row.verdict == "diagnostic"
    assert absent("T1", "name", 0, None, "") == []


def test_what_is_dense() -> None:
    draw = np.random.default_rng(0)
    conv, fc = conv_net(6, (1, 2), 2, draw), dense_net([3, 4, 4, 4, 2], draw)
    skipping = ReluNet(fc.layers, skips=(Skip(0, 2, np.ones(4), np.zeros(4)),))
    here = state(student=fc, teacher=fc)
    assert here.dense
    for other in (conv, skipping):
        assert not replace(here, student=other).dense
        assert not replace(here, teacher=other).dense


def test_who_is_untrained() -> None:
    here = state()
    assert not here.untrained
    still = replace(here, start=[k.copy() for k in here.kernels])
    assert still.untrained, "biases may have been recalibrated; kernels have not moved"
    for at in range(3):
        moved = [k.copy() for k in here.kernels]
        moved[at][0, 0] = np.nextafter(moved[at][0, 0], 9)
        assert not replace(still, start=moved).untrained


@pytest.mark.parametrize("image", [False, True])
def test_the_drift_node_by_node(image: bool) -> None:
    """Mean over nodes of |√((‖w‖² + b²) / (‖w₀‖² + b₀²)) − 1|."""
    draw = np.random.default_rng(1)
    shape = (3, 3, 2, 4) if image else (3, 4)
    now, then = draw.normal(size=(2, *shape))
    bias, before = draw.normal(size=(2, 4))
    here = state(
        rho=[np.zeros((2, 4))], live=[np.ones(2, bool)], kernels=[now], biases=[bias],
        start=[then], start_biases=[before],
    )  # fmt: skip
    drifts = []
    for node in range(4):
        new = (now[..., node] ** 2).sum() + bias[node] ** 2
        old = (then[..., node] ** 2).sum() + before[node] ** 2
        drifts.append(abs((new / old) ** 0.5 - 1))
    (row,) = norms(here)
    assert row.measured == pytest.approx(np.mean(drifts))
    assert (row.id, row.verdict, row.bound) == ("T3", "violated", 0.05)


@pytest.mark.parametrize(
    ("scale", "verdict"), [(1.049, "holds"), (1.051, "violated"), (0.951, "holds")]
)
def test_where_norms_count_as_conserved(scale: float, verdict: str) -> None:
    here = state()
    same = replace(
        here,
        start=[k / scale for k in here.kernels],
        start_biases=[b / scale for b in here.biases],
    )
    assert [row.verdict for row in norms(same)] == [verdict] * 2
    plain = norms(replace(same, batch_norm=False))
    assert {row.verdict for row in plain} == {"vacuous"}
    assert plain[0].bound is None and "no BatchNorm" in plain[0].note
    unmoved = norms(replace(here, start=here.kernels, start_biases=here.biases))
    assert {(row.verdict, row.note) for row in unmoved} == {("diagnostic", "the start")}


def test_the_fan_out_of_nobodys_students() -> None:
    """Students 0, 1, 2 of layer 0 are somebody's, so student 3 alone is nobody's."""
    here = state()
    above = np.array(
        [[3.0, 4, 0, 0], [0, 0, 5, 0], [1, 2, 2, 4], [0, 0.0303, 0.0404, 0]]
    )
    found = named(
        outcomes(replace(here, kernels=[here.kernels[0], above, here.kernels[2]]))
    )
    row = found["T5", 0]
    assert row.measured == pytest.approx(0.0505 / 5) and row.verdict == "violated"
    assert row.bound == 0.01 and row.note.startswith("3 of 4 students are")
    small = above * np.array([1, 1, 1, 0.98])[:, None]
    found = named(
        outcomes(replace(here, kernels=[here.kernels[0], small, here.kernels[2]]))
    )
    assert found["T5", 0].verdict == "holds"


@pytest.mark.parametrize(("rho", "words"), [(0.96, "4 of 4"), (0.94, "0 of 4")])
def test_without_one_of_the_two_sets_there_is_nothing_to_compare(
    rho: float, words: str
) -> None:
    found = named(outcomes(state(rho=[np.full((2, 4), rho)] * 2)))
    for layer in (0, 1):
        row = found["T5", layer]
        assert row.measured is None and row.verdict == "diagnostic"
        assert row.note == f"{words} students have ρ ≥ 0.95"


def test_own_students_begin_at_the_threshold_and_need_a_live_teacher() -> None:
    rho = np.array([[0.95, 0.9499, -1.0, 0.0], [0.0, 0.0, 0.0, 1.0]])
    found = named(outcomes(state(rho=[rho, rho])))
    assert found["T5", 0].note.startswith("2 of 4")
    one = [np.array([True, False])] * 2
    found = named(outcomes(state(rho=[rho, rho], live=one)))
    assert found["T5", 0].note.startswith("1 of 4")
    assert found["S3.3-many", 0].note == "1 of 1 live nodes have a student"


def test_teacher_nodes_of_several_students() -> None:
    found = named(outcomes(state()))
    row = found["S3.3-many", 0]
    assert row.measured == 1, "node 0 has students 0 and 2, node 1 has student 1"
    assert row.note == "2 of 2 live nodes have a student" and row.bound is None
    both = np.array([[0.99, 0.99, 0.0, 0.0], [0.0, 0.0, 0.99, 0.99]])
    assert named(outcomes(state(rho=[both, both])))["S3.3-many", 1].measured == 2
    nobody = named(outcomes(state(rho=[0 * both, both])))["S3.3-many", 0]
    assert nobody.measured == 0 and nobody.note.startswith("0 of 2")


def test_the_block_that_should_vanish() -> None:
    """Layer 0: student 3 is irrelevant; above it students 1, 2, 3 are lucky."""
    here = state()
    start = np.ones((4, 4))
    now = start.copy()
    now[3, 1:] = [0.1, 0.2, 0.2]
    kernels = [here.kernels[0], now, here.kernels[2]]
    then = [here.start[0], start, here.start[2]]
    row = named(outcomes(replace(here, kernels=kernels, start=then)))["C-ML", 0]
    assert (
        row.measured == pytest.approx(np.sqrt(0.09 / 3)) and row.verdict == "violated"
    )
    now[3, 1:] = 0.0999
    row = named(outcomes(replace(here, kernels=kernels, start=then)))["C-ML", 0]
    assert row.verdict == "holds" and row.bound == 0.1


def test_every_output_is_a_teachers() -> None:
    """At the top the irrelevant student's whole row should vanish: student 0, reversed."""
    here = state()
    top = np.ones((4, 2))
    top[0] = [0.3, 0.4]
    row = named(
        outcomes(
            replace(
                here,
                kernels=[*here.kernels[:2], top],
                start=[*here.start[:2], np.full((4, 2), 2.0)],
            )
        )
    )["C-ML", 1]
    assert row.measured == pytest.approx(np.sqrt(0.125) / 2)


def test_an_empty_block_and_one_that_began_at_nothing() -> None:
    here = state()
    full = named(outcomes(replace(here, rho=[np.full((2, 4), 0.96)] * 2)))["C-ML", 0]
    assert full.measured is None and full.note == "An empty block."
    assert full.verdict == "diagnostic" and full.bound == 0.1
    zeros = [np.zeros_like(k) for k in here.kernels]
    assert named(outcomes(replace(here, start=zeros)))["C-ML", 0].measured is None


def test_a_claim_about_the_end_is_not_made_at_the_start() -> None:
    here = state()
    rows = outcomes(replace(here, start=here.kernels))
    assert {row.verdict for row in rows} == {"diagnostic"}
    assert [row.id for row in rows] == ["T5", "C-ML", "S3.3-many"] * 2
    assert {row.verdict for row in outcomes(here)} > {"diagnostic"}


def test_a_dense_layer_reads_channels_of_all_positions() -> None:
    """Fan-outs and blocks of a channel sum over positions, channels last."""
    rho = np.array([[0.99, 0.1, 0.1]])
    draw = np.random.default_rng(3)
    kernel, then = draw.normal(size=(2, 4 * 3, 2))
    here = state(
        rho=[rho], live=[np.ones(1, bool)], kernels=[draw.normal(size=(3, 3, 1, 3)), kernel],
        start=[draw.normal(size=(3, 3, 1, 3)), then], biases=[np.zeros(3)] * 2,
        start_biases=[np.ones(3)] * 2,
    )  # fmt: skip
    by_place = kernel.reshape(4, 3, 2)
    sizes = [np.linalg.norm(by_place[:, channel]) for channel in range(3)]
    found = named(outcomes(here))
    assert found["T5", 0].measured == pytest.approx(
        (sizes[1] + sizes[2]) / 2 / sizes[0]
    )
    ratio = np.linalg.norm(by_place[:, 1:]) / np.linalg.norm(
        then.reshape(4, 3, 2)[:, 1:]
    )
    assert found["C-ML", 0].measured == pytest.approx(ratio)


@given(st.integers(0, 2**32 - 1), st.lists(st.booleans(), min_size=4, max_size=4))
def test_blocks_are_sets_of_weights(seed: int, lucky: list[bool]) -> None:
    draw = np.random.default_rng(seed)
    now, then = draw.normal(size=(2, 3, 4, 4))
    high = draw.uniform(size=4) < 0.5
    table = blocks(now, then, np.array(lucky), high)
    assert [(b.below, b.above) for b in table] == [
        *(("lucky", "lucky"), ("lucky", "irrelevant")),
        *(("irrelevant", "lucky"), ("irrelevant", "irrelevant")),
    ]
    assert sum(b.weights for b in table) == now.size
    for block in table:
        chosen = [
            (now[k, i, j], then[k, i, j])
            for k in range(3)
            for i in range(4)
            for j in range(4)
            if lucky[i] == (block.below == "lucky")
            and high[j] == (block.above == "lucky")
        ]
        assert block.weights == len(chosen)
        if not chosen:
            assert block.size is block.start is block.memory is None
            continue
        ours, theirs = np.array(chosen).T
        assert block.size == pytest.approx(np.sqrt(np.mean(ours**2)))
        assert block.start == pytest.approx(np.sqrt(np.mean(theirs**2)))
        cosine = ours @ theirs / np.linalg.norm(ours) / np.linalg.norm(theirs)
        assert block.memory == pytest.approx(cosine)
        assert list(block.to_row())[:3] == ["below", "above", "weights"]
    unmoved = blocks(now, now, np.array(lucky), high)
    assert all(b.memory is None or b.memory == pytest.approx(1) for b in unmoved)


def test_a_layer_of_one_weight_remembers_its_sign() -> None:
    one, lucky = np.array([[2.0]]), np.array([True])
    assert blocks(one, -3 * one, lucky, lucky)[0].memory == pytest.approx(-1)
    assert blocks(one, 0 * one, lucky, lucky)[0].memory is None


def test_of_three_layers_the_next_one_is_meant() -> None:
    """Above layer 0 student 0 alone is lucky, in the highest layer student 3 alone."""
    rho = np.array([[0.0, 0.0, 0.0, 0.99]])
    flat = np.full((4, 4), 0.5)
    flat[:3, 0], flat[:3, 3] = 0.25, 0.75
    draw = np.random.default_rng(0)
    here = state(
        rho=[rho, rho[:, ::-1], rho], live=[np.ones(1, bool)] * 3,
        kernels=[draw.normal(size=(3, 4)), flat, np.ones((4, 4)), np.ones((4, 2))],
        start=[np.ones((3, 4)), np.ones((4, 4)), np.ones((4, 4)), np.full((4, 2), 2.0)],
        biases=[np.zeros(4)] * 4, start_biases=[np.ones(4)] * 4,
    )  # fmt: skip
    found = named(outcomes(here))
    assert found["C-ML", 0].measured == pytest.approx(0.25)
    assert found["C-ML", 1].measured == pytest.approx(1.0)
    assert found["C-ML", 2].measured == pytest.approx(0.5)
