"""A firm at Trigon that answers as recorded, and readings of it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import httpx
from connectors.protocol import MonthCounts, MonthResult, Reading
from connectors.session import Session, build_session
from connectors.settings import ConnectorSettings
from connectors.trigon import TRIGON
from support.connecting import SteppingClock, account_with
from sync_contracts.metrics import Metric
from sync_contracts.month import Month

MARCH = Month(2026, 3)
ADDRESS = "https://trigon.example/base"
ACCESS = {"id_token": "eyJhbGciOi.ann.sig", "api_key": "tk_ann_0815"}
SETTINGS = {"environment": "production", "firm_reg_code": "14712345"}
FIRM = {
    "id": "fr-31",
    "name": "Sammal ja Pojad OÜ",
    "regCode": "14712345",
    "vatNumber": "EE101471234",
    "permissions": ["list", "view"],
}
SALES, PURCHASES, ENTRIES = "sales-invoices", "purchase-invoices", "entries"
EXPENSES, BANK, COUNTS = "expense-lines", "bank-transactions", "counts"
NOT_FOUND = httpx.Response(404, json={"error": {"code": "not_found", "message": "There is no such thing"}})


def document(number: int, net: float, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"d{number}",
        "number": f"26{number:03}",
        "date": "2026-03-17",
        "type": "invoice",
        "status": "confirmed",
        "currency": "EUR",
        "currencyRate": 1,
        "netAmount": net,
        "vatAmount": 0.0,
        "totalAmount": net,
        **fields,
    }


def dated(number: int, day: str = "2026-03-17", **fields: Any) -> dict[str, Any]:
    return {"id": number, "date": day, **fields}


class Firm:
    """Answers by list, in pages; whoever wants another answer sets it."""

    def __init__(self, *, page_size: int = 100, tells_total: bool = True) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {SALES: [], PURCHASES: [], ENTRIES: [], BANK: []}
        self.answers: dict[str, Any] = {}
        self.firms: list[dict[str, Any]] = [FIRM]
        self.requests: list[httpx.Request] = []
        self._page_size = page_size
        self._tells_total = tells_total

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        path = request.url.path.removeprefix("/base/v1/firms")
        if not path:
            return httpx.Response(200, json={"items": self.firms, "page": 1, "pageSize": 100, "total": 1})
        name = path.removeprefix("/fr-31/")
        answer = self.answers.get(name)
        if isinstance(answer, httpx.Response):
            return answer
        if answer is None and name not in self.rows:
            return NOT_FOUND
        return httpx.Response(200, json=self._page(name, request) if answer is None else answer)

    def asked(self, name: str) -> list[Mapping[str, str]]:
        """The parameters of each call of a list."""
        return [dict(one.url.params) for one in self.requests if one.url.path.endswith(f"/{name}")]

    def _page(self, name: str, request: httpx.Request) -> dict[str, Any]:
        number, rows = int(request.url.params["page"]), self.rows[name]
        end = number * self._page_size
        total = {"total": len(rows)} if self._tells_total else {}
        items = rows[end - self._page_size : end]
        return {"items": items, "page": number, "pageSize": self._page_size, **total}


def session_with(firm: Firm) -> Session:
    settings = ConnectorSettings.model_validate({"endpoints": {"trigon": {"production": f"{ADDRESS}/"}}})
    return build_session(settings, clock=SteppingClock(), transport=httpx.MockTransport(firm))


async def read(firm: Firm, *months: Month) -> Reading:
    async with session_with(firm) as session:
        return await TRIGON.read_months(session, account_with(TRIGON, ACCESS, SETTINGS), months or (MARCH,))


def counted(result: MonthResult) -> MonthCounts:
    assert isinstance(result, MonthCounts), result
    return result


async def march(firm: Firm) -> MonthCounts:
    return counted((await read(firm)).months[MARCH])


def value(counts: MonthCounts, metric: Metric) -> Decimal:
    return counts.values[metric].value
