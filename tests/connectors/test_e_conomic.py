"""How e-conomic's years, lists and pages become months, over recorded answers."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from connectors.protocol import MonthCounts, MonthFailure, MonthWait
from support.economic_agreement import (
    API,
    APRIL,
    GRANT,
    SECRET,
    Agreement,
    april,
    bill,
    entry,
    failure,
    invoice,
    read,
    year,
)
from sync_contracts.codes import ProblemCode, WaitReason
from sync_contracts.metrics import Metric
from sync_contracts.month import Month, Months


async def test_the_worked_example() -> None:
    agreement = Agreement()
    agreement.sales.extend(
        [
            invoice(410, "3200.0", "800.0", date="2026-04-01"),
            invoice(
                411,
                "500.0",
                "125.0",
                date="2026-04-30",
                currency="EUR",
                exchangeRate="745.5000",
                netAmountInBaseCurrency="3727.5",
                grossAmountInBaseCurrency="4659.38",
            ),
            invoice(412, "-640.0", "-160.0", date="2026-04-30"),
        ]
    )
    agreement.entries.extend(
        [
            bill(9301, 2750, "740.0", 31, vatAccount={"vatCode": "I25"}),
            bill(9302, 7240, "185.0", 31),
            bill(9303, 6800, "-925.0", 31, supplier={"supplierNumber": 4}, supplierInvoiceNumber="B-77"),
            bill(9304, 2750, "-100.0", 32),
            bill(9305, 7240, "-25.0", 32),
            bill(9306, 6800, "125.0", 32, supplier={"supplierNumber": 4}),
            entry(9307, 5600, "4000.0", 33, entryType="customerInvoice", customer={"customerNumber": 12}),
            entry(9308, 1010, "-3200.0", 33, entryType="customerInvoice", bookedInvoice={}),
            entry(9309, 7200, "-800.0", 33, entryType="customerInvoice", invoiceNumber="410"),
            entry(9310, 6800, "925.0", 34, entryType="supplierPayment", supplier={"supplierNumber": 4}),
            entry(9311, 5820, "-925.0", 34, entryType="supplierPayment"),
        ]
    )

    counts = await april(agreement)

    assert {metric: str(one.value) for metric, one in counts.values.items()} == {
        Metric.SALES_INVOICE_COUNT: "2",
        Metric.SALES_CREDIT_NOTE_COUNT: "1",
        Metric.PURCHASE_INVOICE_COUNT: "1",
        Metric.PURCHASE_CREDIT_NOTE_COUNT: "1",
        Metric.SALES_NET: "6287.50",
        Metric.SALES_VAT: "1571.88",
        Metric.PURCHASE_NET: "640.00",
        Metric.PURCHASE_VAT: "160.00",
        Metric.INCOME_TOTAL: "3200.00",
        Metric.EXPENSE_TOTAL: "640.00",
        Metric.ENTRY_COUNT: "4",
        Metric.ENTRY_LINE_COUNT: "11",
        Metric.DOCUMENT_COUNT: "5",
    }
    assert counts.values[Metric.SALES_NET].unit == "DKK"
    assert counts.notes == ()


async def test_tokens_travel_in_headers_and_the_filter_is_encoded() -> None:
    agreement = Agreement()

    await read(agreement)

    for request in agreement.requests:
        assert request.headers["x-appsecrettoken"] == SECRET
        assert request.headers["x-agreementgranttoken"] == GRANT
        assert request.headers["content-type"] == request.headers["accept"] == "application/json"
        assert GRANT not in str(request.url)
        assert SECRET not in str(request.url)
    [sent] = [one for one in agreement.requests if one.url.path == "/invoices/booked"]
    assert b"filter=date%24gte%3A2026-04-01%24and%3Adate%24lte%3A2026-04-30&" in sent.url.query
    assert dict(sent.url.params) == {
        "filter": "date$gte:2026-04-01$and:date$lte:2026-04-30",
        "sort": "bookedInvoiceNumber",
        "pagesize": "1000",
        "skippages": "0",
    }


async def test_a_month_takes_five_calls_and_a_year_five_or_six() -> None:
    one = await read(Agreement())
    calendar = await read(Agreement(), *Months(Month(2026, 1), Month(2026, 12)))
    broken = await read(Agreement(), *Months.ending(APRIL, 12))

    assert [reading.calls for reading in (one, calendar, broken)] == [5, 5, 6]
    assert {reading.identity_calls for reading in (one, calendar, broken)} == {1}


async def test_a_month_is_read_from_the_accounting_year_it_lies_in() -> None:
    agreement = Agreement()
    agreement.lists["/accounting-years"] = [
        year("2024/2025", "2024-07-01", "2025-06-30"),
        year("2025/2026", "2025-07-01", "2026-06-30"),
    ]
    agreement.lists["/accounting-years/2025_6_2026/entries"] = [entry(1, 2750, "10.0")]

    counts = await april(agreement)

    assert counts.values[Metric.EXPENSE_TOTAL].value == 10
    assert not agreement.asked("/accounting-years/2024_6_2025/entries")


async def test_the_first_accounting_year_may_begin_within_a_month() -> None:
    agreement = Agreement()
    agreement.lists["/accounting-years"] = [year("2026", "2026-04-08", "2026-12-31")]
    agreement.entries.append(entry(1, 2750, "10.0", date="2026-04-08"))

    counts = await april(agreement)

    assert counts.values[Metric.EXPENSE_TOTAL].value == 10
    assert counts.notes == ()


async def test_two_years_of_one_name_are_two() -> None:
    agreement = Agreement()
    agreement.lists["/accounting-years"] = [
        year("2026", "2026-01-01", "2026-06-30"),
        {**year("2026a", "2026-07-01", "2026-12-31"), "year": "2026"},
    ]

    assert (await april(agreement)).notes == ()


async def test_a_month_outside_the_accounting_years_is_zeros_with_a_note() -> None:
    agreement = Agreement()
    agreement.lists["/accounting-years"] = [year("2025", "2025-01-01", "2025-12-31")]

    counts = await april(agreement)

    assert {one.value for one in counts.values.values()} == {0}
    assert counts.notes == ("OUTSIDE_ACCOUNTING_YEARS",)


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/accounting-years/2026/entries",
        "http://restapi.e-conomic.com/accounting-years/2026/entries",
        f"{API}/accounting-years/2026/../../self",
        f"{API}/accounting-years/2026/totals",
        f"{API}/accounts/2026/entries",
        f"{API}.evil.example/accounting-years/2026/entries",
    ],
)
async def test_a_link_that_leads_elsewhere_is_not_followed(link: str) -> None:
    agreement = Agreement()
    agreement.lists["/accounting-years"][1]["entries"] = link

    reading = await read(agreement)

    assert failure(reading.months[APRIL]) is ProblemCode.UNREADABLE_ANSWER
    assert {request.url.host for request in agreement.requests} == {"restapi.e-conomic.com"}


async def test_parameters_echoed_into_a_link_do_no_harm() -> None:
    agreement = Agreement()
    agreement.lists["/accounting-years"][1]["entries"] += "?anything=1"

    await april(agreement)

    assert "anything" not in agreement.asked("/accounting-years/2026/entries")[0]


async def test_all_pages_are_read() -> None:
    agreement = Agreement()
    agreement.entries.extend(entry(number, 2750, "1.0", number) for number in range(2500))

    counts = await april(agreement)

    assert counts.values[Metric.ENTRY_LINE_COUNT].value == 2500
    assert [asked["skippages"] for asked in agreement.asked("/accounting-years/2026/entries")] == [
        "0",
        "1",
        "2",
    ]


async def test_more_than_ten_thousand_rows_are_read_month_by_month() -> None:
    agreement = Agreement()
    march = [entry(number, 2750, "1.0", number, date="2026-03-31") for number in range(6000)]
    agreement.entries.extend(
        [*march, *(entry(number, 2750, "1.0", number) for number in range(6000, 10_001))]
    )

    reading = await read(agreement, Month(2026, 3), APRIL)

    lines = [
        result.values[Metric.ENTRY_LINE_COUNT].value
        for result in reading.months.values()
        if isinstance(result, MonthCounts)
    ]
    assert lines == [6000, 4001]
    assert len(agreement.asked("/accounting-years/2026/entries")) == 1 + 6 + 5


def short(path: str, page: dict[str, Any]) -> None:
    if path == "/invoices/booked":
        del page["collection"][-1]


def without_end(path: str, page: dict[str, Any]) -> None:
    page["pagination"]["nextPage"] = f"{API}{path}?skippages=1"


@pytest.mark.parametrize("change", [short, without_end])
async def test_pages_that_do_not_add_up_fail_the_month(change: Callable[[str, dict[str, Any]], None]) -> None:
    agreement = Agreement()
    agreement.sales.extend([invoice(1, "1.0", "0.0"), invoice(2, "1.0", "0.0")])
    agreement.change = change

    assert failure((await read(agreement)).months[APRIL]) is ProblemCode.UNREADABLE_ANSWER


async def test_a_filter_that_was_ignored_is_noticed() -> None:
    agreement = Agreement()
    agreement.sales.extend([invoice(1, "1.0", "0.0"), invoice(2, "1.0", "0.0", date="2026-05-01")])
    agreement.filters = False

    assert failure((await read(agreement)).months[APRIL]) is ProblemCode.UNREADABLE_ANSWER


async def test_a_year_that_cannot_be_read_is_asked_once_and_spares_the_other() -> None:
    agreement = Agreement()
    agreement.answers["/accounting-years/2025/entries"] = httpx.Response(404, json={})

    reading = await read(agreement, *Months.ending(APRIL, 12))

    failed = [month for month, result in reading.months.items() if isinstance(result, MonthFailure)]
    assert failed == list(Months(Month(2025, 5), Month(2025, 12)))
    assert len(agreement.asked("/accounting-years/2025/entries")) == 1


async def test_on_a_throttle_the_months_of_earlier_years_are_kept() -> None:
    agreement = Agreement()
    agreement.answers["/accounting-years/2026/entries"] = httpx.Response(429, headers={"Retry-After": "90"})

    reading = await read(agreement, *Months.ending(APRIL, 12))

    waits = {month: result for month, result in reading.months.items() if isinstance(result, MonthWait)}
    assert list(waits) == list(Months(Month(2026, 1), APRIL))
    assert {wait.reason for wait in waits.values()} == {WaitReason.RATE_LIMITED}
