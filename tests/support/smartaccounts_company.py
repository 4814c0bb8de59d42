"""A company at SmartAccounts that answers as recorded, and readings of it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import httpx
from connectors.protocol import MonthCounts, Reading
from connectors.smartaccounts import SMARTACCOUNTS
from support.connecting import SteppingClock, account_with, answering
from sync_contracts.metrics import Metric
from sync_contracts.month import Month

JANUARY = Month(2026, 1)
ACCESS = {"api_key": "7c4a1e90d2b85f3360ad", "api_secret": "5e0d7c1b9a48f3266017d2c4b8e9f0a3"}
SALES, PURCHASES = "purchasesales/clientinvoices", "purchasesales/vendorinvoices"
LEDGER, CHART = "general/entries", "settings/accounts"
KEYS = {SALES: "clientInvoices", PURCHASES: "vendorInvoices", LEDGER: "entries", CHART: "accounts"}
TYPES = {
    "1010": "ASSET",
    "1200": "ASSET",
    "2100": "LIABILITY",
    "2310": "LIABILITY",
    "3000": "INCOME",
    "4000": "EXPENSE",
    "5000": "EXPENSE",
}


def invoice(number: int, net: float, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"i-{number}",
        "type": None,
        "date": "14.01.2026",
        "currency": "EUR",
        "exchangeRate": None,
        "amount": net,
        "vatAmount": 0.0,
        **fields,
    }


def entry(number: int, *rows: tuple[str | int, float, float], **fields: Any) -> dict[str, Any]:
    return {
        "id": f"e-{number}",
        "docType": "LEDGER_ENTRY",
        "date": "14.01.2026",
        "rows": [
            {"account": account, "debitAmount": debit, "creditAmount": credit}
            for account, debit, credit in rows
        ],
        **fields,
    }


class Company:
    """Answers by service, in pages; whoever wants another answer sets it."""

    def __init__(self, page_size: int = 100) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {
            SALES: [],
            PURCHASES: [],
            LEDGER: [],
            CHART: [{"code": code, "type": kind} for code, kind in TYPES.items()],
        }
        self.answers: dict[str, Any] = {}
        self.requests: list[httpx.Request] = []
        self._page_size = page_size

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        service = request.url.path.removeprefix("/en/api/").removesuffix(":get")
        answer = self.answers.get(service)
        if isinstance(answer, httpx.Response):
            return answer
        return httpx.Response(200, json=answer if answer is not None else self._page(service, request))

    def asked(self, service: str) -> list[Mapping[str, str]]:
        """The parameters of each call of a service, without those of signing."""
        return [
            {name: value for name, value in one.url.params.items() if name not in SIGNING}
            for one in self.requests
            if one.url.path == f"/en/api/{service}:get"
        ]

    def _page(self, service: str, request: httpx.Request) -> dict[str, Any]:
        rows = self.rows[service]
        if service == CHART:
            return {"accounts": rows}
        number = int(request.url.params["pageNumber"])
        end = number * self._page_size
        first = {"deleted": ["gone-1"]} if number == 1 else {}
        return {
            "hasMoreEntries": end < len(rows),
            **first,
            KEYS[service]: rows[end - self._page_size : end],
        }


SIGNING = {"timestamp", "apikey", "signature"}


async def read(company: Company, *months: Month, clock: SteppingClock | None = None) -> Reading:
    async with answering(company, clock=clock) as session:
        account = account_with(SMARTACCOUNTS, ACCESS, {})
        return await SMARTACCOUNTS.read_months(session, account, months or (JANUARY,))


async def january(company: Company) -> MonthCounts:
    result = (await read(company)).months[JANUARY]
    assert isinstance(result, MonthCounts), result
    return result


def value(counts: MonthCounts, metric: Metric) -> Decimal:
    return counts.values[metric].value
