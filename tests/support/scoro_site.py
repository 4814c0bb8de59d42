"""A Scoro site that answers with the rows it was given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
from support.connecting import json_of

KEY = "ScoroAPI_7d20c94be1a5f38"
ACCESS = {"api_key": KEY}
SETTINGS = {"site": "kauri", "company_account_id": "kauri-ou", "only_sent": "no"}
BASE = {"lang": "eng", "company_account_id": "kauri-ou", "apiKey": KEY, "request": {}}
COMPANY, INVOICES, BILLS, EXPENSES = "companyAccount", "invoices", "bills", "expenses"


class Site:
    """Answers by module, in pages; whoever wants another answer sets it."""

    def __init__(self, largest_page: int = 100) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {
            COMPANY: [{"company_name": "Kauri Stuudio OÜ", "base_currency": "EUR", "reg_no": "16 024 517"}],
            INVOICES: [],
            BILLS: [],
            EXPENSES: [],
        }
        self.answers: dict[str, httpx.Response] = {}
        self.requests: list[httpx.Request] = []
        self._largest_page = largest_page

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        module = request.url.path.removeprefix("/api/v2/").removesuffix("/list")
        if module in self.answers:
            return self.answers[module]
        asked = json_of(request)
        size = min(asked.get("per_page", 50), self._largest_page)
        end = asked.get("page", 1) * size
        data = self.rows[module][end - size : end]
        return httpx.Response(200, json={"status": "OK", "statusCode": 200, "messages": None, "data": data})

    def asked(self, module: str) -> list[Mapping[str, Any]]:
        """What each call of a module asked for, without what stands in all of them."""
        return [
            {name: value for name, value in json_of(one).items() if name not in BASE}
            for one in self.requests
            if one.url.path == f"/api/v2/{module}/list"
        ]
