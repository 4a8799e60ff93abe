"""Unlabelled inputs follow the law that they are named after."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tfluck.data.sources.law import Law
from tfluck.experiment.experiment import Experiment
from tfluck.experiment.inputs import spectrum
from tfluck.experiment.sources import SOURCES, UnknownSource, find_source, law_names
from tfluck.foundations.errors import BadInput

#: Name → the distribution function of one coordinate, at variance 1.
CDF = {
    "gaus": stats.norm().cdf,
    "uniform": stats.uniform(-math.sqrt(3), 2 * math.sqrt(3)).cdf,
    "student-t:2.5": stats.t(2.5, scale=math.sqrt(0.5 / 2.5)).cdf,
    "student-t:30": stats.t(30, scale=math.sqrt(28 / 30)).cdf,
}
SAMPLES = 40_000


def drawn(name: str, shape: tuple[int, ...] = (5,), seed: int = 3) -> np.ndarray:
    batch = (SAMPLES // math.prod(shape), *shape)
    return np.asarray(law_of(name).sampler(1)(seed, 0, 1, batch)[0], np.float64)


def law_of(name: str) -> Law:
    law = find_source(name)
    assert isinstance(law, Law)
    return law


@pytest.mark.parametrize("name", CDF)
def test_coordinates_follow_their_distribution(tf: Any, name: str) -> None:
    assert stats.kstest(drawn(name).ravel(), CDF[name]).pvalue > 1e-3


@pytest.mark.parametrize("name", CDF)
def test_coordinates_are_uncorrelated(tf: Any, name: str) -> None:
    ranks = stats.rankdata(drawn(name), axis=0)
    off = np.corrcoef(ranks.T)[np.triu_indices(5, 1)]
    assert np.abs(off).max() < 5 / math.sqrt(len(ranks))


def test_signs_are_fair(tf: Any) -> None:
    x = drawn("rademacher")
    assert set(np.unique(x)) == {-1.0, 1.0}
    assert abs(x.sum()) < 5 * math.sqrt(x.size)


def test_clusters_are_where_they_are_said_to_be(tf: Any) -> None:
    from tfluck.data.sources.mixture import centres

    known = centres(1, 3, (5,)).astype(np.float64)
    np.testing.assert_allclose(known.mean(axis=0), 0, atol=1e-7)
    assert (known**2).mean() == pytest.approx(0.5, rel=1e-6)
    x = drawn("mixture:3", seed=8)
    assert not np.array_equal(x, drawn("mixture:3", seed=9))
    expected = 0.5 * np.eye(5) + known.T @ known / 3
    np.testing.assert_allclose(x.T @ x / len(x), expected, atol=0.05)
    # Along the line between two clusters the three Gaussians add up.
    far = known[0] - known[1]
    along = x @ far / np.linalg.norm(far)
    parts = [stats.norm(c @ far / np.linalg.norm(far), math.sqrt(0.5)) for c in known]
    whole = stats.kstest(along, lambda v: np.mean([p.cdf(v) for p in parts], axis=0))
    assert whole.pvalue > 1e-3


@pytest.mark.parametrize("name", ["gaus", "uniform", "rademacher", "student-t:9"])
def test_fourth_moments(tf: Any, name: str) -> None:
    known = law_of(name).fourth_moment
    assert known is not None
    powers = drawn(name).ravel() ** 4
    error = powers.std() / math.sqrt(powers.size)
    assert abs(powers.mean() - known) <= 5 * error + 1e-12
    assert law_of("student-t:4").fourth_moment == math.inf
    assert law_of("mixture:2").fourth_moment is None


@given(st.floats(0, 10), st.integers(1, 50))
def test_a_spectrum_decays_and_keeps_the_mean_variance(decay: float, size: int) -> None:
    found = np.square(spectrum(f"spectrum:{decay}", size))
    assert found.mean() == pytest.approx(1)
    expected = np.arange(1, size + 1) ** -decay
    np.testing.assert_allclose(found / found[0], expected, rtol=1e-9)
    assert spectrum("identity", size) == (1.0,) * size


def test_every_law_can_be_named_and_equal_laws_are_one() -> None:
    assert [name.partition(":")[0] for name in law_names()] == [*SOURCES][:5]
    one, two = (
        Experiment.of({"dataset": name}) for name in ("student-t:5", "student-t:5.0")
    )
    assert one == two and one.digest() == two.digest()
    assert one.digest() != Experiment().digest()


@pytest.mark.parametrize(
    "name",
    [
        *("student-t", "student-t:2", "student-t:x", "student-t:inf", "student-t:nan"),
        *(
            "mixture:1",
            "mixture:2.5",
            "mixture:1e9",
            "gaus:3",
            "uniform:",
            "mixture:nan",
        ),
    ],
)
def test_what_is_no_law_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match=r"Write |has no parameter") as caught:
        find_source(name)
    assert not isinstance(caught.value, UnknownSource) and repr(name) in str(
        caught.value
    )


@pytest.mark.parametrize(
    "given",
    [
        {"covariance": "spectrum"},
        {"covariance": "spectrum:-1"},
        {"covariance": "flat"},
        {"covariance": "spectrum:1", "arch": "cnn"},
    ],
)
def test_a_covariance_that_has_no_meaning_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match="covariance"):
        Experiment.of(given)


def test_a_run_streams_its_law(tf: Any) -> None:
    from tfluck.data.training_data import evaluation_set, open_stream

    config = Experiment.of(
        {
            "dataset": "rademacher",
            "covariance": "spectrum:2",
            "input_dim": 3,
            "eval_samples": 50,
        }
    )
    scale = 10 * np.array(spectrum("spectrum:2", 3))
    for x in (
        open_stream(config, 1, "train", None).batches(0, 2)[1],
        evaluation_set(config, None)[0][0],
    ):
        np.testing.assert_allclose(
            np.abs(x), np.broadcast_to(scale, x.shape), rtol=1e-6
        )
