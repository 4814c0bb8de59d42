"""A company at Tripletex that answers as recorded, and readings of it."""

import json
from typing import Any

import httpx
from connectors.protocol import MonthCounts, Reading
from connectors.tripletex import TRIPLETEX
from support.connecting import Answers, SteppingClock, account_with, answering
from sync_contracts.jobs import Books
from sync_contracts.month import Month

MARCH = Month(2026, 3)
SESSION = "d5e1f3a0-7b42-4c19-9a66-0f2b8c3e1d57"
OWN = {"id": 3300121, "name": "Fjell og Fjord AS", "organizationNumber": "912345678"}
CLIENT = {"id": 5512873, "name": "Kystfisk AS", "organizationNumber": "987654321"}
DATES = {"/invoice": "invoiceDate", "/supplierInvoice": "invoiceDate", "/ledger/posting": "date"}


def invoice(number: int, gross: float, net: float, **fields: Any) -> dict[str, Any]:
    return {
        "id": number,
        "invoiceDate": "2026-03-04",
        "isCreditNote": False,
        "isCharged": True,
        "amount": gross,
        "amountExcludingVat": net,
        "amountRoundoff": 0.0,
        **fields,
    }


def bill(number: int, gross: float, net: float, *, voucher: int | None = 1, **fields: Any) -> dict[str, Any]:
    row = invoice(number, gross, net, **fields)
    del row["amountRoundoff"], row["isCharged"]
    return row | {"voucher": None if voucher is None else {"id": 990000 + number, "number": voucher}}


def posting(posting_id: int, amount: float, kind: str | None, voucher: int, **account: Any) -> dict[str, Any]:
    return {
        "id": posting_id,
        "date": "2026-03-06",
        "amount": amount,
        "account": {"number": 6800, "type": kind, "isBankAccount": False, **account},
        "voucher": {"id": voucher},
    }


def balance(number: int, kind: str | None, change: float) -> dict[str, Any]:
    return {"account": {"number": number, "name": "x", "type": kind}, "balanceChange": change}


class Company:
    """Lists with exclusive ends and offset pages; whoever wants another answer sets it."""

    def __init__(self) -> None:
        self.lists: dict[str, list[dict[str, Any]]] = {path: [] for path in DATES}
        self.balances: list[dict[str, Any]] = []
        self.clients: list[dict[str, Any]] = [CLIENT]
        self.answers: dict[str, httpx.Response] = {}
        self.requests: list[httpx.Request] = []
        self.most_rows = 10_000

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        path = request.url.path.removeprefix("/v2")
        return self.answers.get(path) or self._answer(path, request.url.params)

    def _answer(self, path: str, asked: httpx.QueryParams) -> httpx.Response:
        if path == "/token/session/>whoAmI":
            return httpx.Response(200, json={"value": {"companyId": OWN["id"], "company": OWN}})
        if path == "/company/>withLoginAccess":
            return self._page(self.clients, asked)
        if path == "/balanceSheet":
            return self._page(self.balances, asked)
        name = DATES[path]
        first, end = asked[f"{name}From"], asked[f"{name}To"]
        rows = [row for row in self.lists[path] if first <= row[name] < end]
        if len(rows) > self.most_rows:
            return httpx.Response(
                422, json={"status": 422, "code": 23000, "message": "Result set too large."}
            )
        return self._page(rows, asked)

    def _page(self, rows: list[dict[str, Any]], asked: httpx.QueryParams) -> httpx.Response:
        start, count = int(asked["from"]), int(asked["count"])
        page = rows[start : start + count]
        hint = len(page) + (start + count < len(rows))
        body = {"fullResultSize": hint, "from": start, "count": len(page), "values": page}
        return httpx.Response(200, content=json.dumps(body))

    def asked(self, path: str) -> list[httpx.QueryParams]:
        return [one.url.params for one in self.requests if one.url.path == f"/v2{path}"]


async def read(
    company: Answers, *months: Month, company_id: str = "0", expected: Books | None = None
) -> Reading:
    settings = {"environment": "production", "company_id": company_id}
    async with answering(company, clock=SteppingClock()) as session:
        account = account_with(TRIPLETEX, {"session_token": SESSION}, settings)
        return await TRIPLETEX.read_months(session, account, months or (MARCH,), expected=expected)


async def march(company: Company) -> MonthCounts:
    result = (await read(company)).months[MARCH]
    assert isinstance(result, MonthCounts), result
    return result
