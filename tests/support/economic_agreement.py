"""An agreement at e-conomic that answers as recorded, and readings of it."""

import json
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import httpx
from connectors.e_conomic import E_CONOMIC
from connectors.protocol import MonthCounts, MonthFailure, MonthResult, Reading
from support.connecting import Answers, SteppingClock, account_with, answering
from sync_contracts.codes import ProblemCode
from sync_contracts.jobs import Books
from sync_contracts.month import Month
from sync_contracts.providers import Provider

APRIL = Month(2026, 4)
API = "https://restapi.e-conomic.com"
GRANT, SECRET = "grant-Zk3", "secret-Q8w"
OPERATORS = {Provider.E_CONOMIC: {"app_secret_token": SECRET}}


def invoice(number: int, net: str, vat: str, **fields: Any) -> dict[str, Any]:
    gross = str(Decimal(net) + Decimal(vat))
    return {
        "bookedInvoiceNumber": number,
        "date": "2026-04-07",
        "currency": "DKK",
        "exchangeRate": "100.000000",
        "netAmount": net,
        "netAmountInBaseCurrency": net,
        "grossAmount": gross,
        "grossAmountInBaseCurrency": gross,
        "vatAmount": vat,
        "roundingAmount": "0.0",
        **fields,
    }


def entry(number: int, account: int, amount: str, voucher: int | None = 50, **fields: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "account": {"accountNumber": account},
        "amount": amount,
        "amountInBaseCurrency": amount,
        "currency": "DKK",
        "date": "2026-04-09",
        "entryNumber": number,
        "entryType": "financeVoucher",
        **fields,
    }
    return row if voucher is None else {**row, "voucherNumber": voucher}


def bill(number: int, account: int, amount: str, voucher: int, **fields: Any) -> dict[str, Any]:
    return entry(number, account, amount, voucher, entryType="supplierInvoice", **fields)


def year(name: str, first: str, last: str) -> dict[str, Any]:
    path = f"{API}/accounting-years/{name.replace('/', '_6_')}"
    return {"year": name, "fromDate": first, "toDate": last, "entries": f"{path}/entries", "self": path}


def account(number: int, kind: str, side: str) -> dict[str, Any]:
    return {"accountNumber": number, "accountType": kind, "debitCredit": side, "name": "x"}


class Agreement:
    """Collections in pages, filtered by their dates; whoever wants another answer sets it."""

    def __init__(self) -> None:
        self.told: dict[str, Any] = {
            "agreementNumber": 1800321,
            "company": {"name": "Fyn Bageri ApS", "companyIdentificationNumber": "40112255"},
            "settings": {"baseCurrency": "DKK"},
        }
        self.lists: dict[str, list[dict[str, Any]]] = {
            "/accounting-years": [
                year("2025", "2025-01-01", "2025-12-31"),
                year("2026", "2026-01-01", "2026-12-31"),
            ],
            "/accounts": [
                account(1000, "heading", "debit"),
                account(1010, "profitAndLoss", "credit"),
                account(2750, "profitAndLoss", "debit"),
                account(5600, "status", "debit"),
                account(5820, "status", "debit"),
                account(6800, "status", "credit"),
                account(7200, "status", "credit"),
                account(7210, "status", "credit"),
                account(7240, "status", "debit"),
            ],
            "/vat-accounts": [
                {"vatCode": "I25", "account": {"accountNumber": 7240}},
                {
                    "vatCode": "IV25",
                    "account": {"accountNumber": 7240},
                    "contraAccount": {"accountNumber": 7210},
                },
                {"vatCode": "U25", "account": {"accountNumber": 7200}},
            ],
            "/invoices/booked": [],
            "/accounting-years/2025/entries": [],
            "/accounting-years/2026/entries": [],
        }
        self.answers: dict[str, httpx.Response] = {}
        self.requests: list[httpx.Request] = []
        self.filters = True
        self.change: Callable[[str, dict[str, Any]], None] = lambda _path, _page: None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        path = request.url.path
        if path in self.answers:
            return self.answers[path]
        if path == "/self":
            return httpx.Response(200, json=self.told)
        return httpx.Response(200, content=_json(self._page(path, request.url.params)))

    def _page(self, path: str, asked: httpx.QueryParams) -> dict[str, Any]:
        rows = self.lists[path]
        if "filter" in asked and self.filters:
            first, last = (one.rpartition("e:")[2] for one in asked["filter"].split("$and:"))
            rows = [row for row in rows if first <= row["date"] <= last]
        size, skipped = int(asked["pagesize"]), int(asked.get("skippages", "0"))
        pagination: dict[str, Any] = {"results": len(rows), "pageSize": size, "skipPages": skipped}
        if (skipped + 1) * size < len(rows):
            pagination["nextPage"] = f"{API}{path}?skippages={skipped + 1}"
        page = {"collection": rows[skipped * size : (skipped + 1) * size], "pagination": pagination}
        self.change(path, page)
        return page

    def asked(self, path: str) -> list[httpx.QueryParams]:
        return [one.url.params for one in self.requests if one.url.path == path]

    @property
    def sales(self) -> list[dict[str, Any]]:
        return self.lists["/invoices/booked"]

    @property
    def entries(self) -> list[dict[str, Any]]:
        return self.lists["/accounting-years/2026/entries"]


def _json(value: Any) -> bytes:
    """JSON whose decimal texts become numbers with the digits that were written."""

    names = (
        "amount|amountInBaseCurrency|exchangeRate|roundingAmount|(?:net|gross|vat)Amount(?:InBaseCurrency)?"
    )
    return re.sub(rf'"({names})": "(-?[0-9.]+)"', r'"\1": \2', json.dumps(value)).encode()


async def read(agreement: Answers, *months: Month, expected: Books | None = None) -> Reading:
    async with answering(agreement, clock=SteppingClock(), operators=OPERATORS) as session:
        books = account_with(E_CONOMIC, {"agreement_grant_token": GRANT}, {})
        return await E_CONOMIC.read_months(session, books, months or (APRIL,), expected=expected)


async def april(agreement: Agreement) -> MonthCounts:
    result = (await read(agreement)).months[APRIL]
    assert isinstance(result, MonthCounts), result
    return result


def failure(result: MonthResult) -> ProblemCode:
    assert isinstance(result, MonthFailure), result
    return result.code
