"""What Tripletex' documents and accounts count, over recorded answers."""

import pytest
from connectors.protocol import MonthFailure
from support.tripletex_company import MARCH, Company, balance, bill, invoice, march, posting, read
from sync_contracts.codes import ProblemCode
from sync_contracts.metrics import Metric


async def test_round_off_is_not_vat() -> None:
    company = Company()
    company.lists["/invoice"] = [
        invoice(1, 125.5, 100.0, amountRoundoff=0.5),
        invoice(2, 1.0, 1.0, amountRoundoff=None),
    ]

    assert (await march(company)).values[Metric.SALES_VAT].value == 25


async def test_rows_that_are_not_charged_do_not_count() -> None:
    company = Company()
    company.lists["/invoice"] = [invoice(1, 125.0, 100.0, isCharged=False)]

    assert (await march(company)).values[Metric.DOCUMENT_COUNT].value == 0


@pytest.mark.parametrize("voucher", [0, None])
async def test_bills_that_are_not_booked_are_noted(voucher: int | None) -> None:
    company = Company()
    company.lists["/supplierInvoice"] = [bill(1, 0, 0, voucher=voucher), bill(2, 0, 0, voucher=voucher)]

    counts = await march(company)

    assert counts.values[Metric.PURCHASE_INVOICE_COUNT].value == 0
    assert counts.notes == ("NOT_BOOKED 2",)


@pytest.mark.parametrize(
    ("number", "kind", "income", "expenses"),
    [
        (3000, "OPERATING_REVENUES", -10, 0),
        (8050, "INVESTMENT_INCOME", -10, 0),
        (8400, "EXTRAORDINARY_INCOME", -10, 0),
        (6000, "OPERATING_EXPENSES", 0, 10),
        (8150, "COST_OF_CAPITAL", 0, 10),
        (8500, "EXTRAORDINARY_COST", 0, 10),
        (8300, "TAX_ON_ORDINARY_ACTIVITIES", 0, 0),
        (8600, "TAX_ON_EXTRAORDINARY_ACTIVITIES", 0, 0),
        (8800, "ANNUAL_RESULT", 0, 0),
        (8960, "TRANSFERS_AND_ALLOCATIONS", 0, 0),
    ],
)
@pytest.mark.parametrize("typed", [True, False])
async def test_each_kind_of_account(number: int, kind: str, income: int, expenses: int, typed: bool) -> None:
    company = Company()
    told = kind if typed else None
    company.balances = [balance(number, told, 10.0)]
    company.lists["/ledger/posting"] = [posting(1, 10.0, told, 90, number=number)]

    counts = await march(company)

    assert counts.values[Metric.INCOME_TOTAL].value == income
    assert counts.values[Metric.EXPENSE_TOTAL].value == expenses
    assert counts.notes == ()


async def test_report_and_postings_that_differ_are_noted() -> None:
    company = Company()
    company.balances = [balance(3000, "OPERATING_REVENUES", -100.0)]

    counts = await march(company)

    assert counts.values[Metric.INCOME_TOTAL].value == 100
    assert counts.notes == ("PROFIT_AND_LOSS_DIFFERS",)


async def test_an_account_of_an_unknown_kind_fails_its_month() -> None:
    company = Company()
    company.balances = [balance(8200, None, 1.0)]

    failed = (await read(company)).months[MARCH]

    assert isinstance(failed, MonthFailure)
    assert failed.code is ProblemCode.UNREADABLE_ANSWER
