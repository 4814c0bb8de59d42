"""How Merit Aktiva's lists become months, over recorded answers."""

import json
from typing import Any

import httpx
import pytest
from connectors.merit_aktiva import MERIT_AKTIVA
from connectors.protocol import MonthCounts, MonthFailure
from support.connecting import account_with, answering, json_of
from support.merit_company import ACCESS, JANUARY, Company, batch, invoice, january, read, report, value
from sync_contracts.codes import ProblemCode
from sync_contracts.metrics import Metric, Source
from sync_contracts.month import Month, Months


def bill(number: int, **fields: Any) -> dict[str, Any]:
    row = invoice(number, **fields)
    del row["AccountingDoc"]
    return {"PIHId": row.pop("SIHId"), **row}


async def test_the_recorded_month() -> None:
    company = Company()
    company.answers["v2/getinvoices"] = [
        invoice(1, TaxAmount=240.00, TotalAmount=1000.00),
        invoice(2, TaxAmount=84.12, TotalAmount=350.50, RoundingAmount=-0.02),
        invoice(3, AccountingDoc=5, TaxAmount=-48.00, TotalAmount=-200.00),
        invoice(4, CurrencyCode="USD", CurrencyRate=1.0842, TotalAmount=542.10),
        invoice(5, AccountingDoc=6, TotalAmount=100.00),
    ]
    company.answers["v1/getpurchorders"] = [
        bill(1, TaxAmount=76.80, TotalAmount=320.00),
        bill(2, TaxAmount=-12.00, TotalAmount=-50.00),
        bill(3, TotalAmount=89.90),
    ]
    company.answers["v1/getprofitrep"] = report([1650.50, 1480.00], [-959.90, -910.00], [690.60, 570.00])
    company.answers["v1/GetGLBatchesFull"] = [batch(1, (1, 1240.0, 0.0), (3, 0.0, 1000.0), (2, 0.0, 240.0))]
    company.answers["v2/getpayments"] = [{"PHId": "p-1", "DocumentDate": "2026-01-18T00:00:00"}]

    counts = await january(company)

    assert {metric: str(one.value) for metric, one in counts.values.items()} == {
        Metric.SALES_INVOICE_COUNT: "3",
        Metric.SALES_CREDIT_NOTE_COUNT: "1",
        Metric.PURCHASE_INVOICE_COUNT: "2",
        Metric.PURCHASE_CREDIT_NOTE_COUNT: "1",
        Metric.SALES_NET: "1650.50",
        Metric.SALES_VAT: "276.12",
        Metric.PURCHASE_NET: "359.90",
        Metric.PURCHASE_VAT: "64.80",
        Metric.INCOME_TOTAL: "1650.50",
        Metric.EXPENSE_TOTAL: "959.90",
        Metric.ENTRY_COUNT: "1",
        Metric.ENTRY_LINE_COUNT: "3",
        Metric.BANK_TRANSACTION_COUNT: "1",
        Metric.DOCUMENT_COUNT: "7",
    }
    assert counts.values[Metric.SALES_NET].unit == "EUR"
    assert counts.values[Metric.INCOME_TOTAL].source is Source.PROFIT_AND_LOSS
    assert counts.record_count == 9
    assert counts.notes == ()


async def test_twelve_months_take_twenty_five_calls_with_inclusive_days() -> None:
    company = Company()

    reading = await read(company, *Months.ending(Month(2026, 4), 12))

    assert reading.calls == len(company.requests) == 25
    assert company.bodies("getinvoices")[0] == {"PeriodStart": "20250501", "PeriodEnd": "20250731"}
    assert company.bodies("getprofitrep") == [{"EndDate": "20260430", "PerCount": 12, "DepFilter": ""}]
    ledger = {"PeriodStart": "20260201", "PeriodEnd": "20260228", "WithLines": 1, "WithCostAlloc": 0}
    assert ledger in company.bodies("GetGLBatchesFull")
    assert all("UnPaid" not in json_of(request) for request in company.requests)


async def test_one_month_takes_five_calls() -> None:
    assert (await read(Company())).calls == 5


async def test_a_gap_is_not_read_month_by_month() -> None:
    company = Company()

    reading = await read(company, Month(2026, 1), Month(2026, 3), Month(2025, 6))

    # windows 2025-06 and 2026-01..03: 2 x 3 lists, 3 ledgers, 1 report of ten columns
    assert reading.calls == 10
    assert company.bodies("getprofitrep")[0]["PerCount"] == 10


async def test_where_v2_is_missing_v1_is_asked_and_remembered() -> None:
    company = Company()
    row = invoice(1, TotalAmount=-5.0)
    del row["AccountingDoc"]
    company.answers |= {
        "v1/getinvoices": [row],
        "v1/getpayments": [{"PIHId": "p-1", "DocumentDate": "2026-01-02"}],
    }
    del company.answers["v2/getinvoices"], company.answers["v2/getpayments"]

    reading = await read(company, *Months.ending(JANUARY, 4))

    counts = reading.months[JANUARY]
    assert isinstance(counts, MonthCounts)
    assert value(counts, Metric.SALES_CREDIT_NOTE_COUNT) == 1
    assert value(counts, Metric.BANK_TRANSACTION_COUNT) == 1
    assert len([one for one in company.requests if one.url.path == "/api/v2/getinvoices"]) == 1


async def test_an_answer_in_a_string_and_an_empty_one_are_read() -> None:
    company = Company()
    company.answers["v2/getinvoices"] = json.dumps([invoice(1, TotalAmount=5.0)])
    company.answers["v1/getpurchorders"] = httpx.Response(200, content=b"")

    counts = await january(company)

    assert value(counts, Metric.SALES_INVOICE_COUNT) == 1
    assert value(counts, Metric.PURCHASE_INVOICE_COUNT) == 0


async def test_a_customer_may_be_called_like_a_stack_trace() -> None:
    company = Company()
    company.answers["v2/getinvoices"] = [invoice(1, CustomerName="System.Exception: OÜ", TotalAmount=5.0)]

    assert value(await january(company), Metric.SALES_NET) == 5


@pytest.mark.parametrize(
    ("method", "row"),
    [
        ("v2/getinvoices", invoice(1, TotalAmount="about 12")),
        ("v2/getinvoices", invoice(1, TaxAmount=None)),
        ("v2/getinvoices", invoice(1, AccountingDoc=77)),
        ("v1/getpurchorders", bill(1, CurrencyCode=None)),
        ("v2/getpayments", {"DocumentDate": "2026-01-02"}),
        ("v1/GetGLBatchesFull", {"GLBId": "b-1", "BatchDate": "2026-01-02", "Entries": None}),
    ],
)
async def test_a_bad_row_fails_its_month_only(method: str, row: dict[str, Any]) -> None:
    company = Company()
    company.answers[method] = [row]

    reading = await read(company, Month(2025, 12), JANUARY)

    failed = reading.months[JANUARY]
    assert isinstance(failed, MonthFailure)
    assert failed.code is ProblemCode.UNREADABLE_ANSWER
    assert isinstance(reading.months[Month(2025, 12)], MonthCounts)


async def test_a_row_without_a_date_fails_every_month_of_its_list() -> None:
    company = Company()

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("getpurchorders") and b"20260101" in request.content:
            return httpx.Response(200, json=[bill(1, DocumentDate="soon")])
        return company(request)

    async with answering(answer) as session:
        account = account_with(MERIT_AKTIVA, ACCESS, {"country": "EE"})
        reading = await MERIT_AKTIVA.read_months(session, account, list(Months.ending(Month(2026, 3), 6)))

    failed = {str(month) for month, result in reading.months.items() if isinstance(result, MonthFailure)}
    assert failed == {"2026-01", "2026-02", "2026-03"}


async def test_a_report_with_too_few_columns_fails_the_months_it_leaves_out() -> None:
    company = Company()
    company.answers["v1/getprofitrep"] = report([10.0], [0.0], None)

    reading = await read(company, Month(2025, 12), JANUARY)

    assert isinstance(reading.months[JANUARY], MonthCounts)
    assert isinstance(reading.months[Month(2025, 12)], MonthFailure)
