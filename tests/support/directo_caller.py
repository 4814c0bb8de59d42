"""Calls of Directo's two interfaces, made by hand."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import httpx

Row = dict[str, Any]


class DirectoCaller:
    """One company's key; `query` and `form` are open to spoiling."""

    def __init__(self, account: dict[str, Any], http: httpx.Client) -> None:
        self.credentials: dict[str, str] = account["credentials"]
        self.api_key = self.credentials["api_key"]
        self.address: str = account["endpoints"]["api"]
        self._http = http

    @property
    def has_xml(self) -> bool:
        return self.credentials["interface"] == "xml_direct"

    def get(self, resource: str, *conditions: tuple[str, str], **headers: str) -> httpx.Response:
        """One call of the newer interface; conditions stand in the order given."""
        named = headers or {"X-Directo-Key": self.api_key}
        query = f"?{urlencode(conditions)}" if conditions else ""
        return self._http.get(f"{self.address}/apidirect/v1/{resource}{query}", headers=named)

    def rows(self, resource: str, *conditions: tuple[str, str]) -> list[Row]:
        """The rows of a resource."""
        found: list[Row] = self.get(resource, *conditions).raise_for_status().json()
        return found

    def post(self, form: dict[str, str], query: dict[str, str] | None = None) -> httpx.Response:
        """One call of XML Direct with exactly these parameters."""
        address = f"{self.address}/xmlcore/cap_xml_direct/xmlcore.asp"
        return self._http.post(address, data=form, params=query)

    def ask(self, **filters: str) -> httpx.Response:
        """The ledger over XML Direct, with the parameters in both places."""
        asked = {"get": "1", "what": "transaction", **filters}
        return self.post({"token": self.api_key, **asked}, asked)

    def ledger(self, first: str, last: str) -> list[Row]:
        """The documents dated in these ISO days, both included, over either interface."""
        if not self.has_xml:
            rows = self.rows("transactions", ("date", f">{first}T00:00:00"), ("date", f"<{last}T23:59:59"))
            rows += self.rows("transactions", ("date", f"{first}T00:00:00"))
            return [row for row in rows if first <= row["date"][:10] <= last]
        answer = self.ask(date1=first, date2=last)
        return [
            {**one.attrib, "rows": [dict(row.attrib) for row in one.iter("row")]}
            for one in ET.fromstring(answer.content).iter("transaction")
        ]
