"""Calls of Tripletex's API, signed in by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx


class TripletexCaller:
    """One account's tokens, and a session once it has signed in."""

    def __init__(self, account: dict[str, Any], http: httpx.Client, now: datetime | None = None) -> None:
        self.credentials: dict[str, Any] = account["credentials"]
        self.address: str = account["endpoints"][self.credentials["environment"]]
        self.token = ""
        self.user = self.credentials["company_id"]
        self._today = (now or datetime.now(UTC)).astimezone(ZoneInfo("Europe/Oslo")).date()
        self._http = http

    def create(self, *, days: int = 2, **changes: Any) -> httpx.Response:
        """Ask for a session."""
        body = {
            "consumerToken": self.credentials["consumer_token"],
            "employeeToken": self.credentials["employee_token"],
            "expirationDate": (self._today + timedelta(days=days)).isoformat(),
        }
        return self._http.post(f"{self.address}/token/session/:create", json=body | changes)

    def sign_in(self, days: int = 2) -> TripletexCaller:
        """A session for all calls that follow."""
        self.token = self.create(days=days).raise_for_status().json()["value"]["token"]
        return self

    def get(self, path: str, *, user: Any = None, **params: Any) -> httpx.Response:
        """One call."""
        address = f"{self.address}/{path.replace('>', '%3E')}"
        return self._http.get(address, params=params, auth=(self.user if user is None else user, self.token))

    def rows(self, path: str, **params: Any) -> list[dict[str, Any]]:
        """All pages of a list, until one has fewer rows than asked for."""
        rows: list[dict[str, Any]] = []
        while True:
            page = self.get(path, **{"count": 1000, **params, "from": len(rows)}).raise_for_status().json()
            rows += page["values"]
            if page["count"] < int(params.get("count", 1000)):
                return rows
