"""FreeAgent's lists: pages, signs, statuses, rates, counts."""

from decimal import Decimal
from typing import Any

import httpx
import pytest
from connectors.protocol import MonthCounts, MonthFailure
from support.connecting import Answers
from support.freeagent_company import (
    HOST,
    LEDGER,
    MARCH,
    Company,
    bill,
    credit_note,
    dated,
    failed,
    invoice,
    march,
    read,
)
from sync_contracts.codes import ProblemCode
from sync_contracts.metrics import Metric
from sync_contracts.month import Month, Months


async def test_links_are_counted_and_never_followed() -> None:
    company = Company()
    company.largest_page = 3
    company.lists["invoices"] = [invoice(number, "1.0") for number in range(8)]

    counts = await march(company)

    assert counts.values[Metric.SALES_NET].value == 8
    assert [asked["page"] for asked in company.asked("invoices")] == ["1", "2", "3"]
    assert {request.url.host for request in company.requests} == {"api.freeagent.com"}


def pages(*answers: tuple[list[int], bool, int | None]) -> Answers:
    """A company whose invoices come as told: numbers, whether there is a next page, and the total."""
    company = Company()

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path != "/v2/invoices":
            return company(request)
        numbers, goes_on, total = answers[int(request.url.params["page"]) - 1]
        headers = {"Link": '<https://x.example>; rel="next"' if goes_on else ""}
        headers |= {} if total is None else {"X-Total-Count": str(total)}
        return httpx.Response(200, json={"invoices": [invoice(n, "1.0") for n in numbers]}, headers=headers)

    return answer


async def test_a_row_that_a_new_document_pushed_to_the_next_page_counts_once() -> None:
    counts = await march(pages(([1, 2], True, 3), ([2, 3], False, 4)))

    assert counts.values[Metric.SALES_INVOICE_COUNT].value == 3


@pytest.mark.parametrize(
    "answers",
    [
        [([1, 2], True, 4), ([3], False, 3)],  # one was deleted while reading, and another was skipped
        [([1, 2], False, 3)],
        [([1, 2], True, None), ([1, 2], True, None)],
        [([1, 2], True, None), ([], True, None)],
    ],
)
async def test_a_list_that_does_not_add_up_fails_the_month(
    answers: list[tuple[list[int], bool, int | None]],
) -> None:
    assert await failed(pages(*answers)) is ProblemCode.UNREADABLE_ANSWER


async def test_without_links_a_full_page_goes_on() -> None:
    full = [invoice(number, "1.0") for number in range(100)]
    company = Company()

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path != "/v2/invoices":
            return company(request)
        rows = full if request.url.params["page"] == "1" else [invoice(100, "1.0")]
        return httpx.Response(200, json={"invoices": rows})

    assert (await march(answer)).values[Metric.SALES_INVOICE_COUNT].value == 101


@pytest.mark.parametrize(
    ("row", "net", "vat", "is_refund"),
    [
        (bill(1, "240.0", "-40.0", net_value="-200.0"), "200.00", "40.00", False),
        (bill(1, "240.0", "-40.0", net_value="200.0"), "200.00", "40.00", False),
        (bill(1, "240.0", "40.0", net_value="200.0"), "200.00", "40.00", False),
        (bill(1, "-60.0", "10.0", net_value="50.0"), "-50.00", "-10.00", True),
        (bill(1, "-60.0", "-10.0", net_value="-50.0"), "-50.00", "-10.00", True),
        (bill(1, "0.0", status="Zero Value"), "0.00", "0.00", False),
        (bill(1, "115.0", "-10.0", second_sales_tax_value="-5.0"), "100.00", "15.00", False),
        (bill(1, "115.0", "-10.0", second_sales_tax_value=None), "105.00", "10.00", False),
    ],
)
async def test_only_a_bill_s_total_has_a_sign(
    row: dict[str, Any], net: str, vat: str, is_refund: bool
) -> None:
    company = Company()
    company.lists["bills"] = [row]

    values = (await march(company)).values

    assert (str(values[Metric.PURCHASE_NET].value), str(values[Metric.PURCHASE_VAT].value)) == (net, vat)
    assert values[Metric.PURCHASE_CREDIT_NOTE_COUNT].value == is_refund
    assert values[Metric.PURCHASE_INVOICE_COUNT].value == (not is_refund)


@pytest.mark.parametrize("sign", ["", "-"])
async def test_credit_notes_are_subtracted_whatever_their_sign(sign: str) -> None:
    company = Company()
    company.lists["credit_notes"] = [
        credit_note(1, f"{sign}70.0", f"{sign}14.0", second_sales_tax_value=f"{sign}1.0")
    ]

    values = (await march(company)).values

    assert (values[Metric.SALES_NET].value, values[Metric.SALES_VAT].value) == (Decimal(-70), Decimal(-15))


async def test_an_invoice_s_net_is_taken_as_printed() -> None:
    company = Company()
    company.lists["invoices"] = [invoice(1, "-30.0", "-6.0", second_sales_tax_value="-1.0")]

    values = (await march(company)).values

    assert (values[Metric.SALES_NET].value, values[Metric.SALES_VAT].value) == (Decimal(-30), Decimal(-7))
    assert values[Metric.SALES_INVOICE_COUNT].value == 1


@pytest.mark.parametrize(
    "status",
    [
        *("Open", "Zero Value", "Overdue", "Paid", "Overpaid", "Refunded"),
        *("Written-off", "Part written-off"),
    ],
)
async def test_what_was_issued_counts(status: str) -> None:
    company = Company()
    company.lists["invoices"] = [invoice(1, "10.0", status=status)]

    assert (await march(company)).values[Metric.SALES_INVOICE_COUNT].value == 1


@pytest.mark.parametrize("status", ["Draft", "Scheduled To Email", "Scheduled to Email"])
async def test_what_was_not_issued_does_not_count(status: str) -> None:
    company = Company()
    company.lists["invoices"] = [invoice(1, "10.0", status=status)]
    company.lists["credit_notes"] = [credit_note(1, "-10.0", status="Draft")]

    assert (await march(company)).values[Metric.DOCUMENT_COUNT].value == 0


async def test_a_status_that_nobody_knows_fails_the_month() -> None:
    company = Company()
    company.lists["invoices"] = [invoice(1, "10.0", status="Disputed")]

    assert await failed(company) is ProblemCode.UNREADABLE_ANSWER


async def test_the_rate_multiplies_and_half_a_penny_is_rounded_up() -> None:
    company = Company()
    company.lists["invoices"] = [
        invoice(1, "240.0", currency="USD", exchange_rate="0.8437"),  # 202.488
        invoice(2, "0.5", currency="USD", exchange_rate="0.85"),  # 0.425
        invoice(3, "10.0", exchange_rate="7.0"),  # the company's own currency has no rate
    ]

    assert str((await march(company)).values[Metric.SALES_NET].value) == "212.92"


@pytest.mark.parametrize("rate", [None, "", "0.0"])
async def test_without_a_rate_the_sums_are_absent(rate: str | None) -> None:
    company = Company()
    company.lists["invoices"] = [invoice(1, "240.0", currency="USD", exchange_rate=rate)]

    counts = await march(company)

    assert {Metric.SALES_NET, Metric.SALES_VAT}.isdisjoint(counts.values)
    assert "UNCONVERTED 1" in counts.notes


@pytest.mark.parametrize("amount", ["n/a", "NaN", "Infinity", "", None, []])
async def test_an_amount_that_is_no_number_fails_its_month_alone(amount: Any) -> None:
    company = Company()
    company.lists["invoices"] = [invoice(1, "10.0"), invoice(2, amount, dated_on="2026-04-02")]

    reading = await read(company, [MARCH, Month(2026, 4)])

    assert isinstance(reading.months[MARCH], MonthCounts)
    result = reading.months[Month(2026, 4)]
    assert isinstance(result, MonthFailure)
    assert result.code is ProblemCode.UNREADABLE_ANSWER


async def test_a_bank_account_with_many_transactions_is_counted_month_by_month() -> None:
    company = Company()
    company.lists["bank_transactions"] = [
        dated("bank_transactions", number, f"2026-0{1 + number % 3}-15") for number in range(450)
    ]

    reading = await read(company, list(Months.ending(MARCH, 3)))

    counts = [result for result in reading.months.values() if isinstance(result, MonthCounts)]
    assert [one.values[Metric.BANK_TRANSACTION_COUNT].value for one in counts] == [150, 150, 150]
    assert [asked["per_page"] for asked in company.asked("bank_transactions")] == ["100", "1", "1", "1"]


async def test_a_bank_account_with_few_transactions_is_read_row_by_row() -> None:
    company = Company()
    company.lists["bank_transactions"] = [
        dated("bank_transactions", number, f"2026-0{1 + number % 3}-15") for number in range(330)
    ]

    reading = await read(company, list(Months.ending(MARCH, 3)))

    counts = [result for result in reading.months.values() if isinstance(result, MonthCounts)]
    assert [one.values[Metric.BANK_TRANSACTION_COUNT].value for one in counts] == [110, 110, 110]
    assert [asked["page"] for asked in company.asked("bank_transactions")] == ["1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("account", "is_asked"),
    [
        ({"status": "hidden", "latest_activity_date": "2026-02-28"}, False),
        ({"status": "hidden", "latest_activity_date": "2026-03-01"}, True),
        ({"status": "hidden", "latest_activity_date": None}, True),
        ({"status": "active", "latest_activity_date": "2019-01-01"}, True),
        ({}, True),
    ],
)
async def test_accounts_hidden_before_the_range_are_left_out(account: dict[str, Any], is_asked: bool) -> None:
    company = Company()
    company.lists["bank_accounts"] = [{"url": f"{HOST}/bank_accounts/4", **account}]

    await march(company)

    assert bool(company.asked("bank_transactions")) is is_asked


async def test_rows_are_counted_where_no_total_is_told() -> None:
    company = Company()
    company.tells_total = False
    company.lists[LEDGER] = [dated(LEDGER, number) for number in range(250)]

    counts = await march(company)

    assert counts.values[Metric.ENTRY_LINE_COUNT].value == 250
    assert [asked["per_page"] for asked in company.asked(LEDGER)] == ["1", "100", "100", "100"]
