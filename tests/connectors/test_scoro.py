"""How Scoro's lists become months, over recorded answers."""

from typing import Any

import httpx
import pytest
from connectors.protocol import MonthCounts, MonthFailure
from connectors.scoro import SCORO
from support.connecting import SteppingClock, account_with, answering, json_of
from support.scoro_readings import DECEMBER, JANUARY, claim, january, read, row, value
from support.scoro_site import ACCESS, BASE, BILLS, EXPENSES, INVOICES, KEY, SETTINGS, Site
from sync_contracts.codes import ProblemCode
from sync_contracts.metrics import Metric, Source
from sync_contracts.month import Month, Months


async def test_the_recorded_month() -> None:
    site = Site()
    site.rows[INVOICES] = [
        row(701, 820.50, vat_sum=196.92, no=26041, date="2026-01-01"),
        row(702, "340.00", vat_sum="0.00", currency="USD", currency_rate="0.915"),
        row(703, -120.00, vat_sum=-28.80, credited_invoices=[701], is_sent=False, date="2026-01-31"),
    ]
    site.rows[BILLS] = [
        row(91, 260.00, vat_sum=62.40, no="A-77"),
        row(92, 75.25, vat_sum=18.06, recognition_date="2026-02-01", date="2026-01-30"),
    ]
    site.rows[EXPENSES] = [claim(5, 41.30), claim(6, 10, currency="GBP", currency_rate=1.155)]

    counts = await january(site)

    assert {metric: str(one.value) for metric, one in counts.values.items()} == {
        Metric.SALES_INVOICE_COUNT: "2",
        Metric.SALES_CREDIT_NOTE_COUNT: "1",
        Metric.PURCHASE_INVOICE_COUNT: "2",
        Metric.PURCHASE_CREDIT_NOTE_COUNT: "0",
        Metric.SALES_NET: "1011.60",
        Metric.SALES_VAT: "168.12",
        Metric.PURCHASE_NET: "335.25",
        Metric.PURCHASE_VAT: "80.46",
        Metric.INCOME_TOTAL: "1011.60",
        Metric.EXPENSE_TOTAL: "388.10",
        Metric.DOCUMENT_COUNT: "5",
    }
    assert {one.source for one in counts.values.values()} == {Source.DOCUMENTS}
    assert counts.values[Metric.INCOME_TOTAL].unit == "EUR"
    assert set(counts.notes) == {"CONVERTED 2", "EXPENSE_CLAIMS 2", "BILLING_FIGURES"}
    assert counts.record_count == 7


async def test_the_keys_stand_in_the_body_of_a_post_and_nowhere_else() -> None:
    site = Site()

    await read(site)

    identity, invoices = site.requests[:2]
    assert {request.method for request in site.requests} == {"POST"}
    assert str(identity.url) == "https://kauri.scoro.com/api/v2/companyAccount/list"
    assert json_of(identity) == BASE
    assert list(json_of(invoices)) == [*BASE, "filter", "per_page", "page"]
    assert KEY not in str(invoices.url) + str(invoices.headers)
    assert invoices.headers["Content-Type"] == "application/json"


async def test_a_month_takes_three_calls_with_both_of_its_days() -> None:
    site = Site()

    reading = await read(site, Month(2024, 2))

    assert reading.calls == 3
    assert reading.identity_calls == 1
    assert len(site.requests) == 4
    days = {"from_date": "2024-02-01", "to_date": "2024-02-29"}
    asked = [{"filter": {"date": days}, "per_page": 100, "page": 1}]
    assert site.asked(INVOICES) == site.asked(BILLS) == site.asked(EXPENSES) == asked


async def test_a_year_is_one_range_of_pages() -> None:
    site = Site()
    site.rows[INVOICES] = [row(number, 1) for number in range(480)]
    site.rows[BILLS] = [row(number, 1) for number in range(300)]
    site.rows[EXPENSES] = [claim(number, 1) for number in range(199)]

    reading = await read(site, *Months.ending(JANUARY, 12))

    assert reading.calls == 5 + 4 + 2
    days = {"from_date": "2025-02-01", "to_date": "2026-01-31"}
    assert [one["filter"]["date"] for one in site.asked(INVOICES)] == [days] * 5
    counts = reading.months[JANUARY]
    assert isinstance(counts, MonthCounts)
    assert value(counts, Metric.SALES_INVOICE_COUNT) == 480


async def test_an_empty_month_has_zeros_and_no_entries() -> None:
    counts = await january(Site())

    assert {one.value for one in counts.values.values()} == {0}
    assert {Metric.ENTRY_COUNT, Metric.ENTRY_LINE_COUNT, Metric.BANK_TRANSACTION_COUNT}.isdisjoint(
        counts.values
    )
    assert counts.notes == ("BILLING_FIGURES",)


@pytest.mark.parametrize("largest", [25, 50, 100])
@pytest.mark.parametrize("more", [-1, 0, 1])
async def test_a_list_ends_where_a_page_is_smaller_than_the_first(largest: int, more: int) -> None:
    site = Site(largest_page=largest)
    site.rows[INVOICES] = [row(number, 1) for number in range(3 * largest + more)]

    counts = await january(site)

    assert value(counts, Metric.SALES_INVOICE_COUNT) == 3 * largest + more
    assert len(site.asked(INVOICES)) == (3 if more < 0 else 4)


@pytest.mark.parametrize(("rows", "calls"), [(24, 1), (25, 2), (26, 1), (50, 2), (99, 1), (100, 2)])
async def test_a_page_that_may_be_the_server_s_largest_is_followed_by_another_call(
    rows: int, calls: int
) -> None:
    site = Site()
    site.rows[BILLS] = [row(number, 1) for number in range(rows)]

    counts = await january(site)

    assert value(counts, Metric.PURCHASE_INVOICE_COUNT) == rows
    assert len(site.asked(BILLS)) == calls


@pytest.mark.parametrize("sizes", [(101,), (25, 26), (50, 100)])
async def test_a_page_with_more_rows_than_it_can_have_is_no_page(sizes: tuple[int, ...]) -> None:
    pages = iter(sizes)
    site = Site()

    def answer(request: httpx.Request) -> httpx.Response:
        if INVOICES not in request.url.path:
            return site(request)
        number = json_of(request)["page"]
        data = [row(number * 1000 + one, 1) for one in range(next(pages))]
        return httpx.Response(200, json={"status": "OK", "statusCode": 200, "data": data})

    async with answering(answer) as session:
        reading = await SCORO.read_months(session, account_with(SCORO, ACCESS, SETTINGS), [JANUARY])

    failed = reading.months[JANUARY]
    assert isinstance(failed, MonthFailure)
    assert failed.code is ProblemCode.UNREADABLE_ANSWER


async def test_a_page_that_is_repeated_fails_the_months_of_its_list() -> None:
    site = Site()
    page = {"status": "OK", "statusCode": 200, "data": [row(number, 1) for number in range(100)]}
    site.answers[INVOICES] = httpx.Response(200, json=page)

    reading = await read(site)

    assert isinstance(reading.months[JANUARY], MonthFailure)
    assert len(site.asked(INVOICES)) == 2


async def test_days_that_are_ignored_are_chosen_on_our_side() -> None:
    site = Site()
    site.rows[INVOICES] = [row(number, 1, date="2019-03-05") for number in range(230)]
    site.rows[INVOICES] += [row(1000, 7), row(1001, 5, date="2026-02-01"), row(1002, 5, date="2025-12-31")]

    counts = await january(site)

    assert value(counts, Metric.SALES_NET) == 7
    assert len(site.asked(INVOICES)) == 3


async def test_a_list_that_ignores_its_days_may_have_fifty_pages() -> None:
    site = Site()
    site.rows[INVOICES] = [row(number, 1, date="2019-03-05") for number in range(5000)]

    failed = (await read(site)).months[JANUARY]

    assert isinstance(failed, MonthFailure)
    assert failed.code is ProblemCode.PROVIDER_REJECTED_REQUEST
    assert len(site.asked(INVOICES)) == 50


async def test_a_list_of_the_days_asked_for_may_be_longer() -> None:
    site = Site()
    site.rows[INVOICES] = [row(number, 1) for number in range(5050)]

    assert value(await january(site), Metric.SALES_INVOICE_COUNT) == 5050


@pytest.mark.parametrize(
    ("module", "bad"),
    [
        (INVOICES, row(1, "about 12")),
        (INVOICES, row(1, 1, vat_sum=None)),
        (INVOICES, row(1, 1, currency="USD", currency_rate="n/a")),
        (INVOICES, row(1, 1, currency=None)),
        (INVOICES, row(1, 1, credited_invoices=901)),
        (INVOICES, row(1, 1, is_deleted="perhaps")),
        (BILLS, row(1, True)),
        (EXPENSES, claim(1, {})),
    ],
)
async def test_a_bad_row_fails_its_month_only(module: str, bad: dict[str, Any]) -> None:
    site = Site()
    site.rows[module] = [bad]

    reading = await read(site, DECEMBER, JANUARY)

    failed = reading.months[JANUARY]
    assert isinstance(failed, MonthFailure)
    assert failed.code is ProblemCode.UNREADABLE_ANSWER
    assert isinstance(reading.months[DECEMBER], MonthCounts)


@pytest.mark.parametrize("fields", [{"date": "14.01.2026"}, {"date": None}, {"id": None}])
async def test_a_row_without_a_date_or_an_id_fails_every_month_of_its_list(fields: dict[str, Any]) -> None:
    site = Site()
    site.rows[EXPENSES] = [claim(1, 5) | fields]

    reading = await read(site, *Months.ending(JANUARY, 3))

    assert {type(result) for result in reading.months.values()} == {MonthFailure}


@pytest.mark.parametrize("data", [None, {}, "", 0, [1]])
async def test_an_answer_without_a_list_is_never_an_empty_one(data: Any) -> None:
    site = Site()
    site.answers[INVOICES] = httpx.Response(200, json={"status": "OK", "statusCode": 200, "data": data})

    failed = (await read(site)).months[JANUARY]

    assert isinstance(failed, MonthFailure)
    assert failed.code is ProblemCode.UNREADABLE_ANSWER


async def test_a_long_list_is_read_within_the_limit_without_beginning_again() -> None:
    site, clock = Site(), SteppingClock()
    site.rows[INVOICES] = [row(number, 1) for number in range(6000)]

    async with answering(site, clock=clock) as session:
        reading = await SCORO.read_months(session, account_with(SCORO, ACCESS, SETTINGS), [JANUARY])

    assert isinstance(reading.months[JANUARY], MonthCounts)
    assert max(clock.slept_s) <= 20
    assert clock.passed_s >= 60
