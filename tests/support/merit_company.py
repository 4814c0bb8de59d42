"""A company at Merit Aktiva that answers as recorded, and readings of it."""

import json
from decimal import Decimal
from typing import Any

import httpx
from connectors.merit_aktiva import MERIT_AKTIVA
from connectors.protocol import MonthCounts, Reading
from support.connecting import account_with, answering, json_of
from sync_contracts.metrics import Metric
from sync_contracts.month import Month

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
