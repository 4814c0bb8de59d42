"""What is particular to Merit Aktiva, over recorded answers."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from connectors.api import Call
from connectors.merit_aktiva import MERIT_AKTIVA
from connectors.merit_aktiva.calls import signed
from connectors.protocol import Access, MonthCounts, MonthFailure, Reading
from support.connecting import SteppingClock, account_with, answering, json_of
from sync_contracts.codes import ProblemCode
from sync_contracts.metrics import Metric, Source
from sync_contracts.month import Month, Months

JANUARY = Month(2026, 1)
ACCESS = {
    "api_id": "0f8c2d34-6b1a-4c57-9e02-7d41ac98b6e5",
    "api_key": "Qm9ndXNLZXlGb3JEb2NzT25seTEyMzQ1Njc4OTAxMjM=",
}


def invoice(number: int, **fields: Any) -> dict[str, Any]:
    return {
        "SIHId": f"s-{number}",
        "AccountingDoc": 1,
        "DocumentDate": "2026-01-05T00:00:00",
        "CurrencyCode": "EUR",
        "CurrencyRate": 1.0,
        "TaxAmount": 0.0,
        "TotalAmount": 0.0,
        **fields,
    }


def bill(number: int, **fields: Any) -> dict[str, Any]:
    row = invoice(number, **fields)
    del row["AccountingDoc"]
    return {"PIHId": row.pop("SIHId"), **row}


def batch(number: int, *lines: tuple[int, float, float], day: str = "2026-01-05") -> dict[str, Any]:
    entries = [
        {"TypeId": kind, "DebitAmount": debit, "CreditAmount": credit} for kind, debit, credit in lines
    ]
    return {"GLBId": f"b-{number}", "BatchDate": f"{day}T00:00:00", "Entries": entries}


def report(income: list[float], expenses: list[float], result: list[float] | None) -> dict[str, Any]:
    formula = [{"RowType": 4, "Balance": result, "Details": []}] if result else []
    return {
        "ErrorMsg": "",
        "Data": [
            {"RowType": 1, "Balance": None, "Details": []},
            {"RowType": 3, "Balance": income, "Details": [{"TypeId": 3, "Balance": income}]},
            {"RowType": 3, "Balance": expenses, "Details": [{"TypeId": 4, "Balance": expenses}]},
            *formula,
        ],
    }


class Company:
    """Answers by method; whoever wants another answer sets it."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {
            "v2/getinvoices": [],
            "v1/getpurchorders": [],
            "v1/GetGLBatchesFull": [],
            "v2/getpayments": [],
            "v1/getprofitrep": report([0.0] * 12, [0.0] * 12, None),
            "v1/gettaxes": [{"Id": "t-1", "Code": "24%", "TaxPct": 24.00}],
        }
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        method = request.url.path.removeprefix("/api/")
        answer = self.answers.get(method, httpx.Response(404))
        return (
            answer if isinstance(answer, httpx.Response) else httpx.Response(200, content=json.dumps(answer))
        )

    def bodies(self, method: str) -> list[Any]:
        return [json_of(request) for request in self.requests if request.url.path.endswith(method)]


async def read(company: Company, *months: Month, country: str = "EE") -> Reading:
    async with answering(company) as session:
        account = account_with(MERIT_AKTIVA, ACCESS, {"country": country})
        return await MERIT_AKTIVA.read_months(session, account, months or (JANUARY,))


async def january(company: Company, **options: str) -> MonthCounts:
    result = (await read(company, **options)).months[JANUARY]
    assert isinstance(result, MonthCounts), result
    return result


def value(counts: MonthCounts, metric: Metric) -> Decimal:
    return counts.values[metric].value


def test_a_call_is_signed_with_the_utc_time() -> None:
    body = b'{"PeriodStart":"20260101","PeriodEnd":"20260131"}'
    at = datetime(2026, 2, 3, 4, 15, 6, tzinfo=UTC)

    call = signed(Call(method="POST", path="/v2/getinvoices", body=body), Access(ACCESS), at)

    assert call.params == {
        "ApiId": ACCESS["api_id"],
        "timestamp": "20260203041506",
        "signature": "qcOQcvgDoBLNdX+tetHRu6e1CAtm+q9y8M1r+IduPe4=",
    }


async def test_the_signature_s_signs_are_percent_encoded() -> None:
    company = Company()
    clock = SteppingClock(at=datetime(2026, 2, 3, 4, 15, 6, tzinfo=UTC))

    async with answering(company, clock=clock) as session:
        await MERIT_AKTIVA.test(session, account_with(MERIT_AKTIVA, ACCESS, {"country": "EE"}))

    assert company.requests[0].content == b"{}"
    assert "signature=apcDY5c%2FxPO0YY3SN%2BLWb%2FAtYPu5f%2FB5JvLFXkH33Ug%3D" in str(company.requests[0].url)


async def test_a_retry_has_a_new_timestamp_and_signature() -> None:
    company = Company()
    company.answers["v1/gettaxes"] = httpx.Response(503)

    async with answering(company) as session:
        with pytest.raises(Exception, match="503"):
            await MERIT_AKTIVA.test(session, account_with(MERIT_AKTIVA, ACCESS, {"country": "EE"}))

    sent = [dict(request.url.params) for request in company.requests]
    assert len({one["timestamp"] for one in sent}) == len({one["signature"] for one in sent}) == 3


@pytest.mark.parametrize(
    ("country", "host"),
    [("EE", "aktiva.merit.ee"), ("FI", "app.passelimerit.fi"), ("PL", "program.360ksiegowosc.pl")],
)
async def test_each_country_has_its_host(country: str, host: str) -> None:
    company = Company()

    await read(company, country=country)

    assert {request.url.host for request in company.requests} == {host}


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


async def test_the_newest_month_stands_first_and_a_spare_column_is_ignored() -> None:
    company = Company()
    company.answers["v1/getprofitrep"] = report([30.0, 20.0, 10.0, 99.0], [0.0] * 4, None)

    reading = await read(company, Month(2025, 11), Month(2025, 12), JANUARY)

    incomes = [
        result.values[Metric.INCOME_TOTAL].value
        for _, result in sorted(reading.months.items())
        if isinstance(result, MonthCounts)
    ]
    assert incomes == [10, 20, 30]


@pytest.mark.parametrize(
    ("raw", "result", "expected"),
    [
        (-959.90, None, "959.90"),
        (959.90, None, "959.90"),
        (-959.90, 40.10, "959.90"),
        (959.90, 40.10, "959.90"),
        (50.00, 1050.00, "-50.00"),
    ],
)
async def test_expenses_are_positive_whatever_sign_the_report_has(
    raw: float, result: float | None, expected: str
) -> None:
    company = Company()
    company.answers["v1/getprofitrep"] = report([1000.0], [raw], [result] if result else None)

    counts = await january(company)

    assert str(value(counts, Metric.EXPENSE_TOTAL)) == expected
    assert counts.notes == ()


async def test_a_result_that_differs_is_noted() -> None:
    company = Company()
    company.answers["v1/getprofitrep"] = report([1000.0], [-400.0], [500.0])

    assert (await january(company)).notes == ("PROFIT_AND_LOSS_DIFFERS",)


@pytest.mark.parametrize("refused", [{"ErrorMsg": "Vale periood", "Data": []}, httpx.Response(404)])
async def test_the_ledger_fills_in_for_a_refused_report(refused: Any) -> None:
    company = Company()
    company.answers["v1/getprofitrep"] = refused
    company.answers["v1/GetGLBatchesFull"] = [
        batch(1, (1, 1240.0, 0.0), (3, 0.0, 1000.0), (2, 0.0, 240.0)),
        batch(2, (4, 320.0, 0.0), (4, 0.0, 20.0), (2, 0.0, 300.0)),
    ]

    counts = await january(company)

    assert value(counts, Metric.INCOME_TOTAL) == 1000
    assert value(counts, Metric.EXPENSE_TOTAL) == 300
    assert counts.values[Metric.INCOME_TOTAL].source is Source.LEDGER
    assert counts.notes == ("INCOME_FROM_LEDGER",)


@pytest.mark.parametrize(
    ("kind", "net", "metric", "expected"),
    [
        (0, 10.0, Metric.SALES_INVOICE_COUNT, 10),
        (None, 10.0, Metric.SALES_INVOICE_COUNT, 10),
        (1, -10.0, Metric.SALES_CREDIT_NOTE_COUNT, -10),
        (5, -10.0, Metric.SALES_CREDIT_NOTE_COUNT, -10),
        (5, 10.0, Metric.SALES_CREDIT_NOTE_COUNT, -10),
        (7, 10.0, Metric.SALES_INVOICE_COUNT, 10),
        (9, 10.0, Metric.SALES_INVOICE_COUNT, 10),
    ],
)
async def test_kinds_of_sales_documents(kind: int | None, net: float, metric: Metric, expected: int) -> None:
    company = Company()
    company.answers["v2/getinvoices"] = [invoice(1, AccountingDoc=kind, TotalAmount=net)]

    counts = await january(company)

    assert value(counts, metric) == value(counts, Metric.DOCUMENT_COUNT) == 1
    assert value(counts, Metric.SALES_NET) == expected


@pytest.mark.parametrize("kind", [6, 8])
async def test_prepayments_and_delivery_orders_are_left_out(kind: int) -> None:
    company = Company()
    company.answers["v2/getinvoices"] = [invoice(1, AccountingDoc=kind, TotalAmount=100.0)]

    counts = await january(company)

    assert value(counts, Metric.DOCUMENT_COUNT) == 0
    assert counts.record_count == 0


async def test_a_foreign_document_without_a_rate_leaves_the_sum_out() -> None:
    company = Company()
    company.answers["v2/getinvoices"] = [invoice(1, CurrencyCode="USD", CurrencyRate=None, TotalAmount=9.0)]

    counts = await january(company)

    assert Metric.SALES_NET not in counts.values
    assert counts.notes == ("UNCONVERTED 1",)


async def test_polish_books_are_kept_in_zloty() -> None:
    company = Company()
    company.answers["v2/getinvoices"] = [
        invoice(1, CurrencyCode="PLN", CurrencyRate=0, TotalAmount=9.0),
        invoice(2, CurrencyCode="EUR", CurrencyRate=0.25, TotalAmount=1.0),
    ]

    counts = await january(company, country="PL")

    assert value(counts, Metric.SALES_NET) == 13
    assert counts.values[Metric.SALES_NET].unit == "PLN"


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


async def test_a_clock_that_is_off_is_corrected_once_by_the_provider_s() -> None:
    provider_ahead = timedelta(minutes=30)
    clock = SteppingClock()
    provider_now = clock.now() + provider_ahead
    company = Company()

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.params["timestamp"] != f"{provider_now:%Y%m%d%H%M%S}":
            told = f"{provider_now:%a, %d %b %Y %H:%M:%S GMT}"
            return httpx.Response(401, text="api-wrongsignature", headers={"Date": told})
        return company(request)

    async with answering(answer, clock=clock) as session:
        account = account_with(MERIT_AKTIVA, ACCESS, {"country": "EE"})
        reading = await MERIT_AKTIVA.read_months(session, account, [JANUARY])

    assert isinstance(reading.months[JANUARY], MonthCounts)
    assert reading.calls == 6
