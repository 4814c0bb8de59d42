"""How Trigon's lists become months, over recorded answers."""

from typing import Any

import pytest
from connectors.protocol import MonthFailure
from connectors.trigon import TRIGON
from support.connecting import SteppingClock, account_with
from support.trigon_firm import (
    ACCESS,
    ADDRESS,
    BANK,
    ENTRIES,
    MARCH,
    PURCHASES,
    SALES,
    SETTINGS,
    Firm,
    counted,
    dated,
    document,
    march,
    read,
    session_with,
    value,
)
from sync_contracts.codes import ProblemCode
from sync_contracts.metrics import Metric, Source
from sync_contracts.month import Month, Months


def entry(number: int, *rows: tuple[str, float, float], day: str = "2026-03-17") -> dict[str, Any]:
    return {
        "id": f"e{number}",
        "number": str(number),
        "date": day,
        "source": "manual",
        "rows": [
            {"account": "1000", "accountType": kind, "debit": debit, "credit": credit}
            for kind, debit, credit in rows
        ],
    }


async def test_the_recorded_month() -> None:
    firm = Firm(page_size=2)
    firm.rows[SALES] = [
        document(1, 640.5, vatAmount=153.72, date="2026-03-01"),
        document(2, 75.0, vatAmount=18.0, status="draft"),
        document(3, -120.0, vatAmount=-28.8, type="credit", date="2026-03-31"),
        document(4, 33.0, status="cancelled"),
    ]
    firm.rows[PURCHASES] = [
        document(1, 210.0, vatAmount=50.4),
        document(2, 80.0, currency="USD", currencyRate=0.9125),
    ]
    firm.rows[ENTRIES] = [
        entry(1, ("asset", 794.22, 0), ("income", 0, 640.5), ("liability", 0, 153.72)),
        entry(2, ("expense", 61.75, 0), ("asset", 0, 61.75), day="2026-03-31"),
        entry(3, ("income", 120.0, 0), ("equity", 0, 120.0)),
    ]
    firm.rows[BANK] = [dated(1, amount=12.0), dated(2, amount=-3.0)]

    counts = await march(firm)

    assert {metric: str(one.value) for metric, one in counts.values.items()} == {
        Metric.SALES_INVOICE_COUNT: "1",
        Metric.SALES_CREDIT_NOTE_COUNT: "1",
        Metric.PURCHASE_INVOICE_COUNT: "2",
        Metric.PURCHASE_CREDIT_NOTE_COUNT: "0",
        Metric.SALES_NET: "520.50",
        Metric.SALES_VAT: "124.92",
        Metric.PURCHASE_NET: "283.00",
        Metric.PURCHASE_VAT: "50.40",
        Metric.INCOME_TOTAL: "520.50",
        Metric.EXPENSE_TOTAL: "61.75",
        Metric.ENTRY_COUNT: "3",
        Metric.ENTRY_LINE_COUNT: "7",
        Metric.BANK_TRANSACTION_COUNT: "2",
        Metric.DOCUMENT_COUNT: "4",
    }
    assert counts.values[Metric.SALES_NET].unit == "EUR"
    assert counts.values[Metric.INCOME_TOTAL].source is Source.LEDGER
    assert counts.record_count == 9
    assert counts.notes == ()


async def test_a_month_takes_four_calls_beside_the_firm_s_and_names_both_of_its_days() -> None:
    firm = Firm()

    reading = await read(firm, Month(2024, 2))

    assert (reading.calls, reading.identity_calls) == (4, 1)
    assert len(firm.requests) == 5
    days = {"dateFrom": "2024-02-01", "dateTo": "2024-02-29", "page": "1", "pageSize": "100"}
    assert [firm.asked(name) for name in (SALES, PURCHASES, ENTRIES, BANK)] == [[days]] * 4
    assert (reading.books.external_id, reading.books.name) == ("fr-31", "Sammal ja Pojad OÜ")
    assert reading.books.currency == "EUR"
    assert reading.identity_known


async def test_a_year_takes_as_many_and_its_further_pages() -> None:
    firm = Firm()
    firm.rows[ENTRIES] = [entry(number) for number in range(201)]

    reading = await read(firm, *Months.ending(MARCH, 12))

    assert reading.calls == 4 + 2
    assert firm.asked(SALES)[0]["dateFrom"] == "2025-04-01"
    assert firm.asked(SALES)[0]["dateTo"] == "2026-03-31"
    assert [one["page"] for one in firm.asked(ENTRIES)] == ["1", "2", "3"]
    assert value(counted(reading.months[MARCH]), Metric.ENTRY_COUNT) == 201


async def test_each_call_carries_both_keys_to_the_operator_s_address() -> None:
    firm = Firm()

    await read(firm)

    first = firm.requests[0]
    assert str(first.url) == f"{ADDRESS}/v1/firms?regCode=14712345"
    for request in firm.requests:
        assert request.headers["authorization"] == "Bearer eyJhbGciOi.ann.sig"
        assert request.headers["x-api-key"] == "tk_ann_0815"
        assert request.headers["accept"] == "application/json"


@pytest.mark.parametrize(
    ("rows", "tells_total", "calls"), [(199, True, 2), (200, True, 2), (199, False, 2), (200, False, 3)]
)
async def test_a_list_ends_with_its_total_or_with_a_page_that_is_not_full(
    rows: int, tells_total: bool, calls: int
) -> None:
    firm = Firm(tells_total=tells_total)
    firm.rows[SALES] = [document(number, 1.0) for number in range(rows)]

    counts = await march(firm)

    assert value(counts, Metric.SALES_INVOICE_COUNT) == rows
    assert len(firm.asked(SALES)) == calls


async def test_a_system_may_give_smaller_pages_than_were_asked_for() -> None:
    firm = Firm(page_size=40, tells_total=False)
    firm.rows[SALES] = [document(number, 1.0) for number in range(95)]

    assert value(await march(firm), Metric.SALES_INVOICE_COUNT) == 95


@pytest.mark.parametrize(
    "answer",
    [
        {"items": [document(1, 1.0)], "page": 1, "pageSize": 100, "total": 2},
        {"items": [document(1, 1.0)], "page": 1, "pageSize": 1},
        {"items": [document(1, 1.0), document(1, 1.0)]},
        {"items": {"1": document(1, 1.0)}},
        {"rows": []},
        {"items": [], "total": "0"},
        {"items": [document(1, 1.0, id=None)]},
        [],
    ],
)
async def test_a_list_that_does_not_add_up_is_never_a_value(answer: Any) -> None:
    firm = Firm()
    firm.answers[SALES] = answer

    failed = (await read(firm)).months[MARCH]

    assert isinstance(failed, MonthFailure)
    assert failed.code is ProblemCode.UNREADABLE_ANSWER


@pytest.mark.parametrize("net", [90.0, -90.0])
@pytest.mark.parametrize(
    ("name", "count", "total"),
    [
        (SALES, Metric.SALES_CREDIT_NOTE_COUNT, Metric.SALES_NET),
        (PURCHASES, Metric.PURCHASE_CREDIT_NOTE_COUNT, Metric.PURCHASE_NET),
    ],
)
async def test_a_credit_is_subtracted_whatever_its_sign(
    net: float, name: str, count: Metric, total: Metric
) -> None:
    firm = Firm()
    firm.rows[name] = [document(1, net, type="credit", vatAmount=net / 4)]

    counts = await march(firm)

    assert value(counts, count) == 1
    assert value(counts, total) == -90


async def test_a_foreign_document_is_multiplied_by_its_rate_and_without_one_the_sum_is_absent() -> None:
    firm = Firm()
    firm.rows[SALES] = [document(1, 100.05, currency="GBP", currencyRate=1.1, vatAmount=10.0)]
    firm.rows[PURCHASES] = [document(1, 5.0, currency="SEK", currencyRate=None), document(2, 7.0)]

    counts = await march(firm)

    assert str(value(counts, Metric.SALES_NET)) == "110.06"
    assert value(counts, Metric.SALES_VAT) == 11
    assert value(counts, Metric.PURCHASE_INVOICE_COUNT) == 2
    assert {Metric.PURCHASE_NET, Metric.PURCHASE_VAT}.isdisjoint(counts.values)
    assert counts.notes == ("UNCONVERTED 1",)


async def test_an_own_currency_needs_no_rate() -> None:
    firm = Firm()
    own = document(1, 12.0)
    del own["currencyRate"]
    firm.rows[SALES] = [own]

    assert value(await march(firm), Metric.SALES_NET) == 12


@pytest.mark.parametrize(
    ("name", "row"),
    [
        (SALES, document(1, 0.0, netAmount="12.00")),
        (SALES, document(1, 0.0, vatAmount=None)),
        (SALES, document(1, 0.0, type="prepayment")),
        (SALES, document(1, 0.0, status="sent")),
        (SALES, document(1, 0.0, currency=None)),
        (PURCHASES, document(1, 0.0, currency="USD", currencyRate="0.92")),
        (ENTRIES, entry(1, ("memo", 1.0, 0.0))),
        (ENTRIES, {**entry(1), "rows": None}),
        (ENTRIES, {**entry(1), "rows": [{"accountType": "income", "debit": 1.0}]}),
    ],
)
async def test_a_bad_row_fails_its_month_only(name: str, row: dict[str, Any]) -> None:
    firm = Firm()
    firm.rows[name] = [row]

    reading = await read(firm, Month(2026, 2), MARCH)

    failed = reading.months[MARCH]
    assert isinstance(failed, MonthFailure)
    assert failed.code is ProblemCode.UNREADABLE_ANSWER
    counted(reading.months[Month(2026, 2)])


@pytest.mark.parametrize("day", ["17.03.2026", "2026-02-30", "", None])
async def test_a_row_without_a_date_fails_every_month_of_its_list(day: str | None) -> None:
    firm = Firm()
    firm.rows[BANK] = [{"id": 1, "date": day, "amount": 1.0}]

    reading = await read(firm, *Months.ending(MARCH, 3))

    assert {type(result) for result in reading.months.values()} == {MonthFailure}


async def test_a_long_list_is_read_within_the_limit() -> None:
    firm = Firm()
    firm.rows[ENTRIES] = [entry(number) for number in range(6000)]

    async with session_with(firm) as session:
        reading = await TRIGON.read_months(session, account_with(TRIGON, ACCESS, SETTINGS), [MARCH])
        clock = session.clock

    counted(reading.months[MARCH])
    assert isinstance(clock, SteppingClock)
    assert reading.calls == 63
    assert max(clock.slept_s) <= 20
    assert clock.passed_s >= 60
