"""The tests err as rarely as they say, at the numbers of students that are used."""

from functools import cache

import numpy as np
import pytest
from scipy import stats

from tfluck.foundations.errors import BadInput
from tfluck.papers.statistics import (
    FEWEST,
    Array,
    attainable,
    bootstrap,
    equivalent,
    holm,
    interval,
    monotone,
    one_sided,
    sign_flips,
    smallest_effect,
    student_t,
    summarize,
)

COUNTS = (2, 3, 5, 10)
#: Laws of mean 0 that students may follow: normal, heavy tails, bounded, skewed.
LAWS = {
    "normal": lambda random, size: random.normal(size=size),
    "student-t": lambda random, size: random.standard_t(3, size),
    "uniform": lambda random, size: random.uniform(-1, 1, size),
}


def samples(law: str, count: int, times: int) -> Array:
    drawn: Array = LAWS[law](np.random.default_rng(count), (times, count))
    return drawn


#: Trials of a simulation: a thousand exact tests of ten students take seconds.
TIMES = {2: 100, 3: 100, 5: 150, 10: 50}


@cache
def errors(law: str, count: int) -> tuple[float, float]:
    """Share of true nulls that sign flips reject, and that both tests reject."""
    drawn = samples(law, count, TIMES[count])
    found = [one_sided(x, 0.0, "greater") for x in drawn]
    exact = np.mean([one.p_exact <= 0.05 for one in found])
    both = np.mean([max(one.p_exact, one.p_value) <= 0.05 for one in found])
    return float(exact), float(both)


def beyond_chance(share: float, times: int) -> bool:
    """Tell whether so many rejections at 5 % happen less than once in 1,000 trials."""
    return bool(stats.binom.sf(share * times - 1, times, 0.05) < 1e-3)


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("count", COUNTS)
def test_no_test_errs_more_than_its_level(law: str, count: int) -> None:
    exact, both = errors(law, count)
    assert not beyond_chance(exact, TIMES[count])
    assert not beyond_chance(both, TIMES[count])
    assert both <= exact


def test_few_students_can_show_nothing() -> None:
    """2 and 3 students attain 0.25 and 0.125; 5 attain 1/32, if all agree."""
    for count in COUNTS:
        values = 1 + 0.01 * np.arange(count)
        assert sign_flips(values, 0, "greater") == pytest.approx(attainable(count))
    assert attainable(FEWEST) <= 0.05 < attainable(FEWEST - 1)
    assert smallest_effect(FEWEST - 1, 0.05) == np.inf


@pytest.mark.parametrize("count", COUNTS)
def test_intervals_cover_what_they_say(count: int) -> None:
    drawn = 3 + samples("normal", count, 500)
    ends = np.array([interval(x) for x in drawn])
    covered = np.mean((ends[:, 0] <= 3) & (ends[:, 1] >= 3))
    assert abs(covered - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 500)


def test_the_bootstrap_covers_less_where_students_are_few() -> None:
    """The reason why its interval is told beside Student's and decides nothing."""
    drawn = samples("normal", 5, 200)
    found = np.array([bootstrap(x) for x in drawn])
    missed = int(((found[:, 0] > 0) | (found[:, 1] < 0)).sum())
    assert stats.binom.sf(missed - 1, 200, 0.05) < 1e-3
    assert missed < 0.25 * 200
    ends = np.array([interval(x) for x in drawn])
    assert np.median(np.ptp(found, axis=1) / np.ptp(ends, axis=1)) < 0.8


def test_the_bootstrap_is_the_same_every_time_and_none_without_a_sample() -> None:
    values = np.array([0.1, 0.3, 0.2, 0.7, 0.4])
    assert bootstrap(values) == bootstrap(values.copy())
    assert bootstrap(values[:2]) is None
    assert bootstrap(np.ones(5)) is None
    assert interval(values[:1]) is None
    assert interval(np.ones(5)) == (1.0, 1.0)


def test_sign_flips_are_exact() -> None:
    """Against a count of all 32 flips by hand."""
    values = np.array([0.5, 0.2, -0.1, 0.4, 0.3])
    flips = np.array(np.meshgrid(*[[-1, 1]] * 5)).reshape(5, -1).T
    means = flips @ values
    by_hand = np.mean(means >= values.sum() - 1e-12)
    assert sign_flips(values, 0, "greater") == pytest.approx(by_hand)
    assert sign_flips(-values, 0, "less") == pytest.approx(by_hand)
    assert sign_flips(values + 2, 2, "greater") == pytest.approx(by_hand)


def test_student_t_is_scipys_and_survives_no_spread() -> None:
    values = np.array([0.5, 0.2, -0.1, 0.4, 0.3])
    known = stats.ttest_1samp(values, 0.1, alternative="greater").pvalue
    assert student_t(values, 0.1, "greater") == known
    assert student_t(np.ones(5), 0, "greater") == attainable(5)
    assert student_t(np.ones(5), 1, "greater") == 1.0
    assert student_t(np.ones(1), 0, "greater") == 1.0


@pytest.mark.parametrize("count", (5, 10))
def test_equivalence_errs_no_more_than_its_level(count: int) -> None:
    """At the margin itself two one-sided tests call few samples equivalent."""
    drawn = 0.5 + 0.2 * samples("normal", count, TIMES[count])
    share = np.mean([equivalent(x, 0.5).p_value <= 0.05 for x in drawn])
    assert not beyond_chance(float(share), TIMES[count])


def test_equivalence_is_shown_where_it_is_true_and_asks_for_a_margin() -> None:
    values = np.array([0.01, -0.02, 0.0, 0.015, -0.01])
    assert equivalent(values, 0.1).p_value < 1e-3
    assert equivalent(values + 0.1, 0.1).p_value > 0.2
    assert equivalent(values - 0.1, 0.1).p_value > 0.2
    with pytest.raises(BadInput, match="above 0"):
        equivalent(values, 0.0)


def test_holm() -> None:
    """The example of the textbooks; order kept, never above 1, never falling."""
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []
    raw = np.random.default_rng(0).uniform(0, 0.2, 30)
    adjusted = np.array(holm(raw.tolist()))
    assert (adjusted >= raw).all()
    assert (np.diff(adjusted[np.argsort(raw)]) >= 0).all()


def test_holm_holds_the_level_over_a_family() -> None:
    """Twenty true nulls: at least one is rejected in 5 % of the trials, not in 64 %."""
    raw = np.random.default_rng(1).uniform(size=(1000, 20))
    wrong = np.mean([min(holm(row.tolist())) <= 0.05 for row in raw])
    assert wrong == pytest.approx(0.05, abs=0.025)
    assert np.mean(raw.min(axis=1) <= 0.05) > 0.6


@pytest.mark.parametrize("count", (5, 10))
def test_the_smallest_effect_is_shown_four_times_of_five(count: int) -> None:
    effect = smallest_effect(count, 0.01)
    drawn = effect + samples("normal", count, 400)
    shown = np.mean([student_t(x, 0, "greater") <= 0.01 for x in drawn])
    assert shown == pytest.approx(0.8, abs=0.08)


def test_more_students_show_smaller_effects() -> None:
    found = [smallest_effect(count, 0.001) for count in (5, 6, 8, 10, 20)]
    assert found == sorted(found, reverse=True)
    assert smallest_effect(5, 0.001) > smallest_effect(5, 0.05)


def test_a_summary_tells_distance_in_standard_deviations() -> None:
    values = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    found = summarize(values, 1.0, 0.05)
    assert found.mean == 3
    assert found.effect == pytest.approx(2 / np.std(values, ddof=1))
    sd = np.std(values, ddof=1)
    assert found.smallest == pytest.approx(sd * smallest_effect(5, 0.05))
    assert summarize(np.ones(5), 0.0, 0.05).effect is None
    assert summarize(values[:3], 1.0, 0.05).smallest is None


def test_trends() -> None:
    assert monotone(np.arange(5.0)) == pytest.approx(1)
    assert monotone(-np.arange(5.0)) == pytest.approx(-1)
    assert monotone(np.ones(5)) == 0
    assert monotone(np.ones(1)) == 0
    assert 0 < monotone(np.array([0.0, 2.0, 1.0, 3.0])) < 1
