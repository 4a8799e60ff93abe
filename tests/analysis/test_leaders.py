"""Who leads, by loops and by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from tfluck.analysis.leaders import CHOOSE, Evidence, leaders, leading, ranks
from tfluck.foundations.errors import BadInput

matrices = arrays(
    np.float64,
    array_shapes(min_dims=2, max_dims=2, max_side=7),
    elements=st.floats(-1, 1, width=16),
)
RHO = np.array([[0.9, 0.8, 0.1, 0.0], [0.7, 0.2, 0.6, 0.1]])


def test_rounds_go_through_the_teacher_nodes() -> None:
    """Node 0 is best of both; the second round names 1 (0.8) and 2 (0.6)."""
    assert leaders(RHO).tolist() == [0, 1, 2, 3]
    assert [leading(RHO, keep) for keep in (1, 2, 3, 4, 9)] == [1, 3, 3, 4, 4]
    swapped = RHO[:, [3, 2, 1, 0]]
    assert leaders(swapped).tolist() == [3, 2, 1, 0]


@given(matrices, st.integers(1, 8))
def test_the_leading_are_the_best_of_some_teacher_node(
    rho: np.ndarray, keep: int
) -> None:
    wanted = set()
    for row in rho:
        wanted |= set(sorted(range(len(row)), key=lambda n: -row[n])[:keep])
    count = leading(rho, keep)
    assert set(leaders(rho)[:count].tolist()) == wanted
    assert sorted(leaders(rho)) == list(range(rho.shape[1]))


@given(matrices)
def test_ranks_are_permutations(rho: np.ndarray) -> None:
    for row, order in zip(ranks(rho), rho, strict=True):
        assert sorted(row) == list(range(len(row)))
        assert np.all(np.diff(order[np.argsort(row)]) <= 0)


def evidence(nodes: int = 8, seed: int = 0) -> Evidence:
    draw = np.random.default_rng(seed)
    first, last = draw.uniform(-1, 1, (2, 3, nodes))
    return Evidence(first, last, draw.random(nodes))


@given(st.integers(0, 999), st.integers(1, 4))
def test_every_choice_has_the_size_that_is_asked(seed: int, count: int) -> None:
    found = evidence(seed=seed)
    for choose in CHOOSE.values():
        nodes = choose(found, count, np.random.default_rng(seed))
        assert len(set(nodes.tolist())) == count and set(nodes) <= set(range(8))


def test_choices_by_hand() -> None:
    found, draw = evidence(), np.random.default_rng(1)
    assert CHOOSE["lucky"](found, 1, draw)[0] == found.final.max(axis=0).argmax()
    assert CHOOSE["first"](found, 1, draw)[0] == found.initial.max(axis=0).argmax()
    assert CHOOSE["magnitude"](found, 1, draw)[0] == found.fan_out.argmax()
    others = np.delete(np.arange(8), CHOOSE["lucky"](found, 1, draw))
    best = others[found.final[:, others].max(axis=0).argmax()]
    assert CHOOSE["twin"](found, 1, draw)[0] == best
    several = {CHOOSE["random"](found, 1, draw)[0] for _ in range(60)}
    assert len(several) == 8


def test_what_cannot_be_chosen_gets_a_sentence() -> None:
    with pytest.raises(BadInput, match="at least one student"):
        leading(RHO, 0)
    with pytest.raises(BadInput, match="5 winners and 3 other nodes"):
        CHOOSE["twin"](evidence(), 5, np.random.default_rng(0))


def test_without_live_teacher_nodes_somebody_stays() -> None:
    nobody = np.zeros((0, 4))
    assert leaders(nobody).tolist() == [0, 1, 2, 3] and leading(nobody, 1) == 1
