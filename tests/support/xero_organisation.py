"""An organisation at Xero that answers as recorded, and readings of it."""

import json
from typing import Any

import httpx
from connectors.protocol import MonthCounts, Reading
from connectors.xero import XERO
from support.connecting import SteppingClock, account_with, answering
from sync_contracts.jobs import Books
from sync_contracts.month import Month

MARCH = Month(2026, 3)
TENANT = "5b1c9c1e-6a0d-4d3b-9a57-3f0c2e8d7a11"
ORGANISATION = {"OrganisationID": TENANT, "Name": "Lahe Tools Ltd", "BaseCurrency": "EUR"}


def document(number: int, kind: str, net: float, vat: float = 0.0, **fields: Any) -> dict[str, Any]:
    name = "CreditNoteID" if kind.endswith("CREDIT") else "InvoiceID"
    return {
        name: f"{kind}-{number}",
        "Type": kind,
        "Status": "AUTHORISED",
        "DateString": "2026-03-12T00:00:00",
        "Date": "/Date(1773273600000+0000)/",
        "SubTotal": net,
        "TotalTax": vat,
        "CurrencyCode": "EUR",
        **fields,
    }


def section(title: str, *lines: tuple[str, str, str]) -> dict[str, Any]:
    rows: list[dict[str, Any]] = [
        {
            "RowType": "Row",
            "Cells": [
                {"Value": name, "Attributes": [{"Value": account, "Id": "account"}]},
                {"Value": amount},
            ],
        }
        for name, account, amount in lines
    ]
    total = str(sum(float(amount) for _, _, amount in lines))
    summary = {"RowType": "SummaryRow", "Cells": [{"Value": f"Total {title}"}, {"Value": total}]}
    return {"RowType": "Section", "Title": title, "Rows": [*rows, summary] if rows else []}


def net_profit(amount: str) -> dict[str, Any]:
    row = {"RowType": "Row", "Cells": [{"Value": "Net Profit"}, {"Value": amount}]}
    return {"RowType": "Section", "Title": "", "Rows": [row]}


def report(*sections: dict[str, Any]) -> dict[str, Any]:
    header = {"RowType": "Header", "Cells": [{"Value": ""}, {"Value": "31 Mar 26"}]}
    return {"Reports": [{"Rows": [header, *sections]}]}


class Organisation:
    """Answers lists page by page, and reports; whoever wants another answer sets it."""

    def __init__(self, page_size: int = 1000) -> None:
        self.page_size = page_size
        self.lists: dict[str, list[dict[str, Any]]] = {
            name: [] for name in ("Invoices", "CreditNotes", "BankTransactions", "ManualJournals")
        }
        self.answers: dict[str, Any] = {
            "Organisation": {"Organisations": [ORGANISATION]},
            "Reports/ProfitAndLoss": report(section("Income"), section("Less Operating Expenses")),
        }
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        name = request.url.path.removeprefix("/api.xro/2.0/")
        answer = self.answers.get(name) or self._page(name, int(request.url.params["page"]))
        return (
            answer if isinstance(answer, httpx.Response) else httpx.Response(200, content=json.dumps(answer))
        )

    def _page(self, name: str, page: int) -> dict[str, Any]:
        rows, size = self.lists[name], self.page_size
        told = {"page": page, "pageSize": size, "pageCount": -(-len(rows) // size), "itemCount": len(rows)}
        return {"pagination": told, name: rows[(page - 1) * size : page * size]}

    def asked(self, name: str) -> list[httpx.QueryParams]:
        return [request.url.params for request in self.requests if request.url.path.endswith(name)]


async def read(organisation: Any, *months: Month, expected: Books | None = None) -> Reading:
    async with answering(organisation, clock=SteppingClock()) as session:
        account = account_with(XERO, {"access_token": "eyJ"}, {"tenant_id": TENANT})
        return await XERO.read_months(session, account, months or (MARCH,), expected=expected)


async def march(organisation: Any) -> MonthCounts:
    result = (await read(organisation)).months[MARCH]
    assert isinstance(result, MonthCounts), result
    return result
