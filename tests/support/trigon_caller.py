"""Calls of Trigon by contract v0, made by hand."""

from __future__ import annotations

from typing import Any

import httpx


class TrigonCaller:
    """One firm, with the pair that opens it; a user with a password signs in first."""

    def __init__(self, account: dict[str, Any], http: httpx.Client) -> None:
        credentials = account["credentials"]
        self.address: str = account["endpoints"][credentials["environment"]]
        self.reg_code: str = credentials["firm_reg_code"]
        self._http = http
        if credentials["auth_mode"] == "token":
            self.id_token, self.api_key = credentials["id_token"], credentials["api_key"]
        else:
            self.renew(self.login(credentials["email"], credentials["password"]).raise_for_status().json())

    def login(self, email: str, password: str) -> httpx.Response:
        """A login by password."""
        return self._http.post(f"{self.address}/v1/auth/login", json={"email": email, "password": password})

    def refresh(self, token: str) -> httpx.Response:
        """A new pair for a refresh token."""
        return self._http.post(f"{self.address}/v1/auth/refresh", json={"refreshToken": token})

    def renew(self, answer: dict[str, str]) -> None:
        """Go on with the pair of an answer."""
        self.id_token, self.api_key = answer["idToken"], answer["apiKey"]

    def headers(self) -> dict[str, str]:
        """What the contract asks for."""
        return {"Authorization": f"Bearer {self.id_token}", "X-Api-Key": self.api_key}

    def get(self, path: str, **params: object) -> httpx.Response:
        """One call, below the address."""
        return self.send(path, self.headers(), **params)

    def send(self, path: str, headers: dict[str, str], **params: object) -> httpx.Response:
        """One call with exactly these headers."""
        coded = [(name.encode(), value.encode()) for name, value in headers.items()]
        given = {name: str(value) for name, value in params.items()}
        return self._http.get(f"{self.address}/v1/{path}", params=given, headers=coded)

    def firm(self) -> dict[str, Any]:
        """The firm of the registration code."""
        (found,) = self.get("firms", regCode=self.reg_code).raise_for_status().json()["items"]
        return dict(found)

    def ask(self, name: str, **params: object) -> httpx.Response:
        """One call of a list of the firm."""
        return self.get(f"firms/{self.firm()['id']}/{name}", **params)

    def rows(self, name: str, first: str, last: str) -> list[dict[str, Any]]:
        """All rows of a list: the end is the total, or a page that is not full."""
        firm_id, rows, number = self.firm()["id"], list[dict[str, Any]](), 0
        while True:
            number += 1
            asked = {"dateFrom": first, "dateTo": last, "page": number, "pageSize": 100}
            page = self.get(f"firms/{firm_id}/{name}", **asked).raise_for_status().json()
            rows += page["items"]
            if len(page["items"]) < 100 or number * 100 >= page.get("total", number * 100 + 1):
                return rows
