"""QuickBooks Online as recorded answers: what a test does not name is empty."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

import httpx
from connectors.protocol import Account, Reading
from connectors.quickbooks import QUICKBOOKS
from support.connecting import SteppingClock, account_with, answering
from sync_contracts.month import Month

Row = dict[str, Any]

REALM = "9130350000000047"
SETTINGS = {"realm_id": REALM, "environment": "production"}
COMPANY = {
    "CompanyName": "Pine Works Ltd",
    "Country": "GB",
    "Id": "1",
    "MetaData": {"CreateTime": "2023-05-02T08:00:00-07:00"},
}
_PAGE = re.compile(r"startposition (\d+) maxresults (\d+)")
_DAYS = re.compile(r"TxnDate >= '(\S+)' and TxnDate <= '(\S+)'")


def account(environment: str = "production") -> Account:
    return account_with(QUICKBOOKS, {"access_token": "eyJ-made-up"}, SETTINGS | {"environment": environment})


@dataclass
class Answering:
    """Answers calls of one company by its rows and totals; `requests` keeps what was asked."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    report: Row | None = None
    currency: str = "GBP"
    items: dict[str, Row] = field(default_factory=dict)  # an item's answer, by what its query contains
    requests: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        name = request.url.path.partition(f"/v3/company/{REALM}/")[2]
        if name == f"companyinfo/{REALM}":
            return httpx.Response(200, json={"CompanyInfo": COMPANY})
        if name == "preferences":
            prefs = {"CurrencyPrefs": {"HomeCurrency": {"value": self.currency}}}
            return httpx.Response(200, json={"Preferences": prefs})
        if name == "reports/ProfitAndLoss":
            return httpx.Response(200, json=self.report or no_data(request))
        assert name == "batch", name
        asked = json.loads(request.content)["BatchItemRequest"]
        return httpx.Response(200, json={"BatchItemResponse": [self._item(one) for one in reversed(asked)]})

    @property
    def queries(self) -> list[list[str]]:
        """The queries of each batch."""
        batches = [one for one in self.requests if one.url.path.endswith("/batch")]
        return [[item["Query"] for item in json.loads(one.content)["BatchItemRequest"]] for one in batches]

    def _item(self, item: Row) -> Row:
        query, entity = item["Query"], item["Query"].split(" from ")[1].split()[0]
        for text, answer in self.items.items():
            if text in query:
                return {"bId": item["bId"], **answer}
        if "count(*)" in query:
            return {"bId": item["bId"], "QueryResponse": {"totalCount": self.counts.get(entity, 0)}}
        found = _DAYS.search(query)
        assert found is not None
        rows = [row for row in self.rows.get(entity, []) if found[1] <= str(row["TxnDate"]) <= found[2]]
        paged = _PAGE.search(query)
        assert paged is not None
        start, most = int(paged[1]), int(paged[2])
        page = rows[start - 1 : start - 1 + most]
        answer = {entity: page, "startPosition": start, "maxResults": len(page)} if page else {}
        return {"bId": item["bId"], "QueryResponse": answer}


def no_data(request: httpx.Request) -> Row:
    asked = request.url.params
    header = {
        "ReportBasis": "Accrual",
        "StartPeriod": asked["start_date"],
        "EndPeriod": asked["end_date"],
        "Option": [{"Name": "NoReportData", "Value": "true"}],
    }
    return {"Header": header, "Columns": {}, "Rows": {}}


async def reading(answers: Any, *months: Month, clock: SteppingClock | None = None) -> Reading:
    """A reading of a British company over these answers."""
    async with answering(answers, clock=clock) as session:
        return await QUICKBOOKS.read_months(session, account(), months)
