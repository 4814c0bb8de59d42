"""What is particular to Scoro, over recorded answers."""

from decimal import Decimal
from typing import Any

import httpx
import pytest
from connectors.protocol import Identified, MonthCounts, MonthFailure, Reading
from connectors.scoro import SCORO
from support.connecting import SteppingClock, account_with, answering, json_of
from support.scoro_site import ACCESS, BASE, BILLS, COMPANY, EXPENSES, INVOICES, KEY, SETTINGS, Site
from sync_contracts.codes import ProblemCode
from sync_contracts.jobs import Books
from sync_contracts.metrics import Metric, Source
from sync_contracts.month import Month, Months

DECEMBER, JANUARY = Month(2025, 12), Month(2026, 1)


def row(number: int, net: Any, **fields: Any) -> dict[str, Any]:
    return {
        "id": number,
        "date": "2026-01-14",
        "currency": "EUR",
        "currency_rate": 1,
        "sum": net,
        "vat_sum": 0,
        "is_sent": True,
        "is_deleted": False,
        "account_id": "kauri-ou",
        "lines": None,
        **fields,
    }


def claim(number: int, net: Any, **fields: Any) -> dict[str, Any]:
    told = row(number, net, tax_sum=9.99, **fields)
    del told["vat_sum"]
    return told


async def read(site: Site, *months: Month, **settings: str) -> Reading:
    async with answering(site) as session:
        account = account_with(SCORO, ACCESS, {**SETTINGS, **settings})
        return await SCORO.read_months(session, account, months or (JANUARY,))


async def january(site: Site, **settings: str) -> MonthCounts:
    result = (await read(site, JANUARY, **settings)).months[JANUARY]
    assert isinstance(result, MonthCounts), result
    return result


async def of_a_test(site: Site, **settings: str) -> Identified:
    async with answering(site) as session:
        return await SCORO.test(session, account_with(SCORO, ACCESS, {**SETTINGS, **settings}))


def value(counts: MonthCounts, metric: Metric) -> Decimal:
    return counts.values[metric].value


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
    ("net", "vat", "credited"),
    [(80, 19.2, [7]), (-80, -19.2, [7]), (-80, -19.2, []), (-80, 19.2, None), ("-80.00", "-19.20", [])],
)
async def test_a_credit_invoice_is_subtracted_whatever_its_sign(net: Any, vat: Any, credited: Any) -> None:
    site = Site()
    site.rows[INVOICES] = [row(1, net, vat_sum=vat, credited_invoices=credited)]

    counts = await january(site)

    assert value(counts, Metric.SALES_CREDIT_NOTE_COUNT) == value(counts, Metric.DOCUMENT_COUNT) == 1
    assert value(counts, Metric.SALES_NET) == value(counts, Metric.INCOME_TOTAL) == -80
    assert str(value(counts, Metric.SALES_VAT)) == "-19.20"


async def test_a_negative_bill_takes_back() -> None:
    site = Site()
    site.rows[BILLS] = [row(1, 50, vat_sum=12), row(2, -20, vat_sum=4.8)]

    counts = await january(site)

    assert value(counts, Metric.PURCHASE_CREDIT_NOTE_COUNT) == 1
    assert value(counts, Metric.PURCHASE_NET) == value(counts, Metric.EXPENSE_TOTAL) == 30
    assert str(value(counts, Metric.PURCHASE_VAT)) == "7.20"


async def test_expenses_are_no_purchases_but_cost() -> None:
    site = Site()
    site.rows[EXPENSES] = [claim(1, 30), claim(2, "-4.50")]

    counts = await january(site)

    assert value(counts, Metric.PURCHASE_NET) == value(counts, Metric.DOCUMENT_COUNT) == 0
    assert str(value(counts, Metric.EXPENSE_TOTAL)) == "25.50"
    assert counts.notes == ("EXPENSE_CLAIMS 2", "BILLING_FIGURES")


@pytest.mark.parametrize("rate", [None, "", 0, "0.00"])
async def test_a_foreign_document_without_a_rate_leaves_its_sums_unknown(rate: Any) -> None:
    site = Site()
    site.rows[INVOICES] = [row(1, 9, currency="USD", currency_rate=rate), row(2, 1)]
    site.rows[EXPENSES] = [claim(1, 9, currency="USD", currency_rate=rate)]
    site.rows[BILLS] = [row(1, 4)]

    counts = await january(site)

    assert set(SCORO.sources) - set(counts.values) == {
        Metric.SALES_NET,
        Metric.SALES_VAT,
        Metric.INCOME_TOTAL,
        Metric.EXPENSE_TOTAL,
    }
    assert value(counts, Metric.SALES_INVOICE_COUNT) == 2
    assert value(counts, Metric.PURCHASE_NET) == 4
    assert "UNCONVERTED 2" in counts.notes


@pytest.mark.parametrize("rate", [None, 0, 7, "n/a"])
async def test_a_rate_means_nothing_in_the_base_currency(rate: Any) -> None:
    site = Site()
    site.rows[INVOICES] = [row(1, 9, currency_rate=rate)]

    counts = await january(site)

    assert value(counts, Metric.SALES_NET) == 9
    assert counts.notes == ("BILLING_FIGURES",)


async def test_half_a_cent_is_rounded_up_in_each_document() -> None:
    site = Site()
    site.rows[INVOICES] = [row(number, "0.10", currency="USD", currency_rate=1.25) for number in (1, 2)]

    assert str(value(await january(site), Metric.SALES_NET)) == "0.26"


@pytest.mark.parametrize("told", [True, 1, "1", "true"])
async def test_what_is_deleted_is_not_counted(told: Any) -> None:
    site = Site()
    for module in (INVOICES, BILLS):
        site.rows[module] = [row(1, 9, is_deleted=told), row(2, 4, is_deleted=None)]
    site.rows[EXPENSES] = [claim(1, 9, is_deleted=told), claim(2, 4, is_deleted="0")]

    counts = await january(site)

    assert value(counts, Metric.DOCUMENT_COUNT) == 2
    assert value(counts, Metric.EXPENSE_TOTAL) == 8


@pytest.mark.parametrize(("only_sent", "net"), [("no", 10), ("yes", 7)])
async def test_unsent_invoices_are_counted_unless_the_connection_says_otherwise(
    only_sent: str, net: int
) -> None:
    site = Site()
    site.rows[INVOICES] = [row(1, 7), row(2, 2, is_sent=False), row(3, 1, is_sent=None)]
    site.rows[BILLS] = [row(1, 4, is_sent=False)]

    counts = await january(site, only_sent=only_sent)

    assert value(counts, Metric.SALES_NET) == net
    assert value(counts, Metric.PURCHASE_NET) == 4


@pytest.mark.parametrize("own", ["kauri-ou", "Kauri-OU", None, ""])
async def test_rows_of_the_site_s_other_entities_are_left_out_and_noted(own: str | None) -> None:
    site = Site()
    site.rows[INVOICES] = [row(1, 7, account_id=own), row(2, 2, account_id="kauri-holding")]
    site.rows[EXPENSES] = [claim(1, 4, account_id="kauri-holding")]

    counts = await january(site)

    assert value(counts, Metric.SALES_NET) == 7
    assert value(counts, Metric.EXPENSE_TOTAL) == 0
    assert counts.notes == ("OTHER_ENTITY 2", "BILLING_FIGURES")


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


async def test_a_test_names_the_company_in_two_calls() -> None:
    site = Site()

    found = await of_a_test(site)

    assert found.books == Books(external_id="16024517", name="Kauri Stuudio OÜ", currency="EUR")
    assert (found.known, found.calls) == (True, 2)
    assert site.asked(INVOICES) == [{"per_page": 1, "page": 1}]


@pytest.mark.parametrize("number", [None, "", " ", 0])
async def test_without_a_registry_number_nobody_knows_whose_books_they_are(number: Any) -> None:
    site = Site()
    site.rows[COMPANY][0]["reg_no"] = number

    found = await of_a_test(site)

    assert not found.known
    assert found.books.name == "Kauri Stuudio OÜ"


async def test_several_companies_tell_their_common_currency_and_nothing_else() -> None:
    site = Site()
    site.rows[COMPANY].append({"company_name": "Kauri Holding OÜ", "base_currency": "EUR", "reg_no": "1"})

    found = await of_a_test(site)

    assert found.books == Books(currency="EUR")
    assert not found.known


@pytest.mark.parametrize("more", [[], ["SEK"], [None]])
async def test_without_one_base_currency_nothing_is_read(more: list[Any]) -> None:
    site = Site()
    site.rows[COMPANY] = [
        {"company_name": "Kauri", "base_currency": currency}
        for currency in [*more, *(["EUR"] if more else [])]
    ]

    reading = await read(site)

    failed = reading.months[JANUARY]
    assert isinstance(failed, MonthFailure)
    assert failed.code is ProblemCode.UNREADABLE_ANSWER
    assert reading.calls == 0


async def test_rights_are_probed_in_every_module() -> None:
    site = Site()

    async with answering(site) as session:
        await SCORO.probe_rights(session, account_with(SCORO, ACCESS, SETTINGS), JANUARY)

    days = {"from_date": "2026-01-01", "to_date": "2026-01-31"}
    for module in (INVOICES, BILLS, EXPENSES):
        assert site.asked(module) == [{"filter": {"date": days}, "per_page": 1, "page": 1}]


async def test_a_long_list_is_read_within_the_limit_without_beginning_again() -> None:
    site, clock = Site(), SteppingClock()
    site.rows[INVOICES] = [row(number, 1) for number in range(6000)]

    async with answering(site, clock=clock) as session:
        reading = await SCORO.read_months(session, account_with(SCORO, ACCESS, SETTINGS), [JANUARY])

    assert isinstance(reading.months[JANUARY], MonthCounts)
    assert max(clock.slept_s) <= 20
    assert clock.passed_s >= 60
