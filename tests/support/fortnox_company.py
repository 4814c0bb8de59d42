"""A company at Fortnox that answers as recorded, and readings of it."""

import json
from typing import Any

import httpx
from connectors.fortnox import FORTNOX
from connectors.protocol import MonthCounts, MonthFailure, Reading
from support.connecting import SteppingClock, account_with, answering
from sync_contracts.codes import ProblemCode
from sync_contracts.jobs import Books
from sync_contracts.metrics import Metric
from sync_contracts.month import Month

MARCH = Month(2026, 3)
TENANT = "1733021"
COMPANY = {"DatabaseNumber": 1733021, "CompanyName": "Björk & Lind AB", "OrganizationNumber": "559911-4321"}
YEARS = [
    {"Id": 4, "FromDate": "2026-01-01", "ToDate": "2026-12-31", "AccountingMethod": "ACCRUAL"},
    {"Id": 3, "FromDate": "2025-01-01", "ToDate": "2025-12-31", "AccountingMethod": "ACCRUAL"},
]
HEAD = '#FLAGGA 0\r\n#FORMAT PC8\r\n#SIETYP 4\r\n#FNAMN "Björk & Lind AB"\r\n'
BALANCES = "#IB 0 1930 900.00\r\n#UB 0 1930 5000.00\r\n#RES 0 3001 -99999.00\r\n"


def invoice(number: int, total: Any, voucher: int | None = None, **fields: Any) -> dict[str, Any]:
    return {
        "DocumentNumber": str(number),
        "InvoiceDate": "2026-03-12",
        "Booked": True,
        "Cancelled": False,
        "Currency": "SEK",
        "CurrencyRate": "1",
        "CurrencyUnit": 1,
        "Total": total,
        "VoucherNumber": voucher,
        "VoucherSeries": None if voucher is None else "B",
        "VoucherYear": None if voucher is None else 4,
        **fields,
    }


def bill(number: int, total: Any, *vouchers: int, **fields: Any) -> dict[str, Any]:
    return {
        "GivenNumber": str(number),
        "InvoiceDate": "2026-03-09",
        "Booked": True,
        "Cancel": False,
        "Credit": False,
        "Currency": "SEK",
        "CurrencyRate": "1",
        "CurrencyUnit": 1,
        "Total": total,
        "Vouchers": [
            {"Number": one, "Year": 4, "Series": "D", "ReferenceType": "SUPPLIERINVOICE"} for one in vouchers
        ],
        **fields,
    }


def voucher(name: str, *rows: str, day: str = "20260312") -> str:
    lines = "".join(f"#TRANS {row}\r\n" for row in rows)
    return f'#VER {name} {day} "Text" {day}\r\n{{\r\n{lines}}}\r\n'


def sie(*vouchers: str, year: str = "20260101 20261231") -> httpx.Response:
    text = f"{HEAD}#RAR 0 {year}\r\n{BALANCES}" + "".join(vouchers)
    return httpx.Response(200, content=text.encode("cp437"))


class Company:
    """Lists in pages and one file a year; whoever wants another answer sets it."""

    def __init__(self) -> None:
        self.lists: dict[str, list[dict[str, Any]]] = {
            "financialyears": YEARS,
            "invoices": [],
            "supplierinvoices": [],
        }
        self.files = {"4": sie(), "3": sie(year="20250101 20251231")}
        self.details: dict[str, dict[str, Any]] = {}
        self.answers: dict[str, httpx.Response] = {}
        self.page_size = 500
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        path = request.url.path.removeprefix("/3/")
        return self.answers.get(path) or self._answer(path, request.url.params)

    def _answer(self, path: str, asked: httpx.QueryParams) -> httpx.Response:
        if path == "companyinformation":
            return httpx.Response(200, json={"CompanyInformation": COMPANY})
        if path == "sie/4":
            return self.files[asked["financialyear"]]
        if path in self.details:
            name = "Invoice" if path.startswith("invoices") else "SupplierInvoice"
            return httpx.Response(200, json={name: self.details[path]})
        name = {"financialyears": "FinancialYears", "invoices": "Invoices"}.get(path, "SupplierInvoices")
        rows, page, size = self.lists[path], int(asked.get("page", "1")), self.page_size
        told = {
            "@TotalResources": len(rows),
            "@TotalPages": -(-len(rows) // size),
            "@CurrentPage": page,
        }
        body = {"MetaInformation": told, name: rows[(page - 1) * size : page * size]}
        return httpx.Response(200, content=json.dumps(body))

    def asked(self, path: str) -> list[httpx.QueryParams]:
        return [one.url.params for one in self.requests if one.url.path == f"/3/{path}"]


async def read(company: Any, *months: Month, expected: Books | None = None) -> Reading:
    async with answering(company, clock=SteppingClock()) as session:
        account = account_with(FORTNOX, {"access_token": "eyJ"}, {"tenant_id": TENANT})
        return await FORTNOX.read_months(session, account, months or (MARCH,), expected=expected)


async def march(company: Any) -> MonthCounts:
    result = (await read(company)).months[MARCH]
    assert isinstance(result, MonthCounts), result
    return result


def values(counts: MonthCounts, *metrics: Metric) -> list[str]:
    return [str(counts.values[metric].value) for metric in metrics]


SALES = (Metric.SALES_NET, Metric.SALES_VAT)
PURCHASES = (Metric.PURCHASE_NET, Metric.PURCHASE_VAT)


def failed(reading: Reading) -> dict[Month, ProblemCode]:
    return {
        month: result.code for month, result in reading.months.items() if isinstance(result, MonthFailure)
    }
