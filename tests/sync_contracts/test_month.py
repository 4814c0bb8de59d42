from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from sync_contracts.month import Month, Months, TimeZone

MONTHS = st.builds(Month, st.integers(2010, 2090), st.integers(1, 12))
SMALL = st.integers(-12, 12)


@given(MONTHS)
def test_written_month_is_read_back(month: Month) -> None:
    assert Month.parse(str(month)) == month


@pytest.mark.parametrize(
    "text", ["2026-13", "2026-00", "26-01", "2026-1", "2026-01-01", "1999-12", " 2026-01", ""]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="YYYY-MM"):
        Month.parse(text)


@given(MONTHS, SMALL, SMALL)
def test_adding_months_is_associative(month: Month, a: int, b: int) -> None:
    assert month.plus(a).plus(b) == month.plus(a + b)


@given(MONTHS)
def test_days_of_neighbouring_months_touch(month: Month) -> None:
    assert month.last_day + timedelta(days=1) == month.plus(1).first_day
    assert Month.of(month.first_day) == Month.of(month.last_day) == month


def test_leap_february_has_29_days() -> None:
    assert Month(2028, 2).last_day == date(2028, 2, 29)


def test_the_time_zone_decides_which_month_it_is() -> None:
    just_before_midnight_utc = datetime(2026, 4, 30, 22, 30, tzinfo=UTC)

    assert Month.current(just_before_midnight_utc, "Europe/Tallinn") == Month(2026, 5)
    assert Month.current(just_before_midnight_utc, "America/New_York") == Month(2026, 4)


@given(MONTHS, st.integers(1, 30), st.integers(1, 13))
def test_split_covers_every_month_once(last: Month, count: int, size: int) -> None:
    months = Months.ending(last, count)

    parts = months.split(size)

    assert [month for part in parts for month in part] == list(months)
    assert all(len(part) <= size for part in parts)
    assert len(months) == count


@given(st.sets(MONTHS, min_size=1, max_size=8))
def test_runs_hold_exactly_the_wanted_months(wanted: set[Month]) -> None:
    runs = Months.spanning(wanted).runs_of(wanted)

    assert [month for run in runs for month in run] == sorted(wanted)
    assert all(a.last.plus(1) < b.first for a, b in pairwise(runs))


def test_unknown_time_zone_is_refused() -> None:
    with pytest.raises(ValidationError, match="IANA"):
        TypeAdapter(TimeZone).validate_python("Europe/Nowhere")
