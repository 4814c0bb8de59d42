"""Calls of e-conomic's API by hand."""

from __future__ import annotations

from typing import Any

import httpx


class EconomicCaller:
    """One agreement's tokens."""

    def __init__(self, account: dict[str, Any], http: httpx.Client) -> None:
        self.address: str = account["endpoints"]["api"]
        self.secure: str = account["endpoints"]["secure"]
        self.secret: str = account["credentials"]["app_secret_token"]
        self.grant: str = account["credentials"]["agreement_grant_token"]
        self._http = http

    def get(self, path: str, **params: Any) -> httpx.Response:
        """One call below the API's address, or to a link of its answers."""
        address = path if path.startswith("http") else f"{self.address}/{path}"
        return self._http.get(address, params=params or None, headers=self.headers)

    @property
    def headers(self) -> dict[str, str]:
        """What every call carries."""
        return {
            "X-AppSecretToken": self.secret,
            "X-AgreementGrantToken": self.grant,
            "Content-Type": "application/json",
        }

    def rows(self, path: str, **params: Any) -> list[dict[str, Any]]:
        """All pages of a collection, from link to link."""
        page = self.get(path, **{"pagesize": 1000, **params}).raise_for_status().json()
        rows = list(page["collection"])
        while "nextPage" in page["pagination"]:
            page = self.get(page["pagination"]["nextPage"]).raise_for_status().json()
            rows += page["collection"]
        assert len(rows) == page["pagination"]["results"]
        return rows
