"""Filters, order, pages and links of collections."""

from __future__ import annotations

import itertools
from typing import Any

import httpx
import pytest
from sandbox.e_conomic.filters import parse_filter
from support.economic_caller import EconomicCaller
from support.sandbox_server import RunningSandbox

MARCH = "date$gte:2026-03-01$and:date$lte:2026-03-31"
ROW = {
    "date": "2026-03-05",
    "currency": "DKK",
    "amount": 70.0,
    "customer": {"customerNumber": 12},
    "text": "Leje",
}
NAMES = frozenset({"date", "currency", "amount", "customer.customerNumber", "text", "entryType"})


def caller(sandbox: RunningSandbox, turn: int = 0) -> EconomicCaller:
    return EconomicCaller(sandbox.accounts("e-conomic")[turn], sandbox.http)


def booked(sandbox: RunningSandbox, **params: Any) -> dict[str, Any]:
    answer: dict[str, Any] = caller(sandbox).get("invoices/booked", **params).raise_for_status().json()
    return answer


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("date$eq:2026-03-05", True),
        ("date$gte:2026-03-05$and:date$lte:2026-03-05", True),
        ("date$gt:2026-03-05", False),
        ("date$lt:2026-03-05$or:currency$eq:DKK", True),
        ("(date$lt:2026-03-05$or:currency$eq:DKK)$and:amount$gt:100", False),
        ("amount$eq:70", True),
        ("amount$lt:8", False),
        ("currency$in:[EUR,DKK]", True),
        ("currency$nin:[EUR,DKK]", False),
        ("text$like:lej", True),
        ("customer.customerNumber$eq:12", True),
        ("entryType$ne:reminder", True),
        ("entryType$eq:reminder", False),
    ],
)
def test_filters(text: str, holds: bool) -> None:
    assert parse_filter(text, NAMES).holds(ROW) is holds


@pytest.mark.parametrize(
    "text",
    [
        "netAmount$gt:5",
        "date$gte:March",
        "date>=2026-03-01",
        "(date$gte:2026-03-01",
        f"bookedInvoiceNumber$in:[{','.join(map(str, range(201)))}]",
    ],
)
def test_a_filter_that_is_none_is_refused_with_what_may_be_filtered(
    sandbox: RunningSandbox, text: str
) -> None:
    answer = caller(sandbox).get("invoices/booked", filter=text)

    assert answer.status_code == 400
    assert answer.json()["allowedFilteringFields"] == [
        "bookedInvoiceNumber",
        "currency",
        "date",
        "exchangeRate",
    ]


def test_pages_have_twenty_rows_unless_asked(sandbox: RunningSandbox) -> None:
    period = "date$gte:2026-01-01$and:date$lte:2026-06-30"

    first = booked(sandbox, filter=period)

    assert len(first["collection"]) == first["pagination"]["pageSize"] == 20
    assert first["pagination"]["results"] > 20
    assert first["pagination"]["maxPageSizeAllowed"] == 1000


@pytest.mark.parametrize(
    "params", [{"pagesize": 1001}, {"pagesize": 0}, {"skippages": "x"}, {"sort": "netAmount"}]
)
def test_impossible_pages_and_orders_are_refused(sandbox: RunningSandbox, params: dict[str, Any]) -> None:
    assert caller(sandbox).get("invoices/booked", **params).status_code == 400


def test_links_lead_to_the_end(sandbox: RunningSandbox) -> None:
    whole = booked(sandbox, filter=MARCH, pagesize=1000)["collection"]

    page = booked(sandbox, filter=MARCH, pagesize=3)
    seen = [page]
    while "nextPage" in page["pagination"]:
        page = caller(sandbox).get(page["pagination"]["nextPage"]).json()
        seen.append(page)

    assert [row for page in seen for row in page["collection"]] == whole
    assert len(seen) == -(-len(whole) // 3)
    assert "previousPage" not in seen[0]["pagination"]
    assert all("previousPage" in page["pagination"] for page in seen[1:])
    assert seen[0]["pagination"]["lastPage"].count("skippages=") == 1


def test_names_of_parameters_have_any_case(sandbox: RunningSandbox) -> None:
    asked = booked(sandbox, filter=MARCH, pageSize=2, skipPages=1)

    assert asked["pagination"]["skipPages"] == 1
    assert len(asked["collection"]) == 2


def test_an_ampersand_instead_of_and_lets_later_days_through_and_is_echoed(sandbox: RunningSandbox) -> None:
    own = caller(sandbox)
    address = f"{own.address}/invoices/booked?filter=date$gte:2026-03-01&date$lte:2026-03-31&pagesize=1000"

    page = sandbox.http.get(address, headers=own.headers).json()

    assert any(row["date"] > "2026-03-31" for row in page["collection"])
    assert "date%24lte%3A2026-03-31" in page["self"]


def test_an_empty_answer_is_no_error(sandbox: RunningSandbox) -> None:
    page = booked(sandbox, filter="date$gte:2009-01-01$and:date$lte:2009-12-31")

    assert (page["collection"], page["pagination"]["results"]) == ([], 0)
    assert "nextPage" not in page["pagination"]


def test_rows_come_in_the_order_that_was_asked_for(sandbox: RunningSandbox) -> None:
    numbers = [
        row["bookedInvoiceNumber"]
        for row in booked(sandbox, filter=MARCH, sort="-bookedInvoiceNumber")["collection"]
    ]

    assert numbers == sorted(numbers, reverse=True)


def years(sandbox: RunningSandbox, turn: int) -> list[dict[str, Any]]:
    return caller(sandbox, turn).rows("accounting-years")


def test_accounting_years_differ_and_follow_each_other(sandbox: RunningSandbox) -> None:
    calendar, july, long = (years(sandbox, turn) for turn in range(3))

    assert [one["year"] for one in calendar][-2:] == ["2025", "2026"]
    assert [one["year"] for one in july][-2:] == ["2025/2026", "2026/2027"]
    assert july[-1]["entries"].endswith("/accounting-years/2026_6_2027/entries")
    assert (long[0]["fromDate"], long[0]["toDate"]) == ("2010-01-01", "2011-06-30")
    for listed in (calendar, july, long):
        assert all(earlier["toDate"] < later["fromDate"] for earlier, later in itertools.pairwise(listed))


def test_entries_of_a_year_stay_in_it(sandbox: RunningSandbox) -> None:
    year = years(sandbox, 1)[-1]

    rows = caller(sandbox, 1).rows(year["entries"])

    assert rows
    assert all(year["fromDate"] <= row["date"] <= year["toDate"] for row in rows)


def answer_of(sandbox: RunningSandbox, fault: str, **options: Any) -> httpx.Response:
    sandbox.fault(sandbox.accounts("e-conomic")[0], fault, **options)
    return caller(sandbox).get("invoices/booked", filter=MARCH, pagesize=1000)


def test_a_short_page_has_fewer_rows_than_it_tells(sandbox: RunningSandbox) -> None:
    page = answer_of(sandbox, "short_page").json()

    assert len(page["collection"]) == page["pagination"]["results"] - 1


@pytest.mark.parametrize(("options", "name"), [({}, "netAmountInBaseCurrency"), ({"field": "date"}, "date")])
def test_a_row_may_be_unreadable(sandbox: RunningSandbox, options: dict[str, str], name: str) -> None:
    page = answer_of(sandbox, "unreadable", **options).json()

    assert page["collection"][0][name] == "n/a"


def test_links_may_lead_elsewhere(sandbox: RunningSandbox) -> None:
    sandbox.fault(sandbox.accounts("e-conomic")[0], "foreign_links")

    assert {one["entries"].split("/")[2] for one in years(sandbox, 0)} == {"restapi.e-conomic.example"}


def test_calls_tell_their_cost(sandbox: RunningSandbox) -> None:
    entries = caller(sandbox).get(years(sandbox, 0)[-1]["entries"])

    assert entries.headers["x-callcost"] == "3"
    assert caller(sandbox).get("accounts").headers["x-callcost"] == "1"
