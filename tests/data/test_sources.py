"""Laws over every source that is registered; a new one is held to them by its name."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tfluck.data import describe
from tfluck.data.sources import Arrays, LabelledSet, Law, Parameter
from tfluck.data.sources.tfds import Published
from tfluck.experiment.sources import (
    SOURCES,
    UnknownSource,
    choices,
    find_source,
    law_names,
    set_names,
)
from tfluck.foundations.errors import BadInput, TfluckError

#: A parameter for each law that has one; a new law needs a line.
GIVEN = {"student-t": "9", "mixture": "3"}
LAWS = [
    f"{kind}:{GIVEN[kind]}" if source.takes else kind
    for kind, source in SOURCES.items()
    if not source.labelled
]
SETS = [k for k, s in SOURCES.items() if s.labelled and not isinstance(s, Published)]
SIZE = 4
#: Samples and coordinates of the moments' tests.
MANY = 30_000


def law_of(name: str) -> Law:
    found = find_source(name)
    assert isinstance(found, Law)
    return found


def sample(name: str, seed: int = 5) -> np.ndarray:
    draw = law_of(name).sampler(1)
    return np.asarray(draw(seed, 0, 1, (MANY, SIZE))[0], np.float64)


@pytest.fixture
def file(tmp_path: Path) -> str:
    draw = np.random.default_rng(1)
    x, y = draw.integers(0, 256, (20, 5, 5, 1), np.uint8), np.arange(20) % 3
    np.savez(tmp_path / "x.npz", x_train=x, y_train=y, x_test=x[:6], y_test=y[:6])
    return f"npz:{tmp_path / 'x.npz'}"


@pytest.mark.parametrize("name", LAWS)
def test_a_batch_is_a_function_of_seed_and_step(tf: Any, name: str) -> None:
    draw = law_of(name).sampler(1)
    long = draw(7, 0, 9, (5, 3)).numpy()
    assert long.shape == (9, 5, 3) and long.dtype == np.float32
    for first, count in ((0, 1), (4, 3), (8, 1)):
        again = law_of(name).sampler(1)(7, first, count, (5, 3))
        np.testing.assert_array_equal(again, long[first : first + count])


@pytest.mark.parametrize("name", LAWS)
def test_steps_and_seeds_are_independent(tf: Any, name: str) -> None:
    draw = law_of(name).sampler(1)
    one = draw(7, 0, 2, (600, 3)).numpy().astype(np.float64)
    pairs = {"steps": (one[0], one[1]), "seeds": (one[0], draw(8, 0, 1, (600, 3))[0])}
    for what, (a, b) in pairs.items():
        products = a.ravel() * np.asarray(b, np.float64).ravel()
        if name.startswith("mixture"):  # centres are common, clusters are not
            products = (a * np.asarray(b, np.float64)).sum(1)
        error = products.std() / math.sqrt(len(products))
        assert abs(products.mean()) < 5 * error, what
        assert not np.array_equal(a, b)


@pytest.mark.parametrize("name", LAWS)
def test_mean_and_covariance_are_those_that_are_promised(tf: Any, name: str) -> None:
    x, known = sample(name), law_of(name).covariance(1, SIZE)
    assert known.dtype == np.float64 and np.trace(known) == pytest.approx(SIZE)
    errors = x.std(0) / math.sqrt(MANY)
    assert (np.abs(x.mean(0)) < 5 * errors).all()
    products = x[:, :, None] * x[:, None, :]
    errors = products.std(0) / math.sqrt(MANY)
    assert (np.abs(products.mean(0) - known) <= 5 * errors + 1e-6).all()


@pytest.mark.parametrize("name", LAWS)
def test_the_fourth_moment_is_the_one_that_is_promised(tf: Any, name: str) -> None:
    known = law_of(name).fourth_moment
    if known is None:
        assert name.startswith("mixture")
        return
    powers = sample(name).ravel() ** 4
    error = powers.std() / math.sqrt(powers.size)
    assert abs(powers.mean() - known) <= 5 * error + 1e-12
    assert (law_of(name).gaussian) == (name == "gaus")


@given(st.floats(4.01, 1e6))
def test_the_fourth_moment_of_heavy_tails_is_scipys(nu: float) -> None:
    excess = float(stats.t(nu).stats(moments="k"))
    found = law_of(f"student-t:{nu!r}").fourth_moment
    assert found == pytest.approx(3 + excess, rel=1e-9)


@pytest.mark.parametrize("name", LAWS)
def test_a_law_decides_nothing_and_has_nothing_to_read(name: str) -> None:
    found = find_source(name)
    assert found.name == name and find_source(found.name) == found
    assert describe(name) == {} and found.absolute() is found
    found.require(None)
    for refused in (
        lambda: found.load(),
        lambda: found.prepare(None, (), download=False),
    ):
        with pytest.raises(BadInput, match=f"^{name} "):
            refused()


@given(st.floats(2.0001, 1e300))
def test_a_parameter_keeps_all_of_its_digits(nu: float) -> None:
    found = law_of(f"student-t:{nu!r}")
    assert found.value == nu and law_of(found.name) == found


@pytest.mark.parametrize("name", [k for k in SETS if k != "npz"])
def test_what_is_described_is_what_is_read(name: str) -> None:
    about, source = describe(name), find_source(name)
    images = source.load()
    assert isinstance(source, LabelledSet) and source.presence(None) == "yes"
    source.check(images)
    assert about["sample_shape"] == images.sample_shape
    assert about["outputs"] == len(images.classes)
    assert (about["samples"], about["eval_samples"]) == (
        len(images.x_train),
        len(images.x_test),
    )


def test_a_file_is_described_named_and_moved(file: str, tmp_path: Path) -> None:
    found = find_source(file)
    assert found.name == file and found.absolute().name == file
    assert describe(file)["sample_shape"] == (5, 5, 1)
    assert len(describe(file)["data_digest"]) == 12
    assert found.places("/elsewhere") == {"dataset": "npz:/elsewhere/x.npz"}
    assert found.places(None) == {"data_dir": None}
    assert find_source("digits").places("/elsewhere") == {"data_dir": "/elsewhere"}
    assert find_source("npz:a.npz").absolute().name == f"npz:{Path.cwd() / 'a.npz'}"


@pytest.mark.parametrize(
    "text", ["nope", "", "cifar10:3", "digits:", "npz", "Gaus", "gaus ", ":", ":3"]
)
def test_a_name_that_is_none_is_refused_with_all_that_there_are(text: str) -> None:
    with pytest.raises(UnknownSource) as caught:
        find_source(text)
    assert repr(text) in str(caught.value) and choices() in str(caught.value)
    assert choices().endswith("digits or npz:PATH.".rstrip("."))


def test_every_source_is_in_one_list_of_choices() -> None:
    assert len(law_names()) + len(set_names()) + 1 == len(SOURCES)
    for kind, source in SOURCES.items():
        assert source.kind == kind and source.written in choices()


def test_a_set_that_is_cut_short_is_told() -> None:
    def half() -> dict[str, Any]:
        x, y = np.zeros((4, 3), np.float32), [0, 1, 0, 1]
        return {"x_train": x, "y_train": y, "x_test": x, "y_test": y}

    made = Arrays(
        kind="half", title="Half", shape=(3,), classes=2, train=8, test=4, read=half
    )
    images = made.load()
    assert images.classes == ("0", "1") and images.y_train.dtype == np.int64
    with pytest.raises(
        TfluckError, match="half here has 4 training and 4 test samples"
    ):
        made.check(images)
    with pytest.raises(
        BadInput, match="half needs no preparing: it is made on the spot"
    ):
        made.prepare(None, (), download=False)


def test_a_package_that_is_missing_is_told_before_anything_is_read() -> None:
    made = Arrays(
        kind="far", title="Far", shape=(3,), classes=2, train=8, test=4,
        read=dict, package="no_such_package", advice="Install it.",
    )  # fmt: skip
    assert made.presence(None) == "needs no_such_package"
    for act in (made.require, made.load):
        with pytest.raises(TfluckError, match="Install it"):
            act()


def test_a_law_without_a_parameter_and_one_without_bounds() -> None:
    number = Parameter("P", "odd:P with a number P above 0", above=0)
    odd = Law(kind="odd", draw=lambda noise, shape, p: None, parameter=number)
    assert odd.written == "odd:P" and odd.with_parameter("0.5").name == "odd:0.5"
    for wrong in (None, "", "0", "-1", "nan", "inf", "x"):
        with pytest.raises(BadInput, match="Write odd:P with a number P above 0, not"):
            odd.with_parameter(wrong)
