"""Calling the imitation of QuickBooks Online as an app would."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from support.sandbox_server import RunningSandbox

BACK = "http://127.0.0.1:9/back"
MARCH = "TxnDate >= '2026-03-01' and TxnDate <= '2026-03-31'"


@dataclass(frozen=True)
class QuickBooksCaller:
    """An app that holds one account's credentials."""

    sandbox: RunningSandbox
    account: dict[str, Any]

    @property
    def credentials(self) -> dict[str, str]:
        """The credentials file's fields."""
        held: dict[str, str] = self.account["credentials"]
        return held

    def url(self, path: str, *, environment: str | None = None, realm: str | None = None) -> str:
        """Below the company's address."""
        host = self.account["endpoints"][environment or self.credentials["environment"]]
        return f"{host}/v3/company/{realm or self.credentials['realm_id']}/{path}"

    def headers(self, **changes: str) -> dict[str, str]:
        return {
            "Authorization": f"Bearer {self.credentials['access_token']}",
            "Accept": "application/json",
            **changes,
        }

    def get(self, path: str, **params: Any) -> httpx.Response:
        """One call."""
        return self.sandbox.http.get(self.url(path), params=params, headers=self.headers())

    def query(self, text: str) -> Any:
        """The QueryResponse of a query that succeeds."""
        return self.get("query", query=text).raise_for_status().json()["QueryResponse"]

    def rows(self, entity: str, where: str, most: int = 1000) -> list[dict[str, Any]]:
        """All pages, until one has fewer rows than were asked for."""
        rows: list[dict[str, Any]] = []
        while True:
            page = f"orderby Id startposition {len(rows) + 1} maxresults {most}"
            found = self.query(f"select * from {entity} where {where} {page}").get(entity, [])
            rows += found
            if len(found) < most:
                return rows

    def count(self, entity: str, where: str) -> int:
        return int(self.query(f"select count(*) from {entity} where {where}")["totalCount"])

    def batch(self, queries: Mapping[str, str]) -> httpx.Response:
        items = [{"bId": name, "Query": text} for name, text in queries.items()]
        return self.sandbox.http.post(
            self.url("batch"), json={"BatchItemRequest": items}, headers=self.headers()
        )

    def report(self, **params: str) -> Any:
        return self.get("reports/ProfitAndLoss", **params).raise_for_status().json()

    def token(self, **form: str) -> httpx.Response:
        """One call of the token address with the app's own keys."""
        keys = (self.credentials["client_id"], self.credentials["client_secret"])
        url = f"{self.account['endpoints']['identity']}/oauth2/v1/tokens/bearer"
        return self.sandbox.http.post(url, data=form, auth=keys)

    def refresh(self, token: str) -> httpx.Response:
        return self.token(grant_type="refresh_token", refresh_token=token)

    def revoke(self, token: str) -> httpx.Response:
        keys = (self.credentials["client_id"], self.credentials["client_secret"])
        url = f"{self.account['endpoints']['revocation']}/v2/oauth2/tokens/revoke"
        return self.sandbox.http.post(url, json={"token": token}, auth=keys)

    def consent(self, **changes: str) -> httpx.Response:
        """The consent page, with a button pressed or not."""
        asked = {
            "client_id": self.credentials["client_id"],
            "response_type": "code",
            "scope": "com.intuit.quickbooks.accounting",
            "redirect_uri": BACK,
            "state": "s-1",
        }
        url = f"{self.account['endpoints']['login']}/connect/oauth2"
        return self.sandbox.http.get(url, params=asked | changes)


def quickbooks_caller(sandbox: RunningSandbox, number: int = 1) -> QuickBooksCaller:
    """An app with the credentials of the account of that number."""
    return QuickBooksCaller(sandbox, sandbox.accounts("quickbooks")[number - 1])
