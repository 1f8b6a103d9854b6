from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aqboard.checks.data_periods import overlap, words
from aqboard.domain.evidence.data import DataFacts, Period
from tests import sample_launch
from tests.checks.judging import FAIL, PASS, WARN, Healthy, judge

FACTS = sample_launch.facts()


def changed(**changes: Any) -> DataFacts:
    return FACTS.model_copy(update=changes)


def years(*numbers: int) -> tuple[Period, ...]:
    return tuple(Period.of_year(number) for number in numbers)


@pytest.mark.parametrize(
    ("launch", "trained", "verdict", "said"),
    [
        (FACTS, FACTS, PASS, "Trained on 2017 to 2018, validated on 2019 as the baseline was"),
        (changed(train=years(2018, 2019)), FACTS, FAIL, "Training and validation overlap: 2019."),
        (changed(validation=years(2018), train=years(2020)), FACTS, FAIL, "The checkpoint was trained on what"),
        (changed(validation=years(2020)), FACTS, WARN, "2020 instead of 2019"),
        (changed(selection={"lead_hours": [24]}), FACTS, WARN, "lead_hours [24] instead of [12]"),
        (changed(selection={}), FACTS, WARN, "lead_hours None instead of [12]"),
        (FACTS, None, WARN, "is not recorded"),
        (FACTS, changed(validation=()), WARN, "is not recorded"),
        (None, FACTS, WARN, "target does not say from when"),
        (changed(validation=()), FACTS, WARN, "target does not say from when"),
    ],
)
def test_periods_are_held_against_each_other(
    healthy: Healthy, launch: DataFacts | None, trained: DataFacts | None, verdict: Any, said: str
) -> None:
    found = judge("data.periods", healthy, {"launch": launch, "trained": trained})
    assert (found.verdict, said in found.summary) == (verdict, True), found.summary


DAYS = st.dates(date(2000, 1, 1), date(2001, 12, 31))
PERIODS = st.tuples(DAYS, DAYS).map(lambda pair: Period(first=min(pair), last=max(pair)))


@given(PERIODS, PERIODS)
def test_two_periods_overlap_exactly_when_a_day_is_in_both(a: Period, b: Period) -> None:
    def days(period: Period) -> set[date]:
        return {period.first + timedelta(n) for n in range((period.last - period.first).days + 1)}

    assert a.overlaps(b) == b.overlaps(a) == bool(days(a) & days(b)) == bool(overlap([a], [b]))


def test_a_period_cannot_end_before_it_begins() -> None:
    with pytest.raises(ValueError, match="before it begins"):
        Period(first=date(2020, 1, 2), last=date(2020, 1, 1))


def test_years_that_follow_each_other_are_one() -> None:
    assert words(years(2008, 2007, 2010)) == "2007 to 2008, 2010"
    assert words([Period(first=date(2019, 1, 1), last=date(2019, 6, 30))]) == "2019-01-01 to 2019-06-30"
    assert words(()) == "not known"
    assert words(years(2019)) == "2019"
    assert words([Period(first=date(2019, 1, 1), last=date(2020, 12, 30))]) == "2019-01-01 to 2020-12-30"
    with_a_gap = [Period(first=date(2019, 1, 1), last=date(2019, 12, 30)), *years(2020)]
    assert words(with_a_gap) == "2019-01-01 to 2019-12-30, 2020", "a day is missing"
    overlapping = [*years(2019), Period(first=date(2019, 7, 1), last=date(2020, 6, 30))]
    assert words(overlapping) == "2019, 2019-07-01 to 2020-06-30"


def test_six_runs_of_years_are_told_and_the_rest_counted() -> None:
    assert words(years(*range(2001, 2013, 2))) == "2001, 2003, 2005, 2007, 2009, 2011"
    assert words(years(*range(2001, 2015, 2))) == "2001, 2003, 2005, 2007, 2009, 2011 and 1 more"


def test_a_difference_of_the_period_is_told_before_one_of_the_selection(healthy: Healthy) -> None:
    launch = changed(validation=years(2020), selection={"lead_hours": [24]})
    found = judge("data.periods", healthy, {"launch": launch, "trained": FACTS})
    assert "2020 instead of 2019, lead_hours [24] instead of [12]" in found.summary


def test_without_the_checkpoints_data_only_the_launchs_is_in_the_table(healthy: Healthy) -> None:
    figures = judge("data.periods", healthy, {"trained": None}).measurements
    assert [figure.name for figure in figures] == ["training", "validation"]


def test_three_years_in_a_row_are_one_run() -> None:
    assert words(years(2009, 2007, 2008, 2012, 2013)) == "2007 to 2009, 2012 to 2013"
