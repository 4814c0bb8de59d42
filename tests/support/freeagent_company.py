"""A company of FreeAgent that answers from lists, and readings of it."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

import httpx
from connectors.freeagent import FREEAGENT
from connectors.protocol import MonthCounts, MonthFailure, Reading
from support.connecting import SteppingClock, account_with, answering
from sync_contracts.codes import ProblemCode
from sync_contracts.jobs import Books
from sync_contracts.month import Month

MARCH = Month(2026, 3)
HOST = "https://api.freeagent.com/v2"
COMPANY = {
    "url": f"{HOST}/company",
    "id": 700412,
    "name": "Heron Print Ltd",
    "subdomain": "heronprint",
    "currency": "GBP",
    "freeagent_start_date": "2021-09-01",
}
ACCOUNT = {"url": f"{HOST}/bank_accounts/3", "status": "active", "latest_activity_date": "2026-04-30"}
REFUSED = httpx.Response(403, json={"errors": {"error": {"message": "You are not allowed to access this."}}})
REPORT = "accounting/profit_and_loss/summary"
LEDGER = "accounting/transactions"


def document(name: str, number: int, dated_on: str = "2026-03-12", **fields: Any) -> dict[str, Any]:
    return {
        "url": f"{HOST}/{name}/{number}",
        "dated_on": dated_on,
        "currency": "GBP",
        "exchange_rate": "1.0",
        "sales_tax_value": "0.0",
        "status": "Open",
        **fields,
    }


def invoice(number: int, net: str, tax: str = "0.0", **fields: Any) -> dict[str, Any]:
    return document("invoices", number, net_value=net, sales_tax_value=tax, **fields)


def credit_note(number: int, net: str, tax: str = "0.0", **fields: Any) -> dict[str, Any]:
    return document("credit_notes", number, net_value=net, sales_tax_value=tax, **fields)


def bill(number: int, total: str, tax: str = "0.0", **fields: Any) -> dict[str, Any]:
    return document("bills", number, total_value=total, sales_tax_value=tax, **fields)


def dated(name: str, number: int, day: str = "2026-03-12", **fields: Any) -> dict[str, Any]:
    return {"url": f"{HOST}/{name}/{number}", "dated_on": day, **fields}


class Company:
    """Answers lists page by page, and the report; whoever wants another answer sets it."""

    def __init__(self) -> None:
        self.largest_page = 100
        self.tells_total = True
        self.company = dict(COMPANY)
        self.lists: dict[str, list[dict[str, Any]]] = {"bank_accounts": [ACCOUNT]}
        self.answers: dict[str, httpx.Response | dict[str, Any]] = {}
        self.figures = {"income": "0.0", "expenses": "0.0", "operating_profit": "0.0"}
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        path, asked = request.url.path.removeprefix("/v2/"), request.url.params
        answer = self.answers.get(path)
        if isinstance(answer, httpx.Response):
            return answer
        if path == "company":
            return httpx.Response(200, json={"company": self.company})
        if path == REPORT:
            of = {"from": asked["from_date"], "to": asked["to_date"], **self.figures}
            return httpx.Response(200, json=answer or {"profit_and_loss_summary": of})
        return self._page(path, asked)

    def _page(self, path: str, asked: httpx.QueryParams) -> httpx.Response:
        found = [row for row in self.lists.get(path, []) if self._is_asked(row, asked)]
        size, number = min(self.largest_page, int(asked["per_page"])), int(asked.get("page", "1"))
        links = f'<https://elsewhere.example/{path}>; rel="next"' if number * size < len(found) else ""
        headers = {"Link": links, **({"X-Total-Count": str(len(found))} if self.tells_total else {})}
        rows = found[(number - 1) * size : number * size]
        return httpx.Response(200, content=json.dumps({path.rpartition("/")[2]: rows}), headers=headers)

    def _is_asked(self, row: dict[str, Any], asked: httpx.QueryParams) -> bool:
        day: str = row.get("dated_on", "~")
        return bool(asked.get("from_date", "") <= day <= asked.get("to_date", "~"))

    def asked(self, path: str) -> list[httpx.QueryParams]:
        return [request.url.params for request in self.requests if request.url.path == f"/v2/{path}"]


async def read(
    company: Any,
    months: Collection[Month] = (MARCH,),
    *,
    clock: SteppingClock | None = None,
    settings: dict[str, str] | None = None,
    expected: Books | None = None,
) -> Reading:
    held = settings or {"environment": "production"}
    async with answering(company, clock=clock or SteppingClock()) as session:
        account = account_with(FREEAGENT, {"access_token": "1a-made-up"}, held)
        return await FREEAGENT.read_months(session, account, months, expected=expected)


async def march(company: Any) -> MonthCounts:
    result = (await read(company)).months[MARCH]
    assert isinstance(result, MonthCounts), result
    return result


async def failed(company: Any) -> ProblemCode:
    result = (await read(company)).months[MARCH]
    assert isinstance(result, MonthFailure), result
    return result.code
