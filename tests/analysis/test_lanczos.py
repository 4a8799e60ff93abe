"""Lanczos, its quadrature and Hutch++ on matrices whose spectra are known."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfluck.analysis.blocks import block, measure_block, measure_cross
from tfluck.analysis.lanczos import Lanczos, density, extremes
from tfluck.analysis.trace import hutch_plus_plus
from tfluck.foundations.errors import BadInput


def with_spectrum(values: Any, seed: int = 0) -> np.ndarray:
    """Return a symmetric matrix with these eigenvalues and random eigenvectors."""
    draw = np.random.default_rng(seed)
    values = np.asarray(values, float)
    turn = np.linalg.qr(draw.standard_normal((len(values), len(values))))[0]
    matrix = (turn * values) @ turn.T
    return (matrix + matrix.T) / 2


SPECTRA = {
    "spread": np.linspace(-1, 3, 60),
    "outliers": np.concatenate([np.linspace(-0.01, 0.01, 90), [1.0, 2.5, 40.0]]),
    "decaying": 0.7 ** np.arange(80),
    "huge": 1e8 * np.linspace(0, 1, 30) ** 3,
    "tiny": 1e-9 * np.linspace(-2, 1, 30),
}


@pytest.mark.parametrize("name", SPECTRA)
def test_both_ends_of_known_spectra(name: str) -> None:
    values = np.sort(SPECTRA[name])
    matrix = with_spectrum(values)
    found = extremes(
        lambda v: matrix @ v, len(matrix), 3, np.random.default_rng(1), tolerance=1e-9
    )
    scale = np.abs(values).max()
    assert found.converged and found.steps <= len(matrix)
    np.testing.assert_allclose(found.top, values[::-1][:3], atol=2e-9 * scale)
    ends = np.append(found.top, found.lowest)
    gaps = np.abs(ends[:, None] - values).min(axis=1)
    errors = np.append(found.errors, found.lowest_error)
    assert (gaps <= errors + 1e-13 * scale).all(), "the bound is one"
    assert found.lowest >= values[0] - 1e-13 * scale, "from above, as Ritz values come"


def test_an_error_is_a_bound_long_before_convergence() -> None:
    values = np.linspace(0, 1, 300)
    matrix = with_spectrum(values)
    draw = np.random.default_rng(2)
    found = extremes(lambda v: matrix @ v, 300, 4, draw, tolerance=1e-12, most=12)
    assert found.steps == 12 and not found.converged
    gaps = np.abs(found.top[:, None] - values).min(axis=1)
    assert (gaps <= found.errors).all() and found.errors.max() > 1e-4


def test_the_basis_stays_orthogonal_where_plain_lanczos_loses_it() -> None:
    values = np.concatenate([np.linspace(0, 1, 180), [1e3, 1e4]])
    matrix = with_spectrum(values)
    space = Lanczos(
        lambda v: matrix @ v, np.random.default_rng(3).standard_normal(182), 120
    )
    for _ in range(120):
        space.step()
    gram = space.basis[:121] @ space.basis[:121].T
    np.testing.assert_allclose(gram, np.eye(121), atol=1e-13)
    assert (space.ritz()[0] > 5e3).sum() == 1, "rounding brings no second copy"


def test_equal_eigenvalues_and_zero_matrices_end() -> None:
    """The Krylov space closes at once; fresh vectors find the copies."""
    draw = np.random.default_rng(4)
    found = extremes(lambda v: 2.0 * v, 7, 3, draw)
    np.testing.assert_allclose(found.top, [2, 2, 2], rtol=1e-14)
    nothing = extremes(np.zeros_like, 9, 4, draw)
    assert not nothing.top.any() and nothing.lowest == 0 and nothing.converged
    one = extremes(lambda v: -3.0 * v, 1, 5, draw)
    assert one.top.tolist() == [-3.0] == [one.lowest]


@given(st.integers(1, 8), st.integers(0, 10**6))
def test_small_matrices_give_every_eigenvalue(size: int, seed: int) -> None:
    draw = np.random.default_rng(seed)
    matrix = draw.standard_normal((size, size))
    matrix += matrix.T
    found = extremes(lambda v: matrix @ v, size, size + 3, draw)
    expected = np.linalg.eigvalsh(matrix)[::-1]
    np.testing.assert_allclose(found.top, expected, atol=1e-10 * np.abs(expected).max())


@settings(max_examples=20)
@given(st.integers(2, 12), st.integers(0, 10**6))
def test_quadrature_is_gausss(steps: int, seed: int) -> None:
    """A probe's rule of k points has the moments of its vector up to degree 2k − 1."""
    matrix = with_spectrum(np.linspace(-1, 1.2, 40), 5)
    start = np.random.default_rng(seed).standard_normal(40)
    found = density(
        lambda v: matrix @ v, 40, np.random.default_rng(seed), probes=1, steps=steps
    )
    unit = start / np.linalg.norm(start)
    power = unit
    for degree in range(2 * steps):
        moment = float((found.weights * found.nodes**degree).sum())
        assert moment == pytest.approx(unit @ power, abs=1e-10)
        power = matrix @ power


def test_density_of_a_known_spectrum() -> None:
    """Half the eigenvalues at zero, a fifth in a far group: the shares come out."""
    values = np.concatenate([np.zeros(100), np.linspace(0.5, 1, 60), np.full(40, 6.0)])
    matrix = with_spectrum(values)
    draw = np.random.default_rng(6)
    found = density(lambda v: matrix @ v, 200, draw, probes=40, steps=30)
    np.testing.assert_allclose(found.weights.sum(axis=1), 1, atol=1e-12)
    for low, high, share in ((-0.1, 0.1, 0.5), (0.4, 1.1, 0.3), (5.9, 6.1, 0.2)):
        measured, error = found.share(low, high)
        assert abs(measured - share) < 3.5 * error and error < 0.02
    mean, error = found.integral(lambda t: t)
    assert abs(mean - values.mean()) < 3.5 * error
    grid = np.linspace(-2, 8, 4001)
    area = found.smoothed(grid, 0.1).sum() * (grid[1] - grid[0])
    assert area == pytest.approx(1, abs=1e-3)


def test_one_probe_has_no_error() -> None:
    found = density(lambda v: v, 5, np.random.default_rng(0), probes=1, steps=3)
    assert np.isnan(found.share(0, 2)[1]) and found.share(0, 2)[0] == pytest.approx(1)


def test_hutch_plus_plus_covers_as_often_as_it_says() -> None:
    """95 % intervals hold the trace in about 95 of 100 draws, and are no wider."""
    matrix = with_spectrum(np.concatenate([np.linspace(-1, 1, 90), [30.0, 50.0]]))
    truth, hits, errors, misses = np.trace(matrix), 0, [], []
    for seed in range(200):
        found = hutch_plus_plus(
            lambda v: matrix @ v, 92, 30, np.random.default_rng(seed)
        )
        hits += found.low <= truth <= found.high
        errors.append(found.error)
        misses.append(found.value - truth)
    assert 180 <= hits <= 199
    assert np.std(misses) == pytest.approx(np.sqrt(np.mean(np.square(errors))), rel=0.2)
    assert abs(np.mean(misses)) < 4 * np.std(misses) / np.sqrt(200), "unbiased"


def test_what_the_sketch_holds_is_exact() -> None:
    """Of rank below a third of the products nothing is left to average."""
    matrix = with_spectrum(np.concatenate([np.zeros(95), [1.0, -2, 3, 40, 500]]))
    found = hutch_plus_plus(lambda v: matrix @ v, 100, 30, np.random.default_rng(7))
    assert found.value == pytest.approx(542, rel=1e-12) and found.error < 1e-9
    small = hutch_plus_plus(lambda v: matrix @ v, 100, 100, np.random.default_rng(7))
    assert small.error == 0 and small.value == pytest.approx(542, rel=1e-12)
    assert small.products == 100


def test_blocks_are_those_of_the_matrix() -> None:
    matrix = with_spectrum(np.linspace(-1, 5, 50), 8)
    draw = np.random.default_rng(9)
    order = draw.permutation(50)
    rows, columns = np.sort(order[:20]), np.sort(order[20:45])

    def product(v: np.ndarray) -> np.ndarray:
        return matrix @ v

    part = matrix[np.ix_(rows, columns)]
    v = draw.standard_normal(25)
    np.testing.assert_allclose(block(product, 50, rows, columns)(v), part @ v)
    own = measure_block(product, 50, "rows", rows, draw, top=3, products=18)
    inner = matrix[np.ix_(rows, rows)]
    expected = np.linalg.eigvalsh(inner)
    np.testing.assert_allclose(own.extremes.top, expected[::-1][:3], rtol=1e-7)
    assert own.trace.low <= np.trace(inner) <= own.trace.high
    assert own.per_parameter == own.trace.value / 20
    assert own.to_row()["extremes"]["top"] == own.extremes.top.tolist()
    cross = measure_cross(
        product, 50, ("rows", rows), ("columns", columns), draw, products=24
    )
    assert cross.low <= np.linalg.norm(part) <= cross.high
    assert cross.top == pytest.approx(np.linalg.norm(part, 2), rel=1e-6)
    assert cross.to_row()["first"] == "rows"


def test_blocks_that_do_not_meet_have_no_cross_term() -> None:
    matrix = np.diag(np.arange(1.0, 11))
    low, high = np.arange(5), np.arange(5, 10)
    cross = measure_cross(
        lambda v: matrix @ v,
        10,
        ("low", low),
        ("high", high),
        np.random.default_rng(0),
        products=6,
    )
    assert cross.norm == cross.top == cross.high == 0


def test_nothing_to_look_for_is_refused() -> None:
    draw = np.random.default_rng(0)
    with pytest.raises(BadInput, match="0 rows"):
        extremes(lambda v: v, 0, 1, draw)
    with pytest.raises(BadInput, match="at least 6 products, not 5"):
        hutch_plus_plus(lambda v: v, 10, 5, draw)


def test_a_space_that_closes_hides_nothing() -> None:
    """Three equal eigenvalues at the top: one Krylov space has room for one of them."""
    values = np.concatenate([np.zeros(20), [1.0, 1, 1, -2]])
    matrix = with_spectrum(values, 10)
    found = extremes(lambda v: matrix @ v, 24, 4, np.random.default_rng(11))
    np.testing.assert_allclose(found.top, [1, 1, 1, 0], atol=1e-12)
    assert found.converged and found.lowest == pytest.approx(-2, rel=1e-12)
    assert found.steps < 12
