from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from sandbox.xero.where import QueryParseError, parse_where

FIELDS = {"Date": datetime, "Status": str, "Total": Decimal, "UpdatedDateUTC": datetime}
ROW = {
    "Date": date(2026, 3, 31),
    "Status": "PAID",
    "Total": Decimal("99.20"),
    "UpdatedDateUTC": datetime(2026, 4, 2, 8, tzinfo=UTC),
}


@pytest.mark.parametrize(
    "text",
    [
        "Date>=DateTime(2026,03,01) AND Date<DateTime(2026,04,01)",
        'Date >= DateTime(2026, 03, 01) && Status=="PAID"',
        'Status=="VOIDED" OR (Status=="PAID" and Total > 99)',
        'Status != "DRAFT"',
        "UpdatedDateUTC>DateTime(2026,04,02,07,59,59)",
    ],
)
def test_an_expression_that_holds_lets_the_row_through(text: str) -> None:
    assert parse_where(text, FIELDS).holds(ROW)


@pytest.mark.parametrize(
    "text",
    [
        "Date>=DateTime(2026,03,01) AND Date<DateTime(2026,03,31)",
        'Status=="paid"',
        'Status=="PAID" AND Total<99.2',
        "UpdatedDateUTC>DateTime(2026,04,02,08,00,00)",
    ],
)
def test_an_expression_that_does_not_hold_keeps_the_row_out(text: str) -> None:
    assert not parse_where(text, FIELDS).holds(ROW)


@pytest.mark.parametrize(
    "text",
    [
        "Date>=2026-03-01",
        'Date>="2026-03-01"',
        "Date>=DateTime(2026,13,01)",
        'Colour=="red"',
        "Status",
        "Status==",
        'Status=="PAID" AND',
        '(Status=="PAID"',
        'Status=="PAID" Total>1',
        'Status=="PAID',
        "; drop table",
    ],
)
def test_rubbish_is_refused(text: str) -> None:
    with pytest.raises(QueryParseError):
        parse_where(text, FIELDS)


def test_the_days_of_a_half_open_interval_are_known_before_any_row_is_read() -> None:
    where = parse_where("Date>=DateTime(2026,03,01) AND Date<DateTime(2026,04,01)", FIELDS)

    assert where.since == date(2026, 3, 1)
    assert where.before is not None
    assert where.before >= date(2026, 4, 1)


def test_an_or_leaves_the_days_open() -> None:
    where = parse_where('Date>=DateTime(2026,03,01) OR Status=="PAID"', FIELDS)

    assert (where.since, where.before) == (None, None)
