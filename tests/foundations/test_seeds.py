"""Seeds: the numbers of today for ever, and children that know nothing of each other."""

import itertools
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chi2

from tfluck.foundations.seeds import child, generator

#: Written down once: a change of any of them makes every old run another run.
KNOWN = {
    (1,): 2134179041,
    (1, "teacher"): 1827987673,
    (0, "student", 3): 1578728765,
    (2**40, "a", "b"): 1210658262,
}


@pytest.mark.parametrize("path", KNOWN)
def test_children_of_today_stay_as_they_are(path: tuple[int, ...]) -> None:
    assert child(*path) == KNOWN[path]


def test_a_generator_of_today_stays_as_it_is() -> None:
    assert generator(1, "x").integers(0, 1000, 5).tolist() == [254, 184, 62, 605, 171]


def test_words_and_numbers_in_a_path_are_one() -> None:
    assert child(1, "2") == child(1, 2) != child(12) != child(1, 2, 3)
    assert child(1, "teacher", "layer0") != child(1, "layer0", "teacher"), (
        "order counts"
    )


@given(st.integers(-(2**70), 2**70), st.lists(st.text(max_size=3), max_size=3))
def test_every_seed_is_one_that_tensorflow_takes(seed: int, names: list[str]) -> None:
    assert 0 <= child(seed, *names) < 2**31


def test_children_of_ten_thousand_seeds_are_spread_evenly() -> None:
    """256 cells of 40 each: χ² with 255 degrees of freedom, one chance in a million."""
    for name in ("data", "student"):
        values = np.array([child(seed, name) for seed in range(10_240)])
        assert len(set(values)) > 10_200
        counts = np.bincount(values >> 23, minlength=256)
        assert ((counts - 40) ** 2 / 40).sum() < chi2.ppf(1 - 1e-6, 255)


def test_streams_of_neighbours_are_not_correlated() -> None:
    """Of 6 streams of 4,000 normal numbers: |r| below 5/√4000."""
    paths = [(1,), (2,), (1, "a"), (1, "b"), (1, 0), (1, 1)]
    streams = np.array([generator(*path).normal(size=4000) for path in paths])
    r = np.corrcoef(streams)
    for i, j in itertools.combinations(range(len(paths)), 2):
        assert abs(r[i, j]) < 5 / np.sqrt(4000), (paths[i], paths[j])


def test_nothing_is_taken_from_or_left_in_the_global_generators() -> None:
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002
    before = random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    generator(3, "x").normal(size=9)
    assert random.getstate() == before[0]
    assert np.random.get_state()[1].tolist() == before[1]  # noqa: NPY002
    random.seed(7)
    np.random.seed(7)  # noqa: NPY002
    assert generator(1, "x").integers(0, 1000) == 254
