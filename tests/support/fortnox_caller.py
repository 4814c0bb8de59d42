"""Calls of Fortnox's imitation, as a plain integration makes them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from support.sandbox_server import RunningSandbox

SCOPES = "companyinformation bookkeeping invoice supplierinvoice"
REDIRECT_URI = "http://127.0.0.1:1/back"


@dataclass
class FortnoxCaller:
    """An integration that holds one account's credentials, and a token once it has signed in."""

    sandbox: RunningSandbox
    account: dict[str, Any]
    token: str = ""

    @property
    def credentials(self) -> dict[str, str]:
        held: dict[str, str] = self.account["credentials"]
        return held

    def ask(self, *, headers: dict[str, str] | None = None, **form: str) -> httpx.Response:
        """One call of the token address."""
        return self._post("token", form, headers or {})

    def by_service(self, tenant_id: str | None = None) -> httpx.Response:
        whose = {"TenantId": tenant_id or self.credentials["tenant_id"]}
        return self.ask(headers=whose, grant_type="client_credentials")

    def refresh(self, token: str) -> httpx.Response:
        return self.ask(grant_type="refresh_token", refresh_token=token)

    def revoke(self, token: str) -> httpx.Response:
        return self._post("revoke", {"token_type_hint": "refresh_token", "token": token}, {})

    def sign_in(self) -> FortnoxCaller:
        self.token = self.by_service().raise_for_status().json()["access_token"]
        return self

    def authorize(self, **more: str) -> httpx.Response:
        """What the browser gets."""
        asked = {
            "client_id": self.credentials["client_id"],
            "redirect_uri": REDIRECT_URI,
            "scope": SCOPES,
            "state": "s-1",
            "access_type": "offline",
            "response_type": "code",
            "organisation": self.credentials["tenant_id"],
            "auto": "allow",
        }
        address = f"{self.account['endpoints']['apps']}/oauth-v1/auth"
        return self.sandbox.http.get(address, params=asked | more, follow_redirects=False)

    def code(self, **more: str) -> str:
        """The code that the browser brings back."""
        return parse_qs(urlsplit(self.authorize(**more).headers["location"]).query)["code"][0]

    def exchange(self, code: str, redirect_uri: str = REDIRECT_URI) -> httpx.Response:
        return self.ask(grant_type="authorization_code", code=code, redirect_uri=redirect_uri)

    def get(self, path: str, *, accept: str = "application/json", **params: Any) -> httpx.Response:
        """One call of the API."""
        headers = {"Authorization": f"Bearer {self.token}", "Accept": accept}
        address = f"{self.account['endpoints']['api']}/3/{path}"
        return self.sandbox.http.get(address, params=params, headers=headers)

    def rows(self, path: str, name: str, **params: Any) -> list[dict[str, Any]]:
        """All pages of a list; waits for nothing, so that a limit is an error."""
        found: list[dict[str, Any]] = []
        page = 1
        while True:
            body = self.get(path, **params, limit=500, page=page).raise_for_status().json()
            found += body[name]
            if body["MetaInformation"]["@CurrentPage"] >= body["MetaInformation"]["@TotalPages"]:
                return found
            page += 1

    def sie(self, year_id: int) -> bytes:
        answer = self.get("sie/4", accept="application/octet-stream", financialyear=year_id)
        return answer.raise_for_status().content

    def _post(self, path: str, form: dict[str, str], headers: dict[str, str]) -> httpx.Response:
        address = f"{self.account['endpoints']['apps']}/oauth-v1/{path}"
        keys = (self.credentials["client_id"], self.credentials["client_secret"])
        return self.sandbox.http.post(address, data=form, headers=headers, auth=keys)


def fortnox_caller(sandbox: RunningSandbox, number: int = 1) -> FortnoxCaller:
    """An integration with the credentials of the account of that number."""
    return FortnoxCaller(sandbox, sandbox.accounts("fortnox")[number - 1])
