"""Calls of SmartAccounts' API, signed by hand."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import httpx


class SmartAccountsCaller:
    """One company's key pair, with the parts of a call open to spoiling."""

    def __init__(self, account: dict[str, Any], http: httpx.Client, now: datetime | None = None) -> None:
        self.api_key: str = account["credentials"]["api_key"]
        self.api_secret: str = account["credentials"]["api_secret"]
        self.address: str = account["endpoints"]["api"]
        local = (now or datetime.now(UTC)).astimezone(ZoneInfo("Europe/Tallinn"))
        self.timestamp = local.strftime("%d%m%Y%H%M%S")
        self._http = http

    def query(self, more: str = "") -> str:
        """The query without its signature; `more` is taken as it stands."""
        return f"timestamp={self.timestamp}&apikey={self.api_key}" + (f"&{more}" if more else "")

    def signature(self, text: str) -> str:
        """What the vendor's rules ask for."""
        return hmac.new(self.api_secret.encode(), text.encode(), hashlib.sha256).hexdigest()

    def send(self, service: str, query: str, *, verb: str = "GET", body: str = "") -> httpx.Response:
        """One call with exactly this query."""
        return self._http.request(verb, f"{self.address}/{service}?{query}", content=body.encode())

    def ask(self, service: str, **params: object) -> httpx.Response:
        """One call with these parameters, signed as the rules ask."""
        query = self.query("&".join(f"{name}={value}" for name, value in params.items()))
        return self.send(service, f"{query}&signature={self.signature(query)}")

    def pages(self, service: str, **params: object) -> list[dict[str, Any]]:
        """The pages of a list, until it says that there are no more."""
        pages: list[dict[str, Any]] = []
        while not pages or pages[-1]["hasMoreEntries"]:
            asked = {**params, "pageNumber": len(pages) + 1}
            pages.append(self.ask(service, **asked).raise_for_status().json())
        return pages

    def rows(self, service: str, **params: object) -> list[dict[str, Any]]:
        """All rows of a list, under whatever key."""
        return [
            row
            for page in self.pages(service, **params)
            for key, rows in page.items()
            if isinstance(rows, list) and key != "deleted"
            for row in rows
        ]
