"""Calls of Scoro's API, with its keys put into the body by hand."""

from __future__ import annotations

from typing import Any

import httpx


class ScoroCaller:
    """One company's keys, with the parts of a call open to spoiling."""

    def __init__(self, account: dict[str, Any], http: httpx.Client) -> None:
        given = account["credentials"]
        name, _, domain = given["site"].partition(".scoro.")
        self.site: str = name
        self.domain: str = domain or "com"
        self.keys: dict[str, Any] = {
            "lang": "eng",
            "company_account_id": given["company_account_id"],
            "apiKey": given["api_key"],
            "request": {},
        }
        self._endpoints = account["endpoints"]
        self._http = http

    @property
    def address(self) -> str:
        """The site's own address."""
        return str(self._endpoints[self.domain]).replace("{site}", self.site)

    def send(self, path: str, body: object, *, verb: str = "POST", query: str = "") -> httpx.Response:
        """One call with exactly this body."""
        return self._http.request(verb, f"{self.address}/{path}{query}", json=body)

    def ask(self, module: str, **more: object) -> httpx.Response:
        """A page of a module's list."""
        return self.send(f"{module}/list", {**self.keys, **more})

    def rows(self, module: str, first: str, last: str, **more: object) -> list[dict[str, Any]]:
        """All rows of a list dated on these days, page after page until one is empty."""
        asked = {"filter": {"date": {"from_date": first, "to_date": last}}, "per_page": 100, **more}
        rows: list[dict[str, Any]] = []
        number = 1
        while True:
            page = self.ask(module, **asked, page=number).raise_for_status().json()["data"]
            if not page:
                return rows
            rows += page
            number += 1
