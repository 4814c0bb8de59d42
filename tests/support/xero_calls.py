"""Calling the imitation of Xero as an app would."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from support.sandbox_server import RunningSandbox

MARCH = "Date>=DateTime(2026,03,01) AND Date<DateTime(2026,04,01)"


@dataclass(frozen=True)
class XeroCaller:
    """An app that holds one account's credentials."""

    sandbox: RunningSandbox
    account: dict[str, Any]

    @property
    def credentials(self) -> dict[str, str]:
        """The credentials file's fields."""
        held: dict[str, str] = self.account["credentials"]
        return held

    def get(self, path: str, headers: Mapping[str, str] | None = None, **params: Any) -> httpx.Response:
        """One call of the accounting side; a header given as an empty text is left out."""
        sent = {
            "Authorization": f"Bearer {self.credentials['access_token']}",
            "xero-tenant-id": self.credentials["tenant_id"],
            "Accept": "application/json",
            **(headers or {}),
        }
        kept = {name: value for name, value in sent.items() if value}
        url = f"{self.account['endpoints']['api']}/api.xro/2.0/{path}"
        return self.sandbox.http.get(url, params=params, headers=kept)

    def body(self, path: str, **params: object) -> Any:
        """The JSON of a call that succeeds."""
        return self.get(path, None, **params).raise_for_status().json()

    def ask(self, **form: str) -> httpx.Response:
        """One call of the token address with the app's own name and secret."""
        basic = (self.credentials["client_id"], self.credentials["client_secret"])
        url = f"{self.account['endpoints']['identity']}/connect/token"
        return self.sandbox.http.post(url, data=form, auth=basic)

    def refresh(self, token: str) -> httpx.Response:
        """Exchange a refresh token."""
        return self.ask(grant_type="refresh_token", refresh_token=token)

    def connections(self, access_token: str | None = None, **params: str) -> httpx.Response:
        """What the user has connected."""
        bearer = {"Authorization": f"Bearer {access_token or self.credentials['access_token']}"}
        url = f"{self.account['endpoints']['api']}/connections"
        return self.sandbox.http.get(url, headers=bearer, params=params)

    def token_set(self) -> dict[str, Any]:
        """The counters of the first token set of this account's user."""
        listed: list[dict[str, Any]] = self.sandbox.http.get("/xero/_token_sets").json()
        return next(one for one in listed if one["user"] == self.account["user"])


def xero_caller(sandbox: RunningSandbox, number: int = 1) -> XeroCaller:
    """An app with the credentials of the account of that number."""
    return XeroCaller(sandbox, sandbox.accounts("xero")[number - 1])
