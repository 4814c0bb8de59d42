"""What of Fortnox cannot be read fails the months it touches, over recorded answers."""

from typing import Any

import httpx
import pytest
from connectors.protocol import MonthWait
from support.fortnox_company import MARCH, Company, failed, invoice, read, sie, voucher
from sync_contracts.codes import ProblemCode
from sync_contracts.month import Month

APRIL = Month(2026, 4)
UNREADABLE = ProblemCode.UNREADABLE_ANSWER


@pytest.mark.parametrize(
    "row",
    [
        invoice(1, "about ten", 3),
        invoice(1, None, 3),
        invoice(1, True, 3),
        invoice(1, 10, 3, Booked="true"),
        invoice(1, 10, 3, Currency="USD", CurrencyRate="n/a"),
    ],
)
async def test_an_unreadable_document_fails_its_month_alone(row: dict[str, Any]) -> None:
    company = Company()
    company.lists["invoices"] = [row]

    assert failed(await read(company, MARCH, APRIL)) == {MARCH: UNREADABLE}


async def test_an_unreadable_day_fails_every_month() -> None:
    company = Company()
    company.lists["invoices"] = [invoice(1, 10, 3, InvoiceDate="soon")]

    assert failed(await read(company, MARCH, APRIL)) == {MARCH: UNREADABLE, APRIL: UNREADABLE}


@pytest.mark.parametrize("rows", [("6570 {} ten", "1930 {} -10"), ("6570 {} 10", "1930 {} -9.99")])
async def test_a_voucher_that_cannot_be_trusted_fails_its_month_alone(rows: tuple[str, ...]) -> None:
    company = Company()
    company.files["4"] = sie(voucher("A 1", *rows))

    assert failed(await read(company, MARCH, APRIL)) == {MARCH: UNREADABLE}


async def test_a_document_s_voucher_that_cannot_be_trusted_fails_the_document_s_month() -> None:
    company = Company()
    company.lists["invoices"] = [invoice(1, 10, 3)]
    company.files["4"] = sie(voucher("B 3", "1510 {} 10", "3001 {} -9", day="20260402"))

    assert failed(await read(company, MARCH, APRIL)) == {MARCH: UNREADABLE, APRIL: UNREADABLE}


async def test_a_file_of_another_year_than_asked_for_is_not_counted() -> None:
    company = Company()
    company.files["3"] = company.files["4"]

    reading = await read(company, Month(2025, 12), Month(2026, 1))

    assert failed(reading) == {Month(2025, 12): UNREADABLE}


async def test_a_list_that_does_not_turn_its_pages_is_refused() -> None:
    company = Company()
    company.answers["invoices"] = httpx.Response(
        200,
        json={
            "MetaInformation": {"@TotalResources": 4, "@TotalPages": 2, "@CurrentPage": 1},
            "Invoices": [invoice(1, 10, 3), invoice(2, 10, 4)],
        },
    )

    assert failed(await read(company)) == {MARCH: UNREADABLE}
    assert len(company.asked("invoices")) == 2


async def test_a_throttle_that_lasts_is_a_wait_for_this_company_alone() -> None:
    company = Company()
    company.answers["invoices"] = httpx.Response(429, json={"message": "Too Many Requests"})

    result = (await read(company)).months[MARCH]

    assert isinstance(result, MonthWait)
    assert result.budget_key == "fortnox/test"
    assert len(company.asked("invoices")) == 3
