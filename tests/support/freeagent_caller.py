"""Calls of FreeAgent's API by hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

BACK = "http://127.0.0.1:9/back"


class FreeAgentCaller:
    """One account's tokens, or those of another way to the same books."""

    def __init__(self, account: dict[str, Any], http: httpx.Client, way: str = "credentials") -> None:
        self.credentials: dict[str, Any] = account[way]
        self.address: str = account["endpoints"][self.credentials["environment"]]
        self._http = http

    def get(self, path: str, *, headers: Mapping[str, str] | None = None, **params: Any) -> httpx.Response:
        """One call; a header given as an empty text is left out."""
        sent = {
            "Authorization": f"Bearer {self.credentials['access_token']}",
            "X-Subdomain": self.credentials.get("subdomain", ""),
            "User-Agent": "a test",
            **(headers or {}),
        }
        request = self._http.build_request("GET", f"{self.address}/{path}", params=params)
        for name, value in sent.items():
            if value:
                request.headers[name] = value
            else:
                request.headers.pop(name, None)
        return self._http.send(request)

    def rows(self, path: str, **params: Any) -> list[dict[str, Any]]:
        """All pages of a list, as long as there is a link to the next."""
        found: list[dict[str, Any]] = []
        page = 1
        while True:
            answer = self.get(path, **{"per_page": 100, **params, "page": page}).raise_for_status()
            found += answer.json()[path.rpartition("/")[2]]
            if "next" not in answer.links:
                return found
            page += 1

    def token(self, *, secret: str | None = None, **form: str) -> httpx.Response:
        """One call of the token address with the app's own name and secret."""
        basic = (self.credentials["client_id"], secret or self.credentials["client_secret"])
        return self._http.post(f"{self.address}/token_endpoint", data=form, auth=basic)

    def refresh(self, token: str | None = None) -> httpx.Response:
        used = token or self.credentials["refresh_token"]
        return self.token(grant_type="refresh_token", refresh_token=used)

    def approve(self, **changes: str) -> httpx.Response:
        """What the browser gets for the consent page; the user allows at once."""
        asked = {
            "client_id": self.credentials["client_id"],
            "response_type": "code",
            "redirect_uri": BACK,
            "state": "s-1",
            "auto": "allow",
        }
        return self._http.get(f"{self.address}/approve_app", params=asked | changes)

    def code(self, **changes: str) -> str:
        """The code of a consent."""
        location = urlsplit(self.approve(**changes).headers["location"])
        return parse_qs(location.query)["code"][0]
