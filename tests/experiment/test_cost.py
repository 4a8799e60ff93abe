"""What a run costs is arithmetic, and arithmetic can be done twice."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import Pair

from tfluck.architectures import ARCHITECTURES
from tfluck.experiment.cost import (
    CHUNK_BYTES,
    CHUNK_FLOP,
    LONGEST_CHUNK,
    PROCESS,
    chunk_length,
    plan,
    step_flop,
)
from tfluck.experiment.scales import SCALES, configure, make_experiment

SIZES = {
    "teacher_widths": (3, 4),
    "multiplier": 2,
    "outputs": 5,
    "input_dim": 6,
    "image_size": 9,
    "batch_size": 10,
}


def dense_flop(teacher: int, student: int, batch: int) -> float:
    return 2.0 * batch * (3 * student + teacher)


def test_a_dense_step_by_hand() -> None:
    """A pass forward, two back, and the teacher's forward; two flop a product."""
    student = 6 * 6 + 6 * 8 + 8 * 5
    teacher = 6 * 3 + 3 * 4 + 4 * 5
    assert step_flop(make_experiment(**SIZES)) == dense_flop(teacher, student, 10)


def test_a_conv_step_by_hand() -> None:
    """Nine products a position; two filters without padding take four pixels."""
    student = 49 * 9 * 6 + 25 * 9 * 6 * 8 + 25 * 8 * 5
    teacher = 49 * 9 * 3 + 25 * 9 * 3 * 4 + 25 * 4 * 5
    found = step_flop(make_experiment(arch="cnn", **SIZES))
    assert found == dense_flop(teacher, student, 10)


def test_who_learns_labels_asks_no_teacher() -> None:
    given = SIZES | {"dataset": "digits", "sample_shape": (8, 8, 1), "multiplier": 1}
    taught, alone = (
        step_flop(make_experiment(targets=targets, **given))
        for targets in ("teacher", "labels")
    )
    assert taught / alone == pytest.approx(4 / 3)


@given(
    st.sampled_from(sorted(ARCHITECTURES)),
    st.sampled_from(SCALES),
    st.integers(2, 4096),
)
def test_a_chunk_is_short_enough_to_be_heard_and_to_fit(
    arch: str, scale: str, batch: int
) -> None:
    config, how = configure(scale, arch=arch, batch_size=batch)
    length, inputs = chunk_length(config), 4 * batch * math.prod(config.input_shape)
    assert how.chunk == length and 1 <= length <= LONGEST_CHUNK
    if length > 1:
        assert (length - 0.5) * step_flop(config) <= CHUNK_FLOP
        assert (length - 0.5) * inputs <= CHUNK_BYTES


def test_a_chunk_that_was_asked_for_is_left_alone() -> None:
    assert configure(chunk=3)[1].chunk == 3
    experiment, execution = configure()
    assert execution.chunk == chunk_length(experiment)


def work(pair: Pair, rate: float = 1e11, jobs: int = 1) -> float:
    """Seconds beyond the start of the process."""
    return plan(*pair, rate, jobs).seconds - 10


def test_seconds_follow_epochs_seeds_and_processes() -> None:
    one = configure("paper", epochs=10, eval_every=10, samples_per_epoch=640_000)
    # Two looks of twelve instead of two of ten: twice the epochs, nearly twice the time.
    two = configure("paper", epochs=20, eval_every=20, samples_per_epoch=640_000)
    assert work(two) / work(one) == pytest.approx(2, rel=0.02)
    each = {"epochs": 10, "eval_every": 10, "samples_per_epoch": 640_000}
    many = configure("paper", **each, seeds=5)
    assert work(many) == pytest.approx(5 * work(one))
    assert work(many, jobs=2) == pytest.approx(2.5 * work(one)), "they take turns"
    assert work(many, jobs=9) == pytest.approx(work(one))


def test_a_faster_machine_saves_products_but_no_overhead() -> None:
    config = configure("paper")
    slow, fast, none = (work(config, rate) for rate in (1e10, 1e11, math.inf))
    assert slow > fast > none > 0
    assert (slow - none) / (fast - none) == pytest.approx(10)


def test_looking_more_often_costs_time_and_disk() -> None:
    seldom, often = (configure(epochs=20, eval_every=k) for k in (20, 1))
    assert work(often) > work(seldom)
    assert plan(*often, 1e11).disk > plan(*seldom, 1e11).disk


def test_disk_holds_a_matrix_a_look_and_four_sets_of_weights() -> None:
    config, how = configure(epochs=4, seeds=3, **SIZES)
    weights = config.graph().weights
    assert weights == 6 * 6 + 6 * 8 + 8 * 5
    matrices = 3 * 6 + 4 * 8
    expected = 4 * 3 * (5 * matrices * 1.1 + 4 * weights)
    assert plan(config, how, 1e11).disk == pytest.approx(expected)


@pytest.mark.parametrize(
    "larger",
    [
        {"multiplier": 50},
        {"batch_size": 4096},
        {"eval_samples": 1_000_000},
        {"input_dim": 5000},
        {"samples": 1_000_000, "samples_per_epoch": 1000},
    ],
    ids=str,
)
def test_memory_grows_with_what_is_held(larger: dict) -> None:
    base, grown = (configure("paper", **SIZES | more) for more in ({}, larger))
    assert plan(*grown, 1e11).memory > plan(*base, 1e11).memory > PROCESS


def test_memory_does_not_grow_with_time() -> None:
    short, long = (configure(epochs=epochs) for epochs in (1, 400))
    assert plan(*short, 1e11).memory == plan(*long, 1e11).memory
